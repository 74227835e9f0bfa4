"""Causes of lost speedup, in words: where the workers' seconds went that were not needed in series.

Every loss is a part of workers times wall time, so losses and the serial work add up to it. A loss is named
only where its interval over the repetitions lies above a hundredth.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from runner.analysis.explain.attribution import Run, budget
from runner.analysis.explain.bounds import longest_first_makespan
from runner.analysis.facts import Cause, Loss
from runner.analysis.intervals import Level, medians

POOL_START = Cause(
    code="pool_start",
    name="starting the pool",
    short="start-up",
    remedy="keep one pool open and use it again",
)
LATE_WORKERS = Cause(
    code="late_workers",
    name="workers that start late",
    short="late workers",
    remedy="fewer workers, or a quicker start method",
)
DISPATCH = Cause(
    code="dispatch",
    name="task dispatch and data transfer",
    short="moving data",
    remedy="bigger chunks (chunk_size=auto), or less data per task",
)
EMPTY_QUEUE = Cause(
    code="empty_queue",
    name="an empty queue",
    short="empty queue",
    remedy="submit tasks faster: prepare the items beforehand",
)
POOL_END = Cause(
    code="pool_shutdown",
    name="shutting down the pool",
    short="shutdown",
    remedy="keep one pool open and use it again",
)
UNEVEN_TASKS = Cause(
    code="uneven_tasks",
    name="too few or too uneven tasks",
    short="uneven tasks",
    remedy="split the longest tasks",
)
PLACEMENT = Cause(
    code="placement",
    name="suboptimal task placement",
    short="placement",
    remedy="submit the longest tasks first, in smaller chunks",
)
LOCK = Cause(
    code="gil_or_lock",
    name="the GIL or another lock",
    short="GIL",
    remedy="processes instead of threads",
)
LOCK_WITHOUT_GIL = Cause(
    code="lock",
    name="a lock (the GIL is off)",
    short="lock",
    remedy="share less between the threads",
)
NATIVE_THREADS = Cause(
    code="native_threads",
    name="native threads (BLAS, OpenMP) competing for the CPUs",
    short="native threads",
    remedy="one native thread per worker: env.OMP_NUM_THREADS=1 env.OPENBLAS_NUM_THREADS=1",
)
EVENT_LOOP = Cause(
    code="event_loop",
    name="event loop overhead",
    short="event loop",
    remedy="less work between awaits, or more of it in processes",
)
WAITING = Cause(
    code="waiting",
    name="tasks that wait for each other",
    short="waiting",
    remedy="share less: locks, files, a device",
)
OVERSUBSCRIBED = Cause(
    code="oversubscribed",
    name="oversubscription (more workers than CPUs)",
    short="few CPUs",
    remedy="fewer workers",
)
OTHERS = Cause(
    code="other_programs",
    name="other programs on the machine",
    short="other programs",
    remedy="measure again on a quiet machine",
)
SLOWER_CPU = Cause(
    code="slower_cpu",
    name="slower CPU work (memory bandwidth, shared cores)",
    short="slower CPU",
    remedy="fewer workers, or less memory traffic",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What a cell runs on: it decides what a loss is called."""

    workers: int
    cpus: float  #: usable
    threads: bool  #: whether the workers share one process
    one_loop: bool = False  #: whether they are tasks of one event loop, which are no threads
    has_gil: bool = True  #: whether they then share a GIL
    native_threads: int = 1  #: that a library below Python may start in each worker
    busy_cpus: float | None = None  #: CPUs that the workers together keep busy, over the repetitions


def losses(serial: Run, parallel: Run, setting: Setting) -> dict[Cause, float]:
    """Share out what a parallel run lost, by cause; worker-seconds that add up to P * T - S_1."""
    workers = setting.workers
    spent = budget(serial, parallel, workers)
    # What beginning the longest tasks first would leave idle: no placement that is known beforehand saves it.
    left_idle = workers * longest_first_makespan(parallel.lengths(), workers) - parallel.busy
    uneven = min(spent.idle_end, max(0.0, left_idle))
    found = {
        POOL_START: spent.pool_start,
        LATE_WORKERS: spent.late_workers,
        EMPTY_QUEUE: spent.starved,
        POOL_END: spent.pool_end,
        UNEVEN_TASKS: uneven,
        PLACEMENT: spent.idle_end - uneven,
        **_slower_tasks(serial, parallel, setting),
    }
    # Without readings of the tasks' own, what submits them may be what keeps a CPU busy.
    between = LOCK if parallel.cpu is not None and _waits_for_the_gil(setting) else DISPATCH
    found[between] = found.get(between, 0.0) + spent.dispatch
    return found


def busy_cpus(runs: Iterable[Run]) -> float | None:
    """Count the CPUs that the tasks of all workers keep busy: the median of the runs; None where not known.

    Chunks of short tasks have no readings of their own: the whole iteration's stands in.
    """
    counts = [_busy_cpus(run) for run in runs]
    known = [count for count in counts if count is not None]
    return float(np.median(known)) if known and len(known) == len(counts) else None


def _busy_cpus(run: Run) -> float | None:
    if run.cpu is not None:
        return run.cpu / run.active
    return None if run.spent is None else run.spent / run.wall


def _waits_for_the_gil(setting: Setting) -> bool:
    """Whether threads that compute take turns: together they keep one CPU busy, and no more.

    A task shorter than the interpreter's switch interval of 5 ms is seldom interrupted: its thread waits for
    the GIL before it, not within it.
    """
    if not (setting.threads and setting.has_gil) or setting.busy_cpus is None:
        return False
    return _ONE_CPU[0] <= setting.busy_cpus <= _ONE_CPU[1]


_ONE_CPU = (0.7, 1.1)


def _slower_tasks(serial: Run, parallel: Run, setting: Setting) -> dict[Cause, float]:
    """Split what tasks took more in parallel: on the CPU, runnable without one, or blocked."""
    cpu = _difference(parallel.cpu, serial.cpu)
    delay = _difference(parallel.run_delay, serial.run_delay)
    slower = parallel.busy - serial.busy
    crowded = setting.workers * setting.native_threads > setting.cpus
    if setting.threads and setting.native_threads > 1:  # which a thread's clock does not see
        return {NATIVE_THREADS if crowded else SLOWER_CPU: slower}
    if crowded and _computes_in_several_threads(serial):  # which spin, wait for a CPU and wait for each other
        return {NATIVE_THREADS: slower}
    if cpu is None:  # as of chunks of short tasks
        return {LOCK if _waits_for_the_gil(setting) else SLOWER_CPU: slower}
    return {
        SLOWER_CPU: cpu,
        OVERSUBSCRIBED if setting.workers > setting.cpus else OTHERS: delay or 0.0,
        _blocked_by(setting): slower - cpu - (delay or 0.0),
    }


def _computes_in_several_threads(serial: Run) -> bool:
    return serial.cpu is not None and serial.cpu > _SEVERAL_THREADS * serial.busy


def _blocked_by(setting: Setting) -> Cause:
    """Name what keeps tasks off the CPUs though they are not waiting for one."""
    if not setting.threads:
        return EVENT_LOOP if setting.one_loop else WAITING
    return LOCK if setting.has_gil else LOCK_WITHOUT_GIL


_SEVERAL_THREADS = 1.1  # times as much CPU time as time: a task computes in several threads at once


def _difference(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def named(pairs: Sequence[tuple[Run, Run]], setting: Setting, level: Level) -> list[Loss]:
    """Name the causes shown to cost more than a hundredth of the workers' time, the largest first.

    Takes the serial and the parallel run of every repetition.
    """
    if len(pairs) < level.fewest_blocks:
        return []
    blocks = [losses(serial, parallel, setting) for serial, parallel in pairs]
    spent = np.array([setting.workers * parallel.wall for _, parallel in pairs])
    causes = list(dict.fromkeys(cause for block in blocks for cause in block))
    shares = np.array([[block.get(cause, 0.0) for block in blocks] for cause in causes]) / spent
    found = [
        Loss(cause=cause, share=share)
        for cause, share in zip(causes, medians(shares, *level), strict=True)
        if share.low > _LEAST_SHARE
    ]
    return sorted(found, key=lambda loss: -loss.share.value)


_LEAST_SHARE = 0.01
