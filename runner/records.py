"""The records that every stage speaks: what is measured, and what one measurement found."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

#: Tasks sent to a worker at a time; None: all of them.
ChunkSize = int | Literal["auto"] | None
LOOP = "runner_probe.adapters.serial.Serial"  #: the target of the plain loop, which is no pool
AUTO: Literal["auto"] = "auto"  #: settled once, before the first repetition

Status = Literal["ok", "failed", "crashed", "timeout", "wrong_result", "interrupted"]
Purpose = Literal["memory", "cpu-profile", "memory-profile"]  #: of an invocation without a clock


class Mode(StrEnum):
    """What is measured of a workload."""

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
    workers: int | None  #: None: the executor takes no number of workers, or chooses it itself
    chunk_size: ChunkSize
    python: str  #: the interpreter, as the user named it
    swept: Mapping[str, Any] = field(default_factory=dict)  #: further swept settings, by key
    settings: Mapping[str, Any]  #: all that changes the measured program, resolved; JSON only

    def __hash__(self) -> int:
        """Hash by identity: the settings are dictionaries."""
        return hash(self.id)

    def tasks_per_chunk(self, auto: int) -> int | None:
        """Give the chunk size, `auto` having come to this; None: all tasks at once."""
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
        return self.executor if self.workers is None else f"{self.executor} × {self.workers}"

    @property
    def work(self) -> str:
        """What is run, whoever runs it: cells of the same work may be compared."""
        return json.dumps(self.settings["workload"], sort_keys=True)


def shown_value(value: Any) -> str:
    """Show the value of a setting; a whole number without a decimal point."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def names(cells: Sequence[Cell]) -> dict[str, str]:
    """Name cells by executor, workers and the settings that differ between them; by id.

    `process × 4 (chunk_size=10, count=60)`. A setting that does not reach a cell, such as the chunk size of
    the plain loop, is left out of its name.
    """
    settings = {cell.id: _distinguishing_settings(cell) for cell in cells}
    varying = [
        key
        for key in dict.fromkeys(key for own in settings.values() for key in own)
        if len({str(own[key]) for own in settings.values() if own.get(key) is not None}) > 1
    ]
    named = {}
    for cell in cells:
        own = settings[cell.id]
        shown = ", ".join(
            f"{key.rpartition('.')[2]}={shown_value(own[key])}" for key in varying if own.get(key) is not None
        )
        named[cell.id] = f"{cell.name} ({shown})" if shown else cell.name
    return named


def _distinguishing_settings(cell: Cell) -> dict[str, Any]:
    size = "all" if cell.chunk_size is None else cell.chunk_size
    return {"chunk_size": None if cell.is_loop else size, "python": cell.python, **cell.swept}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One iteration of one invocation: a row of `samples.csv`.

    Times are None unless it ended well; its parts also where the tasks are too short to be recorded with it.
    """

    cell: str
    repetition: int  #: counted from 1; 0 is the reference invocation, which enters no statistic
    position: int  #: place of the invocation in its repetition, from 0
    iteration: int  #: 0 has a pool of its own; later ones share a second pool
    warmup: bool  #: the run that warms the second pool up
    tracing: bool = False  #: made only to record tasks too short to be recorded in the headline
    tasks: int  #: in a window, those that ended within it
    tasks_per_chunk: int | None = None  #: sent to a worker at a time; None: all of them
    started_at: str  #: ISO 8601, UTC
    start_s: float | None = None  #: from before the pool's construction to the first task's start
    work_s: float | None = None  #: to the last task's end; or from a window's opening to its closing
    end_s: float | None = None  #: to the return of shutdown
    wall_s: float | None = None  #: the three together
    cpu_s: float | None = None  #: user and system time of the whole process tree
    in_progress: int | None = None  #: tasks that a window closed on; these four only where there is one
    service_p50_s: float | None = None  #: what half of the tasks that ended within the window do not exceed
    service_p90_s: float | None = None
    service_p99_s: float | None = None
    noisy: str = ""  #: what others took from the machine during the invocation, where it matters
    status: Status = "ok"
    error: str = ""
    invocation_s: float | None = None  #: of the whole invocation; on its last row, which completes it


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What the reference invocation of a baseline fixes for the cells relative to it."""

    results: list[dict[str, Any]] | None = None  #: None where it failed: nothing to compare with
    calls: dict[str, int] | None = None  #: inner-loop counts of snippets; None: to be calibrated
    labels: list[str] = field(default_factory=list)
    task_s: float = math.inf  #: mean duration of a task; it tells which of them are stamped
    lengths: list[tuple[int, float]] = field(default_factory=list)  #: as `auto_chunk_size` takes them
    cpu_share: float = 0.0  #: CPU seconds a second of its tasks
    seconds: float = 0.0  #: of the invocation as a whole


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one invocation fixes for those that follow, in this sitting or in one that resumes it."""

    cell: str
    repetition: int
    reference: Reference | None  #: None: the cells relative to it go by another
    facts: Mapping[str, Any]  #: as seen in its workers; empty where they were known


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """What was measured before a study is resumed: whole invocations, none of them interrupted."""

    samples: Sequence[Sample] = ()
    findings: Sequence[Finding] = ()
    untimed: Sequence["UntimedRun"] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskRecord:
    """One task, or one chunk of tasks, on one worker: a row of the trace. One clock, nanoseconds."""

    cell: str
    repetition: int
    iteration: int
    task: int  #: position of the (first) task among the items
    label: str
    worker: int  #: lane: workers numbered in the order of their first task
    host: str
    process_id: int
    thread_id: int
    submitted_ns: int
    started_ns: int
    ended_ns: int
    received_ns: int
    busy_ns: int  #: time within tasks; less than from start to end where the record merges several
    cpu_ns: int | None  #: None where the record is of a chunk too short to pay for it
    run_delay_ns: int | None  #: time spent runnable but not running; Linux only
    tasks: int  #: how many tasks the record covers
    calls: int  #: inner loop of a snippet; 1 for a function
    differs: bool  #: the result of one of its tasks is not the one it should be


@dataclass(frozen=True, kw_only=True, slots=True)
class UntimedRun:
    """One invocation without a clock, of which nothing enters a statistic: a row of `untimed.csv`."""

    cell: str
    purpose: Purpose
    started_at: str  #: ISO 8601, UTC
    peak_pss_bytes: int | None = None  #: the most that all its processes held together at any look
    looks: int = 0  #: how often the memory was looked at
    profile: str = ""  #: the file that a profiler made, in the folder `profiles`
    status: Status = "ok"
    error: str = ""  #: also why a figure is missing
