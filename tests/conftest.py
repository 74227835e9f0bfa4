"""Settings and helpers that tests share."""

import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

from runner.supervise.protocol import STUDY_MARKER
from tests.factories import make_results  # noqa: F401 - a fixture

_T = TypeVar("_T")

# The same examples every time, however slow the machine is.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

# A shell that starts the tests in the background ignores Ctrl-C, which everything they start would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)

PATIENCE_S = 120.0  # the machine may be busy


@pytest.fixture(scope="session", autouse=True)
def _own_lock() -> Iterator[None]:
    """Give the studies of the tests a separate lock, so that they do not wait for other studies."""
    tempfile.gettempdir()  # caches the original folder for this process
    with tempfile.TemporaryDirectory(prefix="rt-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", folder)
        yield


@pytest.fixture
def git_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let git commit on a machine where nobody has said who they are."""
    for kind in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{kind}_NAME", "someone")
        monkeypatch.setenv(f"GIT_{kind}_EMAIL", "someone@example.org")


def processes_of(study_id: str) -> list[int]:
    """List the living processes of a study, whatever their parent is."""
    mark = f"{STUDY_MARKER}={study_id}".encode()
    processes = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = environ.read_bytes().split(b"\0")
        except OSError:  # it has ended, or belongs to another user
            continue
        if mark in variables:
            processes.append(int(environ.parent.name))
    return processes


def wait_until(condition: Callable[[], _T]) -> _T:
    """Poll until the condition returns a true value, and return it."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:g} s: {condition}"
        time.sleep(0.02)
    return value
