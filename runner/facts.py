"""The analysed study as a value: every output is rendered from it.

Facts only: no sentence and no data frame. Cells are referred to by id. `None` means that a figure is
unknown or makes no sense, never zero. Times are seconds. Mappings do not enter the hash of a record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from runner.disturbances import DisturbanceKind
from runner.estimate import Estimate
from runner.folder.study_description import StudyAnswer
from runner.modes import MODES, ModeSpec
from runner.records import Cell, LawName, Mode, Purpose, Status

#: More additional repetitions than this are not practical: their number is not reported.
MOST_MORE_REPETITIONS = 200
#: Tracing that slows a cell down by more than this share of its time explains nothing.
MOST_SLOWED_BY_TRACING = 0.05
_COPIES_S_PER_BYTE = 5e-9  # into a pipe and out of it, on both sides, into new memory

# --- a cell -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class HeadlineRun:
    """A cold run in a repetition that succeeded: iteration 0 of one invocation."""

    repetition: int
    started_at: str  #: ISO 8601, UTC
    wall_s: float
    unit_s: float  #: what cells are compared by: seconds of one bag or, with a window, of one task
    start_s: float | None  #: this and the next two are the parts of wall_s; None if too short to trace
    work_s: float | None
    end_s: float | None
    cpu_s: float | None
    tasks: int
    tasks_per_s: float | None  #: with a window only
    speedup: float | None  #: unit_s of the baseline in the same repetition over unit_s of this run
    efficiency: float | None  #: speedup per worker; None without a number of workers
    disturbance: str  #: what disturbed it, as recorded; empty if nothing did


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """Quantiles of a cell's wall times in seconds: their spread, which a median hides."""

    least: float
    p10: float
    p90: float
    most: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """Percentiles of the duration of a task within a window: medians over the repetitions."""

    p50_s: float
    p90_s: float
    p99_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two cells compared: `slower` takes `ratio` times as long as `faster`; below 1 if it is faster."""

    slower: str
    faster: str
    ratio: Estimate
    #: whether the comparisons of all cells together show the difference; None: its interval decides alone
    decided: bool | None = None

    @property
    def is_shown(self) -> bool:
        """Whether the difference is shown."""
        return self.ratio.excludes(1) if self.decided is None else self.decided


@dataclass(frozen=True, kw_only=True, slots=True)
class Factors:
    """The factors of a speedup (docs/method.md): values of the median pair of runs, bounds over all pairs.

    Multiplied by each other and the number of workers, they give `attributed_speedup`. None: not applicable.
    """

    attributed_speedup: Estimate
    serial_overhead: Estimate
    computation_scaling: Estimate
    cpu_scaling: Estimate | None
    on_cpu: Estimate | None
    granularity: Estimate
    placement: Estimate
    dispatch_efficiency: Estimate
    pool_efficiency: Estimate


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """A cause of lost worker time, and its usual remedy."""

    code: str  #: for programs, such as `gil_or_lock`
    name: str  #: noun phrase, such as "the GIL or another lock"
    short: str  #: for a narrow column, such as "GIL"
    remedy: str  #: imperative or noun phrase


@dataclass(frozen=True, kw_only=True, slots=True)
class InEachWorker:
    """What every worker does once, such as importing the workload."""

    seconds: float  #: per worker


@dataclass(frozen=True, kw_only=True, slots=True)
class Restarts:
    """How often workers were replaced between tasks: the median over the repetitions."""

    count: float
    seconds: float  #: each


@dataclass(frozen=True, kw_only=True, slots=True)
class TinyTasks:
    """Tasks that are shorter than their dispatch, and what would have to change for a pool to pay."""

    tasks_per_chunk: int
    work_s: float  #: of a chunk, in the loop
    dispatch_s: float  #: of a chunk
    break_even_s: (
        float | None
    )  #: least work of a chunk with which a pool could pay; None: threads under a GIL
    chunk_size: int | None  #: number of these tasks in such a chunk; None: no chunk size can pay
    all_work_s: float  #: of all tasks, in the loop


@dataclass(frozen=True, kw_only=True, slots=True)
class Pickled:
    """Pickled objects of one kind. Figures are means over the objects, except `largest_bytes`."""

    mean_bytes: float
    largest_bytes: int
    repeated_bytes: float  #: of each object but the first: parts that earlier objects contain as well
    pickle_s: float
    unpickle_s: float

    @property
    def send_s(self) -> float:
        """Seconds to pickle, send and unpickle one object."""
        return self.pickle_s + self.unpickle_s + self.mean_bytes * _COPIES_S_PER_BYTE


@dataclass(frozen=True, kw_only=True, slots=True)
class Payload:
    """What is pickled of a workload. None: it cannot be pickled."""

    function: Pickled | None
    items: Pickled | None
    results: Pickled | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """What is pickled and sent between processes."""

    bytes: float  #: mean of each function, item or result
    repeated_bytes: float  #: of each but the first: parts that were sent before
    each_worker: bool = False  #: sent once to each worker, not with every chunk or task


@dataclass(frozen=True, kw_only=True, slots=True)
class CpusTogether:
    """The speed of CPUs that are all busy, in CPUs that are busy alone."""

    cpus: int
    delivered: float  #: at most `cpus`


LossDetail = Sent | InEachWorker | Restarts | TinyTasks | CpusTogether


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """What one cause costs a cell."""

    cause: Cause
    share: Estimate  #: of workers times wall time
    detail: LossDetail | None = None  #: figures that say more than the share


class Unexplained(StrEnum):
    """Why a pool has no losses."""

    SLOWED_BY_TRACING = "slowed_by_tracing"  #: tracing its tasks makes it too slow to explain the headline
    BLOCKS_EVENT_LOOP = "blocks_event_loop"  #: a plain function on an event loop: tasks run one after another
    NOT_MEASURED = "not_measured"  #: or it failed
    UNKNOWN_WORKERS = "unknown_workers"  #: the executor takes no number of workers
    WINDOW = "window"  #: losses explain the time of a bag
    NO_TRACE = "no_trace"  #: no run was traced
    MORE_LANES = "more_lanes_than_workers"  #: or records of several workers were merged
    TOO_FEW_PAIRS = "too_few_repetitions"  #: in which it and its baseline were traced
    NO_LARGE_LOSS = "no_large_loss"  #: none is shown to cost more than a hundredth of the workers' time

    @property
    def is_of_tasks(self) -> bool:
        """Whether the cell's tasks are the reason. Other reasons concern the study, or surprise nobody."""
        return self in (Unexplained.SLOWED_BY_TRACING, Unexplained.BLOCKS_EVENT_LOOP)


class BoundLimit(StrEnum):
    """What bounds the speedup of a cell's tasks."""

    WORKERS = "workers"  #: they share the tasks, which are indivisible
    LONGEST_TASK = "longest_task"
    CPUS = "cpus"  #: there are fewer than workers, and the tasks keep them busy
    EVENT_LOOP = "event_loop"  #: its one thread runs all tasks


class Anomaly(StrEnum):
    """What is odd about the times of a cell; no time is removed because of it."""

    OUTLIERS = "outliers"
    TWO_MODES = "two_modes"
    SLOWER = "slower_over_repetitions"
    FASTER = "faster_over_repetitions"


@dataclass(frozen=True, kw_only=True, slots=True)
class NativeThreads:
    """The native threads (BLAS, OpenMP) of a cell's workers, if together they are more than the CPUs."""

    per_worker: int
    per_cpu: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ShortWindow:
    """A window in which too few tasks ended for a precise rate."""

    tasks: float  #: median over the repetitions
    needed_s: int  #: length of a window that holds enough


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """Tasks, chunks or CPUs that are fewer than the workers, so that some workers are idle or take turns."""

    kind: Literal["tasks", "chunks", "cpus"]
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """The result of the untimed run that measures memory."""

    peak_pss_bytes: int | None
    error: str  #: why there is no figure


@dataclass(frozen=True, kw_only=True, slots=True)
class CellAnalysis:
    """Everything known about one cell.

    Figures are None for a cell that failed once (it is excluded from comparisons), that was not measured, or
    where the docstring of their record says so. Speedups are relative to the baseline of the same group.
    """

    cell: Cell
    name: str  #: unique among the cells of its workload: `process × 4 (chunk_size=10)`
    python: str  #: version of the interpreter, or the user's name for it if two interpreters share a version
    #: further swept settings, numbers as numbers; None where one does not reach the cell
    swept: Mapping[str, Any] = field(hash=False)
    is_async: bool
    shares_event_loop: bool  #: its workers are tasks of one event loop, which has one thread
    in_one_process: bool | None  #: its workers are threads of the measured interpreter; None: unknown
    usable_cpus: int | None
    status: Status
    error: str  #: of the first sample that failed; empty if none did
    printed: tuple[str, ...]  #: files with what its failed invocations printed, relative to the folder
    printed_end: str  #: the end of what the first invocation that failed printed
    runs: tuple[HeadlineRun, ...]  #: by repetition; also those of a cell that failed later
    repetitions: int  #: headline runs that enter comparisons
    disturbed: int  #: how many headline runs were disturbed
    tasks: int | None
    tasks_per_chunk: int | None  #: for a chunk size of `auto`, the size that was chosen; None: all at once
    bags: int
    wall_s: Estimate | None
    wall_spread: Spread | None
    bag_s: Estimate | None  #: in weak scaling only
    tasks_per_s: Estimate | None  #: with a window only
    service: Service | None  #: with a window only
    cpu_s: Estimate | None
    memory: Memory | None  #: None if it was not measured
    speedup: Estimate | None
    warm_speedup: Estimate | None
    speedup_of_best: Estimate | None  #: over the fastest baseline that does the same work
    efficiency: Estimate | None
    marginal: Comparison | None  #: over the next smaller number of workers, all else being equal
    among_best: bool | None  #: not shown to be slower than the best of its group; None: too few repetitions
    beats_baseline: bool | None  #: shown to be faster than its baseline; None: too few repetitions to tell
    speedup_bound: Estimate | None  #: what no executor can exceed; failed cells may have it, too
    bound_limit: BoundLimit | None
    #: what it cannot exceed with its chunks, which no worker shares; None where they are single tasks
    chunk_bound: Estimate | None
    exceeds_bound: bool  #: the whole interval of the speedup is above that of the bound
    is_at_bound: bool  #: the speedup is near the bound, and their intervals overlap or nearly do
    limit: Limit | None  #: None: every worker has something to do, or tasks wait instead of computing
    factors: Factors | None
    losses: tuple[Loss, ...]  #: the largest first
    unexplained: Unexplained | None  #: why there are no losses; None: there are, or it is the plain loop
    #: the number of outliers; 1 for any other anomaly
    anomalies: Mapping[Anomaly, int] = field(hash=False)
    native_threads: NativeThreads | None
    short_window: ShortWindow | None
    missed_precision: float | None  #: relative half-width of the speedup if it is wider than requested
    has_task_times: bool  #: False where the records of an iteration were merged

    @property
    def as_shown(self) -> Cell:
        """The cell, with the version of its interpreter and swept numbers as numbers."""
        return replace(self.cell, python=self.python, swept=self.swept)

    @property
    def is_baseline(self) -> bool:
        """Whether speedups are relative to this cell."""
        return self.cell.is_baseline

    @property
    def is_pool(self) -> bool:
        """Whether it is compared with a baseline: it is neither a baseline itself nor the plain loop."""
        return not self.cell.is_baseline and not self.cell.is_loop

    @property
    def own_bound(self) -> Estimate | None:
        """What the cell cannot exceed as it is: with its tasks, its CPUs and its chunks."""
        bounds = (self.speedup_bound, self.chunk_bound)
        return min(filter(None, bounds), key=lambda bound: bound.high, default=None)

    @property
    def is_ok(self) -> bool:
        """Whether it was measured and never failed."""
        return self.status == "ok"

    @property
    def main_loss(self) -> Loss | None:
        """The largest loss."""
        return self.losses[0] if self.losses else None

    @property
    def over_baseline(self) -> Comparison | None:
        """The baseline compared with it; None for the baseline itself, or where there is no speedup."""
        if self.is_baseline or self.speedup is None:
            return None
        baseline, cell = self.cell.baseline, self.cell.id
        return Comparison(slower=baseline, faster=cell, ratio=self.speedup, decided=self.beats_baseline)

    @property
    def known_losses(self) -> tuple[Loss, ...] | None:
        """The losses; empty if none is large, None if they are unknown."""
        is_known = self.unexplained in (None, Unexplained.NO_LARGE_LOSS)
        return self.losses if is_known else None

    @property
    def peak_pss_bytes(self) -> int | None:
        """Peak memory of all its processes together."""
        return self.memory.peak_pss_bytes if self.memory else None


# --- the timeline of a cell ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineBar:
    """Tasks that the workers of one lane ran; times are seconds since before the pool was opened."""

    lane: int  #: from 0
    start_s: float
    end_s: float
    busy_s: float  #: within tasks; less than from start to end where there are pauses between them
    tasks: int
    label: str  #: of the only task, or of the first


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """When each worker of one run was busy: the traced run of median wall time."""

    repetition: int
    wall_s: float
    workers: int  #: that ran a task
    workers_per_lane: int  #: 1, unless there are more workers than a picture can show
    bars: tuple[TimelineBar, ...]  #: by lane and time; where there are many tasks, a bar stands for several
    is_separate: bool  #: a separate traced run, not one of those whose times are reported


# --- tasks and snippets -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskAnalysis:
    """One task of one cell, or one snippet."""

    cell: str
    task: int  #: position among the items
    label: str
    calls: int  #: inner loop of a snippet; 1 for a function
    per_call: bool  #: whether it is a snippet
    time_s: Estimate  #: of one call
    relative: Estimate | None  #: snippets: over the quickest snippet of the same cell
    among_best: bool | None  #: snippets: not shown to be slower than the quickest
    differing: int  #: number of runs in which its result was wrong


@dataclass(frozen=True, kw_only=True, slots=True)
class SnippetRanking:
    """The quickest of the snippets of one cell."""

    quickest: TaskAnalysis
    next: TaskAnalysis
    rivals: tuple[str, ...]  #: labels of the others that are not shown to be slower
    repetitions: int
    needed_repetitions: int  #: to compare this many snippets with the quickest


# --- a group of cells with one baseline ---------------------------------------------------------------


class Answer(StrEnum):
    """Whether a pool helps."""

    HELPS = "helps"
    DOES_NOT_HELP = "does_not_help"
    CANNOT_TELL = "cannot_tell"


class NoGain(StrEnum):
    """Why the bounds exclude a gain that is worth it, whatever the measured times."""

    ALL_CPUS_USED = "tasks_use_all_cpus"  #: by native threads, or processes of their own
    ONE_TASK = "one_task_is_nearly_all"
    ONE_CPU = "one_usable_cpu"
    EVENT_LOOP = "one_event_loop"  #: its tasks hold its one thread
    ONE_WORKER = "one_worker"  #: no pool has two
    PREPARATION = "preparation_of_each_worker"  #: the initializer, which every worker runs
    ONE_CHUNK = "one_chunk_is_nearly_all"


@dataclass(frozen=True, kw_only=True, slots=True)
class MoreRepetitions:
    """How many repetitions are likely to decide whether a pool helps."""

    done: int
    #: repetitions including those done; None: more than MOST_MORE_REPETITIONS further ones are needed
    total: int | None
    at_least: bool  #: total is only the minimum that any comparison needs
    cells: int  #: number of cells that are compared with each other
    nearest: str | None  #: the pool nearest to a decision


@dataclass(frozen=True, kw_only=True, slots=True)
class FewerWorkers:
    """Whether the fastest pool would do with fewer workers, all else being equal.

    Fewer workers are enough if their pool is among the best and itself shown to be faster than the loop.
    """

    enough: str | None  #: the smallest pool that is enough; None: there is none
    #: a smaller pool that is among the best, but not shown to be faster than the loop
    hidden: str | None = None


class RemedyCode(StrEnum):
    """Which remedy is given: that of the cause, or a more specific one, and when."""

    OF_CAUSE = "of_cause"
    LONGEST_FIRST = "longest_tasks_first"  #: chunks cannot be smaller
    SMALLER_CHUNKS = "smaller_chunks"  #: tasks are equal, so that their order does not matter
    MORE_TASKS = "more_tasks"  #: tasks are equal, and too few to divide among the workers
    LESS_DATA = "less_data_per_task"  #: chunks cannot be larger, or `auto` chose their size
    FEWER_WORKERS = "fewer_workers"  #: no start method is quicker
    QUICKER_START = "quicker_start_method"  #: fewer workers are shown to be slower
    LESS_WORK = "less_work_per_task"  #: processes are not shown to be faster
    COMPACT_DATA = "compact_data"  #: fewer workers are shown to be slower, or threads not to be faster
    OWN_COPIES = "own_copies"  #: processes are not shown to be faster
    LESS_TRAFFIC = "less_memory_traffic"  #: fewer workers are shown to be slower
    MORE_ITEMS = "more_items"  #: start-up and shutdown of the pool cost everything that its workers save


@dataclass(frozen=True, kw_only=True, slots=True)
class Remedy:
    """What is most likely to help a pool."""

    code: RemedyCode
    cause: Cause


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Why a pool is not faster."""

    cell: str
    losses: tuple[Loss, ...]
    unexplained: Unexplained | None
    is_at_bound: bool
    is_noise: bool  #: its times vary too much to show whether it is faster, let alone why
    remedy: Remedy | None


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupAnalysis:
    """The cells that are compared with one baseline, and the answer."""

    workload: str
    #: settings that tell this group from the others, such as python
    where: Mapping[str, Any] = field(hash=False)
    baseline: str
    cells: tuple[str, ...]  #: those that were measured and never failed, including the baseline
    failed: tuple[str, ...]  #: those that are excluded from comparisons
    answer: Answer | None  #: None where there is no pool, or no plain loop to compare it with
    fastest: str | None  #: None if every cell failed
    reason: NoGain | None  #: why no pool can help; None where the measured times decide
    no_busier: tuple[str, ...]  #: pools that keep no more CPUs busy than the loop: they cannot be 5 % faster
    #: the loop or, where a pool helps, the one with the fewest workers among those shown to be faster than
    #: the loop and not shown to be slower than the best
    recommended: str | None
    repetitions: int  #: in which all its cells succeeded
    needed_repetitions: int  #: to compare this many cells with the best
    next_over_fastest: Comparison | None  #: where the baseline is fastest
    fewer_workers: FewerWorkers | None  #: of the fastest pool; None: no fewer were measured
    #: the best cell of every other executor, over the recommended cell
    executors: tuple[Comparison, ...]
    #: the recommended cell over the same one with the next larger number of workers
    more_workers: Comparison | None
    more_repetitions: MoreRepetitions | None  #: where the study cannot tell
    explanation: Explanation | None  #: of the recommended pool, or of the fastest with several workers
    #: what is most likely to help, by cell; cells without a known remedy are absent
    remedies: Mapping[str, Remedy] = field(hash=False)
    snippets: SnippetRanking | None  #: of the baseline; None for a function or a single snippet


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkComparison:
    """Groups that do the same work, in different interpreters or environments, by their recommended cells."""

    groups: tuple[str, ...]  #: by their baselines, the fastest first
    fastest: str  #: recommended cell of the fastest group
    second: Comparison | None  #: the recommended cell of the next group over the fastest


# --- curves -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class NotIdentifiable:
    """Why a law could not be fitted."""

    reason: Literal["mode", "repetitions", "levels", "span"]
    #: what the study has: repetitions, numbers of workers, or the factor that these span
    found: float = 0.0
    needed: float = 0.0  #: what the law needs of the same


@dataclass(frozen=True, kw_only=True)
class LawCurve:
    """What a law predicts for the speedup over one worker, with its band."""

    workers: Sequence[float] = field(hash=False)  #: up to twice the largest number that was measured
    speedup: Sequence[float] = field(hash=False)
    low: Sequence[float] = field(hash=False)
    high: Sequence[float] = field(hash=False)
    #: by workers: the speedup of each repetition, without the effect of granularity
    measured: Mapping[int, Sequence[float]] = field(hash=False)


@dataclass(frozen=True, kw_only=True)
class LawAnalysis:
    """A scaling law fitted to the cells that differ in nothing but the number of workers."""

    law: LawName
    workload: str
    cells: tuple[str, ...]  #: of the curve, by workers; the first names executor and settings
    name: str  #: of the curve, without workers
    levels: int  #: how many numbers of workers it was fitted to
    unattributed: int  #: cells of the curve that were omitted because they have no factors
    alpha: Estimate | None
    beta: Estimate | None
    peak_workers: Estimate | None  #: where the speedup is largest; None if not shown
    curve: LawCurve | None
    problem: NotIdentifiable | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BreakEven:
    """The size of the workload from which a pool is faster than its baseline."""

    setting: str  #: the swept key
    workload: str
    cells: tuple[str, ...]  #: by size
    name: str  #: of the pool, without the size
    sizes: tuple[float, ...]
    size: Estimate | None  #: 0: at every size; infinite: at none
    faster_at: tuple[float, ...]  #: sizes at which its median speedup is above 1
    shown_at: tuple[float, ...]  #: sizes at which it is shown to be faster
    is_shown: bool  #: the bounds agree with the value: faster at every size, at none, or from one in between
    problem: Literal["sizes_not_positive", "times_missing"] | None


# --- what if ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class WhatIfPoint:
    """What was measured of a pool with one number of workers."""

    workers: int
    once_s: float  #: start-up and shutdown of the pool, and what each worker prepares
    uneven: float  #: what uneven tasks cost, in lengths of a task
    round_s: float  #: dispatch and data transfer of one round of chunks
    slowdown: Estimate  #: time of its tasks over their time in the loop
    speedup: Estimate  #: as measured


@dataclass(frozen=True, kw_only=True, slots=True)
class WhatIf:
    """A model of a pool, from the cells that differ in nothing but the number of workers."""

    cells: tuple[str, ...]
    workload: str
    executor: str
    items: int  #: of the bag that was measured
    task_s: float  #: mean length of its tasks in the loop
    cpu_share: float  #: of that time, during which the loop used a CPU; above 1 if tasks use several
    usable_cpus: int | None
    tasks_per_chunk: int | None  #: None: all at once
    points: tuple[WhatIfPoint, ...]  #: by workers


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """What a model predicts for another bag, or other workers."""

    time_s: float
    loop_s: float
    speedup: Estimate  #: its bounds are those of the measured slowdown
    most: float  #: speedup that no pool of these workers can exceed
    is_extrapolated: bool  #: beyond what was measured


# --- known answers, profiles --------------------------------------------------------------------------


class KnownOutcome(StrEnum):
    """Whether a known answer holds."""

    HOLDS = "holds"
    CANNOT_TELL = "cannot_tell"
    DOES_NOT_HOLD = "does_not_hold"
    NOT_RUN = "not_run"


class NotRun(StrEnum):
    """Why a known answer could not be compared."""

    NO_SUCH_CELL = "no_such_cell"  #: the study does not contain its executor or number of workers
    OTHER_MODE = "other_mode"  #: known answers are about mode=tasks
    BY_AUTHOR = "by_author"  #: the author says why
    NO_GIL = "no_gil"  #: it is about the GIL, and the interpreter has none
    TOO_FEW_CPUS = "too_few_cpus"
    NO_QUOTA = "no_quota"  #: it needs a CPU quota of that size
    CELL_FAILED = "cell_failed"  #: or was not measured


@dataclass(frozen=True, kw_only=True, slots=True)
class OutOfReach:
    """Why a known speedup cannot be reached here: the bound of the cell is lower."""

    speedup: float  #: the least that is expected
    bound: Estimate
    limit: BoundLimit
    count: float  #: number of CPUs if they are the limit; otherwise of workers
    needed: int | None  #: CPUs, with a worker each, that would allow it; None: no number would


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownAnswerAnalysis:
    """What a workload's author knew beforehand, and what was measured."""

    known: StudyAnswer = field(hash=False)  #: what the author knew
    cell: str | None  #: None: the study contains no such cell
    measured: Estimate | None
    outcome: KnownOutcome
    not_run: NotRun | None
    author_reason: str  #: the author's reason why it cannot be run; empty without one
    needed: float | None  #: CPUs or CPU quota that it needs, if the machine does not have it
    available: float | None  #: CPUs or CPU quota of the machine; None: no quota
    out_of_reach: OutOfReach | None  #: None if it holds, or if the bound allows it
    disturbed: int  #: disturbed headline runs of the cell
    repetitions: int  #: of the cell


@dataclass(frozen=True, kw_only=True, slots=True)
class Hotspot:
    """A place in the code that takes much of the time or memory."""

    name: str  #: a function, or the source of a line
    place: str  #: its file and, for a line, the line number
    amount: float  #: bytes, or seconds for which a thread ran or was runnable
    share: float  #: of the total of the cell


@dataclass(frozen=True, kw_only=True, slots=True)
class ProfileAnalysis:
    """What one profiler recorded of one cell."""

    cell: str
    purpose: Purpose
    error: str
    hotspots: tuple[Hotspot, ...]  #: the largest first


# --- warnings -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class CellsFailed:
    """Cells of one workload that failed for the same reason."""

    code: ClassVar[str] = "cells_failed"
    workload: str
    status: Status
    cells: tuple[str, ...]
    is_all: bool  #: every cell of the workload failed
    in_loop: bool  #: a plain loop is one of them
    error: str
    from_reference: bool  #: wrong results differ from those of the reference run, not from expected ones
    succeeded: int = 0  #: headline runs of these cells before they failed
    first_repetition: int = 0  #: the first in which one of them failed


@dataclass(frozen=True, kw_only=True, slots=True)
class CellsNotMeasured:
    """Cells of one workload without a single run."""

    code: ClassVar[str] = "cells_not_measured"
    workload: str
    cells: tuple[str, ...]
    of: int  #: number of cells of the workload


@dataclass(frozen=True, kw_only=True, slots=True)
class TooFewRepetitions:
    """Bounds are ranges, not intervals."""

    code: ClassVar[str] = "too_few_repetitions"
    fewest: int  #: repetitions in which all cells of a group succeeded, in the group with the fewest
    needed: int
    asked: int  #: repetitions that were requested
    reason: Literal["asked", "interrupted", "time_budget", "ended"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PrecisionMissed:
    """Cells whose interval is wider than requested."""

    code: ClassVar[str] = "precision_missed"
    cells: tuple[str, ...]
    asked: float  #: requested relative half-width
    worst: float  #: largest relative half-width


@dataclass(frozen=True, kw_only=True, slots=True)
class ShortWindows:
    """Cells whose windows held too few tasks."""

    code: ClassVar[str] = "short_windows"
    cells: tuple[str, ...]
    worst: ShortWindow


@dataclass(frozen=True, kw_only=True, slots=True)
class DisturbanceCount:
    """One kind of disturbance."""

    kind: DisturbanceKind
    runs: int  #: number of runs that it disturbed
    most: float  #: largest amount: CPUs taken or, for a slow CPU, how many times slower it was


@dataclass(frozen=True, kw_only=True, slots=True)
class DisturbedRuns:
    """Runs that something else disturbed."""

    code: ClassVar[str] = "disturbed_runs"
    disturbed: int
    runs: int  #: all headline runs
    kinds: tuple[DisturbanceCount, ...]  #: those that disturbed the most runs first


@dataclass(frozen=True, kw_only=True, slots=True)
class CrowdedCpus:
    """The cell with the most native threads for each CPU."""

    code: ClassVar[str] = "native_threads"
    cell: str
    workers: int
    threads: NativeThreads
    usable_cpus: int


@dataclass(frozen=True, kw_only=True, slots=True)
class OddTimes:
    """Cells with odd times."""

    code: ClassVar[str] = "odd_times"
    cells: tuple[str, ...]


StudyWarning = (
    CellsFailed
    | CellsNotMeasured
    | TooFewRepetitions
    | PrecisionMissed
    | ShortWindows
    | DisturbedRuns
    | CrowdedCpus
    | OddTimes
)


# --- the study ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyFacts:
    """Facts about the study as a whole."""

    folder: Path
    name: str
    mode: Mode
    window_s: float  #: of its cells; 0 without a window
    confidence: float
    repetitions_asked: int
    fewest_repetitions: int  #: with fewer, bounds are ranges
    precision: float | None
    time_budget_s: float | None
    swept: tuple[str, ...]  #: keys of further swept settings
    cpu_model: str  #: empty if unknown
    usable_cpus: int | None  #: the most that any cell may use
    is_interrupted: bool

    @property
    def spec(self) -> ModeSpec:
        """Everything that is specific to its mode."""
        return MODES[self.mode]


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """How a study was measured, and what is needed to repeat it. What is unknown is empty."""

    arguments: tuple[str, ...] | None  #: of the first session's command line, without the program
    configuration: Mapping[str, Any] = field(hash=False)  #: of the first point, as composed
    environment: Mapping[str, Any] = field(hash=False)  #: the machine when the study started; JSON only
    interpreters: tuple[Mapping[str, Any], ...] = field(hash=False)  #: each measured interpreter; JSON only
    runner_version: str
    seed: int
    sessions: int
    started_at: str  #: of the first run; ISO 8601, UTC


@dataclass(frozen=True, kw_only=True)
class StudyAnalysis:
    """One analysed study."""

    study: StudyFacts
    provenance: Provenance
    cells: Mapping[str, CellAnalysis] = field(hash=False)  #: by id, in the order of the grid
    groups: tuple[GroupAnalysis, ...]  #: in the order of the grid
    work: tuple[WorkComparison, ...]
    tasks: tuple[TaskAnalysis, ...]
    timelines: Mapping[str, Timeline] = field(hash=False)  #: by cell; only cells that were traced
    laws: tuple[LawAnalysis, ...]
    break_evens: tuple[BreakEven, ...]
    what_ifs: tuple[WhatIf, ...]
    known_answers: tuple[KnownAnswerAnalysis, ...]
    profiles: tuple[ProfileAnalysis, ...]
    warnings: tuple[StudyWarning, ...]  #: the worst first

    def of_workload(self, workload: str) -> tuple[CellAnalysis, ...]:
        """List the cells of one workload, in the order of the grid."""
        return tuple(cell for cell in self.cells.values() if cell.cell.workload == workload)

    def repetitions_of(self, workload: str) -> int:
        """Count the repetitions in which all compared cells succeeded, in the group with the fewest."""
        groups = (group for group in self.groups if group.workload == workload and group.cells)
        return min((group.repetitions for group in groups), default=0)

    def snippets_of(self, cell: str) -> tuple[TaskAnalysis, ...]:
        """List the snippets of one cell, in the order given; empty for a function."""
        return tuple(self._snippets.get(cell, ()))

    @cached_property
    def _snippets(self) -> Mapping[str, Sequence[TaskAnalysis]]:
        """Group the snippets by cell."""
        by_cell: dict[str, list[TaskAnalysis]] = {}
        for task in self.tasks:
            if task.per_call:
                by_cell.setdefault(task.cell, []).append(task)
        return by_cell

    @property
    def workloads(self) -> tuple[str, ...]:
        """Names of the workloads, in the order of the grid."""
        return tuple(dict.fromkeys(cell.cell.workload for cell in self.cells.values()))

    @property
    def is_complete(self) -> bool:
        """Whether every cell was measured and none failed."""
        return all(cell.is_ok for cell in self.cells.values())
