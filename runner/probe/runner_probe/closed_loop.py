"""A closed loop: every worker of a pool starts a task when its previous one ends, until a window closes."""

from __future__ import annotations

import time
from itertools import chain

from runner_probe.cpu import NOTHING, tree_usage
from runner_probe.iteration import MAX_RECORDS, PoolFailed, TaskFailed
from runner_probe.window_worker import WorkersMissing, run_until_closed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from runner_probe.window_worker import LoopReport, LoopWindow
    from runner_probe.wire import IterationReply, RecordValues

PERCENTILES = (50, 90, 99)


class NoTaskEnded(Exception):  # noqa: N818 - the name says what happened
    """No task ended within the window; it is too short."""


class Loops:
    """The measurements of one pool's workers. Times in nanoseconds on one clock."""

    def __init__(self, duration_ns: int) -> None:
        self.started_at = 0.0  # seconds since the epoch
        self.opened_ns = 0  #: before the pool was opened
        self.closed_ns = 0  #: after the pool was shut down
        self.duration_ns = duration_ns
        self.used = NOTHING  #: by all its processes
        self.submitted_ns: list[int] = []
        self.reports: list[LoopReport] = []

    @property
    def window_ns(self) -> tuple[int, int]:
        """When the window opened and when it closed."""
        opens_ns = max(opens for opens, *_ in self.reports)
        return opens_ns, opens_ns + self.duration_ns

    def service_ns(self) -> list[int]:
        """List the durations of the tasks that ended within the window, in ascending order."""
        _, closes_ns = self.window_ns
        return sorted(
            ended - started
            for _, first_ns, ended_ns, *_ in self.reports
            for started, ended in zip(chain((first_ns,), ended_ns), ended_ns, strict=False)
            if ended <= closes_ns
        )

    def in_progress(self) -> int:
        """Count the tasks that began before the window closed and ended after it."""
        _, closes_ns = self.window_ns
        return sum(1 for _, _, ended_ns, *_ in self.reports if ended_ns and ended_ns[-1] > closes_ns)

    def results(self) -> Iterator[tuple[int, Any]]:
        """List, for every worker, the position and the last result of each item that it ran."""
        for _, _, _, values, *_ in self.reports:
            yield from values.items()

    def records(self, items: int) -> list[RecordValues]:
        """List the task records; more than MAX_RECORDS are merged.

        Args:
            items: how many items there are
        """
        total = sum(len(ended_ns) for _, _, ended_ns, *_ in self.reports)
        group = 1 if total <= MAX_RECORDS else -(-total // (MAX_RECORDS // 2))
        records: list[RecordValues] = []
        for index, (_, first_ns, ended_ns, _, worker, _) in enumerate(self.reports):
            first = _first(index, len(self.reports), items)
            for begin in range(0, len(ended_ns), group):
                end = min(begin + group, len(ended_ns))
                started, ended = ended_ns[begin - 1] if begin else first_ns, ended_ns[end - 1]
                times = self.submitted_ns[index], started, ended, ended, ended - started, None, None
                records.append(((first + begin) % items, end - begin, *worker[:3], *times))
        return records


def run_loops(
    call: Callable[[Any], Any],
    items: Sequence[Any],
    window: LoopWindow,
    open_pool: Callable[[], Any],
    clock: Callable[[], int] = time.perf_counter_ns,
) -> Loops:
    """Open a pool, let each of its workers run tasks until the window closes, and shut the pool down.

    Raises:
        TaskFailed: a task raised an exception
        PoolFailed: the pool raised an exception
        WorkersMissing: not all workers started
        NoTaskEnded: no task ended within the window
    """
    _, workers, duration_ns = window
    loops = Loops(duration_ns)
    used_before = tree_usage()
    loops.started_at = time.time()
    loops.opened_ns = clock()
    pool = open_pool()
    try:
        futures = []
        for index in range(workers):
            loops.submitted_ns.append(clock())
            first = _first(index, workers, len(items))
            futures.append(pool.submit(run_until_closed, call, items, first, window))
        try:
            loops.reports = [future.result() for future in futures]
        except Exception as error:
            raise PoolFailed(error, None, pool) from error
    finally:
        pool.shutdown(wait=True)
    loops.closed_ns = clock()
    loops.used = tree_usage().since(used_before)
    for *_, failure in loops.reports:
        if failure is not None:
            kind, message = failure[1:3]
            raise WorkersMissing(message) if kind == WorkersMissing.__name__ else TaskFailed(failure)
    if not loops.service_ns():
        raise NoTaskEnded(f"no task ended within duration_s={duration_ns / 1e9:g}; raise duration_s")
    return loops


def describe_loops(loops: Loops, items: int) -> IterationReply:
    """Describe the loops as an iteration whose middle part is the window."""
    opens_ns, closes_ns = loops.window_ns
    service_ns = loops.service_ns()
    return {
        "iteration": 0,
        "warmup": False,
        "tracing": False,
        "tasks": len(service_ns),
        "started_at": loops.started_at,
        "wall_ns": loops.closed_ns - loops.opened_ns,
        "start_ns": opens_ns - loops.opened_ns,
        "work_ns": loops.duration_ns,
        "end_ns": loops.closed_ns - closes_ns,
        "cpu_s": loops.used.cpu_s,
        "own_cpu_s": loops.used.own_cpu_s,
        "main_cpu_s": loops.used.main_cpu_s,
        "main_delay_s": loops.used.main_delay_s,
        "system_s": loops.used.system_s,
        "minor_faults": loops.used.minor_faults,
        "in_progress": loops.in_progress(),
        "service_ns": [percentile(service_ns, part) for part in PERCENTILES],
        "records": loops.records(items),
    }


def percentile(ascending: Sequence[int], part: int) -> int:
    """Find the smallest value that at least `part` per cent of the values do not exceed."""
    return ascending[max(0, -(-len(ascending) * part // 100) - 1)]


def _first(index: int, workers: int, items: int) -> int:
    """Choose the item that a worker starts with: workers are spread evenly over the items."""
    return index * items // workers % items
