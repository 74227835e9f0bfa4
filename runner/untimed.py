"""One cell run once more without a clock, to learn what would disturb a measurement."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner.invocation import Supervises, command, environment, explain, search_path
from runner.records import Cell, Purpose, Status, Untimed
from runner.supervisor import Ending, Launch

_UNTOLD = "this system does not tell what processes share: Linux does, in /proc/PID/smaps_rollup"


@dataclass(frozen=True, kw_only=True)
class UntimedRequest:
    """One invocation to make without a clock."""

    cell: Cell
    purpose: Purpose
    calls: Mapping[str, int] | None  #: inner-loop counts of snippets, as in the timed invocations
    time_limit_s: float
    output: Path  #: gets what the workload prints


def run_untimed(request: UntimedRequest, supervisor: Supervises) -> Untimed:
    """Run a cell's tasks once, on a pool of their own, for one purpose."""
    started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    if sys.platform != "linux":
        return Untimed(cell=request.cell.id, purpose=request.purpose, started_at=started_at, error=_UNTOLD)
    ending = supervisor.run(_launch(request))
    status, error = _end(request, ending)
    if status == "ok" and ending.peak_pss_bytes is None:
        error = _UNTOLD
    return Untimed(
        cell=request.cell.id,
        purpose=request.purpose,
        started_at=started_at,
        peak_pss_bytes=ending.peak_pss_bytes if status == "ok" else None,
        looks=ending.looks,
        status=status,
        error=" ".join(error.split()),
    )


def _launch(request: UntimedRequest) -> Launch:
    settings = request.cell.settings
    return Launch(
        command=command(settings),
        environment=environment(settings),
        specification=json.dumps(_specification(request)),
        output=str(request.output),
        time_limit_s=request.time_limit_s,
        memory=request.purpose == "memory",
    )


def _specification(request: UntimedRequest) -> dict[str, Any]:
    settings = request.cell.settings
    return {
        "path": search_path(),
        "workload": settings["workload"],
        "executor": settings["executor"],
        "chunk_size": settings["chunk_size"],
        "calls": request.calls,
        "untimed": True,
    }


def _end(request: UntimedRequest, ending: Ending) -> tuple[Status, str]:
    """Say how it ended; a reply that came although the time was up does not count."""
    if ending.reply is None or ending.ended in ("timeout", "interrupted"):
        return explain(ending, request.output, request.time_limit_s)
    return ending.reply["status"], ending.reply["error"]
