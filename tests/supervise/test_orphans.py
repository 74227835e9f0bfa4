"""Real processes that are no longer supervised."""

import os
import signal
import subprocess
import sys
import uuid

import pytest

from runner.supervise.orphans import end_marked
from tests.conftest import PATIENCE_S

pytestmark = pytest.mark.slow

HANGING = "import signal\nprint(flush=True)\nwhile True: signal.pause()"
IGNORING = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{HANGING}"


def start(script: str, mark: str) -> "subprocess.Popen[bytes]":
    """Start a process in a new session; return once it runs."""
    name, _, value = mark.partition("=")
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", script],
        env={**os.environ, name: value},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.mark.parametrize(
    ("script", "number"),
    [(HANGING, signal.SIGTERM), (IGNORING, signal.SIGKILL)],
    ids=["obedient", "ignoring"],
)
def test_only_marked_processes_are_ended(script: str, number: int) -> None:
    mark, longer = f"RUNNER_TEST={uuid.uuid4().hex}", f"RUNNER_TEST={uuid.uuid4().hex}0"
    with start(script, mark) as ours, start(HANGING, longer) as other:
        assert end_marked(mark) == (1, 0)
        assert ours.wait(PATIENCE_S) == -number
        assert other.poll() is None
        assert end_marked(longer) == (1, 0)


def test_without_leftover_processes_nothing_is_ended() -> None:
    assert end_marked(f"RUNNER_TEST={uuid.uuid4().hex}") == (0, 0)
