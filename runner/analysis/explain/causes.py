"""Causes of lost worker time: their declarations, and the rules that find them.

Every loss is a part of workers times wall time, so that losses and the serial work add up to it. A loss is
reported only where its interval over the repetitions lies above a hundredth.

To add a cause, declare it here and let `losses` name it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from runner.analysis.explain.attribution import TracedRun, budget
from runner.analysis.explain.bounds import longest_first_makespan
from runner.analysis.explain.start_up import WorkerStart, start_up_losses
from runner.analysis.facts import Cause, Loss
from runner.analysis.intervals import Level, medians

_LEAST_SHARE = 0.01
_ONE_CPU = (0.7, 1.1)  # CPUs that threads keep busy together if they take turns
_SEVERAL_THREADS = 1.1  # times as much CPU time as time: a task computes in several threads at once

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
    """What a cell runs on: it decides what a loss is attributed to."""

    workers: int
    cpus: float  #: usable
    threads: bool  #: whether the workers share one process
    event_loop: bool = False  #: whether they are tasks of one event loop, which are no threads
    has_gil: bool = True  #: whether threads share a GIL
    native_threads: int = 1  #: that a library such as BLAS may start in each worker
    busy_cpus: float | None = None  #: CPUs that the workers together keep busy, over the repetitions
    start: WorkerStart = field(default_factory=WorkerStart)  #: what they do before their first task

    @property
    def takes_turns(self) -> bool:
        """Whether threads that compute keep just one CPU busy together, as the GIL makes them do.

        A task shorter than the interpreter's switch interval of 5 ms is seldom interrupted: its thread waits
        for the GIL before the task, not within it.
        """
        if not (self.threads and self.has_gil) or self.busy_cpus is None:
            return False
        return _ONE_CPU[0] <= self.busy_cpus <= _ONE_CPU[1]


def losses(serial: TracedRun, parallel: TracedRun, setting: Setting) -> dict[Cause, float]:
    """Divide what a parallel run lost by cause; worker-seconds that add up to P * T - S_1."""
    workers = setting.workers
    spent = budget(serial, parallel, workers)
    # Starting the longest tasks first would leave this idle: no order known beforehand avoids it.
    unavoidable = workers * longest_first_makespan(parallel.lengths, workers) - parallel.busy_s
    uneven = min(spent.idle_end, max(0.0, unavoidable))
    by_cause = {
        **start_up_losses(serial, spent, setting.start, setting.cpus),
        EMPTY_QUEUE: spent.starved,
        POOL_END: spent.pool_end,
        UNEVEN_TASKS: uneven,
        PLACEMENT: spent.idle_end - uneven,
        **_slower_tasks(serial, parallel, setting),
    }
    # Without CPU readings of the tasks, the thread that submits them may be what keeps a CPU busy.
    between_tasks = LOCK if parallel.cpu is not None and setting.takes_turns else DISPATCH
    by_cause[between_tasks] = by_cause.get(between_tasks, 0.0) + spent.dispatch
    return by_cause


def _slower_tasks(serial: TracedRun, parallel: TracedRun, setting: Setting) -> dict[Cause, float]:
    """Divide what tasks took longer in parallel: on the CPU, runnable without one, or blocked."""
    cpu_s = _difference(parallel.cpu_s, serial.cpu_s)
    delay_s = _difference(parallel.run_delay_s, serial.run_delay_s) or 0.0
    slower_s = parallel.busy_s - serial.busy_s
    crowded = setting.workers * setting.native_threads > setting.cpus
    if setting.threads and setting.native_threads > 1:  # the CPU clock of a thread does not see them
        return {NATIVE_THREADS if crowded else SLOWER_CPU: slower_s}
    if crowded and _computes_in_several_threads(serial):  # they spin, and wait for a CPU and each other
        return {NATIVE_THREADS: slower_s}
    if cpu_s is None:  # chunks of short tasks
        return {LOCK if setting.takes_turns else SLOWER_CPU: slower_s}
    return {
        SLOWER_CPU: cpu_s,
        OVERSUBSCRIBED if setting.workers > setting.cpus else OTHERS: delay_s,
        _blocked_by(setting): slower_s - cpu_s - delay_s,
    }


def _computes_in_several_threads(serial: TracedRun) -> bool:
    return serial.cpu_s is not None and serial.cpu_s > _SEVERAL_THREADS * serial.busy_s


def _blocked_by(setting: Setting) -> Cause:
    """Name what keeps tasks off the CPUs although they are not waiting for one."""
    if not setting.threads:
        return EVENT_LOOP if setting.event_loop else WAITING
    return LOCK if setting.has_gil else LOCK_WITHOUT_GIL


def _difference(parallel: float | None, serial: float | None) -> float | None:
    return None if parallel is None or serial is None else parallel - serial


def busy_cpus(runs: Sequence[TracedRun]) -> float | None:
    """Count the CPUs that the tasks of all workers keep busy: the median of the runs; None if unknown."""
    counts = [_busy_cpus(run) for run in runs]
    known = [count for count in counts if count is not None]
    return float(np.median(known)) if known and len(known) == len(counts) else None


def _busy_cpus(run: TracedRun) -> float | None:
    if run.cpu_s is not None:
        return run.cpu_s / run.active_s
    # Chunks of short tasks have no CPU readings: the CPU time of the whole iteration stands in.
    return None if run.process_cpu_s is None else run.process_cpu_s / run.wall_s


def shown_losses(
    pairs: Sequence[tuple[TracedRun, TracedRun]], setting: Setting, level: Level
) -> tuple[Loss, ...]:
    """Return the causes that are shown to cost more than a hundredth of the workers' time, largest first.

    Args:
        pairs: the serial and the parallel run of every repetition; too few show nothing
        setting: of the parallel runs
        level: of the intervals
    """
    if len(pairs) < level.fewest_blocks:
        return ()
    by_pair = [losses(serial, parallel, setting) for serial, parallel in pairs]
    worker_s = np.array([setting.workers * parallel.wall_s for _, parallel in pairs])
    causes = list(dict.fromkeys(cause for by_cause in by_pair for cause in by_cause))
    shares = np.array([[by_cause.get(cause, 0.0) for by_cause in by_pair] for cause in causes]) / worker_s
    shown = [
        Loss(cause=cause, share=share)
        for cause, share in zip(causes, medians(shares, *level), strict=True)
        if share.low > _LEAST_SHARE
    ]
    return tuple(sorted(shown, key=lambda loss: -loss.share.value))
