"""The files that the documentation names exist, and it names every mode."""

import re
from pathlib import Path

import pytest

from runner.records import Mode

CHECKOUT = Path(__file__).resolve().parent.parent
PAGES = sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").glob("*.md")])
#: A path in the checkout, in code or text; names in capitals are placeholders.
_PATH = re.compile(r"(?<![\w/.-])(?:benchmarks|conf|docs|experiments|runner|tests)/[\w./-]*")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
_PLACEHOLDER = re.compile(r"[A-Z]{3}|\.\.\.")


def missing(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    paths = {name.rstrip(".") for name in _PATH.findall(text) if not _PLACEHOLDER.search(name)}
    links = {link for link in _LINK.findall(text) if not (page.parent / link).exists()}
    return sorted(links | {name for name in paths if not (CHECKOUT / name).exists()})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_that_a_page_names_exist(page: Path) -> None:
    if page.name == "CHANGELOG.md":
        pytest.skip("it also names files of earlier versions")
    assert missing(page) == []


def test_a_missing_file_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`tests/test_none.py`, [a](b.md), [c](page.md#d), conf/NAME.yaml, runner/plan.py, x/runner/y"
    )
    assert missing(page) == ["b.md", "tests/test_none.py"]


@pytest.mark.parametrize("mode", Mode)
def test_every_mode_is_documented(mode: Mode) -> None:
    assert f"| `{mode}` |" in (CHECKOUT / "docs/reference.md").read_text(encoding="utf-8")
    assert f"{mode}: " in (CHECKOUT / "conf/config.yaml").read_text(encoding="utf-8")
