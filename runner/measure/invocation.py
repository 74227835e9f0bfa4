"""Measuring one cell once: the specification for the probe, and its reply as samples and task records."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from runner.measure.chunking import DispatchCost
from runner.measure.interpreter import (
    Interpreter,
    Supervises,
    dispatched_reply,
    explain,
    explain_exit,
    last_output,
    measured_reply,
    program_of,
)
from runner.measure.noise import Reading, disturbance
from runner.measure.time_limits import evidence_text
from runner.modes import bags_of, has_window
from runner.records import DEFAULT_LOAD_LIMIT_S, Cell, Reference, Sample, Status, TaskRecord
from runner.supervise.protocol import Ending
from runner.temporary_files import temporary_folder

if TYPE_CHECKING:  # the probe is on the path of type checkers only
    from runner_probe.wire import (
        DispatchReply,
        DispatchSpecification,
        ExpectedResults,
        FailedReply,
        IterationReply,
        MeasuredReply,
        MeasurementSpecification,
        RecordFields,
        RecordValues,
        RunSpecification,
        Tracing,
        WindowSpecification,
        WorkerFacts,
    )

_MAX_ERROR_LENGTH = 1000  # characters of an error; the log has its whole traceback

# Tracing adds less than a twentieth to the duration: 5 µs to a task (two readings each of the CPU clock and
# of schedstat), 2.5 µs to a chunk.
MIN_TRACED_S = 100e-6
MIN_TRACED_CHUNK_S = 50e-6

# The times of a traced chunk must also be sent back. If the data of a chunk takes at least this long to
# transfer, that is negligible, however short the tasks are.
MIN_BETWEEN_CHUNKS_S = 1e-3


@dataclass(frozen=True, kw_only=True)
class Request:
    """One invocation to make."""

    cell: Cell
    repetition: int  #: 0 for the reference run
    position: int  #: in the order of the repetition, from 0
    iterations: int
    time_limit_s: float
    load_limit_s: float = DEFAULT_LOAD_LIMIT_S
    reference: Reference
    reference_cell: str = ""  #: the cell whose record in `references_file` contains it
    references_file: Path = Path()
    output: Path  #: file for the output of the workload
    auto_chunk_size: int = 1  #: the chunk size that `auto` resolves to
    between_chunks_s: float = 0.0  #: time between the ends of consecutive chunks in an earlier invocation
    is_mostly_dispatch: bool = False  #: an earlier traced run took many times as long as its short tasks
    dispatch: bool = False  #: measure only the cost of dispatching a chunk

    @property
    def tasks_per_chunk(self) -> int | None:
        """Tasks sent to a worker at a time; None: all of them."""
        return self.cell.tasks_per_chunk(self.auto_chunk_size)

    @property
    def is_window(self) -> bool:
        """Whether workers run tasks until a window closes; the reference runs one bag instead."""
        return has_window(self.cell) and self.repetition > 0 and not self.dispatch


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The results of an invocation."""

    samples: list[Sample]
    records: list[TaskRecord]
    #: what this invocation fixes if it is a reference run; None if it failed or traced nothing
    reference: Reference | None = None
    dispatch: DispatchCost | None = None  #: only if requested; then there is no sample
    traceback: str = ""
    facts: "WorkerFacts | None" = None  #: observed in the workers; None: no worker was observed
    seconds: float  #: duration of the whole invocation
    afterwards: str = ""  #: how the interpreter failed after its reply; empty if it did not
    left_behind: int = 0  #: leftover processes that were terminated
    alive: int = 0  #: leftover processes that could not be terminated

    @property
    def status(self) -> Status:
        """The status of the last sample."""
        return self.samples[-1].status if self.samples else "ok"

    @property
    def error(self) -> str:
        """Why the invocation failed."""
        return self.samples[-1].error


def invoke(request: Request, supervisor: Supervises) -> Outcome:
    """Measure one cell once, in a fresh interpreter."""
    with temporary_folder() if request.is_window else nullcontext("") as folder:
        launch = Interpreter.of(request.cell.settings).launch(
            _specification(request, str(folder)),
            request.output,
            request.time_limit_s,
            load_limit_s=request.load_limit_s,
        )
        before = Reading.take()
        ending = supervisor.run(launch)
        noisy = disturbance(before, Reading.take(), ending.cpu_s)
    outcome = _outcome(request, ending)
    samples = [replace(sample, noisy=noisy) for sample in outcome.samples]
    return replace(outcome, samples=samples, alive=ending.alive)


def _specification(request: Request, folder: str) -> "RunSpecification":
    """Build the specification.

    Args:
        request: what to measure
        folder: where the workers wait for each other before a window opens
    """
    program = program_of(request.cell, request.reference.calls)
    # Reporting them once per cell is enough, and once per reference run.
    with_native_threads = request.repetition <= 1
    if request.dispatch:
        dispatch: DispatchSpecification = {"kind": "dispatch", **program}
        return dispatch
    if request.is_window:
        window: WindowSpecification = {
            "kind": "window",
            **program,
            "folder": folder,
            "workers": request.cell.workers or 1,
            "duration_s": request.cell.settings["duration_s"],
            "reference": _expected(request),
            "with_native_threads": with_native_threads,
        }
        return window
    measurement: MeasurementSpecification = {
        "kind": "measurement",
        **program,
        "chunk_size": request.tasks_per_chunk,
        "iterations": request.iterations,
        "tracing": _tracing(request),
        "reference": _expected(request),
        "with_labels": not request.reference.labels,
        "with_native_threads": with_native_threads,
        "with_payload": request.repetition == 0,
        # Measuring it slows coroutines down a little, so only the reference run of a loop does.
        "with_held_share": request.repetition == 0 and request.cell.is_loop,
    }
    return measurement


def _expected(request: Request) -> "ExpectedResults | None":
    results = request.reference.results
    if results is None:
        return None
    return {
        "quick": results["quick"],
        "file": str(request.references_file.absolute()),  # a workload may change the directory
        "cell": request.reference_cell,
    }


def _tracing(request: Request) -> "Tracing":
    """Choose what to trace. A separate traced run is not a headline run."""
    reference = request.reference
    if reference.task_s >= MIN_TRACED_S:
        return "task"
    if request.between_chunks_s >= MIN_BETWEEN_CHUNKS_S and not request.cell.is_loop:
        return "chunk"
    tasks = len(reference.labels) * bags_of(request.cell)
    in_chunk = min(request.tasks_per_chunk or tasks, tasks)
    if reference.task_s * in_chunk >= MIN_TRACED_CHUNK_S:
        return "chunk"
    return "nothing" if request.is_mostly_dispatch else "separate_run"


def _outcome(request: Request, ending: Ending) -> Outcome:
    reply = dispatched_reply(ending) if request.dispatch else measured_reply(ending)
    # A workload may turn the SIGTERM that terminates it into an error, which is not why it failed.
    was_terminated = ending.ended in ("timeout", "interrupted")
    if reply is None or (was_terminated and reply["status"] not in ("ok", "wrong_result")):
        settings = request.cell.settings
        status, error = explain(ending, request.output, request.time_limit_s, settings)
        return Outcome(
            samples=[_failed(request, 0, status, error)],
            records=[],
            traceback=evidence_text(ending),
            seconds=ending.seconds,
        )
    if "dispatch" in reply:
        return Outcome(
            samples=[], records=[], dispatch=_dispatch(request, reply["dispatch"]), seconds=ending.seconds
        )
    match reply["status"]:
        case "ok" | "wrong_result":
            samples, reference = _samples(request, reply, ending), _reference(request, reply, ending)
        case "failed" | "crashed":
            samples, reference = _samples_of_failure(request, reply), None
    labels = request.reference.labels or (reference.labels if reference else [])
    return Outcome(
        samples=samples,
        records=[
            record
            for iteration in reply["iterations"]
            for record in _task_records(request, iteration, labels, reply)
        ],
        reference=reference,
        traceback=reply["traceback"],
        facts=reply.get("workers"),
        seconds=ending.seconds,
        afterwards=explain_exit(ending.exit_code) if ending.exit_code and not ending.killed else "",
        left_behind=ending.killed,
    )


def _samples(request: Request, reply: "MeasuredReply", ending: Ending) -> list[Sample]:
    samples = [_sample(request, iteration) for iteration in reply["iterations"]]
    if reply["status"] == "wrong_result":
        error = _one_line(reply["error"])
        return [replace(sample, status="wrong_result", error=error) for sample in samples]
    # The probe's last reading already includes the descendants that were alive then.
    late_s = max(0.0, ending.orphans_cpu_s - reply["living_cpu_s"])
    # Most likely the others belong to the first iteration: only its time includes the shutdown of its pool.
    samples[0] = replace(samples[0], cpu_s=(samples[0].cpu_s or 0.0) + late_s)
    return samples


def _samples_of_failure(request: Request, reply: "FailedReply") -> list[Sample]:
    samples = [_sample(request, iteration) for iteration in reply["iterations"]]
    error = _error_with_context(reply, request.output)
    return [*samples, _failed(request, len(samples), reply["status"], error)]


def _error_with_context(reply: "FailedReply", output: Path) -> str:
    """Add how a worker died and the last line of output, if that explains the error."""
    error = reply["error"]
    if "worker_exit_code" in reply:
        error = f"a worker {explain_exit(reply['worker_exit_code'])}: {error}"
    context = last_output(output) if reply["status"] == "crashed" else ""
    return error.rstrip(".") + context if context else error


def _sample(request: Request, iteration: "IterationReply") -> Sample:
    parts_ns = iteration.get("start_ns"), iteration.get("work_ns"), iteration.get("end_ns")
    start_s, work_s, end_s = (None if part_ns is None else part_ns / 1e9 for part_ns in parts_ns)
    service_s = [ns / 1e9 for ns in iteration.get("service_ns", ())]
    p50_s, p90_s, p99_s = service_s or (None, None, None)
    return Sample(
        cell=request.cell.id,
        repetition=request.repetition,
        position=request.position,
        iteration=iteration["iteration"],
        warmup=iteration["warmup"],
        tracing=iteration["tracing"],
        tasks=iteration["tasks"],
        tasks_per_chunk=request.tasks_per_chunk,
        started_at=_iso_format(datetime.fromtimestamp(iteration["started_at"], UTC)),
        start_s=start_s,
        work_s=work_s,
        end_s=end_s,
        wall_s=iteration["wall_ns"] / 1e9,
        cpu_s=iteration["cpu_s"],
        own_cpu_s=iteration["own_cpu_s"],
        main_cpu_s=iteration["main_cpu_s"],
        main_delay_s=iteration["main_delay_s"],
        system_s=iteration["system_s"],
        minor_faults=iteration["minor_faults"],
        in_progress=iteration.get("in_progress"),
        service_p50_s=p50_s,
        service_p90_s=p90_s,
        service_p99_s=p99_s,
    )


def _failed(request: Request, iteration: int, status: Status, error: str) -> Sample:
    return Sample(
        cell=request.cell.id,
        repetition=request.repetition,
        position=request.position,
        iteration=iteration,
        warmup=False,
        tasks=len(request.reference.labels) * bags_of(request.cell),
        tasks_per_chunk=request.tasks_per_chunk,
        started_at=_iso_format(datetime.now(UTC)),
        status=status,
        error=_one_line(error),
    )


def _one_line(error: str) -> str:
    text = " ".join(error.split())
    return text if len(text) <= _MAX_ERROR_LENGTH else text[: _MAX_ERROR_LENGTH - 1] + "…"


def _task_records(
    request: Request, iteration: "IterationReply", labels: Sequence[str], reply: "MeasuredReply | FailedReply"
) -> list[TaskRecord]:
    records = _named_fields(reply, iteration["records"])
    lanes = _lanes(records, request.cell.workers)
    calls = reply.get("calls") or {}
    differing = reply.get("differing", ())
    count = len(labels) or 1 + max((record["task"] + record["tasks"] for record in records), default=0)
    names = [labels[record["task"] % count] if labels else "" for record in records]
    return [
        TaskRecord(
            cell=request.cell.id,
            repetition=request.repetition,
            iteration=iteration["iteration"],
            label=label,
            worker=lanes[_thread(record)],
            calls=calls.get(label, 1),
            differs=any((task - record["task"]) % count < record["tasks"] for task in differing),
            **record,
        )
        for record, label in zip(records, names, strict=True)
    ]


def _named_fields(
    reply: "MeasuredReply | FailedReply", records: "Iterable[RecordValues]"
) -> "list[RecordFields]":
    fields = reply["record_fields"]
    return [cast("RecordFields", dict(zip(fields, values, strict=True))) for values in records]


def _thread(record: "RecordFields") -> tuple[str, int, int]:
    return record["host"], record["process_id"], record["thread_id"]


def _lanes(records: "Sequence[RecordFields]", max_lanes: int | None) -> dict[tuple[str, int, int], int]:
    """Number the workers in the order of their first tasks.

    Once there are `max_lanes` lanes, a new worker takes over the lane of a worker that has ended.
    """
    last_ended: dict[tuple[str, int, int], int] = {}
    for record in records:
        thread = _thread(record)
        last_ended[thread] = max(last_ended.get(thread, 0), record["ended_ns"])
    lanes: dict[tuple[str, int, int], int] = {}
    until: list[int] = []  # by lane: the end of its latest worker's last task
    for record in sorted(records, key=lambda record: record["started_ns"]):
        thread = _thread(record)
        if thread in lanes:
            continue
        lane = len(until)
        if max_lanes is not None and lane >= max_lanes:
            lane = next((old for old, end in enumerate(until) if end <= record["started_ns"]), lane)
        lanes[thread] = lane
        until[lane : lane + 1] = [last_ended[thread]]
    return lanes


def _dispatch(request: Request, dispatch: "DispatchReply") -> DispatchCost:
    return DispatchCost(
        chunk_s=dispatch["chunk_ns"] / 1e9,
        workers=request.cell.workers or dispatch["workers"],
        shares_gil=dispatch["shares_gil"],
    )


def _reference(request: Request, reply: "MeasuredReply", ending: Ending) -> Reference | None:
    """Return what a run fixes for others; None for a window, or if nothing was traced."""
    if request.is_window or not any(iteration["records"] for iteration in reply["iterations"]):
        return None
    traced = max(reply["iterations"], key=lambda iteration: len(iteration["records"]))
    records = _named_fields(reply, traced["records"])
    tasks = sum(record["tasks"] for record in records)
    tasks_s = sum(record["busy_ns"] for record in records) / 1e9
    return Reference(
        results=reply.get("reference"),
        calls=reply["calls"],
        labels=reply.get("labels", []),
        task_s=tasks_s / tasks,
        lengths=list(_durations_of_one_bag(records, tasks // bags_of(request.cell))),
        cpu_share=traced["cpu_s"] / tasks_s if tasks_s else 0.0,
        seconds=ending.seconds,
    )


def _durations_of_one_bag(records: "Iterable[RecordFields]", tasks: int) -> Iterator[tuple[int, float]]:
    """Yield the number of tasks and their seconds for each record of the first bag."""
    for record in records:
        count = min(record["tasks"], tasks)
        if count:
            yield count, record["busy_ns"] / 1e9 * count / record["tasks"]
        tasks -= count


def _iso_format(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
