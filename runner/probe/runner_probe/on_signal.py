"""Reports of this process on a signal, which it receives at its time limit.

On one signal, every Python process of the study writes the stacks of its threads to standard error; on
another, the probe reports how many tasks have ended. Nothing runs before the signals arrive. Linux only: the
supervisor reads in /proc which processes handle them.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import get_native_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from runner_probe.iteration import Iteration, UntracedIteration
    from runner_probe.wire import Progress

# Real-time signals that programs rarely use; `runner.supervise.evidence` sends them.
STACKS_SIGNAL = 62
PROGRESS_SIGNAL = 61

_WORKER_FILE = os.path.join(os.path.dirname(__file__), "worker.py")
_CHUNK_LOOPS = ("run_lean", "_run")  # in that file; their variables `values` and `timings` are read

_iteration: Iteration | UntracedIteration | None = None


def write_stacks_on_signal() -> None:
    """Make this process, and those that it forks, write their stacks on the signal; takes 0.1 ms.

    Only in the main thread: sub-interpreters, which run in other threads, must not take over the signal.
    """
    if sys.platform != "linux" or os.getpid() != get_native_id():
        return
    try:
        import faulthandler  # noqa: PLC0415 - on Linux only

        faulthandler.register(STACKS_SIGNAL, file=2, all_threads=True)
    except (ImportError, AttributeError, OSError, RuntimeError, ValueError):
        pass  # then there are no stacks


def report_progress_on_signal(report: Callable[[Progress], None]) -> None:
    """Call `report` with the progress of the current iteration when the signal arrives."""
    if sys.platform != "linux" or os.getpid() != get_native_id():
        return
    import _signal  # type: ignore[import-not-found]  # noqa: PLC0415 - `signal` would import `enum`

    def handle(*_: object) -> None:
        if _iteration is not None:
            report(progress(_iteration))

    _signal.signal(PROGRESS_SIGNAL, handle)


def watch(iteration: Iteration | UntracedIteration) -> None:
    """Make an iteration the current one, whose progress is reported."""
    global _iteration  # noqa: PLW0603 - a signal handler cannot get it otherwise
    _iteration = iteration


def progress(iteration: Iteration | UntracedIteration) -> Progress:
    """Count the tasks that have ended; those of a chunk in another process count when the chunk has ended."""
    counts = [iteration.collected(), *_in_chunks_here()]
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
    """Replace `done` of futures that lack it: those of the plain loop, which are always done."""
    return True


def _in_chunks_here() -> list[tuple[int, int]]:
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
