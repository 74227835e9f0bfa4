"""The recipe of docs/ci.md, run as the script that it is."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parent.parent / "docs" / "ci.md"
QUICK = "def work(item):\n    return item + 1\n"
SLOW = "import time\n\n\ndef work(item):\n    time.sleep(0.05)\n    return item + 1\n"


def recipe() -> str:
    """Return the script of the page."""
    (script,) = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return str(script)


@pytest.fixture
def checkout(tmp_path: Path, git_identity: None) -> Path:  # noqa: ARG001 - for what it sets
    """Make a clone with a branch whose head is slower than `origin/main`."""
    origin, checkout = tmp_path / "origin", tmp_path / "checkout"

    def git(*arguments: str | Path) -> None:
        command = ["git", *arguments]
        subprocess.run(command, check=True, capture_output=True)

    git("init", "--quiet", "--initial-branch", "main", origin)
    for folder, code in ((origin, QUICK), (checkout, SLOW)):
        if folder is checkout:
            git("clone", "--quiet", origin, checkout)
        (folder / "mymodule.py").write_text(code, encoding="utf-8")
        git("-C", folder, "add", "mymodule.py")
        git("-C", folder, "commit", "--quiet", "--message", "code")
    return checkout


def test_the_recipe_fails_if_the_head_is_slower_and_says_so_in_the_job_summary(checkout: Path) -> None:
    summary = checkout.parent / "summary.md"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = ["sh", "-eu", "-c", recipe()]  # as services run it
    completed = subprocess.run(
        command,
        cwd=checkout,
        env={**os.environ, "PATH": path, "GITHUB_STEP_SUMMARY": str(summary)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 1, completed.stderr
    text = summary.read_text(encoding="utf-8")
    assert re.search(r"\| serial .*\| slower \|", text)
    assert "would have shown" in text
    assert "<details>" in text
    assert ">slower</text>" in (checkout / "perf" / "badge.svg").read_text(encoding="utf-8")
