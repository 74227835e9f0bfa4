"""One cell measured once: the specification that the probe gets, and the samples made of its reply."""

import json
import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from runner.folder.atomic_files import temporary_folder
from runner.measure.chunking import Dispatch
from runner.measure.noise import Reading, disturbance
from runner.modes import bags_of, has_window
from runner.paths import PROBE, experiments_path
from runner.records import Cell, Reference, Sample, Status, TaskRecord
from runner.supervise.server import Ending, Launch

_SHOWN_OUTPUT = 300  # characters of what a failed invocation printed last
_SHOWN_ERROR = 1000  # characters of an error; the log has the whole of its traceback

# Stamps cost less than a twentieth of what they stamp: that of a task takes 5 µs (two readings each of the
# CPU clock and of schedstat), that of a chunk 2.5 µs.
SHORTEST_STAMPED_S = 100e-6
SHORTEST_STAMPED_CHUNK_S = 50e-6

# A worker's stamps also have to come back from it. Where the data of a chunk takes this long, that is as
# little beside it, however short the tasks are.
LEAST_BETWEEN_CHUNKS_S = 1e-3

#: What a reply tells of the workers.
_FACTS = ("distinct_workers", "gil_enabled", "start_method", "native_threads", "in_one_interpreter")


class Supervises(Protocol):
    """What an invocation needs of the supervisor."""

    def run(self, launch: Launch) -> Ending:
        """Run one invocation to its end."""
        ...


@dataclass(frozen=True, kw_only=True)
class Request:
    """One invocation to make."""

    cell: Cell
    repetition: int  #: 0 makes the reference
    position: int
    iterations: int
    time_limit_s: float
    reference: Reference
    output: Path  #: gets what the workload prints
    auto_chunk_size: int = 1  #: what a chunk size of `auto` has come to
    between_chunks_s: float = 0.0  #: from the end of one to that of the next, as an earlier invocation found
    dispatch: bool = False  #: measure what handing out a chunk costs, and no task

    @property
    def tasks_per_chunk(self) -> int | None:
        """Tasks sent to a worker at a time; None: all of them."""
        return self.cell.tasks_per_chunk(self.auto_chunk_size)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an invocation found."""

    samples: list[Sample]
    records: list[TaskRecord]
    reference: Reference | None = None  #: what this invocation would fix as a reference, if it ended well
    dispatch: Dispatch | None = None  #: if that was asked for; then there is no sample
    traceback: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)  #: as seen in the workers
    seconds: float
    afterwards: str = ""  #: how the interpreter ended once it had answered, if not well
    left_behind: int = 0  #: processes that outlived the workload and were ended
    alive: int = 0  #: processes that could not be ended

    @property
    def status(self) -> Status:
        """The invocation's status is its last sample's."""
        return self.samples[-1].status if self.samples else "ok"

    @property
    def error(self) -> str:
        """Why it did not end well."""
        return self.samples[-1].error


def invoke(request: Request, supervisor: Supervises) -> Outcome:
    """Measure one cell once, in a fresh interpreter."""
    is_window = _window(request, "") is not None
    with temporary_folder() if is_window else nullcontext("") as folder:
        launch = Launch(
            command=command(request.cell.settings),
            environment=environment(request.cell.settings),
            specification=json.dumps(_specification(request, str(folder))),
            output=str(request.output),
            time_limit_s=request.time_limit_s,
        )
        before = Reading.take()
        ending = supervisor.run(launch)
        noisy = disturbance(before, Reading.take(), ending.cpu_s)
    outcome = _outcome(request, ending)
    samples = [replace(sample, noisy=noisy) for sample in outcome.samples]
    return replace(outcome, samples=samples, alive=ending.alive)


def command(settings: Mapping[str, Any]) -> list[str]:
    """Name the program to start: [prefix…] PYTHON path/to/probe."""
    return [*settings["prefix"], settings["python"], str(PROBE)]


def environment(settings: Mapping[str, Any]) -> dict[str, str]:
    """Make the environment of a measured interpreter: ours, changed as the cell asks."""
    return {**os.environ, **settings["env"]}


def search_path() -> list[str]:
    """List where a workload may be imported from: the working directory, then the shipped experiments."""
    return [str(Path.cwd()), str(experiments_path())]


def explain(ending: Ending, output: Path, time_limit_s: float) -> tuple[Status, str]:
    """Say why an invocation ended without an answer."""
    if ending.ended == "interrupted":
        return "interrupted", "the runner was interrupted"
    if ending.ended == "timeout":
        return (
            "timeout",
            f"ended after its time limit of {time_limit_s:g} s; raise time_limit_s if it needs longer",
        )
    if ending.ended == "not started":
        return "crashed", f"the interpreter could not be started: {ending.error}"
    code = ending.exit_code or 0
    unanswered = " before it had answered" if code >= 0 else ""
    return "crashed", f"the interpreter {_end(code)}{unanswered}{_last_words(output)}"


def _end(exit_code: int) -> str:
    """Say how a process ended."""
    if exit_code == -signal.SIGKILL:
        return "was ended by SIGKILL, as the system does when memory runs out"
    return f"was ended by {_signal_name(-exit_code)}" if exit_code < 0 else f"exited with code {exit_code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most of the real-time signals have no name
        return f"signal {number}"


def _last_words(output: Path) -> str:
    lines = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"; it printed last: {lines[-1][-_SHOWN_OUTPUT:]}" if lines else ""


def _specification(request: Request, folder: str) -> dict[str, Any]:
    settings, reference = request.cell.settings, request.reference
    return {
        "path": search_path(),
        "workload": settings["workload"],
        "executor": settings["executor"],
        "chunk_size": request.tasks_per_chunk,
        "dispatch": request.dispatch,
        "iterations": request.iterations,
        "tracing": _tracing(request),
        "look": request.repetition <= 1,  # once for each cell, and each reference
        "calls": reference.calls,
        "reference": reference.results,
        "labelled": bool(reference.labels),
        "bags": bags_of(request.cell),
        "window": _window(request, folder),
    }


def _window(request: Request, folder: str) -> dict[str, Any] | None:
    """Say how long workers run tasks, how many they are and where they meet; the reference runs one bag."""
    if request.repetition == 0 or not has_window(request.cell):
        return None
    settings = request.cell.settings
    return {"duration_s": settings["duration_s"], "workers": request.cell.workers or 1, "folder": folder}


def _tracing(request: Request) -> str:
    """Tell what is stamped: every task, every chunk, or nothing but a run apart, which is no headline."""
    reference = request.reference
    if reference.task_s >= SHORTEST_STAMPED_S:
        return "task"
    if request.between_chunks_s >= LEAST_BETWEEN_CHUNKS_S and not request.cell.is_loop:
        return "chunk"
    tasks = len(reference.labels) * bags_of(request.cell)
    in_chunk = min(request.tasks_per_chunk or tasks, tasks)
    return "chunk" if reference.task_s * in_chunk >= SHORTEST_STAMPED_CHUNK_S else "apart"


def _outcome(request: Request, ending: Ending) -> Outcome:
    reply = ending.reply
    status: Status
    # A workload may make an error of its own of the SIGTERM that ends it: that is not why it failed.
    ended_by_us = ending.ended in ("timeout", "interrupted")
    if reply is None or (ended_by_us and reply["status"] not in ("ok", "wrong_result")):
        status, error = explain(ending, request.output, request.time_limit_s)
        return Outcome(samples=[_failed(request, 0, status, error)], records=[], seconds=ending.seconds)
    if reply["status"] == "ok" and request.dispatch:
        return Outcome(samples=[], records=[], dispatch=_dispatch(request, reply), seconds=ending.seconds)
    iterations: list[dict[str, Any]] = reply["iterations"]
    samples = [_sample(request, iteration) for iteration in iterations]
    status = reply["status"]
    if status == "ok":
        # What lived at the last reading was counted then.
        late_s = max(0.0, ending.orphans_cpu_s - reply["living_cpu_s"])
        # Whoever left it: most likely the first iteration, whose pool is the one that was measured whole.
        samples[0] = replace(samples[0], cpu_s=(samples[0].cpu_s or 0.0) + late_s)
    elif status == "wrong_result":
        error = _one_line(reply["error"])
        samples = [replace(sample, status=status, error=error) for sample in samples]
    else:
        samples.append(_failed(request, len(samples), status, _told(reply, request.output)))
    is_whole = status in ("ok", "wrong_result") and _window(request, "") is None
    made = _reference(reply, ending.seconds, bags_of(request.cell)) if is_whole else None
    labels = request.reference.labels or (made.labels if made else [])
    return Outcome(
        samples=samples,
        records=[
            record for iteration in iterations for record in _records(request, iteration, labels, reply)
        ],
        reference=made,
        traceback=reply["traceback"],
        facts={key: reply[key] for key in _FACTS if key in reply},
        seconds=ending.seconds,
        afterwards=_end(ending.exit_code) if ending.exit_code and not ending.killed else "",
        left_behind=ending.killed,
    )


def _told(reply: Mapping[str, Any], output: Path) -> str:
    """Take the error of a reply; where a worker died, with how it ended and what was printed last."""
    error: str = reply["error"]
    if "worker_exit_code" in reply:
        error = f"a worker {_end(reply['worker_exit_code'])}: {error}"
    last_words = _last_words(output) if reply["status"] == "crashed" else ""
    return error.rstrip(".") + last_words if last_words else error


def _sample(request: Request, iteration: Mapping[str, Any]) -> Sample:
    parts = (iteration.get(part) for part in ("start_ns", "work_ns", "end_ns"))
    p50_s, p90_s, p99_s = (time and time / 1e9 for time in iteration.get("service_ns", (None,) * 3))
    start_s, work_s, end_s = (None if part is None else part / 1e9 for part in parts)
    return Sample(
        cell=request.cell.id,
        repetition=request.repetition,
        position=request.position,
        iteration=iteration["iteration"],
        warmup=iteration["warmup"],
        tracing=iteration["tracing"],
        tasks=iteration["tasks"],
        tasks_per_chunk=request.tasks_per_chunk,
        started_at=_iso(datetime.fromtimestamp(iteration["started_at"], UTC)),
        start_s=start_s,
        work_s=work_s,
        end_s=end_s,
        wall_s=iteration["wall_ns"] / 1e9,
        cpu_s=iteration["cpu_s"],
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
        started_at=_iso(datetime.now(UTC)),
        status=status,
        error=_one_line(error),
    )


def _one_line(error: str) -> str:
    text = " ".join(error.split())
    return text if len(text) <= _SHOWN_ERROR else text[: _SHOWN_ERROR - 1] + "…"


def _records(
    request: Request, iteration: Mapping[str, Any], labels: list[str], reply: Mapping[str, Any]
) -> list[TaskRecord]:
    rows: list[dict[str, Any]] = [
        dict(zip(reply["record"], row, strict=True)) for row in iteration["records"]
    ]
    lanes = _lanes(rows, request.cell.workers)
    calls: Mapping[str, int] = reply.get("calls") or {}
    differing = set(reply.get("differing", ()))
    count = len(labels) or 1 + max((row["task"] + row["tasks"] for row in rows), default=0)
    named = [labels[row["task"] % count] if labels else "" for row in rows]
    return [
        TaskRecord(
            cell=request.cell.id,
            repetition=request.repetition,
            iteration=iteration["iteration"],
            label=label,
            worker=lanes[row["host"], row["process_id"], row["thread_id"]],
            calls=calls.get(label, 1),
            differs=any((task - row["task"]) % count < row["tasks"] for task in differing),
            **row,
        )
        for row, label in zip(rows, named, strict=True)
    ]


def _lanes(rows: list[dict[str, Any]], most: int | None) -> dict[tuple[str, int, int], int]:
    """Number the workers by their first task; beyond `most`, one that replaces another gets its lane."""
    last_ended: dict[tuple[str, int, int], int] = {}
    for row in rows:
        worker = row["host"], row["process_id"], row["thread_id"]
        last_ended[worker] = max(last_ended.get(worker, 0), row["ended_ns"])
    lanes: dict[tuple[str, int, int], int] = {}
    until: list[int] = []  # by lane: when its last worker's last task ended
    for row in sorted(rows, key=lambda row: int(row["started_ns"])):
        worker = row["host"], row["process_id"], row["thread_id"]
        if worker in lanes:
            continue
        lane = len(until)
        if most is not None and lane >= most:
            lane = next((old for old, end in enumerate(until) if end <= row["started_ns"]), lane)
        lanes[worker] = lane
        until[lane : lane + 1] = [last_ended[worker]]
    return lanes


def _dispatch(request: Request, reply: Mapping[str, Any]) -> Dispatch:
    found = reply["dispatch"]
    return Dispatch(
        chunk_s=found["chunk_ns"] / 1e9,
        workers=request.cell.workers or found["workers"],
        shares_gil=found["shares_gil"],
    )


def _reference(reply: Mapping[str, Any], seconds: float, bags: int) -> Reference:
    traced = max(reply["iterations"], key=lambda iteration: len(iteration["records"]))
    records = [dict(zip(reply["record"], row, strict=True)) for row in traced["records"]]
    tasks, tasks_s = sum(row["tasks"] for row in records), sum(row["busy_ns"] for row in records) / 1e9
    return Reference(
        results=reply.get("reference"),
        calls=reply["calls"],
        labels=reply.get("labels", []),
        task_s=tasks_s / tasks,
        lengths=list(_of_one_bag(records, tasks // bags)),
        cpu_share=traced["cpu_s"] / tasks_s if tasks_s else 0.0,
        seconds=seconds,
    )


def _of_one_bag(records: Iterable[Mapping[str, Any]], tasks: int) -> Iterator[tuple[int, float]]:
    """Give how many tasks each record has, and their seconds, of the bag that was begun first."""
    for row in records:
        count = min(row["tasks"], tasks)
        if count:
            yield count, row["busy_ns"] / 1e9 * count / row["tasks"]
        tasks -= count


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
