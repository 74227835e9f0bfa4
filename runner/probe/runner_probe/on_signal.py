"""What this process says about itself on a signal, which it gets if it reaches its time limit.

On one signal every Python process of the study writes the stacks of its threads to standard error; on another
the probe says how many tasks have ended. Nothing runs before the signals come. Linux only: the supervisor
finds in /proc which processes handle them.
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

# Real-time signals that programs hardly use; `runner.supervise.evidence` sends them.
STACKS_SIGNAL = 62
PROGRESS_SIGNAL = 61

_WORKER_FILE = os.path.join(os.path.dirname(__file__), "worker.py")
_CHUNK_LOOPS = ("run_lean", "_run")  # in that file; they collect results in `values`

_iteration: Iteration | UntracedIteration | None = None


def write_stacks_on_signal() -> None:
    """Let this process, and those that it forks, write their stacks when the signal comes; takes 0.1 ms.

    Only in the main thread: sub-interpreters, which run in others, must not take over the signal.
    """
    if sys.platform != "linux" or os.getpid() != get_native_id():
        return
    try:
        import faulthandler  # noqa: PLC0415 - on Linux only

        faulthandler.register(STACKS_SIGNAL, file=2, all_threads=True)
    except (ImportError, AttributeError, OSError, RuntimeError, ValueError):
        pass  # then there are no stacks


def tell_progress_on_signal(tell: Callable[[Progress], None]) -> None:
    """Pass the progress of the iteration that runs to `tell` when the signal comes."""
    if sys.platform != "linux" or os.getpid() != get_native_id():
        return
    import _signal  # type: ignore[import-not-found]  # noqa: PLC0415 - `signal` would import `enum`

    def handle(*_: object) -> None:
        if _iteration is not None:
            tell(progress(_iteration))

    _signal.signal(PROGRESS_SIGNAL, handle)


def watch(iteration: Iteration | UntracedIteration) -> None:
    """Make an iteration the one whose progress is told."""
    global _iteration  # noqa: PLW0603 - a signal handler has no other way to it
    _iteration = iteration


def progress(iteration: Iteration | UntracedIteration) -> Progress:
    """Count the tasks that have ended; a chunk in another process counts when all of it has."""
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
    """Stand for `done` of a future that lacks it: the plain loop's, which has always run."""
    return True


def _in_chunks_here() -> list[tuple[int, int]]:
    """Read from the stacks of this process how many tasks of unfinished chunks have ended, and when."""
    found = []
    for frame in sys._current_frames().values():  # noqa: SLF001 - there is no public way
        above: FrameType | None = frame
        while above is not None:
            if above.f_code.co_name in _CHUNK_LOOPS and above.f_code.co_filename == _WORKER_FILE:
                values, timings = (above.f_locals.get(name, []) for name in ("values", "timings"))
                found.append((len(values), max((timing[3] for timing in timings), default=0)))
            above = above.f_back
    return found
