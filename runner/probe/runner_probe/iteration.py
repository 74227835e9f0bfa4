"""One iteration: open a pool, run all tasks on it and shut it down, on one clock.

The same as `with Pool() as pool: list(pool.map(function, items))` in the user's own code.
"""

from __future__ import annotations

import time

from runner_probe.cpu import NOTHING, tree_usage
from runner_probe.pools import traits_of, worker_processes
from runner_probe.worker import HOST, is_async, may_handle_signals, run_chunk, run_lean, run_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from runner_probe.task_failure import Failure
    from runner_probe.wire import Progress, RecordValues
    from runner_probe.worker import Report

PROGRESS_SIGNAL = 61  # a real-time signal that programs rarely use; `runner.supervise.evidence` sends it
MAX_RECORDS = 10_000  # for each iteration; if there are more, they are merged

#: The fields of a task record, in the order of its values; `wire.RecordFields` explains them.
RECORD_FIELDS = (
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


class TaskFailed(Exception):  # noqa: N818 - the task's error
    """A task raised an exception. Its attributes are the task's position and the exception as text."""

    def __init__(self, failure: Failure) -> None:
        self.task, self.kind, self.message, self.traceback = failure
        super().__init__(f"task {self.task} raised {self.kind}: {self.message}")


class PoolFailed(Exception):  # noqa: N818 - the pool's error
    """A pool raised an exception instead of returning a chunk.

    Args:
        error: the exception
        chunk: the first chunk that was not returned: its first task and its items; None: unknown
        pool: the pool before its shutdown, after which it no longer knows its workers
    """

    def __init__(self, error: Exception, chunk: tuple[int, Sequence[Any]] | None, pool: Any) -> None:
        super().__init__(f"{type(error).__name__}: {error}".removesuffix(": "))
        self.error, self.chunk = error, chunk
        self.workers = worker_processes(pool)


# Exception classes by name, because importing them would slow down every executor.
_BROKEN = ("BrokenExecutor", "TerminatedWorkerError")


def is_broken(error: BaseException) -> bool:
    """Whether an exception says that workers died."""
    return any(kind.__name__ in _BROKEN for kind in type(error).__mro__)


class ChunkedTasks:
    """The tasks of a workload, divided into chunks before the clock starts.

    Args:
        call: runs one task
        items: one for each task
        chunk_size: tasks sent to a worker at a time; None: all in one chunk
        per_task: trace every task, not only every chunk
    """

    def __init__(
        self, call: Callable[[Any], Any], items: Sequence[Any], chunk_size: int | None, *, per_task: bool
    ) -> None:
        self.count = len(items)
        self.size = size = chunk_size or len(items)
        self.call, self.per_task = call, per_task
        self.is_lean = not per_task and not is_async(call)
        self.chunks = [(first, items[first : first + size]) for first in range(0, len(items), size)]


class UntracedIteration:
    """The measurements of an iteration that is not traced.

    Args:
        tasks: their number
    """

    def __init__(self, tasks: int) -> None:
        self.tasks = tasks
        self.futures: list[Any] = []  #: not collected yet, the next one last
        self.started_at = 0.0  # seconds since the epoch
        self.wall_ns = 0
        self.used = NOTHING  #: by all its processes
        self.values: list[Any] = []  #: results of the tasks, in the order of the items
        self.is_single = False  #: each future has the result of a single task, not a list of results

    def collected(self) -> tuple[int, int]:
        """Return the number of collected tasks, and 0: it is unknown when they ended."""
        return len(self.values), 0

    def ended(self, result: Any) -> tuple[int, int]:
        """Return the number of tasks in the result of a future, and 0: it is unknown when they ended."""
        return 1 if self.is_single else len(result), 0


class Iteration:
    """The measurements of a traced iteration. Times in nanoseconds on one clock.

    Args:
        chunks: their number
        tasks: their number
    """

    def __init__(self, chunks: int, tasks: int) -> None:
        self.tasks = tasks
        self.futures: list[Any] = []  #: not collected yet, the next one last
        self.started_at = 0.0  # seconds since the epoch
        self.opened_ns = 0
        self.closed_ns = 0
        self.used = NOTHING  #: by all its processes
        self.submitted_ns = [0] * chunks
        self.received_ns: list[int | None] = [0] * chunks  #: None: not recorded
        self.reports: list[Report] = []

    def collected(self) -> tuple[int, int]:
        """Return the number of collected tasks, and when the last of them ended, or 0."""
        ended = [self.ended(report) for report in self.reports]
        return sum(tasks for tasks, _ in ended), max((last_ns for _, last_ns in ended), default=0)

    def ended(self, result: Report) -> tuple[int, int]:
        """Return the number of tasks in the result of a future, and when the last of them ended, or 0."""
        values, timings, *_ = result
        return len(values), max((timing[3] for timing in timings), default=0)

    def values(self) -> list[Any]:
        """List the tasks' results, in the order of the items."""
        return [value for values, *_ in self.reports for value in values]

    def records(self) -> list[RecordValues]:
        """List the task records; more than MAX_RECORDS are merged."""
        records: list[RecordValues] = []
        shifts = self.shifts_ns()
        for (_, timings, worker, _), submitted, received in zip(
            self.reports, self.submitted_ns, self.received_ns, strict=True
        ):
            shift = shifts.get(worker[0], 0)
            for first, tasks, began, finished, cpu, delay in timings:
                started, ended = began + shift, finished + shift
                # A warm pool may return its last result just before it calls back.
                arrived = ended if received is None else received or self.closed_ns
                busy = ended - started
                records.append(
                    (first, tasks, *worker[:3], submitted, started, ended, arrived, busy, cpu, delay)
                )
        if len(records) <= MAX_RECORDS:
            return records
        from runner_probe.record_merging import merge  # noqa: PLC0415 - only very many tasks need it

        return merge(records, MAX_RECORDS)

    def shifts_ns(self) -> dict[str, int]:
        """Compute, by host, the shift to add to the times of other hosts' workers."""
        if all(worker[0] == HOST for _, _, worker, _ in self.reports):
            return {}
        from runner_probe.clocks import shifts_ns  # noqa: PLC0415 - only clusters pay for it

        moments = (
            (worker[0], submitted, None if received is None else received or self.closed_ns, started, ended)
            for (_, timings, worker, _), submitted, received in zip(
                self.reports, self.submitted_ns, self.received_ns, strict=True
            )
            for _, _, started, ended, *_ in timings
        )
        return shifts_ns(moments, HOST)


_current: Iteration | UntracedIteration | None = None  #: whose progress is reported on the signal


def _set_current(iteration: Iteration | UntracedIteration) -> None:
    global _current  # noqa: PLW0603 - a signal handler cannot get it otherwise
    _current = iteration


def report_progress_on_signal(report: Callable[[Progress], None]) -> None:
    """Call `report` with the progress of the current iteration when the supervisor sends the signal.

    It does so at the time limit, to Linux processes that handle it. Nothing runs before.
    """
    if not may_handle_signals():
        return
    import _signal  # type: ignore[import-not-found]  # noqa: PLC0415 - `signal` would import `enum`

    def handle(*_: object) -> None:
        if _current is not None:
            from runner_probe.progress import progress  # noqa: PLC0415 - only a hang pays for it

            report(progress(_current))

    _signal.signal(PROGRESS_SIGNAL, handle)


def run_cold(
    tasks: ChunkedTasks, open_pool: Callable[[], Any], clock: Callable[[], int] = time.perf_counter_ns
) -> Iteration:
    """Measure the tasks on a new pool, from before its construction to the return of its shutdown.

    Raises:
        TaskFailed: a task raised an exception
        PoolFailed: the pool raised an exception
    """
    iteration = Iteration(len(tasks.chunks), tasks.count)
    _set_current(iteration)
    used_before = tree_usage()
    iteration.started_at = time.time()
    iteration.opened_ns = clock()
    pool = open_pool()
    try:
        _submit_and_collect(pool, tasks, iteration, clock)
    finally:
        pool.shutdown(wait=True)
    iteration.closed_ns = clock()
    iteration.used = tree_usage().since(used_before)
    return iteration


def run_untraced(
    tasks: ChunkedTasks, open_pool: Callable[[], Any], clock: Callable[[], int] = time.perf_counter_ns
) -> UntracedIteration:
    """Like `run_cold`, but submit the tasks as a user's own code would, without tracing.

    This is for tasks so short that reading the clock around a chunk would change what is measured.

    Raises:
        PoolFailed: the workers died
        Exception: whatever a task or the pool raises
    """
    untraced = UntracedIteration(tasks.count)
    futures = untraced.futures
    _set_current(untraced)
    used_before = tree_usage()
    untraced.started_at = time.time()
    opened_ns = clock()
    pool = open_pool()
    try:
        untraced.is_single = is_single = tasks.size == 1 and not traits_of(pool).shares_call
        if is_single:
            for _, (item,) in tasks.chunks:
                futures.append(pool.submit(tasks.call, item))
        else:
            for _, items in tasks.chunks:
                futures.append(pool.submit(run_plain, tasks.call, items))
        futures.reverse()
        collect = untraced.values.append if is_single else untraced.values.extend
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
    untraced.wall_ns = clock() - opened_ns
    untraced.used = tree_usage().since(used_before)
    return untraced


def run_warm(
    tasks: ChunkedTasks,
    open_pool: Callable[[], Any],
    count: int,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> Iterator[Iteration]:
    """Open one pool and run the tasks on it `count` times; the first iteration warms it up.

    Raises:
        TaskFailed: a task raised an exception
        PoolFailed: the pool raised an exception
    """
    pool = open_pool()
    try:
        for _ in range(count):
            iteration = Iteration(len(tasks.chunks), tasks.count)
            _set_current(iteration)
            used_before = tree_usage()
            iteration.started_at = time.time()
            iteration.opened_ns = clock()
            _submit_and_collect(pool, tasks, iteration, clock)
            iteration.closed_ns = clock()
            iteration.used = tree_usage().since(used_before)
            yield iteration
    finally:
        pool.shutdown(wait=True)


def _submit_and_collect(
    pool: Any, tasks: ChunkedTasks, iteration: Iteration, clock: Callable[[], int]
) -> None:
    """Submit every chunk, then collect in order, as `Executor.map` does.

    If only chunks are traced, the tasks are short: a clock reading at every submission and a callback for
    every result would change what is measured. So all chunks count as submitted when the first one is, and as
    received when they end.
    """
    futures = iteration.futures
    try:
        if tasks.per_task:
            _submit_traced(pool, tasks, futures, iteration, clock)
        else:
            iteration.submitted_ns = [clock()] * len(tasks.chunks)
            iteration.received_ns = [None] * len(tasks.chunks)
            _submit(pool, tasks, futures)
        futures.reverse()
        while futures:  # as in `map`, a future is released once its result is collected
            iteration.reports.append(_report(futures.pop()))
    except BaseException as error:
        for future in futures:  # otherwise the whole queue would run before the pool closes
            future.cancel()
        if isinstance(error, Exception) and not isinstance(error, TaskFailed):
            raise PoolFailed(error, tasks.chunks[len(iteration.reports)], pool) from error
        raise


def _submit(pool: Any, tasks: ChunkedTasks, futures: list[Any]) -> None:
    call = tasks.call
    if tasks.is_lean:
        for first, items in tasks.chunks:
            futures.append(pool.submit(run_lean, call, first, items))
    else:
        for first, items in tasks.chunks:
            futures.append(pool.submit(run_chunk, call, first, items, per_task=False))


def _submit_traced(
    pool: Any, tasks: ChunkedTasks, futures: list[Any], iteration: Iteration, clock: Callable[[], int]
) -> None:
    for index, (first, items) in enumerate(tasks.chunks):
        iteration.submitted_ns[index] = clock()
        future = pool.submit(run_chunk, tasks.call, first, items, per_task=True)
        futures.append(future)
        future.add_done_callback(_record_time(iteration.received_ns, index, clock))


def _report(future: Any) -> Report:
    report: Report = future.result()
    failure = report[3]
    if failure is not None:
        raise TaskFailed(failure)
    return report


def _record_time(
    received_ns: list[int | None], index: int, clock: Callable[[], int]
) -> Callable[[Any], None]:
    def note(_: Any) -> None:
        received_ns[index] = clock()

    return note
