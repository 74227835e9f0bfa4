"""One study at a time: who waits, who goes on beside, and that a lock ends with its holder."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.errors import ConfigurationError
from runner.session.lock import holding, measuring_alone

ROOT = Path(__file__).resolve().parents[2]

HOLDER = """
import sys, time
from pathlib import Path
from runner.session.lock import measuring_alone
with measuring_alone(print, wait=True) as tell_folder:
    tell_folder(Path("/results/one"))
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def holder() -> Iterator["subprocess.Popen[str]"]:
    """Measure in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_who_is_alone_is_told_nothing() -> None:
    told: list[str] = []
    for _ in range(2):
        with measuring_alone(told.append, wait=True) as tell_folder:
            tell_folder(Path("results"))
    assert told == []


def test_who_does_not_wait_is_told_of_the_other(holder: "subprocess.Popen[str]") -> None:
    told: list[str] = []
    with measuring_alone(told.append, wait=False):
        pass
    who = f"process {holder.pid} is measuring into /results/one"
    assert told == [f"warning: {who}; both disturb each other; wait=true waits until it has ended"]


def test_who_waits_goes_on_when_the_other_is_killed(holder: "subprocess.Popen[str]") -> None:
    told: list[str] = []

    def kill(text: str) -> None:
        told.append(text)
        holder.send_signal(signal.SIGKILL)

    with measuring_alone(kill, wait=True):
        pass
    who = f"process {holder.pid} is measuring into /results/one"
    assert told == [f"waiting: {who}; wait=false measures beside it"]


def test_without_a_lock_file_it_goes_on_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    told: list[str] = []
    with measuring_alone(told.append, wait=True):
        pass
    (line,) = told
    assert line.startswith("warning: nothing keeps others from measuring meanwhile (No such file")


def test_a_folder_is_measured_into_by_one_at_a_time(tmp_path: Path) -> None:
    with holding(tmp_path):
        taken = f"^{tmp_path}: another process is measuring into it; wait until that has ended$"
        with pytest.raises(ConfigurationError, match=taken), holding(tmp_path):
            pass
    with holding(tmp_path):
        pass


def test_without_a_folder_nothing_is_held(tmp_path: Path) -> None:
    with holding(tmp_path / "none"), holding(tmp_path / "none"):
        pass
