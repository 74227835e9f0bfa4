"""Leftover processes of a study whose supervisor is gone: found by the study's mark, and terminated."""

import contextlib
import os
import signal
import time
from pathlib import Path

_GRACE_S = 2.0  # between SIGTERM and SIGKILL
_KILLING_S = 30.0  # processes that wait for a dead disk may survive SIGKILL
_CHECK_S = 0.05


def end_marked(mark: str) -> tuple[int, int]:
    """Terminate every process that was started with this variable (NAME=VALUE) in its environment.

    Return how many processes there were, and how many of them could not be terminated. Processes that this
    user may not read are not found, and on systems other than Linux none is.
    """
    living = seen = _marked(mark)
    started_s = time.monotonic()
    _signal(living, signal.SIGTERM)
    while living and (elapsed_s := time.monotonic() - started_s) < _GRACE_S + _KILLING_S:
        if elapsed_s > _GRACE_S:
            _signal(living, signal.SIGKILL)
        time.sleep(_CHECK_S)
        living = _marked(mark)
        seen |= living
    return len(seen), len(living)


def _marked(mark: str) -> set[int]:
    processes = set()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # it has ended, or belongs to another user
            if mark.encode() in environ.read_bytes().split(b"\0"):
                processes.add(int(environ.parent.name))
    return processes


def _signal(processes: set[int], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)
