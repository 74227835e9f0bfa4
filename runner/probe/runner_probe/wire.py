"""The wire between the runner and the probe: specifications go in, replies come out, both as JSON.

These types are for type checkers, on both sides: import this module under TYPE_CHECKING only, so that it
costs measured interpreters nothing. JSON turns tuples into lists; everything else arrives as declared.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict, final

Tracing = Literal["task", "chunk", "separate_run", "nothing"]
"""What is traced: every task, every chunk, only a separate run after the headline run, or nothing."""

PoolSettings = dict[str, Any]
"""`_target_` of an executor, and its arguments."""


class WorkloadSettings(TypedDict, total=False):
    """A workload as its YAML describes it, resolved; an absent key has its default."""

    name: str
    function: str | None  #: None: it runs snippets
    items: Any
    arguments: dict[str, Any] | None
    initializer: Any
    setup: Any
    teardown: Any
    snippets: dict[str, str]
    expect: list[Any] | None
    compare: str


@final
class ReferenceResults(TypedDict):
    """Results of one bag, in forms that can be compared with other runs of its tasks."""

    quick: list[str]  #: digests of pickled blocks of tasks; if they differ, the results may still be equal
    values: list[Any]  #: by task: a digest, or with `compare: close` the numbers themselves
    shown: list[str]  #: for messages, of the first tasks


@final
class ExpectedResults(TypedDict):
    """What results are compared with: quick digests and, if these differ, the reference in a file."""

    quick: list[str]
    file: str  #: `references.jsonl` of the study
    cell: str  #: the last reference of this cell in the file counts


# --- specifications ---


class ProgramSpecification(TypedDict):
    """What a run executes."""

    workload: WorkloadSettings
    pool: PoolSettings
    calls: dict[str, int] | None  #: inner-loop counts of snippets by label; None: calibrate them
    bags: int  #: number of times that the items are run


class CellToCheck(TypedDict):
    """What the preflight check loads for one cell."""

    workload: WorkloadSettings
    pool: PoolSettings
    in_window: bool  #: the cell runs tasks until a window closes


class PreflightSpecification(TypedDict):
    """Load workloads and executors, and describe the interpreter. The reply is a PreflightReply."""

    kind: Literal["preflight"]
    cells: list[CellToCheck]  #: may be empty


class MeasurementSpecification(ProgramSpecification):
    """Run bags of tasks and measure them. The reply to this and the kinds below is a RunReply."""

    kind: Literal["measurement"]
    chunk_size: int | None  #: tasks sent to a worker at a time; None: all of them
    iterations: int
    tracing: Tracing
    reference: ExpectedResults | None  #: what results are compared with; None: make a reference
    with_labels: bool  #: send the tasks' labels
    with_native_threads: bool  #: report the threads of native libraries
    with_payload: bool  #: report sizes and times of pickling function, items and results
    with_held_share: bool  #: report how long coroutines hold their event loop's thread; plain loop only


class WindowSpecification(ProgramSpecification):
    """Let every worker run one task after another until a window closes."""

    kind: Literal["window"]
    folder: str  #: empty; the workers wait for each other there
    workers: int
    duration_s: float
    reference: ExpectedResults | None
    with_native_threads: bool


class DispatchSpecification(ProgramSpecification):
    """Measure the cost of dispatching an empty chunk."""

    kind: Literal["dispatch"]


class UntimedSpecification(ProgramSpecification):
    """Run bags of tasks once, without measuring them."""

    kind: Literal["untimed"]
    chunk_size: int | None
    allocations: str | None  #: folder for what each process allocates, if that is traced


RunSpecification = (
    MeasurementSpecification | WindowSpecification | DispatchSpecification | UntimedSpecification
)
Specification = PreflightSpecification | RunSpecification


class ProbeInput(TypedDict):
    """What the probe reads from standard input."""

    path: list[str]  #: folders to import workloads from, before the interpreter's own path
    reply_mark: str  #: precedes the reply on standard output, so that the supervisor finds it
    note_mark: str  #: precedes each Note on standard output, which is one line
    specification: Specification


# --- what the probe says before it replies ---


class Progress(TypedDict):
    """The progress of the tasks."""

    ended: int  #: number of tasks that have ended
    tasks: int  #: number of all tasks
    since_last_s: float | None  #: seconds since the last task ended; None: unknown


class Note(TypedDict, total=False):
    """What the probe tells the supervisor before it replies."""

    activity: str  #: what it does before the tasks run; empty: they run now
    at_s: float  #: when the activity began, by `time.monotonic`
    progress: Progress  #: in response to a signal


# --- replies ---

RecordValues = tuple[int, int, str, int, int, int, int, int, int, int, int | None, int | None]
"""The values of one task record, in the order of RecordFields."""


class RecordFields(TypedDict):
    """One task, or several merged into one record, on one worker. Times are on the probe's clock."""

    task: int  #: position of the first task among the items
    tasks: int  #: how many tasks the record covers
    host: str
    process_id: int
    thread_id: int
    submitted_ns: int
    started_ns: int
    ended_ns: int
    received_ns: int
    busy_ns: int  #: time within tasks
    cpu_ns: int | None  #: None: not read
    run_delay_ns: int | None  #: runnable but not running; None: not read, or unknown


class _IterationReply(TypedDict):
    iteration: int  #: counted from 0
    warmup: bool
    tracing: bool  #: the separate traced run
    tasks: int  #: number of tasks; in a window, of those that ended within it
    started_at: float  #: seconds since the epoch
    wall_ns: int
    cpu_s: float  #: of all its processes
    own_cpu_s: float  #: of the measured interpreter alone, without workers and helper processes
    main_cpu_s: float  #: the part of its main thread
    main_delay_s: float  #: how long that thread was runnable without a CPU; 0 if unknown
    system_s: float  #: the part of cpu_s that the kernel used
    minor_faults: int  #: page faults of all its processes that read no disk
    records: list[RecordValues]


class IterationReply(_IterationReply, total=False):
    """One iteration. The parts of its time are absent where it was not traced."""

    start_ns: int
    work_ns: int
    end_ns: int
    in_progress: int  #: tasks in progress when the window closed; this and the next field only for a window
    service_ns: list[int]  #: the 50th, 90th and 99th percentile of the tasks' durations


class PickledReply(TypedDict):
    """Pickled objects of one kind. Figures are means over the sampled objects, except `largest_bytes`."""

    mean_bytes: float
    largest_bytes: int
    repeated_bytes: float  #: of each object but the first: parts that earlier objects contain as well
    pickle_s: float
    unpickle_s: float


class PayloadReply(TypedDict):
    """What a process pool pickles. None: it cannot be pickled."""

    function: PickledReply | None  #: with its arguments, or the object of a bound method
    items: PickledReply | None
    results: PickledReply | None


class WorkerFacts(TypedDict, total=False):
    """What was observed in the workers. Older result folders lack some of it."""

    distinct_workers: int
    gil_enabled: bool
    start_method: str | None
    in_one_interpreter: bool  #: all workers are threads of the probe's interpreter
    import_s: float  #: seconds that importing the modules of function, arguments and initializer took
    native_threads: dict[str, int]  #: by library; only if requested
    payload: PayloadReply  #: only if requested
    held_share: float  #: share of their time for which coroutines hold their loop's thread; only if requested


class DispatchReply(TypedDict):
    """The cost of dispatching chunks."""

    chunk_ns: float  #: time of one empty chunk, the mean over many in a row
    workers: int  #: of the pool
    shares_gil: bool  #: only one worker can compute at a time


class _RunReply(TypedDict):
    status: Literal["ok", "wrong_result", "failed", "crashed"]
    error: str
    traceback: str
    record_fields: tuple[str, ...]  #: the order of the values in a record
    iterations: list[IterationReply]  #: those that succeeded


class RunReply(_RunReply, total=False):
    """The reply to a run, which the probe completes step by step: a run may fail before any of these keys.

    The runner reads it as one of the four replies below.
    """

    worker_exit_code: int  #: of a worker that the pool did not terminate, if known
    workers: WorkerFacts
    living_cpu_s: float  #: part of the last `cpu_s` that the supervisor will count again
    calls: dict[str, int] | None  #: inner-loop counts used for snippets
    labels: list[str]  #: of one bag; only if requested
    differing: list[int]  #: tasks of the bag whose result is wrong
    reference: ReferenceResults  #: only if none was given and whole bags ran
    dispatch: DispatchReply


class _MeasuredReply(TypedDict):
    status: Literal["ok", "wrong_result"]
    error: str
    traceback: str
    record_fields: tuple[str, ...]
    iterations: list[IterationReply]
    living_cpu_s: float
    calls: dict[str, int] | None


@final
class MeasuredReply(_MeasuredReply, total=False):
    """The reply to a measurement or a window that was completed; the keys are those of RunReply."""

    workers: WorkerFacts
    labels: list[str]
    differing: list[int]
    reference: ReferenceResults


class DispatchedReply(TypedDict):
    """The reply to a DispatchSpecification, if it succeeded."""

    status: Literal["ok"]
    dispatch: DispatchReply


class UntimedReply(TypedDict):
    """The reply to an UntimedSpecification, if it succeeded."""

    status: Literal["ok"]
    error: str


class _FailedReply(TypedDict):
    status: Literal["failed", "crashed"]
    error: str
    traceback: str
    record_fields: tuple[str, ...]
    iterations: list[IterationReply]


@final
class FailedReply(_FailedReply, total=False):
    """The reply to a run that failed; the keys are those of RunReply."""

    worker_exit_code: int
    workers: WorkerFacts
    calls: dict[str, int] | None
    labels: list[str]
    differing: list[int]


class InterpreterFacts(TypedDict):
    """What an interpreter reports about itself."""

    executable: str
    version: str
    implementation: str
    build: str
    compiler: str
    free_threaded: bool
    gil_enabled: bool
    usable_cpus: int
    thread_counts: dict[str, str]  #: environment variables that limit numbers of threads
    packages: dict[str, str]


class CellReply(TypedDict):
    """The result of the preflight check for one cell."""

    tasks: int | None  #: None: the workload cannot be loaded
    is_async: bool
    file: str | None  #: of the module of the function; None: it has none
    problems: list[list[str]]  #: pairs of setting and message


class PreflightReply(TypedDict):
    """The result of the preflight check; cells in the order of the specification."""

    interpreter: InterpreterFacts
    cells: list[CellReply]


Reply = PreflightReply | RunReply
