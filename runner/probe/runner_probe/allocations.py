"""Which lines hold the memory of a process at its peak, as `tracemalloc` sees it. Never while timed.

Workers import this file by name, so it needs nothing but the standard library.
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

_LOOK_S = 0.005
_GROWN = 1.1  # a snapshot is taken where so much more is held than at the last one
_FRAMES = 16  # deep enough to find the user's own line below a library's
_MOST_LINES = 100
_LIBRARIES = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "purelib", "platlib")})
_PROBE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_OURS = (_PROBE, tracemalloc.__file__, linecache.__file__)

_watches: list[Watch] = []  # of this process, which is the last one's; a forked process inherits its parent's
_starting = threading.Lock()


class Watch:
    """Looks at what this process has allocated since it was made, and keeps the snapshot of the most.

    Args:
        folder: gets a file of this process, in which each line of code has its bytes
    """

    def __init__(self, folder: str) -> None:
        self.owner, self._folder = os.getpid(), folder
        self._most_bytes = 0
        self._snapshot: tracemalloc.Snapshot | None = None  # of the peak so far, until it is written
        self._lock = threading.Lock()
        if self._is_first():
            tracemalloc.stop()  # what the process that this one was forked from began, or the user
            tracemalloc.start(_FRAMES)
        threading.Thread(target=self._look_on, daemon=True).start()

    def _is_first(self) -> bool:
        """Whether no other interpreter of this process watches: all its interpreters are traced as one."""
        try:
            open(os.path.join(self._folder, f"{self.owner}.watched"), "x", encoding="utf-8").close()
        except FileExistsError:
            return False
        return True

    def look(self) -> None:
        """Take a snapshot if more is held than ever before."""
        with self._lock:
            held_bytes, _ = tracemalloc.get_traced_memory()
            if held_bytes > self._most_bytes * _GROWN:
                self._most_bytes, self._snapshot = held_bytes, tracemalloc.take_snapshot()

    def write(self) -> None:
        """Write the lines of the peak so far, if it is a new one."""
        with self._lock:
            snapshot, self._snapshot = self._snapshot, None
            if snapshot is not None:
                # By the name, the peak of the process is found among those of its interpreters.
                path = os.path.join(self._folder, f"{self.owner}-{self._most_bytes}.json")
                with open(f"{path}.part", "w", encoding="utf-8", errors="backslashreplace") as file:
                    json.dump(_lines(snapshot), file)
                os.replace(f"{path}.part", path)

    def _look_on(self) -> None:
        nap = threading.Event()
        while True:
            self.look()
            nap.wait(_LOOK_S)


def watched(folder: str, call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make a task that watches the memory of the process it runs in."""
    return partial(_await_watched if is_async(call) else _run_watched, folder, call)


def watch(folder: str) -> Watch:
    """Find the watch of this process, or begin it."""
    with _starting:
        if not _watches or _watches[-1].owner != os.getpid():
            _watches.append(Watch(folder))
        return _watches[-1]


def _run_watched(folder: str, call: Callable[[Any], Any], item: Any) -> Any:
    own = watch(folder)
    try:
        return _call_task(call, item)
    finally:
        own.look()
        own.write()  # a worker may be ended without notice


def _call_task(call: Callable[[Any], Any], item: Any) -> Any:
    return call(item)


async def _await_task(call: Callable[[Any], Any], item: Any) -> Any:
    return await call(item)


#: Where a function that is no Python allocates: in no line of its own.
_TASK = (__file__, _call_task.__code__.co_firstlineno + 1)
_CALLS = (_TASK, (__file__, _await_task.__code__.co_firstlineno + 1))


async def _await_watched(folder: str, call: Callable[[Any], Any], item: Any) -> Any:
    own = watch(folder)
    try:
        return await _await_task(call, item)
    finally:
        own.look()
        own.write()


def _lines(snapshot: tracemalloc.Snapshot) -> list[list[Any]]:
    """Add up the bytes by line of code, the most first: file, line, source, bytes, blocks."""
    held: dict[tuple[str, int], list[int]] = {}
    for trace in snapshot.traces:
        place = _place(trace.traceback)
        if place is not None:
            sums = held.setdefault(place, [0, 0])
            sums[0] += trace.size
            sums[1] += 1
    most = sorted(held.items(), key=lambda entry: -entry[1][0])[:_MOST_LINES]
    return [[*place, _source(place), *sums] for place, sums in most]


def _source(place: tuple[str, int]) -> str:
    return (
        "(the function itself, which is not Python)" if place == _TASK else linecache.getline(*place).strip()
    )


def _place(frames: tracemalloc.Traceback) -> tuple[str, int] | None:
    """Name the innermost line of the user's own code; None for what only we and the pool hold.

    The function may be of a library itself: then it is the line of that. Deep below the user's code, where
    the frames that were kept do not reach it, a library's line stands in.
    """
    inner = [(frame.filename, frame.lineno) for frame in reversed(frames)]
    if inner[0] == _TASK:
        return _TASK
    own = next((place for place in inner if not place[0].startswith((*_LIBRARIES, *_OURS, "<"))), None)
    if own is not None:
        return own
    called = next((number for number, place in enumerate(inner) if place in _CALLS), 0)
    if called:
        return inner[called - 1]
    is_cut_off = (frames.total_nframe or 0) > len(frames) and not any(
        file.startswith(_OURS) for file, _ in inner
    )
    return inner[0] if is_cut_off else None
