"""Untimed runs: one more run of a cell, to measure its memory or to profile it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from runner.folder.atomic_files import reporting_write_errors
from runner.measure.interpreter import Interpreter, Supervises, explain, program_of, untimed_reply
from runner.measure.profilers import collect_allocations, with_py_spy
from runner.records import DEFAULT_LOAD_LIMIT_S, Cell, Purpose, UntimedRun
from runner.supervise.protocol import Ending, Launch
from runner.temporary_files import temporary_folder

if TYPE_CHECKING:
    from runner_probe.wire import UntimedSpecification

_UNKNOWN_MEMORY = "this system does not report shared memory; Linux does, in /proc/PID/smaps_rollup"


@dataclass(frozen=True, kw_only=True)
class UntimedRequest:
    """One untimed run to make."""

    cell: Cell
    purpose: Purpose
    calls: Mapping[str, int] | None  #: inner-loop counts of snippets, as in the timed invocations
    time_limit_s: float
    load_limit_s: float = DEFAULT_LOAD_LIMIT_S
    output: Path  #: file for the output of the workload
    profile: Path  #: file for the profile, if the purpose is one
    auto_chunk_size: int = 1  #: the size that `auto` resolves to in this cell


def run_untimed(request: UntimedRequest, supervisor: Supervises) -> UntimedRun:
    """Run a cell's tasks once, on a new pool, for one purpose.

    Raises:
        RunnerError: if the result cannot be written, for example because the disk is full
    """
    run = UntimedRun(
        cell=request.cell.id,
        purpose=request.purpose,
        started_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )
    if request.purpose == "memory":
        return _measure_memory(request, supervisor, run)
    with reporting_write_errors(_study_folder(request)):
        request.profile.parent.mkdir(exist_ok=True)
    if request.purpose == "cpu-profile":
        return _profile_cpu(request, supervisor, run)
    return _profile_memory(request, supervisor, run)


def _measure_memory(request: UntimedRequest, supervisor: Supervises, run: UntimedRun) -> UntimedRun:
    if sys.platform != "linux":
        return replace(run, error=_UNKNOWN_MEMORY)
    ending = supervisor.run(replace(_launch(request), memory=True))
    ended = _with_ending(request, ending, run)
    if ended.status != "ok":
        return ended
    error = _UNKNOWN_MEMORY if ending.peak_pss_bytes is None else ""
    return replace(ended, peak_pss_bytes=ending.peak_pss_bytes, looks=ending.memory_samples, error=error)


def _profile_cpu(request: UntimedRequest, supervisor: Supervises, run: UntimedRun) -> UntimedRun:
    launch = _launch(request)
    profiled = with_py_spy(launch.command, request.cell.settings["python"], request.profile)
    ended = _with_ending(request, supervisor.run(replace(launch, command=profiled)), run)
    if ended.status == "ok" and not request.profile.exists():
        return replace(
            ended, status="failed", error="py-spy wrote no profile; the run may have been too short"
        )
    return replace(ended, profile=request.profile.name) if ended.status == "ok" else ended


def _profile_memory(request: UntimedRequest, supervisor: Supervises, run: UntimedRun) -> UntimedRun:
    with temporary_folder() as allocations:
        ended = _with_ending(request, supervisor.run(_launch(request, allocations)), run)
        if ended.status != "ok":
            return ended
        with reporting_write_errors(_study_folder(request)):
            collect_allocations(allocations, request.profile)
    return replace(ended, profile=request.profile.name)


def _study_folder(request: UntimedRequest) -> Path:
    return request.output.parent.parent


def _launch(request: UntimedRequest, allocations: Path | None = None) -> Launch:
    calls = None if request.calls is None else dict(request.calls)
    specification: UntimedSpecification = {
        "kind": "untimed",
        **program_of(request.cell, calls),
        "chunk_size": request.cell.tasks_per_chunk(request.auto_chunk_size),
        "allocations": None if allocations is None else str(allocations),
    }
    return Interpreter.of(request.cell.settings).launch(
        specification, request.output, request.time_limit_s, load_limit_s=request.load_limit_s
    )


def _with_ending(request: UntimedRequest, ending: Ending, run: UntimedRun) -> UntimedRun:
    """Add how the run ended. A reply that arrived after the time limit is ignored."""
    reply = untimed_reply(ending)
    if reply is None or ending.ended in ("timeout", "interrupted"):
        status, error = explain(ending, request.output, request.time_limit_s, request.cell.settings)
    else:
        status, error = reply["status"], reply["error"]
    return replace(run, status=status, error=" ".join(error.split()))
