"""The lines of code that hold a process's memory at its peak, by `tracemalloc`; never in a timed run.

Workers import this file by name, so it imports from the standard library and this package only.
"""

from __future__ import annotations

import json
import linecache
import os
import sysconfig
import threading
import tracemalloc
from functools import partial

from runner_probe.worker import is_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_SAMPLE_S = 0.005
_GROWTH = 1.1  # growth since the previous snapshot that makes another one necessary
_FRAMES = 16  # enough to find the line of the user that called a library
_MAX_LINES = 100
_LIBRARIES = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "purelib", "platlib")})
_PROBE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_OURS = (_PROBE, tracemalloc.__file__, linecache.__file__)

_tracers: list[AllocationTracer] = []  # the last one is this process's; a fork inherits those of its parent
_starting = threading.Lock()


class AllocationTracer:
    """Samples what this process has allocated since the tracer started, and keeps the snapshot of the peak.

    Args:
        folder: where a file with the lines of code, and the bytes that they hold at the peak, is written
    """

    def __init__(self, folder: str) -> None:
        self.owner, self._folder = os.getpid(), folder
        self._peak_bytes = 0
        self._snapshot: tracemalloc.Snapshot | None = None  # of the peak so far; None once it is written
        self._lock = threading.Lock()
        if self._is_first():
            tracemalloc.stop()  # started by the parent of a forked process, or by the user
            tracemalloc.start(_FRAMES)
        threading.Thread(target=self._keep_sampling, daemon=True).start()

    def _is_first(self) -> bool:
        """Whether no other interpreter of this process has a tracer: `tracemalloc` traces all of them."""
        try:
            open(os.path.join(self._folder, f"{self.owner}.watched"), "x", encoding="utf-8").close()
        except FileExistsError:
            return False
        return True

    def sample(self) -> None:
        """Take a snapshot if clearly more memory is allocated than at the previous one."""
        with self._lock:
            allocated_bytes, _ = tracemalloc.get_traced_memory()
            if allocated_bytes > self._peak_bytes * _GROWTH:
                self._peak_bytes, self._snapshot = allocated_bytes, tracemalloc.take_snapshot()

    def write(self) -> None:
        """Write the lines of the peak so far, unless they were written already."""
        with self._lock:
            snapshot, self._snapshot = self._snapshot, None
            if snapshot is not None:
                # The name contains the bytes: the largest peak of a process's interpreters is used.
                path = os.path.join(self._folder, f"{self.owner}-{self._peak_bytes}.json")
                with open(f"{path}.part", "w", encoding="utf-8", errors="backslashreplace") as file:
                    json.dump(_lines(snapshot), file)
                os.replace(f"{path}.part", path)

    def _keep_sampling(self) -> None:
        pause = threading.Event()
        while True:
            self.sample()
            pause.wait(_SAMPLE_S)


def with_tracing(folder: str, call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make a task that traces the allocations of the process it runs in."""
    return partial(_await_traced if is_async(call) else _run_traced, folder, call)


def tracer(folder: str) -> AllocationTracer:
    """Find the tracer of this process, or start it."""
    with _starting:
        if not _tracers or _tracers[-1].owner != os.getpid():
            _tracers.append(AllocationTracer(folder))
        return _tracers[-1]


def _run_traced(folder: str, call: Callable[[Any], Any], item: Any) -> Any:
    process_tracer = tracer(folder)
    try:
        return _call_task(call, item)
    finally:
        process_tracer.sample()
        process_tracer.write()  # a worker may be terminated without notice


def _call_task(call: Callable[[Any], Any], item: Any) -> Any:
    return call(item)


async def _await_task(call: Callable[[Any], Any], item: Any) -> Any:
    return await call(item)


#: The line reported for a function that is not written in Python, which has no lines.
_TASK = (__file__, _call_task.__code__.co_firstlineno + 1)
_CALLS = (_TASK, (__file__, _await_task.__code__.co_firstlineno + 1))


async def _await_traced(folder: str, call: Callable[[Any], Any], item: Any) -> Any:
    process_tracer = tracer(folder)
    try:
        return await _await_task(call, item)
    finally:
        process_tracer.sample()
        process_tracer.write()


def _lines(snapshot: tracemalloc.Snapshot) -> list[list[Any]]:
    """Sum by line of code: file, line, source, bytes, blocks; the largest first."""
    held: dict[tuple[str, int], list[int]] = {}
    places: dict[tracemalloc.Traceback, tuple[str, int] | None] = {}  # many traces share a traceback
    for trace in snapshot.traces:
        frames = trace.traceback
        if frames not in places:
            places[frames] = _place(frames)
        place = places[frames]
        if place is not None:
            sums = held.setdefault(place, [0, 0])
            sums[0] += trace.size
            sums[1] += 1
    largest = sorted(held.items(), key=lambda entry: -entry[1][0])[:_MAX_LINES]
    return [[*place, _source(place), *sums] for place, sums in largest]


def _source(place: tuple[str, int]) -> str:
    return (
        "(the function itself, which is not written in Python)"
        if place == _TASK
        else linecache.getline(*place).strip()
    )


def _place(frames: tracemalloc.Traceback) -> tuple[str, int] | None:
    """Find the innermost line of the user's code; None for memory that only the probe and the pool hold.

    If the task's function is from a library, the line is that in the library. If the recorded frames do not
    reach up to the user's code, it is the innermost line.
    """
    places = [(frame.filename, frame.lineno) for frame in reversed(frames)]  # the innermost first
    if places[0] == _TASK:
        return _TASK
    user_line = next((place for place in places if not place[0].startswith((*_LIBRARIES, *_OURS, "<"))), None)
    if user_line is not None:
        return user_line
    call = next((number for number, place in enumerate(places) if place in _CALLS), 0)
    if call:
        return places[call - 1]
    is_truncated = (frames.total_nframe or 0) > len(frames) and not any(
        file.startswith(_OURS) for file, _ in places
    )
    return places[0] if is_truncated else None
