"""The code that runs in a worker until a window closes: one task after another.

Workers import this file by name, so it imports from the standard library and this package only. They stop by
the clock, which all processes of a host share, so that no message has to reach them.
"""

from __future__ import annotations

import os
import time
from _thread import get_native_id
from array import array

from runner_probe.worker import describe_error, is_async, worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from runner_probe.task_failure import Failure
    from runner_probe.worker import Worker

    #: folder in which workers meet, number of workers, duration of the window in nanoseconds
    LoopWindow = tuple[str, int, int]
    #: when the window opened; when the first task started; when each task ended; the last result of each
    #: item; worker; failure
    LoopReport = tuple[int, int, "array[int]", dict[int, Any], Worker, Failure | None]

START_TIMEOUT_S = 25.0  # shorter than any default time limit, which would hide the reason
_PAUSE_S = 0.002
_NOTICE_NS = 20_000_000  # from the arrival of the last worker to the window: all must notice that it arrived


class WorkersMissing(Exception):  # noqa: N818 - the name says what happened
    """Not all workers started."""


def run_until_closed(
    call: Callable[[Any], Any], items: Sequence[Any], first: int, window: LoopWindow
) -> LoopReport:
    """Wait for the other workers, then cycle through the items from `first` on until the window closes."""
    if is_async(call):
        from runner_probe.coroutine_loop import EventLoop  # noqa: PLC0415 - only coroutines need it

        with EventLoop(call) as run_coroutine:  # created before the window opens
            return _run_together(run_coroutine, items, first, window)
    return _run_together(call, items, first, window)


def _run_together(
    call: Callable[[Any], Any], items: Sequence[Any], first: int, window: LoopWindow
) -> LoopReport:
    folder, workers, duration_ns = window
    try:
        opens_ns = meet(folder, workers, f"{os.getpid()}-{get_native_id()}")
    except WorkersMissing as error:
        return 0, 0, array("q"), {}, worker(), describe_error(error, first)
    return opens_ns, *repeat(call, items, first, opens_ns + duration_ns)


def meet(folder: str, workers: int, name: str) -> int:
    """Wait until all workers have started; return when the window opens, the same time for all of them.

    Each worker creates a file named after the time, which all threads and processes of the host can see,
    however they were started.

    Raises:
        WorkersMissing: some workers did not start in time
    """
    arrived_ns = time.perf_counter_ns()
    os.close(os.open(os.path.join(folder, f"{arrived_ns}-{name}"), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    while len(arrivals := os.listdir(folder)) < workers:
        if time.perf_counter_ns() - arrived_ns > START_TIMEOUT_S * 1e9:
            raise WorkersMissing(
                f"{len(arrivals)} of {workers} workers had started after {START_TIMEOUT_S:g} s; "
                "the pool runs fewer at a time, or they are slow to start"
            )
        time.sleep(_PAUSE_S)
    opens_ns = max(int(name.partition("-")[0]) for name in arrivals) + _NOTICE_NS
    time.sleep(max(0, opens_ns - time.perf_counter_ns()) / 1e9)
    return opens_ns


def repeat(
    call: Callable[[Any], Any],
    items: Sequence[Any],
    first: int,
    closes_ns: int,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> tuple[int, array[int], dict[int, Any], Worker, Failure | None]:
    """Run tasks until the window has closed; the task in progress is finished.

    The clock is read once for each task: the end of one is the start of the next.
    """
    ended_ns = array("q")
    values: dict[int, Any] = {}
    failure = None
    task = first
    now = started_ns = clock()
    try:
        while now < closes_ns:
            values[task] = call(items[task])
            now = clock()
            ended_ns.append(now)
            task = (task + 1) % len(items)
    except BaseException as error:
        failure = describe_error(error, task)
    return started_ns, ended_ns, values, worker(), failure
