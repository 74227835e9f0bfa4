"""The progress of an iteration: how many of its tasks have ended, read while they run."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from runner_probe.iteration import Iteration, UntracedIteration
    from runner_probe.wire import Progress

_WORKER_FILE = os.path.join(os.path.dirname(__file__), "worker.py")
_CHUNK_LOOPS = ("run_lean", "_run")  # functions of worker.py whose variables `values` and `timings` are read


def progress(iteration: Iteration | UntracedIteration) -> Progress:
    """Count the tasks that have ended. In another process, tasks count only once their chunk has ended."""
    counts = [iteration.collected(), *_in_unfinished_chunks()]
    for future in list(iteration.futures):
        if getattr(future, "done", _yes)():
            try:
                counts.append(iteration.ended(future.result()))
            except BaseException:  # noqa: S112 - its chunk failed or was cancelled: it has no results
                continue
    last_ns = max(moment for _, moment in counts)
    return {
        "ended": sum(tasks for tasks, _ in counts),
        "tasks": iteration.tasks,
        "since_last_s": (time.perf_counter_ns() - last_ns) / 1e9 if last_ns else None,
    }


def _yes() -> bool:
    """Stand in for `done` of futures that lack it: those of the plain loop, which are always done."""
    return True


def _in_unfinished_chunks() -> list[tuple[int, int]]:
    """Read from the stacks of this process how many tasks of unfinished chunks have ended, and when."""
    counts = []
    for frame in sys._current_frames().values():  # noqa: SLF001 - there is no public way
        above: FrameType | None = frame
        while above is not None:
            if above.f_code.co_name in _CHUNK_LOOPS and above.f_code.co_filename == _WORKER_FILE:
                values, timings = (above.f_locals.get(name, []) for name in ("values", "timings"))
                counts.append((len(values), max((timing[3] for timing in timings), default=0)))
            above = above.f_back
    return counts
