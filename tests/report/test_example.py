"""The example that README shows: what is reported of its folder today."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Report a copy of the example; gives the folder and what was printed."""
    folder = tmp_path_factory.mktemp("reported") / "example"
    shutil.copytree(CHECKOUT / "results" / "example", folder)
    command = [sys.executable, "-m", "runner.report", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    return folder, subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_readme_shows_what_is_printed_of_the_example(reported: tuple[Path, str]) -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("```text\n")[2].partition("```")[0]
    _, printed = reported
    without_folder = [text.partition("results: ")[0].strip() for text in (shown, printed)]
    assert without_folder[0] == without_folder[1]


def test_the_verdict_beside_the_example_is_the_one_it_gets(reported: tuple[Path, str]) -> None:
    folder, _ = reported
    kept = CHECKOUT / "results" / "example" / "verdict.json"
    assert (folder / "verdict.json").read_text() == kept.read_text()
