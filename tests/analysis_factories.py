"""Factories of analysed studies with the figures that a test chooses.

`analysed_cell`, `analysed_group` and `analysed_study` have a default for everything that a test does not set.
All cells have the workload `work`; their ids name executor and workers: `serial`, `process2`, …
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from runner.estimate import Estimate
from runner.facts import (
    Answer,
    Cause,
    CellAnalysis,
    Comparison,
    GroupAnalysis,
    HeadlineRun,
    Loss,
    Provenance,
    Spread,
    StudyAnalysis,
    StudyFacts,
    TaskAnalysis,
)
from runner.modes import MODES
from runner.records import Cell, Mode
from tests.factories import cell as make_cell

_STARTED = datetime(2026, 1, 1, tzinfo=UTC)
GIL = Cause(
    code="gil_or_lock",
    name="the GIL or another lock",
    short="GIL",
    remedy="use processes instead of threads",
)


def estimate(value: float, low: float | None = None, high: float | None = None, **changes: Any) -> Estimate:
    """Make an estimate; by default its bounds are 5% away."""
    return Estimate(
        value=value,
        low=0.95 * value if low is None else low,
        high=1.05 * value if high is None else high,
        **changes,
    )


def loss(share: float, cause: Cause = GIL) -> Loss:
    """Make a loss of a share of the workers' time."""
    return Loss(cause=cause, share=estimate(share))


def analysed_cell(
    executor: str = "serial",
    workers: int | None = None,
    *,
    wall_s: float = 1.0,
    speedup: float | None = 1.0,
    cell: Cell | None = None,
    **changes: Any,
) -> CellAnalysis:
    """Make a cell that succeeded in seven repetitions of `wall_s` seconds; `cell` replaces the made-up one.

    With status="failed" (or another that excludes it) it has no figures.
    """
    cell = cell or make_cell(executor, workers)
    is_ok = changes.get("status", "ok") == "ok"
    has_speedup = is_ok and speedup is not None
    facts: dict[str, Any] = {
        "cell": cell,
        "name": cell.name,
        "python": cell.python,
        "swept": cell.swept,
        "is_async": False,
        "shares_event_loop": False,
        "in_one_process": None,
        "usable_cpus": 2,
        "status": "ok",
        "error": "" if is_ok else "it went wrong",
        "printed": (),
        "printed_end": "",
        "runs": headline_runs([wall_s] * 7, speedup, cell.workers) if is_ok else (),
        "repetitions": 7 if is_ok else 0,
        "disturbed": 0,
        "tasks": 2,
        "tasks_per_chunk": cell.tasks_per_chunk(1),
        "bags": 1,
        "wall_s": estimate(wall_s) if is_ok else None,
        "wall_spread": Spread(least=wall_s, p10=wall_s, p90=wall_s, most=wall_s) if is_ok else None,
        "bag_s": None,
        "tasks_per_s": None,
        "service": None,
        "cpu_s": estimate(wall_s) if is_ok else None,
        "memory": None,
        "speedup": _speedup(cell, speedup) if has_speedup else None,
        "warm_speedup": None,
        "speedup_of_best": _speedup(cell, speedup) if has_speedup else None,
        "efficiency": estimate((speedup or 0) / cell.workers) if has_speedup and cell.workers else None,
        "marginal": None,
        "among_best": True if is_ok else None,
        "beats_baseline": speedup is not None and speedup > 1.05 if is_ok else None,
        "chunk_bound": None,
        "speedup_bound": Estimate.exact(float(min(cell.workers, 2))) if cell.workers and is_ok else None,
        "bound_limit": None,
        "exceeds_bound": False,
        "is_at_bound": False,
        "limit": None,
        "factors": None,
        "losses": (),
        "unexplained": None,
        "anomalies": {},
        "native_threads": None,
        "short_window": None,
        "missed_precision": None,
        "has_task_times": True,
    }
    return CellAnalysis(**{**facts, **changes})


def _speedup(cell: Cell, speedup: float | None) -> Estimate:
    return Estimate.exact(1.0) if cell.is_baseline else estimate(speedup or 1.0)


def headline_runs(
    wall_s: Iterable[float], speedup: float | None = None, workers: int | None = None
) -> tuple[HeadlineRun, ...]:
    """Make one run for each time, by repetition; all of a run is work."""
    return tuple(
        HeadlineRun(
            repetition=repetition,
            started_at=(_STARTED + timedelta(seconds=repetition)).isoformat(),
            wall_s=seconds,
            unit_s=seconds,
            start_s=0.0,
            work_s=seconds,
            end_s=0.0,
            cpu_s=seconds,
            tasks=2,
            tasks_per_s=None,
            speedup=speedup,
            efficiency=None if speedup is None or workers is None else speedup / workers,
            disturbance="",
        )
        for repetition, seconds in enumerate(wall_s, 1)
    )


def analysed_group(cells: Sequence[CellAnalysis], **changes: Any) -> GroupAnalysis:
    """Make a group of cells; the fastest is recommended, and parallelism helps if it is a pool."""
    succeeded = [cell for cell in cells if cell.is_ok and cell.wall_s is not None]
    ranked = sorted(succeeded, key=lambda cell: cell.wall_s.value if cell.wall_s else 0.0)
    fastest = ranked[0].cell.id if ranked else None
    baseline = cells[0].cell.baseline
    has_pool = any(cell.is_pool for cell in succeeded)
    recommended = changes.get("recommended", fastest)
    answer = Answer.HELPS if recommended != baseline else Answer.DOES_NOT_HELP
    facts: dict[str, Any] = {
        "workload": cells[0].cell.workload,
        "where": {},
        "baseline": baseline,
        "cells": tuple(cell.cell.id for cell in succeeded),
        "failed": tuple(cell.cell.id for cell in cells if not cell.is_ok),
        "answer": answer if has_pool else None,
        "reason": None,
        "no_busier": (),
        "executors": _other_executors(ranked, recommended),
        "fastest": fastest,
        "recommended": recommended,
        "repetitions": min((cell.repetitions for cell in succeeded), default=0),
        "needed_repetitions": 6,
        "next_over_fastest": None,
        "fewer_workers": None,
        "more_workers": None,
        "more_repetitions": None,
        "explanation": None,
        "remedies": {},
        "snippets": None,
    }
    return GroupAnalysis(**{**facts, **changes})


def _other_executors(ranked: Sequence[CellAnalysis], recommended: str | None) -> tuple[Comparison, ...]:
    """Compare the best cell of every other executor with the recommended cell."""
    best: dict[str, CellAnalysis] = {}
    for cell in ranked:
        best.setdefault(cell.cell.executor, cell)
    chosen = [cell for cell in ranked if cell.cell.id == recommended and cell.wall_s]
    return tuple(
        Comparison(
            slower=cell.cell.id,
            faster=winner.cell.id,
            ratio=estimate((cell.wall_s or estimate(1.0)).value / (winner.wall_s or estimate(1.0)).value),
        )
        for winner in chosen
        for cell in best.values()
        if cell.is_pool and cell.cell.executor != winner.cell.executor
    )


def study_facts(mode: Mode = Mode.tasks, **changes: Any) -> StudyFacts:
    """Make the facts of a study of seven repetitions on two CPUs."""
    facts: dict[str, Any] = {
        "folder": Path("results/made"),
        "name": "made",
        "mode": mode,
        "window_s": 1.0 if MODES[mode].has_window else 0.0,
        "confidence": 0.95,
        "repetitions_asked": 7,
        "fewest_repetitions": 6,
        "precision": None,
        "time_budget_s": None,
        "swept": (),
        "cpu_model": "made-up CPU",
        "usable_cpus": 2,
        "is_interrupted": False,
    }
    return StudyFacts(**{**facts, **changes})


def provenance(**changes: Any) -> Provenance:
    """Make the provenance of a study that was started by `python -m runner executor=process workers=2`."""
    facts: dict[str, Any] = {
        "arguments": ("executor=process", "workers=2"),
        "configuration": {},
        "environment": {},
        "interpreters": (),
        "runner_version": "1.0",
        "seed": 1,
        "sessions": 1,
        "started_at": "2026-01-01T00:00:01+00:00",
    }
    return Provenance(**{**facts, **changes})


def analysed_study(
    cells: Sequence[CellAnalysis], *, study: StudyFacts | None = None, **changes: Any
) -> StudyAnalysis:
    """Make a study of cells; by default those with the same baseline are a group."""
    by_baseline: dict[str, list[CellAnalysis]] = {}
    for cell in cells:
        by_baseline.setdefault(cell.cell.baseline, []).append(cell)
    facts: dict[str, Any] = {
        "study": study or study_facts(),
        "provenance": provenance(),
        "cells": {cell.cell.id: cell for cell in cells},
        "groups": tuple(analysed_group(group) for group in by_baseline.values()),
        "work": (),
        "tasks": (),
        "timelines": {},
        "laws": (),
        "break_evens": (),
        "what_ifs": (),
        "known_answers": (),
        "profiles": (),
        "warnings": (),
    }
    return StudyAnalysis(**{**facts, **changes})


def analysed_snippet(label: str, time_s: float, *, cell: str = "serial", **changes: Any) -> TaskAnalysis:
    """Make one snippet of a cell."""
    facts: dict[str, Any] = {
        "cell": cell,
        "task": 0,
        "label": label,
        "calls": 1000,
        "per_call": True,
        "time_s": estimate(time_s),
        "relative": None,
        "among_best": None,
        "differing": 0,
    }
    return TaskAnalysis(**{**facts, **changes})
