"""One cell run once more without a clock, to learn what would disturb a measurement."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner.folder.atomic_files import reporting_write_errors, temporary_folder
from runner.measure.invocation import Supervises, command, environment, explain, search_path
from runner.measure.profilers import collect_allocations, spying
from runner.modes import bags_of
from runner.records import Cell, Purpose, UntimedRun
from runner.supervise.server import Ending, Launch

_UNTOLD = "this system does not tell what processes share: Linux does, in /proc/PID/smaps_rollup"


@dataclass(frozen=True, kw_only=True)
class UntimedRequest:
    """One invocation to make without a clock."""

    cell: Cell
    purpose: Purpose
    calls: Mapping[str, int] | None  #: inner-loop counts of snippets, as in the timed invocations
    time_limit_s: float
    output: Path  #: gets what the workload prints
    profile: Path  #: gets what a profiler finds, if one is asked for
    auto_chunk_size: int = 1  #: what `auto` comes to in this cell


def run_untimed(request: UntimedRequest, supervisor: Supervises) -> UntimedRun:
    """Run a cell's tasks once, on a pool of their own, for one purpose.

    Raises:
        RunnerError: if there is no room for what is found, say
    """
    empty = UntimedRun(
        cell=request.cell.id,
        purpose=request.purpose,
        started_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )
    if request.purpose == "memory":
        return _look_at_memory(request, supervisor, empty)
    with reporting_write_errors(_study_folder(request)):
        request.profile.parent.mkdir(exist_ok=True)
    if request.purpose == "cpu-profile":
        return _profile_cpu(request, supervisor, empty)
    return _profile_memory(request, supervisor, empty)


def _look_at_memory(request: UntimedRequest, supervisor: Supervises, empty: UntimedRun) -> UntimedRun:
    if sys.platform != "linux":
        return replace(empty, error=_UNTOLD)
    ending = supervisor.run(replace(_launch(request), memory=True))
    found = _ended(request, ending, empty)
    if found.status != "ok":
        return found
    error = _UNTOLD if ending.peak_pss_bytes is None else ""
    return replace(found, peak_pss_bytes=ending.peak_pss_bytes, looks=ending.looks, error=error)


def _profile_cpu(request: UntimedRequest, supervisor: Supervises, empty: UntimedRun) -> UntimedRun:
    launch = _launch(request)
    spied = spying(launch.command, request.cell.settings["python"], request.profile)
    found = _ended(request, supervisor.run(replace(launch, command=spied)), empty)
    if found.status == "ok" and not request.profile.exists():
        return replace(
            found, status="failed", error="py-spy wrote no profile; it may have had too little time"
        )
    return replace(found, profile=request.profile.name) if found.status == "ok" else found


def _profile_memory(request: UntimedRequest, supervisor: Supervises, empty: UntimedRun) -> UntimedRun:
    with temporary_folder() as pieces:
        found = _ended(request, supervisor.run(_launch(request, allocations=str(pieces))), empty)
        if found.status != "ok":
            return found
        with reporting_write_errors(_study_folder(request)):
            collect_allocations(pieces, request.profile)
    return replace(found, profile=request.profile.name)


def _study_folder(request: UntimedRequest) -> Path:
    return request.output.parent.parent


def _launch(request: UntimedRequest, **further: Any) -> Launch:
    settings = request.cell.settings
    return Launch(
        command=command(settings),
        environment=environment(settings),
        specification=json.dumps({**_specification(request), **further}),
        output=str(request.output),
        time_limit_s=request.time_limit_s,
    )


def _specification(request: UntimedRequest) -> dict[str, Any]:
    settings = request.cell.settings
    return {
        "path": search_path(),
        "workload": settings["workload"],
        "executor": settings["executor"],
        "chunk_size": request.cell.tasks_per_chunk(request.auto_chunk_size),
        "calls": request.calls,
        "bags": bags_of(request.cell),
        "window": None,
        "untimed": True,
    }


def _ended(request: UntimedRequest, ending: Ending, empty: UntimedRun) -> UntimedRun:
    """Say how it ended; a reply that came although the time was up does not count."""
    if ending.reply is None or ending.ended in ("timeout", "interrupted"):
        status, error = explain(ending, request.output, request.time_limit_s)
    else:
        status, error = ending.reply["status"], ending.reply["error"]
    return replace(empty, status=status, error=" ".join(error.split()))
