"""The locks of a session: who waits, who does not, and that a lock ends with its holder."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.errors import ConfigurationError
from runner.session.lock import SessionLocks

ROOT = Path(__file__).resolve().parents[2]

HOLDER = """
import sys
from pathlib import Path
from runner.session.lock import SessionLocks
with SessionLocks(print, wait=True) as locks:
    locks.lock_machine()
    locks.lock_folder(Path(sys.argv[1]))
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def _own_lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make the folder that the other process measures into."""
    folder = tmp_path / "results"
    folder.mkdir()
    return folder


@pytest.fixture
def holder(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start a process that holds the machine and the folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.fixture
def kill(holder: "subprocess.Popen[str]") -> Callable[[], None]:
    return lambda: holder.send_signal(signal.SIGKILL)


def test_a_single_session_shows_nothing(folder: Path) -> None:
    shown: list[str] = []
    for _ in range(2):
        with SessionLocks(shown.append, wait=True) as locks:
            locks.lock_folder(folder)
            locks.lock_machine()
    assert shown == []


def test_a_session_that_does_not_wait_warns_of_the_other_study(
    holder: "subprocess.Popen[str]", folder: Path
) -> None:
    shown: list[str] = []
    with SessionLocks(shown.append, wait=False) as locks:
        locks.lock_machine()
    (line,) = shown
    assert line.startswith(f"warning: process {holder.pid} is measuring into {folder}; the two")


def test_a_session_waits_for_the_machine_until_its_holder_is_killed(
    holder: "subprocess.Popen[str]", folder: Path, kill: Callable[[], None]
) -> None:
    shown: list[str] = []

    def show(line: str) -> None:
        shown.append(line)
        kill()

    with SessionLocks(show, wait=True) as locks:
        locks.lock_machine()
    (line,) = shown
    assert line.startswith(f"waiting: process {holder.pid} is measuring into {folder}; use wait=false")


@pytest.mark.usefixtures("holder")
def test_a_session_waits_for_a_folder_until_its_holder_is_killed(
    folder: Path, kill: Callable[[], None]
) -> None:
    shown: list[str] = []

    def show(line: str) -> None:
        shown.append(line)
        kill()

    with SessionLocks(show, wait=True) as locks:
        locks.lock_folder(folder)
    assert shown == [f"waiting: {folder}: another process is measuring this study"]


@pytest.mark.usefixtures("holder")
def test_a_session_that_does_not_wait_cannot_lock_the_folder_of_another(folder: Path) -> None:
    with (
        SessionLocks(print, wait=False) as locks,
        pytest.raises(ConfigurationError, match=f"^{folder}: another process is measuring this study"),
    ):
        locks.lock_folder(folder)


def test_a_session_that_holds_the_machine_does_not_wait_for_a_folder(folder: Path) -> None:
    with SessionLocks(print, wait=True) as first, SessionLocks(print, wait=True) as second:
        first.lock_folder(folder)
        second.lock_machine()
        with pytest.raises(ConfigurationError, match="another process is measuring this study"):
            second.lock_folder(folder)


def test_without_a_lock_file_a_session_measures_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    shown: list[str] = []
    with SessionLocks(shown.append, wait=True) as locks:
        locks.lock_machine()
    (line,) = shown
    assert line.startswith("warning: other studies may be measured at the same time: the lock file cannot be")


def test_a_folder_that_does_not_exist_is_not_locked(tmp_path: Path) -> None:
    with SessionLocks(print, wait=False) as first, SessionLocks(print, wait=False) as second:
        first.lock_folder(tmp_path / "none")
        second.lock_folder(tmp_path / "none")
