"""Causes of lost worker time: their declarations, and the rules that find them.

Every loss is a part of workers times wall time, so that losses and the serial work add up to it. A loss is
reported only where its interval over the repetitions lies above a hundredth.

To add a cause, declare it in a module of this package, and let `losses` or what it calls return it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from runner.analysis.explain.attribution import TracedRun, budget
from runner.analysis.explain.bounds import longest_first_makespan
from runner.analysis.explain.first_tasks import FIRST_TASKS, first_tasks, without_first_tasks
from runner.analysis.explain.start_up import LATE_WORKERS, POOL_START, WorkerStart, start_up_losses
from runner.analysis.explain.transfer import RESULTS, Transfer, transfer_losses
from runner.analysis.intervals import Level, medians
from runner.facts import Cause, Loss

_LEAST_SHARE = 0.01
_ONE_CPU = (0.7, 1.1)  # CPUs that threads keep busy together if they take turns
_MOSTLY_IDLE = 0.5  # CPUs that threads keep busy together: below it, the GIL is free when they wait
#: CPUs that one task keeps busy: beyond it, it computes in several threads at once.
SEVERAL_CPUS = 1.1
_HELPERS_SHARE = 0.1  # of the loop's time within tasks: CPU time of processes that the workload started
_CPUS_WITH_HELPERS = 1.3  # that a task and its processes keep busy: beyond it, they compute at the same time
_ALL_CPU = 0.9  # of the loop's time within tasks: its tasks compute nearly all the time
_FULL = 0.85  # of the CPUs, or of the time of an event loop's thread: it is what limits the tasks
_FAULTS_OF_A_FORK = 1_500  # page faults of a forked worker that has no task to run
_SHOWN_COPIES = 0.25  # of the additional CPU time must be copies, at least, to attribute any of it to them
_SHOWN_OVERLAP = 0.05  # of the time from the first task to the last: a shorter one says nothing
_MOSTLY_BLOCKED = 0.7  # of that time: tasks wait for each other
_WORTH_SHARING = 1.1  # times as fast: with tasks that allow less, it does not matter how they are run
#: For how long a thread of a library spins after it was started, before it sleeps (OpenBLAS: 2**26 cycles).
_SPINNING_S = 0.06
_SHOWN_SLOWDOWN = 0.97  # of the speed of one busy CPU: above it, busy neighbours do not slow a CPU down

DISPATCH = Cause(
    code="dispatch",
    name="task dispatch and data transfer",
    short="dispatch",
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
THREADS_OF_TASKS = Cause(
    code="threads_of_tasks",
    name="tasks that use several CPUs each",
    short="CPUs per task",
    remedy="one thread or process in each task, or fewer workers",
)
EVENT_LOOP = Cause(
    code="event_loop",
    name="event loop overhead",
    short="event loop",
    remedy="longer tasks, or fewer awaits in each",
)
FULL_EVENT_LOOP = Cause(
    code="full_event_loop",
    name="the event loop's one thread, busy with the tasks' own work",
    short="full event loop",
    remedy="several processes with an event loop each (executor=asyncio_process), or less work per task",
)
BLOCKED_EVENT_LOOP = Cause(
    code="blocked_event_loop",
    name="tasks that block the event loop (calls that wait and are not awaited)",
    short="blocked loop",
    remedy="await an asynchronous call instead, or run the blocking one in a thread (asyncio.to_thread)",
)
WAITING = Cause(
    code="waiting",
    name="tasks that wait for each other",
    short="waiting",
    remedy="share less: locks, files, connections, a server or a device",
)
OVERSUBSCRIBED = Cause(
    code="oversubscribed",
    name="too few CPUs for the workers (oversubscription)",
    short="few CPUs",
    remedy="fewer workers",
)
OTHERS = Cause(
    code="other_programs",
    name="other programs on the machine",
    short="other programs",
    remedy="measure again on a quiet machine",
)
HELPERS = Cause(
    code="helper_processes",
    name="helper processes of the workload (a Manager's server, subprocesses)",
    short="helpers",
    remedy="fewer round trips to them: pass copies, batch accesses, or use shared memory or arrays",
)
COPIED_PAGES = Cause(
    code="copied_pages",
    name="copies of memory pages shared since the fork (reference counts are written into them)",
    short="copied pages",
    remedy="an array or one buffer instead of many objects, threads, or fewer workers",
)
SHARED_OBJECTS = Cause(
    code="shared_objects",
    name="contention for objects that threads share (reference counts, locks)",
    short="shared objects",
    remedy="a copy of the objects for each thread, or processes",
)
SHARED_CORES = Cause(
    code="shared_cores",
    name="CPUs that share a core or a clock limit",
    short="shared cores",
    remedy="as many workers as cores; no program can change what the CPUs deliver together",
)
SLOWER_CPU = Cause(
    code="slower_cpu",
    name="slower CPU work (memory bandwidth, caches)",
    short="slower CPU",
    remedy="fewer workers, or less memory traffic",
)
#: Lost to what was not recorded, or within the uncertainty of a measurement: it is never shown.
UNKNOWN = Cause(code="unknown", name="unknown", short="unknown", remedy="none")


@dataclass(frozen=True, kw_only=True, slots=True)
class TogetherSpeed:
    """The speed of a CPU while as many as the workers need are busy, relative to a single busy CPU."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """The facts about a cell that decide which cause a loss is attributed to."""

    workers: int
    cpus: float  #: usable
    threads: bool  #: whether the workers share one process
    event_loop: bool = False  #: whether they are tasks of one event loop, which are no threads
    has_gil: bool = True  #: whether threads share a GIL
    native_threads: int = 1  #: that a library such as BLAS may start in each worker
    task_cpus: float = 1.0  #: CPUs that one task of the baseline keeps busy
    busy_cpus: float | None = None  #: CPUs that the workers together keep busy, over the repetitions
    start: WorkerStart = field(default_factory=WorkerStart)  #: what they do before their first task
    transfer: Transfer | None = None  #: what is sent to them and back; None: they share a process, or unknown
    one_task_chunks: bool = False  #: every task is submitted by itself
    forked: bool = False  #: whether workers are forked from the measured interpreter
    together: TogetherSpeed | None = None  #: None: not measured
    cpu_growth_of_processes: float | None = None  #: CPU time over the loop's, of as many process workers
    held_share: float | None = None  #: of a coroutine's time: it holds the event loop's thread; None: unknown

    @property
    def takes_turns(self) -> bool:
        """Whether threads that compute keep just one CPU busy together, as the GIL makes them do.

        A task shorter than the interpreter's switch interval of 5 ms is seldom interrupted: its thread waits
        for the GIL before the task, not within it.
        """
        if not (self.threads and self.has_gil) or self.busy_cpus is None:
            return False
        return _ONE_CPU[0] <= self.busy_cpus <= _ONE_CPU[1]

    @property
    def uses_several_cpus(self) -> bool:
        """Whether a single task computes in several threads at once."""
        return self.task_cpus > SEVERAL_CPUS


def losses(serial: TracedRun, parallel: TracedRun, setting: Setting) -> dict[Cause, float]:
    """Divide the losses of a parallel run by cause: worker-seconds that add up to P * T - S_1."""
    workers = setting.workers
    spent = budget(serial, parallel, workers)
    # Idle time that remains if the longest tasks start first: no order known beforehand avoids it.
    unavoidable = workers * longest_first_makespan(parallel.lengths, workers) - parallel.busy_s
    uneven = min(spent.idle_end, max(0.0, unavoidable))
    sent = {} if setting.transfer is None else setting.transfer.sent()
    by_cause = {
        **start_up_losses(serial, spent, setting.start, setting.cpus),
        EMPTY_QUEUE: spent.starved,
        POOL_END: spent.pool_end,
        UNEVEN_TASKS: uneven,
        PLACEMENT: spent.idle_end - uneven,
    }
    if setting.event_loop:
        _add(by_cause, {DISPATCH: spent.dispatch, POOL_END: spent.receiving})
        return _coroutines(serial, parallel, setting, by_cause)
    first = None if setting.threads or _copies(serial, parallel, setting) else first_tasks(serial, parallel)
    if first is None:
        _add(by_cause, _slower_tasks(serial, parallel, setting))
    else:
        others = without_first_tasks(parallel, first)
        _add(by_cause, {FIRST_TASKS: first.total_s, **_slower_tasks(serial, others, setting)})
    # Without CPU readings of the tasks, the busy CPU may be that of the thread that submits them.
    takes_turns = parallel.cpu is not None and setting.takes_turns
    _add(by_cause, {LOCK if takes_turns else DISPATCH: spent.dispatch})
    if takes_turns and _computes(serial):
        if setting.one_task_chunks:
            _add_idle_threads(by_cause, parallel, setting)
        if _block_each_other(parallel) and _can_be_shared(serial, workers):
            _add_idle_end(by_cause)
    split = transfer_losses(
        by_cause, setting.transfer, (DISPATCH, EMPTY_QUEUE), (POOL_START, LATE_WORKERS, POOL_END)
    )
    _add(split, {RESULTS if RESULTS in sent else DISPATCH: spent.receiving})
    return split


def _add_idle_threads(by_cause: dict[Cause, float], run: TracedRun, setting: Setting) -> None:
    """Attribute to the GIL what threads were idle while a task waited to be started.

    Nothing else keeps a thread that has been started from taking a waiting task that needs one CPU of two.
    """
    ends = [float(run.ended[run.worker == worker].max()) for worker in np.unique(run.worker)]
    ends += [run.first_start] * max(0, setting.workers - len(ends))
    last_started, last_submitted = float(run.started.max()), float(run.submitted.max())
    waited_s = sum(max(0.0, last_started - max(end, last_submitted)) for end in ends)
    at_end_s = min(by_cause[PLACEMENT], waited_s)
    late_s = 0.0 if setting.start.has_initializer else by_cause[LATE_WORKERS]
    _add(by_cause, {LOCK: at_end_s + late_s, PLACEMENT: -at_end_s, LATE_WORKERS: -late_s})


def _block_each_other(parallel: TracedRun) -> bool:
    """Whether tasks that run at the same time keep one CPU busy together."""
    if parallel.cpu_s is None or parallel.overlap_s < _SHOWN_OVERLAP * parallel.active_s:
        return False
    blocked_s = parallel.busy_s - parallel.cpu_s - (parallel.run_delay_s or 0.0)
    return blocked_s >= _MOSTLY_BLOCKED * parallel.overlap_s


def _can_be_shared(serial: TracedRun, workers: int) -> bool:
    """Whether the tasks, as long as they are in the loop, are even enough for several workers to gain."""
    return serial.busy_s > _WORTH_SHARING * longest_first_makespan(serial.lengths, workers)


def _add_idle_end(by_cause: dict[Cause, float]) -> None:
    """Attribute to the GIL what threads were idle after their last task.

    Threads that keep one CPU busy together gain nothing from tasks that are more even, or in another order.
    """
    idle_s = by_cause[UNEVEN_TASKS] + by_cause[PLACEMENT]
    _add(by_cause, {LOCK: idle_s, UNEVEN_TASKS: -by_cause[UNEVEN_TASKS], PLACEMENT: -by_cause[PLACEMENT]})


def _computes(serial: TracedRun) -> bool:
    """Whether the tasks of the loop hardly wait."""
    return serial.cpu_s is not None and serial.cpu_s >= _ALL_CPU * serial.busy_s


def _add(by_cause: dict[Cause, float], more: Mapping[Cause, float]) -> None:
    for cause, seconds in more.items():
        by_cause[cause] = by_cause.get(cause, 0.0) + seconds


def _coroutines(
    serial: TracedRun, parallel: TracedRun, setting: Setting, by_cause: dict[Cause, float]
) -> dict[Cause, float]:
    """Name the reason why tasks of an event loop do not overlap: its only thread is full, or is blocked.

    A task that never awaits keeps all other lanes idle, so apparent losses to placement are the same loss.
    """
    slower_s = parallel.busy_s - serial.busy_s
    waited_s = slower_s + sum(by_cause[cause] for cause in (LATE_WORKERS, PLACEMENT, DISPATCH))
    others = {
        cause: seconds
        for cause, seconds in by_cause.items()
        if cause not in (LATE_WORKERS, PLACEMENT, DISPATCH)
    }
    thread_s, delay_s = _thread_s(parallel), parallel.main_delay_s or 0.0
    tasks_s = parallel.cpu_s if parallel.cpu_s is not None else min(thread_s, _thread_s(serial))
    if thread_s + delay_s >= _FULL * parallel.active_s:
        share = min(1.0, tasks_s / thread_s) if thread_s else 1.0
        others_part = delay_s / (thread_s + delay_s)
        for_cpu = OTHERS if parallel.lost_cpus else UNKNOWN
        full_s = (1 - others_part) * waited_s
        return {
            **others,
            FULL_EVENT_LOOP: share * full_s,
            EVENT_LOOP: (1 - share) * full_s,
            for_cpu: others_part * waited_s,
        }
    if _never_overlap(parallel) or _hold_thread(serial, parallel, setting):
        return {**others, BLOCKED_EVENT_LOOP: waited_s}
    if setting.has_gil and (parallel.own_cpu_s or 0.0) >= _FULL * parallel.active_s:
        return {**others, LOCK: waited_s}  # threads that the tasks wait for, such as asyncio.to_thread
    return {**by_cause, (EVENT_LOOP if thread_s > parallel.active_s / 2 else WAITING): slower_s}


def _thread_s(run: TracedRun) -> float:
    """Return the CPU time of an event loop's thread: the main thread, or as much as is known of it."""
    known = (run.main_cpu_s, run.own_cpu_s, run.process_cpu_s, run.cpu_s)
    return next((seconds for seconds in known if seconds is not None), 0.0)


def _never_overlap(run: TracedRun) -> bool:
    """Whether several tasks ran in a single lane: none of them ever let another one start."""
    return run.lanes == 1 and int(run.tasks.sum()) > 1


def _hold_thread(serial: TracedRun, parallel: TracedRun, setting: Setting) -> bool:
    """Whether the tasks' steps fill the time of the event loop's thread."""
    return setting.held_share is not None and setting.held_share * serial.busy_s >= _FULL * parallel.active_s


def _slower_tasks(serial: TracedRun, parallel: TracedRun, setting: Setting) -> dict[Cause, float]:
    """Divide the additional time of tasks in parallel: on the CPU, runnable without one, or blocked."""
    cpu_s = _difference(parallel.cpu_s, serial.cpu_s)
    delay_s = _difference(parallel.run_delay_s, serial.run_delay_s) or 0.0
    slower_s = parallel.busy_s - serial.busy_s
    if setting.uses_several_cpus:
        if setting.workers * max(setting.task_cpus, setting.native_threads) > setting.cpus:
            # They spin, and wait for a CPU and for each other.
            return {NATIVE_THREADS if setting.native_threads > 1 else THREADS_OF_TASKS: slower_s}
        if setting.threads:  # the CPU clock of a thread does not see the others
            return {SLOWER_CPU: slower_s}
    elif _computes_in_processes(serial) and setting.workers * _cpus_with_helpers(serial) > setting.cpus:
        return {THREADS_OF_TASKS: slower_s}
    if cpu_s is None:  # chunks of short tasks
        return {LOCK: slower_s} if setting.takes_turns else _more_cpu(serial, parallel, setting, slower_s)
    by_cause = _more_cpu(serial, parallel, setting, cpu_s)
    _add(by_cause, _waits(serial, parallel, setting, delay_s, slower_s - cpu_s - delay_s))
    return by_cause


def _more_cpu(serial: TracedRun, parallel: TracedRun, setting: Setting, more_s: float) -> dict[Cause, float]:
    """Divide the CPU time by which tasks took longer."""
    copied_s = _copying_s(serial, parallel, setting, more_s) if setting.forked else 0.0
    rest_s = more_s - copied_s
    loop_s = serial.busy_s if serial.cpu_s is None else serial.cpu_s
    sharing_s = 0.0
    if setting.threads and not setting.has_gil and setting.cpu_growth_of_processes is not None:
        # Processes share no objects, so additional CPU time that they need as well is not contention.
        of_processes_s = loop_s * max(0.0, setting.cpu_growth_of_processes - 1)
        sharing_s = max(0.0, rest_s - of_processes_s)
        rest_s -= sharing_s
    cores_s, unsure_s = _shared_cores_s(loop_s, rest_s, setting)
    parts = {COPIED_PAGES: copied_s, SHARED_OBJECTS: sharing_s, SHARED_CORES: cores_s, UNKNOWN: unsure_s}
    divided = {cause: seconds for cause, seconds in parts.items() if seconds}
    return {**divided, SLOWER_CPU: rest_s - cores_s - unsure_s}


def _copies(serial: TracedRun, parallel: TracedRun, setting: Setting) -> bool:
    """Whether forked workers are seen to copy pages: mostly those that their first tasks touch."""
    more_s = _difference(parallel.cpu_s, serial.cpu_s)
    return setting.forked and more_s is not None and _copying_s(serial, parallel, setting, more_s) > 0


def _copying_s(serial: TracedRun, parallel: TracedRun, setting: Setting, more_s: float) -> float:
    """Return how much of their additional CPU time the tasks of forked workers spent on copying pages.

    Tasks that allocate fault in the loop as well, at most as often in each worker. What the kernel did more
    than in the loop is divided among the faults; those of data that is sent are no copies. If it is unknown
    what is sent, all CPU time outside of tasks may be that of the kernel.
    """
    faults = _difference(parallel.minor_faults, serial.minor_faults)
    system_s = _difference(parallel.system_s, serial.system_s)
    outside_s = _difference(_outside_tasks_s(parallel), _outside_tasks_s(serial))
    if faults is None or system_s is None or outside_s is None or serial.minor_faults is None:
        return 0.0
    lanes = parallel.lanes
    sent_pages = 0.0 if setting.transfer is None else setting.transfer.touched_pages
    copies = faults - (lanes - 1) * serial.minor_faults - lanes * _FAULTS_OF_A_FORK - sent_pages
    copying_s = system_s * copies / faults if copies > 0 else 0.0
    certain_s = copying_s if setting.transfer is not None else copying_s - max(0.0, outside_s)
    if more_s <= 0 or certain_s < _SHOWN_COPIES * more_s:
        return 0.0
    return min(more_s, copying_s)


def _outside_tasks_s(run: TracedRun) -> float | None:
    """Return the CPU time of all processes outside of tasks; tasks without readings count as computing."""
    if run.process_cpu_s is None:
        return None
    return max(0.0, run.process_cpu_s - (run.busy_s if run.cpu_s is None else run.cpu_s))


def _shared_cores_s(loop_s: float, more_s: float, setting: Setting) -> tuple[float, float]:
    """Return the time that busy CPUs lose to each other, and the time within the uncertainty of that.

    It counts only as far as the workers kept several CPUs busy at a time.
    """
    together, max_busy = setting.together, min(float(setting.workers), setting.cpus)
    if together is None or max_busy < 2 or more_s <= 0:
        return 0.0, 0.0
    busy = max_busy if setting.busy_cpus is None else setting.busy_cpus
    part = min(1.0, max(0.0, (busy - 1) / (max_busy - 1)))
    at_most_s = loop_s * part * (1 / together.low - 1)
    expected_s = loop_s * part * (1 / together.value - 1) if together.high < _SHOWN_SLOWDOWN else 0.0
    cores_s = min(more_s, max(0.0, expected_s))
    return cores_s, min(more_s - cores_s, max(0.0, at_most_s - cores_s))


def _waits(
    serial: TracedRun, parallel: TracedRun, setting: Setting, delay_s: float, blocked_s: float
) -> dict[Cause, float]:
    """Name what tasks waited for: a CPU, a lock, helper processes, or each other."""
    has_helpers = _has_helpers(serial)
    if setting.workers > setting.cpus:
        for_cpu = OVERSUBSCRIBED
    elif has_helpers:
        for_cpu = HELPERS
    else:
        for_cpu = OTHERS if parallel.lost_cpus else UNKNOWN
    blocked = _blocked_by(setting)
    if has_helpers and not setting.takes_turns:
        blocked = OVERSUBSCRIBED if for_cpu is OVERSUBSCRIBED and _fills_cpus(parallel, setting) else HELPERS
    waits: dict[Cause, float] = {}
    _add(waits, {for_cpu: delay_s})
    _add(waits, {blocked: blocked_s})
    return waits


def _has_helpers(serial: TracedRun) -> bool:
    """Whether processes that the workload started compute for the tasks, such as a Manager's server."""
    helpers_s = serial.other_processes_cpu_s
    return helpers_s is not None and helpers_s > _HELPERS_SHARE * serial.busy_s


def _computes_in_processes(serial: TracedRun) -> bool:
    """Whether each task computes in several processes at once, such as a pool of its own."""
    return _has_helpers(serial) and _cpus_with_helpers(serial) >= _CPUS_WITH_HELPERS


def _cpus_with_helpers(serial: TracedRun) -> float:
    """Count the CPUs that a task of the loop and the processes that it starts keep busy."""
    return ((serial.cpu_s or 0.0) + (serial.other_processes_cpu_s or 0.0)) / serial.busy_s


def _fills_cpus(parallel: TracedRun, setting: Setting) -> bool:
    used_s = parallel.process_cpu_s
    return used_s is not None and used_s >= _FULL * setting.cpus * parallel.active_s


def _blocked_by(setting: Setting) -> Cause:
    """Name the cause that blocks tasks that are not waiting for a CPU."""
    if not setting.threads:
        return WAITING
    if not setting.has_gil:
        return LOCK_WITHOUT_GIL
    # Nobody holds the GIL of threads that are mostly idle: they wait for a lock of their own, or a device.
    is_idle = setting.busy_cpus is not None and setting.busy_cpus < _MOSTLY_IDLE
    return WAITING if is_idle else LOCK


def _difference(parallel: float | None, serial: float | None) -> float | None:
    return None if parallel is None or serial is None else parallel - serial


def task_cpus(runs: Sequence[TracedRun], native_threads: int) -> float:
    """Count the CPUs that a single task of a loop keeps busy: the median of the runs, at least 1.

    Where a library has threads, it counts how many of them compute for the main thread as well, even if there
    was no CPU for them: other programs may have taken it.
    """
    counts = [1.0] * len(runs)
    for number, run in enumerate(runs):
        if run.cpu_s is not None:
            counts[number] = run.cpu_s / run.busy_s
        if native_threads > 1:
            counts[number] = max(
                counts[number], min(_threads_for_main_thread(run, native_threads), native_threads)
            )
    return max(1.0, float(np.median(counts))) if counts else 1.0


def _threads_for_main_thread(run: TracedRun, native_threads: int) -> float:
    """Return the CPU time of the measured interpreter over that of its main thread, which runs the loop.

    What the threads of a library spin after they were started does not count.
    """
    if run.own_cpu_s is None or not run.main_cpu_s:
        return 1.0
    others_s = run.own_cpu_s - run.main_cpu_s - _SPINNING_S * (native_threads - 1)
    return 1.0 + max(0.0, others_s) / run.main_cpu_s


def busy_cpus(runs: Sequence[TracedRun]) -> float | None:
    """Count the CPUs that the tasks of all workers keep busy: the median of the runs; None if unknown."""
    counts = [_busy_cpus(run) for run in runs]
    known = [count for count in counts if count is not None]
    return float(np.median(known)) if known and len(known) == len(counts) else None


def _busy_cpus(run: TracedRun) -> float | None:
    if run.cpu_s is not None:
        return run.cpu_s / run.active_s
    # Chunks of short tasks have no CPU readings: the CPU time of the whole iteration is used instead.
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
        if share.low > _LEAST_SHARE and cause is not UNKNOWN
    ]
    # Their medians may add to more than all of the time, if each is large in another repetition.
    whole = max(1.0, sum(loss.share.value for loss in shown))
    within = [replace(loss, share=loss.share.over(whole)) for loss in shown]
    return tuple(sorted(within, key=lambda loss: -loss.share.value))
