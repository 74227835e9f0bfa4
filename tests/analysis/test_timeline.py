"""The timeline of a run: bars of limited number whose sums are exact."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from runner.analysis.explain.trace import TraceRecords
from runner.analysis.timeline import timeline
from runner.records import Sample

MOST = 100


def run_of(workers: int, tasks_of_each: int) -> tuple[TraceRecords, Sample]:
    """Make a run in which each worker does tasks of half a second, one every second."""
    number = np.arange(workers * tasks_of_each)
    started = (number // workers).astype(float)
    columns: dict[str, Any] = {
        field.name: np.zeros_like(number) for field in dataclasses.fields(TraceRecords)
    }
    columns |= {
        "task": number,
        "worker": number % workers,
        "tasks": np.ones_like(number),
        "label": np.array([f"task {each}" for each in number], dtype=object),
        "started": started,
        "ended": started + 0.5,
        "busy": np.full(len(number), 0.5),
    }
    sample = Sample(
        cell="made",
        repetition=1,
        position=0,
        iteration=0,
        warmup=False,
        tasks=len(number),
        started_at="",
        status="ok",
        wall_s=float(tasks_of_each),
    )
    return TraceRecords(**columns), sample


@pytest.mark.parametrize(
    ("workers", "tasks_of_each", "per_lane", "bars"),
    [
        (2, 10, 1, 20),
        (2, 1000, 1, 100),
        (100, 50, 1, 100),
        (101, 1, 5, 21),  # too many workers for a lane each
        (5000, 20, 200, 100),
    ],
)
def test_the_bars_are_limited_and_their_sums_are_exact(
    workers: int, tasks_of_each: int, per_lane: int, bars: int
) -> None:
    made = timeline(*run_of(workers, tasks_of_each), MOST)
    assert (made.workers, made.workers_per_lane) == (workers, per_lane)
    assert len(made.bars) == bars
    assert len(made.bars) <= MOST
    assert sum(bar.tasks for bar in made.bars) == workers * tasks_of_each
    assert sum(bar.busy_s for bar in made.bars) == workers * tasks_of_each / 2
    assert max(bar.lane for bar in made.bars) == -(-workers // per_lane) - 1
