"""The factors of a speedup, S = P · B · K · G · Q · D · L, and the budget of the workers' time.

All quantities come from one traced serial run and one traced parallel run. Definitions and sources are in
docs/method.md; times are seconds on one clock.
"""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.analysis.explain.bounds import shortest_makespan
from runner.analysis.intervals import Values

_MOST_LENGTHS = 10_000
_LITTLE_CPU = (
    0.05  # of the time within tasks: below it tasks wait, and how their CPU time scales says nothing
)


@dataclass(frozen=True, kw_only=True, eq=False)
class TracedRun:
    """One traced iteration; the arrays hold one value per record of a task or chunk of tasks."""

    opened: float  #: before the pool's constructor
    closed: float  #: after its shutdown
    worker: NDArray[np.integer[Any]]  #: its number
    submitted: Values
    started: Values
    ended: Values
    busy: Values  #: within tasks; less than from start to end where several are merged
    cpu: Values | None  #: None if a record has no reading
    run_delay: Values | None  #: runnable, but not running; None if a record has no reading
    tasks: NDArray[np.integer[Any]]  #: in this record
    received: Values | None = None  #: when the result was; None: unknown
    #: any number that identifies the thread that ran it; None: unknown
    thread: NDArray[np.integer[Any]] | None = None
    process_cpu_s: float | None = None  #: CPU time of the whole iteration, of all its processes
    own_cpu_s: float | None = None  #: the part of the measured interpreter itself
    main_cpu_s: float | None = None  #: the part of its main thread, in which a loop runs
    main_delay_s: float | None = None  #: for how long that thread was runnable without a CPU
    system_s: float | None = None  #: the part of the kernel
    minor_faults: int | None = None  #: page faults of all its processes that read no disk
    lost_cpus: bool = False  #: whether other programs or the host took CPUs from it, as recorded

    @property
    def wall_s(self) -> float:
        """From before the pool's construction to the end of its shutdown."""
        return self.closed - self.opened

    @cached_property
    def busy_s(self) -> float:
        """Time within tasks, summed over the workers."""
        return float(sum(self.busy.tolist()))

    @cached_property
    def cpu_s(self) -> float | None:
        """CPU time within tasks; None if a record has no reading."""
        return None if self.cpu is None else float(self.cpu.sum())

    @cached_property
    def run_delay_s(self) -> float | None:
        """Time that tasks waited for a CPU; None if a record has no reading."""
        return None if self.run_delay is None else float(self.run_delay.sum())

    @property
    def other_processes_cpu_s(self) -> float | None:
        """CPU time of all its processes but the measured interpreter; None without a reading."""
        if self.process_cpu_s is None or self.own_cpu_s is None:
            return None
        return self.process_cpu_s - self.own_cpu_s

    @cached_property
    def first_start(self) -> float:
        """Start of the first task."""
        return float(self.started.min())

    @cached_property
    def last_end(self) -> float:
        """End of the last task."""
        return float(self.ended.max())

    @cached_property
    def overlap_s(self) -> float:
        """Time that tasks ran beside others: their durations, less the time in which any ran."""
        order = np.argsort(self.started)
        started, ended = self.started[order], np.maximum.accumulate(self.ended[order])
        pauses = np.maximum(0.0, started[1:] - ended[:-1]).sum()
        return float((self.ended - self.started).sum() - (self.active_s - pauses))

    @property
    def receiving_s(self) -> float:
        """From the end of the last task until all results were received; 0 if unknown."""
        if self.received is None:
            return 0.0
        return min(max(0.0, float(self.received.max()) - self.last_end), self.closed - self.last_end)

    @property
    def lead_s(self) -> float:
        """From before the pool's construction to the start of the first task."""
        return self.first_start - self.opened

    @property
    def active_s(self) -> float:
        """From the start of the first task to the end of the last one."""
        return self.last_end - self.first_start

    @cached_property
    def lanes(self) -> int:
        """Number of workers that ran a task."""
        return len(np.unique(self.worker))

    @cached_property
    def busiest_s(self) -> float:
        """Time within tasks of the worker that has most of it."""
        return float(np.bincount(self.worker, weights=self.busy).max())

    @cached_property
    def lengths(self) -> Values:
        """Seconds of every task; the tasks of one record count as equally long.

        A record of very many tasks is divided into fewer: more would not matter.
        """
        pieces = np.minimum(self.tasks, max(1, _MOST_LENGTHS // len(self.tasks)))
        lengths: Values = np.repeat(self.busy / pieces, pieces)
        return lengths

    def repeated(self, times: int) -> "TracedRun":
        """Return a run that repeats this one this many times, one after another."""
        if times == 1:
            return self
        shift = np.repeat(np.arange(times) * self.wall_s, len(self.busy))
        return replace(
            self,
            closed=self.opened + times * self.wall_s,
            worker=np.tile(self.worker, times),
            submitted=np.tile(self.submitted, times) + shift,
            started=np.tile(self.started, times) + shift,
            ended=np.tile(self.ended, times) + shift,
            received=None if self.received is None else np.tile(self.received, times) + shift,
            busy=np.tile(self.busy, times),
            cpu=None if self.cpu is None else np.tile(self.cpu, times),
            run_delay=None if self.run_delay is None else np.tile(self.run_delay, times),
            tasks=np.tile(self.tasks, times),
            thread=None if self.thread is None else np.tile(self.thread, times),
            process_cpu_s=None,
            own_cpu_s=None,
            main_cpu_s=None,
            main_delay_s=None,
            system_s=None,
            minor_faults=None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PairFactors:
    """The factors of one pair of runs; with the number of workers they multiply to `speedup`."""

    workers: int
    serial_overhead: float  #: B, at least 1: what the serial run takes in addition to its tasks
    computation_scaling: float  #: K: tasks take as long in parallel as in series
    cpu_scaling: float | None  #: part of K: tasks need as much CPU time
    on_cpu: float | None  #: part of K: tasks are on a CPU for as much of their time
    granularity: float  #: G: the tasks can be divided evenly
    placement: float  #: Q: they were
    dispatch_efficiency: float  #: D: the busiest worker was busy from the first task to the last
    pool_efficiency: float  #: L: start-up and shutdown of the pool took no time
    speedup: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """How the time of all workers was spent: all fields but the first sum to workers times wall time."""

    workers: int
    work: float  #: what the tasks take in series
    slower_tasks: float  #: what they took more (or, negative, less) in parallel
    pool_start: float  #: every worker, until the first task of any starts
    late_workers: float  #: from then, or its later submission, until the worker's own first task
    dispatch: float  #: between tasks, while one was waiting to be started
    restarts: float  #: likewise, in excess of other gaps, where another thread or process ran the next task
    starved: float  #: while none had been submitted: before its first task, between tasks, or after its last
    idle_end: float  #: from the worker's last task to the last task of any; all of a worker without tasks
    receiving: float  #: every worker, from the end of the last task until all results were received
    pool_end: float  #: every worker, from then on

    @property
    def total(self) -> float:
        """Workers times wall time."""
        return float(sum(getattr(self, field.name) for field in fields(self) if field.name != "workers"))


def restart_count(run: TracedRun) -> int:
    """Count how often a lane continued with another thread or process."""
    if run.thread is None:
        return 0
    order = np.lexsort((run.started, run.worker))
    worker, thread = run.worker[order], run.thread[order]
    return int(((worker[1:] == worker[:-1]) & (thread[1:] != thread[:-1])).sum())


def attribute(serial: TracedRun, parallel: TracedRun, workers: int) -> PairFactors:
    """Explain the speedup of a parallel run over a serial one."""
    makespan = shortest_makespan(parallel.lengths, workers)
    cpu_scaling, on_cpu = _computation_split(serial, parallel)
    return PairFactors(
        workers=workers,
        serial_overhead=serial.wall_s / serial.busy_s,
        computation_scaling=serial.busy_s / parallel.busy_s,
        cpu_scaling=cpu_scaling,
        on_cpu=on_cpu,
        granularity=parallel.busy_s / (workers * makespan),
        placement=makespan / parallel.busiest_s,
        dispatch_efficiency=parallel.busiest_s / parallel.active_s,
        pool_efficiency=parallel.active_s / parallel.wall_s,
        speedup=serial.wall_s / parallel.wall_s,
    )


def _computation_split(serial: TracedRun, parallel: TracedRun) -> tuple[float | None, float | None]:
    """Split K into CPU time and the share of time on a CPU; None where the tasks hardly compute."""
    serial_cpu_s, parallel_cpu_s = serial.cpu_s, parallel.cpu_s
    if not serial_cpu_s or not parallel_cpu_s or serial_cpu_s / serial.busy_s < _LITTLE_CPU:
        return None, None
    on_cpu = (parallel_cpu_s / parallel.busy_s) / (serial_cpu_s / serial.busy_s)
    return serial_cpu_s / parallel_cpu_s, on_cpu


def budget(serial: TracedRun, parallel: TracedRun, workers: int) -> Budget:
    """Divide workers times wall time of a parallel run."""
    run = parallel
    order = np.lexsort((run.started, run.worker))  # the records of one worker follow each other, by start
    worker, submitted, started, ended = (
        values[order] for values in (run.worker, run.submitted, run.started, run.ended)
    )
    is_next = worker[1:] == worker[:-1]
    is_first, is_last = np.append(True, ~is_next), np.append(~is_next, True)
    gap_submitted, gap_ended, gap_started = (
        values[is_next] for values in (submitted[1:], ended[:-1], started[1:])
    )
    last_submitted = float(submitted.max())
    # A worker without tasks is idle from the start of the first task.
    without_tasks = workers - int(is_first.sum())
    ends = np.append(ended[is_last], np.full(max(without_tasks, 0), run.first_start))
    late = started[is_first] - np.maximum(run.first_start, submitted[is_first])
    # The gaps between the tasks of a merged record count as dispatch.
    merged_gaps = (run.ended - run.started - run.busy).sum()
    gaps = gap_started - np.maximum(gap_ended, gap_submitted)
    restarts = _restarts(gaps, None if run.thread is None else run.thread[order], is_next)
    dispatch = merged_gaps + gaps.sum() - restarts
    starved = (
        np.maximum(0.0, gap_submitted - gap_ended).sum()
        + np.maximum(0.0, submitted[is_first] - run.first_start).sum()
        + np.maximum(0.0, last_submitted - ends).sum()
    )
    return Budget(
        workers=workers,
        work=serial.busy_s,
        slower_tasks=run.busy_s - serial.busy_s,
        pool_start=workers * run.lead_s,
        late_workers=float(late.sum()),
        dispatch=float(dispatch),
        restarts=restarts,
        starved=float(starved),
        idle_end=float((run.last_end - np.maximum(ends, last_submitted)).sum()),
        receiving=workers * run.receiving_s,
        pool_end=workers * (run.closed - run.last_end - run.receiving_s),
    )


def _restarts(gaps: Values, thread: NDArray[np.integer[Any]] | None, is_next: NDArray[np.bool_]) -> float:
    """Sum the excess of the gaps before a restarted worker over the median of the other gaps."""
    if thread is None:
        return 0.0
    is_restart = (thread[1:] != thread[:-1])[is_next]
    others = gaps[~is_restart]
    usual = float(np.median(others)) if len(others) else 0.0
    return float(np.maximum(0.0, gaps[is_restart] - usual).sum())
