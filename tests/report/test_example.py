"""The example in README: the report on its folder is the one that README and the folder show."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLE = CHECKOUT / "results" / "example"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Report on a copy of the example; return its folder and what is printed."""
    folder = tmp_path_factory.mktemp("report") / "example"
    shutil.copytree(EXAMPLE, folder)
    command = [sys.executable, "-m", "runner.report", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    return folder, subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_readme_shows_what_is_printed_about_the_example(report: tuple[Path, str]) -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("```text\n")[2].partition("```")[0]
    _, printed = report
    without_folder = [text.partition("results: ")[0].strip() for text in (shown, printed)]
    assert without_folder[0] == without_folder[1]


@pytest.mark.parametrize("name", ["verdict.json", "summary.csv", "tasks.csv", "fits.csv"])
def test_the_files_of_the_example_are_those_of_its_report(report: tuple[Path, str], name: str) -> None:
    folder, _ = report
    assert (folder / name).read_text(encoding="utf-8") == (EXAMPLE / name).read_text(encoding="utf-8")
