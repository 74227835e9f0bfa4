"""report.html: a study as one page that opens from disk and loads nothing from anywhere."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from runner.facts import StudyAnalysis
from runner.report.page.content import page_of
from runner.report.page.study_list import listed_studies

__all__ = ["STUDY_LIST", "is_study_list", "render_page", "render_study_list"]

STUDY_LIST = "index.html"  #: its name in the folder of all results
_MARK = Markup('<meta name="generator" content="runner: list of studies">')


def render_page(study: StudyAnalysis) -> str:
    """Render the page of a study. It contains its style, its script and its data."""
    page = page_of(study)
    return _render("page.html", page=page, data=Markup(page.json))  # noqa: S704 - no character of it is markup


def render_study_list(verdicts: Iterable[tuple[Path, Mapping[str, Any]]]) -> str:
    """Render the list of studies from result folders and the content of their verdict.json."""
    return _render("index.html", studies=listed_studies(verdicts), mark=_MARK)


def is_study_list(page: str) -> bool:
    """Whether a page was rendered by `render_study_list`."""
    return _MARK in page


def _render(template: str, **content: object) -> str:
    text = _template(template).render(style=_asset("page.css"), script=_asset("page.js"), **content)
    return text.encode("utf-8", "backslashreplace").decode()  # file names may hold bytes that are not text


@cache
def _template(name: str) -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(_asset(name))


@cache
def _asset(name: str) -> Markup:
    """Read a file of this package."""
    text = (files(__package__ or "") / "assets" / name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - our own file
