"""Why a speedup is what it is: S = P · B · K · G · Q · D · L, and where the workers' seconds went.

All quantities come from one traced serial run and one traced parallel run. Definitions and sources are in
docs/method.md; times are seconds on one clock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise

from runner.analysis.explain.bounds import shortest_makespan


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """One task, or one chunk of tasks, on one worker."""

    worker: int
    submitted: float
    started: float
    ended: float
    busy: float  #: within tasks; less than from start to end where several are merged
    cpu: float | None = None
    run_delay: float | None = None  #: runnable, but not running
    tasks: int = 1


_MOST_LENGTHS = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One traced iteration."""

    opened: float  #: before the pool's constructor
    closed: float  #: after its shutdown
    work: Sequence[Work]
    spent: float | None = None  #: CPU seconds of the whole iteration, all its processes taken together

    @property
    def wall(self) -> float:
        """From before the pool's construction to the end of its shutdown."""
        return self.closed - self.opened

    @property
    def busy(self) -> float:
        """Seconds within tasks, summed over the workers."""
        return sum(work.busy for work in self.work)

    @property
    def cpu(self) -> float | None:
        """CPU seconds within tasks; None where a record has none."""
        return _sum_known(work.cpu for work in self.work)

    @property
    def run_delay(self) -> float | None:
        """Seconds that tasks waited for a CPU; None where a record has none."""
        return _sum_known(work.run_delay for work in self.work)

    @property
    def lead(self) -> float:
        """From before the pool's construction to the first task's start."""
        return _first_start(self) - self.opened

    @property
    def active(self) -> float:
        """From the first task's start to the last one's end."""
        return _last_end(self) - _first_start(self)

    def lengths(self) -> list[float]:
        """List the seconds of every task; those of one record count as equally long.

        So many that no more would matter: the tasks of a long record are then cut less finely.
        """
        most = max(1, _MOST_LENGTHS // len(self.work))
        pieces = [(work.busy, min(work.tasks, most)) for work in self.work]
        return [busy / count for busy, count in pieces for _ in range(count)]

    def repeated(self, times: int) -> "Run":
        """Give the run that would do the same so many times, one after another."""
        shifts = [number * self.wall for number in range(times)]
        work = [
            replace(
                one,
                submitted=one.submitted + shift,
                started=one.started + shift,
                ended=one.ended + shift,
            )
            for shift in shifts
            for one in self.work
        ]
        return Run(opened=self.opened, closed=self.opened + times * self.wall, work=work)

    def lanes(self) -> list[list[Work]]:
        """List every worker's work in the order of its start."""
        lanes: dict[int, list[Work]] = {}
        for work in sorted(self.work, key=lambda work: work.started):
            lanes.setdefault(work.worker, []).append(work)
        return list(lanes.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Factors:
    """The factors of a speedup; with the number of workers they multiply to `speedup`."""

    workers: int
    serial_overhead: float  #: B, at least 1: the serial run beside its tasks
    computation_scaling: float  #: K: tasks take as long in parallel as in series
    cpu_scaling: float | None  #: part of K: tasks need as much CPU time
    on_cpu: float | None  #: part of K: tasks are on a CPU as much of their time
    granularity: float  #: G: the tasks can be shared out evenly
    placement: float  #: Q: they were
    dispatch_efficiency: float  #: D: the busiest worker was busy from the first task to the last
    pool_efficiency: float  #: L: the pool's start and end took no time
    speedup: float  #: of this pair of runs


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """Where the workers' seconds went: all fields but the first sum to workers times wall time."""

    workers: int
    work: float  #: what the tasks took in series
    slower_tasks: float  #: what they took more (or, negative, less) in parallel
    pool_start: float  #: every worker, until the first task of any starts
    late_workers: float  #: from then, or its later submission, until the worker's own first task
    dispatch: float  #: between tasks, while one was waiting to be started
    starved: float  #: while none had been submitted: before its first task, between tasks, or after its last
    idle_end: float  #: from the worker's last task to the last task of any; all of a worker without tasks
    pool_end: float  #: every worker, from the end of the last task


def attribute(serial: Run, parallel: Run, workers: int) -> Factors:
    """Explain a parallel run by a serial one."""
    makespan = shortest_makespan(parallel.lengths(), workers)
    busiest = max(sum(work.busy for work in lane) for lane in parallel.lanes())
    cpu_scaling, on_cpu = _computation_split(serial, parallel)
    return Factors(
        workers=workers,
        serial_overhead=serial.wall / serial.busy,
        computation_scaling=serial.busy / parallel.busy,
        cpu_scaling=cpu_scaling,
        on_cpu=on_cpu,
        granularity=parallel.busy / (workers * makespan),
        placement=makespan / busiest,
        dispatch_efficiency=busiest / parallel.active,
        pool_efficiency=parallel.active / parallel.wall,
        speedup=serial.wall / parallel.wall,
    )


def budget(serial: Run, parallel: Run, workers: int) -> Budget:
    """Share out workers times wall time of a parallel run."""
    lanes = parallel.lanes()
    first, last = _first_start(parallel), _last_end(parallel)
    last_submitted = max(work.submitted for work in parallel.work)
    dispatch, starved = _gaps(lanes)
    late = [lane[0].started - max(first, lane[0].submitted) for lane in lanes]
    starved += sum(max(0.0, lane[0].submitted - first) for lane in lanes)
    # A worker without tasks is idle from the first task's start on.
    ends = [lane[-1].ended for lane in lanes] + [first] * (workers - len(lanes))
    idle = [last - max(end, last_submitted) for end in ends]
    starved += sum(max(0.0, last_submitted - end) for end in ends)
    return Budget(
        workers=workers,
        work=serial.busy,
        slower_tasks=parallel.busy - serial.busy,
        pool_start=workers * parallel.lead,
        late_workers=sum(late),
        dispatch=dispatch,
        starved=starved,
        idle_end=sum(idle),
        pool_end=workers * (parallel.closed - last),
    )


def total(budget: Budget) -> float:
    """Add a budget up: workers times wall time."""
    return float(sum(getattr(budget, field.name) for field in fields(budget) if field.name != "workers"))


_LITTLE_CPU = 0.05  # tasks that use less CPU than this share of their time wait; how they scale says nothing


def _computation_split(serial: Run, parallel: Run) -> tuple[float | None, float | None]:
    """Split K into CPU time and the share of time on a CPU; None where the tasks hardly compute."""
    serial_cpu, parallel_cpu = serial.cpu, parallel.cpu
    if not serial_cpu or not parallel_cpu or serial_cpu / serial.busy < _LITTLE_CPU:
        return None, None
    on_cpu = (parallel_cpu / parallel.busy) / (serial_cpu / serial.busy)
    return serial_cpu / parallel_cpu, on_cpu


def _gaps(lanes: Iterable[Sequence[Work]]) -> tuple[float, float]:
    """Sum what lies between the tasks of each worker: waiting to be started, and waiting to be submitted.

    A merged record holds gaps of its own, between its tasks: they count as dispatch.
    """
    dispatch = starved = 0.0
    for lane in lanes:
        dispatch += sum(work.ended - work.started - work.busy for work in lane)
        for before, after in pairwise(lane):
            starved += max(0.0, after.submitted - before.ended)
            dispatch += after.started - max(before.ended, after.submitted)
    return dispatch, starved


def _first_start(run: Run) -> float:
    return min(work.started for work in run.work)


def _last_end(run: Run) -> float:
    return max(work.ended for work in run.work)


def _sum_known(values: Iterable[float | None]) -> float | None:
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)
