"""One iteration: a pool is opened, runs all the tasks, and is shut down, on one clock.

This is what the user's own `with Pool() as pool: list(pool.map(function, items))` does.
"""

from __future__ import annotations

import time

from runner_probe.adapters import traits_of, worker_processes
from runner_probe.cpu import tree_cpu_s
from runner_probe.worker import HOST, is_async, run_chunk, run_lean, run_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from runner_probe.worker import Failure, Report

MOST_RECORDS = 10_000  # an iteration; chunks beyond that share records
_MANY_WORKERS = 1_000  # from here on it no longer matters which of them ran what

#: The fields of a task record, in order.
RECORD = (
    "task",
    "tasks",
    "host",
    "process_id",
    "thread_id",
    "submitted_ns",
    "started_ns",
    "ended_ns",
    "received_ns",
    "busy_ns",
    "cpu_ns",
    "run_delay_ns",
)
_WORKER, _STARTED = slice(2, 5), 6


class TaskFailed(Exception):  # noqa: N818 - it is the task's error
    """A task raised; holds its position and its exception as text."""

    def __init__(self, failure: Failure) -> None:
        self.task, self.kind, self.message, self.traceback = failure
        super().__init__(f"task {self.task} raised {self.kind}: {self.message}")


class PoolFailed(Exception):  # noqa: N818 - it is the pool's error
    """A pool raised instead of returning a chunk.

    Args:
        error: what it raised
        chunk: position of the first chunk that was not returned; None: not known
        pool: not shut down yet, when it forgets its workers
    """

    def __init__(self, error: Exception, chunk: int | None, pool: Any) -> None:
        super().__init__(f"{type(error).__name__}: {error}".removesuffix(": "))
        self.error, self.chunk = error, chunk
        self.workers = worker_processes(pool)


# `concurrent.futures.BrokenExecutor` and its like, by name: importing them would burden every executor.
_BROKEN = ("BrokenExecutor", "TerminatedWorkerError")


def is_broken(error: BaseException) -> bool:
    """Whether this says that workers died."""
    return any(kind.__name__ in _BROKEN for kind in type(error).__mro__)


class Tasks:
    """The tasks of a workload, cut into chunks before any clock starts.

    Args:
        call: runs one task
        items: one a task
        chunk_size: tasks sent to a worker at a time; None sends all in one chunk
        each: stamp every task, not only every chunk
    """

    def __init__(
        self, call: Callable[[Any], Any], items: Sequence[Any], chunk_size: int | None, *, each: bool
    ) -> None:
        self.size = size = chunk_size or len(items)
        self.call, self.each = call, each
        self.lean = not each and not is_async(call)
        self.chunks = [(first, items[first : first + size]) for first in range(0, len(items), size)]


class Bare:
    """What an iteration without records found."""

    def __init__(self) -> None:
        self.started_at = 0.0  # seconds since the epoch
        self.wall_ns = 0
        self.cpu_s = 0.0
        self.values: list[Any] = []  #: the tasks', in the order of the items


class Iteration:
    """What one iteration found. Times in nanoseconds on one clock."""

    def __init__(self, chunks: int) -> None:
        self.started_at = 0.0  # seconds since the epoch
        self.opened_ns = 0
        self.closed_ns = 0
        self.cpu_s = 0.0
        self.submitted_ns = [0] * chunks
        self.received_ns: list[int | None] = [0] * chunks  #: None: not asked
        self.reports: list[Report] = []

    def values(self) -> list[Any]:
        """Return the tasks' values, in the order of the items."""
        return [value for values, *_ in self.reports for value in values]

    def records(self) -> list[list[Any]]:
        """Return task records as lists in the order of RECORD; beyond 10,000 they are merged by worker."""
        rows = []
        shifts = self.shifts_ns()
        for (_, stamps, worker, _), submitted, received in zip(
            self.reports, self.submitted_ns, self.received_ns, strict=True
        ):
            shift = shifts.get(worker[0], 0)
            for first, tasks, began, finished, cpu, delay in stamps:
                started, ended = began + shift, finished + shift
                # A warm pool may hand over its last result a moment before it calls back.
                back = ended if received is None else received or self.closed_ns
                busy = ended - started
                rows.append([first, tasks, *worker[:3], submitted, started, ended, back, busy, cpu, delay])
        return rows if len(rows) <= MOST_RECORDS else _merge(rows)

    def shifts_ns(self) -> dict[str, int]:
        """Tell, by host, what puts the stamps of other hosts' workers on our clock."""
        if all(worker[0] == HOST for _, _, worker, _ in self.reports):
            return {}
        from runner_probe.clocks import shifts_ns  # noqa: PLC0415 - only clusters pay for it

        moments = (
            (worker[0], submitted, None if received is None else received or self.closed_ns, started, ended)
            for (_, stamps, worker, _), submitted, received in zip(
                self.reports, self.submitted_ns, self.received_ns, strict=True
            )
            for _, _, started, ended, *_ in stamps
        )
        return shifts_ns(moments, HOST)


def run_cold(
    tasks: Tasks, open_pool: Callable[[], Any], clock: Callable[[], int] = time.perf_counter_ns
) -> Iteration:
    """Measure a pool of its own, from before its construction to the return of its shutdown."""
    iteration = Iteration(len(tasks.chunks))
    cpu_before = tree_cpu_s()
    iteration.started_at = time.time()
    iteration.opened_ns = clock()
    pool = open_pool()
    try:
        _drive(pool, tasks, iteration, clock)
    finally:
        pool.shutdown(wait=True)
    iteration.closed_ns = clock()
    iteration.cpu_s = tree_cpu_s() - cpu_before
    return iteration


def run_bare(
    tasks: Tasks, open_pool: Callable[[], Any], clock: Callable[[], int] = time.perf_counter_ns
) -> Bare:
    """As `run_cold`, but submit the tasks as a user's own code does: without stamps, so without records.

    For tasks so short that the stamps of a chunk would be a good part of it.
    """
    bare = Bare()
    futures: list[Any] = []
    cpu_before = tree_cpu_s()
    bare.started_at = time.time()
    opened_ns = clock()
    pool = open_pool()
    try:
        one_by_one = tasks.size == 1 and not traits_of(pool).shares_call
        if one_by_one:
            for _, (item,) in tasks.chunks:
                futures.append(pool.submit(tasks.call, item))
        else:
            for _, items in tasks.chunks:
                futures.append(pool.submit(run_plain, tasks.call, items))
        futures.reverse()
        collect = bare.values.append if one_by_one else bare.values.extend
        while futures:
            collect(futures.pop().result())
    except BaseException as error:
        for future in futures:
            future.cancel()
        if isinstance(error, Exception) and is_broken(error):
            raise PoolFailed(error, None, pool) from error
        raise
    finally:
        pool.shutdown(wait=True)
    bare.wall_ns = clock() - opened_ns
    bare.cpu_s = tree_cpu_s() - cpu_before
    return bare


def run_warm(
    tasks: Tasks,
    open_pool: Callable[[], Any],
    count: int,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> Iterator[Iteration]:
    """Open one pool and run the tasks on it `count` times; the first of them warms it up."""
    pool = open_pool()
    try:
        for _ in range(count):
            iteration = Iteration(len(tasks.chunks))
            cpu_before = tree_cpu_s()
            iteration.started_at = time.time()
            iteration.opened_ns = clock()
            _drive(pool, tasks, iteration, clock)
            iteration.closed_ns = clock()
            iteration.cpu_s = tree_cpu_s() - cpu_before
            yield iteration
    finally:
        pool.shutdown(wait=True)


def _drive(pool: Any, tasks: Tasks, iteration: Iteration, clock: Callable[[], int]) -> None:
    """Submit every chunk, then collect in order, as `Executor.map` does.

    Where tasks are too short to stamp each, a stamp of every submission and a callback on every result would
    be a good part of what is measured: all chunks count as submitted when the first is, and as received when
    they ended.
    """
    futures: list[Any] = []
    try:
        if tasks.each:
            _submit_stamped(pool, tasks, futures, iteration, clock)
        else:
            iteration.submitted_ns = [clock()] * len(tasks.chunks)
            iteration.received_ns = [None] * len(tasks.chunks)
            _submit(pool, tasks, futures)
        futures.reverse()
        while futures:  # a result that was collected is let go, as `map` does
            iteration.reports.append(_report(futures.pop()))
    except BaseException as error:
        for future in futures:  # otherwise the whole queue would run before the pool closes
            future.cancel()
        if isinstance(error, Exception) and not isinstance(error, TaskFailed):
            raise PoolFailed(error, len(iteration.reports), pool) from error
        raise


def _submit(pool: Any, tasks: Tasks, futures: list[Any]) -> None:
    call = tasks.call
    if tasks.lean:
        for first, items in tasks.chunks:
            futures.append(pool.submit(run_lean, call, first, items))
    else:
        for first, items in tasks.chunks:
            futures.append(pool.submit(run_chunk, call, first, items, each=False))


def _submit_stamped(
    pool: Any, tasks: Tasks, futures: list[Any], iteration: Iteration, clock: Callable[[], int]
) -> None:
    for index, (first, items) in enumerate(tasks.chunks):
        iteration.submitted_ns[index] = clock()
        future = pool.submit(run_chunk, tasks.call, first, items, each=True)
        futures.append(future)
        future.add_done_callback(_stamp(iteration.received_ns, index, clock))


def _report(future: Any) -> Report:
    report: Report = future.result()
    failure = report[3]
    if failure is not None:
        raise TaskFailed(failure)
    return report


def _stamp(received_ns: list[int | None], index: int, clock: Callable[[], int]) -> Callable[[Any], None]:
    def stamp(_: Any) -> None:
        received_ns[index] = clock()

    return stamp


def _merge(rows: list[list[Any]]) -> list[list[Any]]:
    """Merge consecutive records of each worker; sums and outer bounds stay exact.

    Of too many workers, as with a thread for each task, records are merged whoever made them.
    """
    group = -(-len(rows) // (MOST_RECORDS // 2))  # half the room: the last group of each worker is short
    lanes: dict[tuple[Any, ...], list[list[Any]]] = {}
    rows = sorted(rows, key=lambda row: row[_STARTED])
    for row in rows:
        lanes.setdefault(tuple(row[_WORKER]), []).append(row)
    if len(lanes) >= _MANY_WORKERS:
        lanes = {(): rows}
    merged = [
        _merged(lane[start : start + group])
        for lane in lanes.values()
        for start in range(0, len(lane), group)
    ]
    return sorted(merged, key=lambda row: row[_STARTED])


def _merged(rows: list[list[Any]]) -> list[Any]:
    tasks, counts, *_, submitted, started, ended, received, busy, cpu, delay = zip(*rows, strict=True)
    return [
        tasks[0],
        sum(counts),
        *rows[0][_WORKER],
        min(submitted),
        min(started),
        max(ended),
        max(received),
        sum(busy),
        None if None in cpu else sum(cpu),
        None if None in delay else sum(delay),
    ]
