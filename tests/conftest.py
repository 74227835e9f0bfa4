"""What tests share: made-up cells, and a look at real processes."""

import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings

from runner.records import Cell
from runner.supervise.server import STUDY_MARKER
from tests.made import make_results  # noqa: F401 - a fixture

_T = TypeVar("_T")

# The same examples every time, however slow the machine is.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

# A shell that starts the tests in the background has Ctrl-C ignored, and so would be all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

PATIENCE_S = 120.0  # other work may hold the machine


@pytest.fixture(scope="session", autouse=True)
def _own_lock() -> Iterator[None]:
    """Let studies of the tests wait for no other on this machine: their lock is in a folder of their own."""
    tempfile.gettempdir()  # of this process it stays what it was
    with tempfile.TemporaryDirectory(prefix="rt-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", folder)
        yield


def processes_of(study_id: str) -> list[int]:
    """List the living processes of a study, whoever their parent is."""
    mark = f"{STUDY_MARKER}={study_id}".encode()
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = environ.read_bytes().split(b"\0")
        except OSError:  # gone meanwhile, or not ours to read
            continue
        if mark in variables:
            found.append(int(environ.parent.name))
    return found


def wait_until(condition: Callable[[], _T]) -> _T:
    """Poll until the condition is true, and return what it gave."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:g} s: {condition}"
        time.sleep(0.02)
    return found


def make_cell(identity: str, *, baseline: str | None = None, **fields: Any) -> Cell:
    """Make a cell; without a baseline it is one itself."""
    settings = {
        "workload": {"name": "squares", "snippets": {}},
        "executor": {"name": "serial", "pool": {"_target_": "runner_probe.adapters.serial.Serial"}},
        "chunk_size": 1,
        "python": "/usr/bin/python3",
        "env": {},
        "prefix": [],
    }
    made: dict[str, Any] = {
        "workload": "squares",
        "executor": "serial",
        "workers": None,
        "chunk_size": 1,
        "python": "3.13.1",
        "settings": settings,
    }
    return Cell(id=identity, baseline=baseline or identity, **{**made, **fields})
