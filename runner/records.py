"""The records that all stages use: what is measured, and what a measurement yields."""

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:  # the probe is on the path of type checkers only
    from runner_probe.wire import ReferenceResults, WorkerFacts

from runner.disturbances import DisturbanceKind, parse

#: Tasks sent to a worker at a time; None: all of them.
ChunkSize = int | Literal["auto"] | None

LOOP = "runner_probe.pools.Serial"  #: the target of the plain loop, which is not a pool
DEFAULT_LOAD_LIMIT_S = 60.0  # the setting load_limit_s
#: Settings that name a cell, whether they are swept or not: each is a column of every table.
NAMING_SETTINGS = ("workload", "executor", "workers", "chunk_size", "python")
AUTO: Literal["auto"] = "auto"  #: a chunk size that the runner chooses before the first repetition

#: A status that excludes a cell from the rest of the study and from comparisons.
FailedStatus = Literal["failed", "crashed", "timeout", "wrong_result"]
#: How an iteration ended. "interrupted": by the user, which is not a failure of the cell.
Status = Literal["ok", FailedStatus, "interrupted"]
FAILED_STATUSES: tuple[FailedStatus, ...] = get_args(FailedStatus)
LawName = Literal["amdahl", "usl"]  #: Amdahl's law, or the Universal Scalability Law
LAWS: tuple[LawName, ...] = get_args(LawName)
Purpose = Literal["memory", "cpu-profile", "memory-profile"]  #: of an untimed run


class Mode(StrEnum):
    """What the workers run."""

    tasks = "tasks"  #: one bag, whatever the number of workers: strong scaling
    weak = "weak"  #: one bag for each worker: weak scaling
    throughput = "throughput"  #: tasks one after another until a window ends: a closed loop


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One point of the grid, as it will be run."""

    id: str  #: hash of `settings`
    baseline: str  #: id of the cell that its speedup is relative to; its own id for a baseline
    workload: str
    executor: str
    workers: int | None  #: None: the executor takes no number of workers, or chooses its own
    chunk_size: ChunkSize
    python: str  #: the interpreter, as the user named it
    swept: Mapping[str, Any] = field(default_factory=dict)  #: further swept settings, by key
    settings: Mapping[str, Any]  #: everything that changes the measured program, resolved; JSON only

    def __hash__(self) -> int:
        """Hash the id: the settings are dictionaries, which cannot be hashed."""
        return hash(self.id)

    def tasks_per_chunk(self, auto: int) -> int | None:
        """Return the chunk size, replacing "auto" by this number; None: all tasks at once."""
        return auto if self.chunk_size == AUTO else self.chunk_size

    @property
    def is_baseline(self) -> bool:
        """Whether speedups are relative to this cell."""
        return self.id == self.baseline

    @property
    def is_loop(self) -> bool:
        """Whether it is the plain loop, which has neither workers nor chunks."""
        return bool(self.settings["executor"]["pool"].get("_target_") == LOOP)

    @property
    def name(self) -> str:
        """Executor and number of workers: `process × 4`. `names` tells cells with equal names apart."""
        return executor_name(self.executor, self.workers)

    @property
    def naming(self) -> dict[str, Any]:
        """The settings that name the cell: those of NAMING_SETTINGS, then the other swept ones."""
        return {
            "workload": self.workload,
            "executor": self.executor,
            "workers": self.workers,
            "chunk_size": self.chunk_size,
            "python": self.python,
            **self.swept,
        }

    @property
    def work(self) -> str:
        """The workload as text. Cells with equal work may be compared, whatever their executors."""
        return json.dumps(self.settings["workload"], sort_keys=True)


def executor_name(executor: str, workers: int | None) -> str:
    """Name an executor with its number of workers, if it has one: `process × 4`."""
    return executor if workers is None else f"{executor} × {workers}"


def shown_value(value: Any) -> str:
    """Format the value of a setting; a whole number has no decimal point."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def names(cells: Sequence[Cell], *, without: str = "") -> dict[str, str]:
    """Name cells by executor, workers and the settings that differ between them; by id.

    `process × 4 (chunk_size=10, count=60)`. The name omits settings that do not reach the cell, such as the
    chunk size of the plain loop.

    Args:
        cells: the cells that the names tell apart
        without: a setting to omit; cells that differ only in it get the same name
    """
    settings = {cell.id: _distinguishing_settings(cell, without) for cell in cells}
    varying = varying_settings(settings.values())
    named = {}
    for cell in cells:
        values = settings[cell.id]
        shown = ", ".join(
            f"{key.rpartition('.')[2]}={shown_value(values[key])}"
            for key in varying
            if values.get(key) is not None
        )
        name = cell.executor if without == "workers" else cell.name
        named[cell.id] = f"{name} ({shown})" if shown else name
    return named


def names_within_workloads(cells: Iterable[Cell], *, without: str = "") -> dict[str, str]:
    """Name cells as `names` does, each within its workload."""
    by_workload: dict[str, list[Cell]] = {}
    for cell in cells:
        by_workload.setdefault(cell.workload, []).append(cell)
    return {
        cell: name for group in by_workload.values() for cell, name in names(group, without=without).items()
    }


def varying_settings(settings: Collection[Mapping[str, Any]]) -> list[str]:
    """List the settings that differ between cells. None does not count: the setting does not reach that cell.

    Args:
        settings: the settings of each cell, by name
    """
    keys = dict.fromkeys(key for values in settings for key in values)
    shown = {key: {str(values[key]) for values in settings if values.get(key) is not None} for key in keys}
    return [key for key, values in shown.items() if len(values) > 1]


def _distinguishing_settings(cell: Cell, without: str) -> dict[str, Any]:
    size = "all" if cell.chunk_size is None else cell.chunk_size
    settings = {"chunk_size": None if cell.is_loop else size, "python": cell.python, **cell.swept}
    return {key: value for key, value in settings.items() if key != without}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One iteration of one invocation: a row of `samples.csv`.

    All times are None if the iteration failed. start_s, work_s and end_s are also None if its tasks were too
    short to trace.
    """

    cell: str
    repetition: int  #: counted from 1; 0 is the reference run, which enters no statistic
    position: int  #: place of the invocation in its repetition, from 0
    iteration: int  #: 0 has a pool of its own; later ones share a second pool
    warmup: bool  #: whether it warms up the second pool
    tracing: bool = False  #: a separate run that only traces tasks too short to be traced in the headline run
    tasks: int  #: in a window: the tasks that ended within it
    tasks_per_chunk: int | None = None  #: tasks sent to a worker at a time; None: all of them
    started_at: str  #: ISO 8601, UTC
    start_s: float | None = None  #: from before the pool is constructed to the start of the first task
    work_s: float | None = None  #: from there to the end of the last task; or the length of a window
    end_s: float | None = None  #: from there to the return of shutdown
    wall_s: float | None = None  #: the sum of these three
    cpu_s: float | None = None  #: user and system time of the whole process tree
    own_cpu_s: float | None = None  #: of the measured interpreter alone: no workers, no helper processes
    main_cpu_s: float | None = None  #: the part of own_cpu_s of its main thread, without native threads
    main_delay_s: float | None = None  #: how long that thread was runnable, but had no CPU
    system_s: float | None = None  #: the part of cpu_s in the kernel
    minor_faults: int | None = None  #: page faults of the whole process tree that read no disk
    in_progress: int | None = (
        None  #: tasks in progress when the window closed; this and the next 3: windows only
    )
    service_p50_s: float | None = None  #: median duration of the tasks that ended within the window
    service_p90_s: float | None = None
    service_p99_s: float | None = None
    noisy: str = ""  #: how other programs or the host disturbed the invocation; empty if they did not
    status: Status = "ok"
    error: str = ""
    invocation_s: float | None = None  #: of the whole invocation; set in its last row, which completes it

    @property
    def is_reference(self) -> bool:
        """Whether it belongs to a reference run."""
        return self.repetition == 0

    @property
    def is_headline(self) -> bool:
        """Whether it enters the headline statistics: a cold run in a repetition that succeeded."""
        return self.repetition > 0 and self.iteration == 0 and self.status == "ok" and not self.warmup

    @property
    def lost_cpus(self) -> bool:
        """Whether other programs or the host took CPUs during the invocation; a slow machine took none."""
        return any(disturbance.kind is not DisturbanceKind.SLOW_CPU for disturbance in parse(self.noisy))

    @property
    def has_failed(self) -> bool:
        """Whether it excludes its cell from the rest of the study and from comparisons."""
        return self.status in FAILED_STATUSES


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What the reference run of a baseline fixes for the cells of its group."""

    results: "ReferenceResults | None" = None  #: None: results cannot be compared
    calls: dict[str, int] | None = None  #: inner-loop counts of snippets; None: not calibrated yet
    labels: list[str] = field(default_factory=list)
    task_s: float = math.inf  #: mean duration of a task; decides what is traced
    lengths: list[tuple[int, float]] = field(default_factory=list)  #: as `auto_chunk_size` takes them
    cpu_share: float = 0.0  #: CPU seconds per second of its tasks
    seconds: float = 0.0  #: duration of the whole invocation


@dataclass(frozen=True, kw_only=True)
class ReferenceRecord:
    """What one invocation fixes for later ones, in any session: a line of `references.jsonl`."""

    cell: str
    repetition: int
    reference: Reference | None  #: None: it fixes nothing for the other cells of its group
    facts: "WorkerFacts"  #: observed in its workers; empty if they were known already


@dataclass(frozen=True, kw_only=True)
class CompletedRuns:
    """The runs of earlier sessions: complete invocations, none of them interrupted."""

    samples: Sequence[Sample] = ()
    references: Sequence[ReferenceRecord] = ()
    untimed: Sequence["UntimedRun"] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskRecord:
    """One task, or one chunk of tasks, on one worker: a row of the trace.

    Times ending in _ns are nanoseconds of one clock.
    """

    cell: str
    repetition: int
    iteration: int
    task: int  #: index of the (first) task among the items
    label: str
    worker: int  #: lane: workers numbered in the order of their first task
    host: str
    process_id: int
    thread_id: int
    submitted_ns: int
    started_ns: int
    ended_ns: int
    received_ns: int
    busy_ns: int  #: time within tasks; less than ended_ns - started_ns if the record merges several
    cpu_ns: int | None  #: None: it was not read, because the chunk is too short
    run_delay_ns: int | None  #: time spent runnable but not running; Linux only
    tasks: int  #: the number of tasks in this record
    calls: int  #: inner-loop count of a snippet; 1 for a function
    differs: bool  #: whether the result of one of its tasks is wrong


@dataclass(frozen=True, kw_only=True, slots=True)
class UntimedRun:
    """One invocation that is not timed and enters no statistic: a row of `untimed.csv`."""

    cell: str
    purpose: Purpose
    started_at: str  #: ISO 8601, UTC
    peak_pss_bytes: int | None = None  #: peak memory of all its processes together
    looks: int = 0  #: number of memory samples
    profile: str = ""  #: the file that a profiler wrote, in the folder `profiles`
    status: Status = "ok"
    error: str = ""  #: why it failed, or why a figure is missing


@dataclass(frozen=True, kw_only=True)
class StudySettings:
    """How a study is measured; explained in conf/config.yaml."""

    repetitions: int  #: with a precision: the minimum
    max_repetitions: int = 31  #: with a precision: the maximum
    precision: float | None = None  #: relative half-width that the interval of every ratio must reach
    time_budget_s: float | None = None  #: a repetition starts only if it will probably end within it
    iterations: int
    time_limit_s: float | None
    load_limit_s: float = DEFAULT_LOAD_LIMIT_S
    seed: int
    untimed: tuple[Purpose, ...] = ()  #: the purposes of each cell's untimed runs

    @property
    def repetition_limit(self) -> int:
        """The largest number of repetitions that may be measured."""
        return self.repetitions if self.precision is None else self.max_repetitions
