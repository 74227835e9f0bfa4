"""Processes that are left of a study when nobody supervises them any more: found by its mark, and ended."""

import contextlib
import os
import signal
import time
from pathlib import Path

_GRACE_S = 2.0  # between SIGTERM and SIGKILL
_KILLING_S = 30.0  # those that wait for a dead disk may outlast any SIGKILL
_LOOK_S = 0.05


def end_marked(mark: str) -> tuple[int, int]:
    """End every process with this variable (NAME=VALUE) in its environment.

    Found are those that were started with it, by a user whose processes we may read; elsewhere than on Linux
    none. Returns how many there were, and how many of them could not be ended.
    """
    living = seen = _marked(mark)
    started_s = time.monotonic()
    _signal(living, signal.SIGTERM)
    while living and (elapsed_s := time.monotonic() - started_s) < _GRACE_S + _KILLING_S:
        if elapsed_s > _GRACE_S:
            _signal(living, signal.SIGKILL)
        time.sleep(_LOOK_S)
        living = _marked(mark)
        seen |= living
    return len(seen), len(living)


def _marked(mark: str) -> set[int]:
    found = set()
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # gone meanwhile, or not ours to read
            if mark.encode() in environ.read_bytes().split(b"\0"):
                found.add(int(environ.parent.name))
    return found


def _signal(processes: set[int], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)
