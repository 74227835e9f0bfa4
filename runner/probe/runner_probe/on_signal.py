"""Reports of this process on signals, which the supervisor sends at the time limit.

On one signal, every Python process of the study writes the stacks of its threads to standard error; on
another, the probe reports how many tasks have ended. Nothing runs before a signal arrives. Linux only: the
supervisor reads from /proc which processes handle the signals.
"""

from __future__ import annotations

import os
import sys
from _thread import get_native_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from runner_probe.iteration import Iteration, UntracedIteration
    from runner_probe.wire import Progress

# Real-time signals that programs rarely use; `runner.supervise.evidence` sends them.
STACKS_SIGNAL = 62
PROGRESS_SIGNAL = 61

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
            from runner_probe.progress import progress  # noqa: PLC0415 - only a hang pays for it

            report(progress(_iteration))

    _signal.signal(PROGRESS_SIGNAL, handle)


def set_current(iteration: Iteration | UntracedIteration) -> None:
    """Set the current iteration, whose progress is reported on the signal."""
    global _iteration  # noqa: PLW0603 - a signal handler cannot get it otherwise
    _iteration = iteration
