"""report.html: a study as one page that opens from disk and loads nothing from anywhere."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from runner.facts import StudyAnalysis
from runner.report.page.content import page_of

__all__ = ["render_page"]


def render_page(study: StudyAnalysis) -> str:
    """Render the page of a study. It contains its style, its script and its data."""
    page = page_of(study)
    return _template().render(
        page=page,
        style=_asset("page.css"),
        script=_asset("page.js"),
        data=Markup(page.json),  # noqa: S704 - JSON without the character that ends its element
    )


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(_asset("page.html"))


@cache
def _asset(name: str) -> Markup:
    """Read a file of this package."""
    text = (files(__package__ or "") / "assets" / name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - our own file
