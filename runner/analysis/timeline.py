"""The timeline of each cell: when its workers were busy in the traced run of median wall time."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from runner.analysis.explain.trace import Trace, TraceRecords
from runner.facts import Timeline, TimelineBar
from runner.records import Cell, Sample

_MOST_BARS = 12_000  # in all timelines of a study together
_FEWEST_BARS, _MOST_BARS_OF_CELL = 12, 800
_FEWEST_PARTS = 4  # of a lane that shows several workers


def analyse_timelines(cells: Sequence[Cell], trace: Trace) -> Mapping[str, Timeline]:
    """Make the timelines of the cells that were traced, by cell; together they have a limited size."""
    most = min(max(_MOST_BARS // max(len(cells), 1), _FEWEST_BARS), _MOST_BARS_OF_CELL)
    timelines = {}
    for cell in cells:
        records = trace.records(cell.id)
        if records is not None:
            by_repetition = records.by_repetition()
            samples = {repetition: trace.sample(cell.id, repetition) for repetition in by_repetition}
            repetition = _median_run(samples)
            timelines[cell.id] = timeline(by_repetition[repetition], samples[repetition], most)
    return timelines


def timeline(records: TraceRecords, sample: Sample, most: int) -> Timeline:
    """Make the timeline of one run.

    If it has more records than bars, those of a lane that start in the same part of the run are one bar; the
    sums of tasks and busy time are exact. If there are more workers than bars, a lane shows several workers.

    Args:
        records: of the run
        sample: its sample
        most: largest number of bars
    """
    opened = float(records.started.min()) - (sample.start_s or 0.0)
    wall_s = sample.wall_s or 0.0
    workers, lane = np.unique(records.worker, return_inverse=True)
    per_lane = 1 if len(workers) <= most else math.ceil(len(workers) * _FEWEST_PARTS / most)
    lane = lane // per_lane
    parts = max(1, most // math.ceil(len(workers) / per_lane))
    if len(records) > most:
        span_s = max(wall_s, float(records.ended.max()) - opened)
        part = np.minimum((records.started - opened) / span_s * parts, parts - 1).astype(np.int64)
    else:
        part = np.arange(len(records))  # a bar for each record
    bars = sorted(_bars(records, lane * (int(part.max()) + 1) + part, lane, opened), key=_place)
    return Timeline(
        repetition=sample.repetition,
        wall_s=wall_s,
        workers=len(workers),
        workers_per_lane=per_lane,
        bars=tuple(bars),
        is_separate=sample.tracing,
    )


def _bars(
    records: TraceRecords, key: NDArray[np.int64], lane: NDArray[np.int64], opened: float
) -> Iterator[TimelineBar]:
    """Merge the records of equal keys."""
    order = np.lexsort((records.started, key))
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    first = order[starts]
    end = np.maximum.reduceat(records.ended[order], starts)
    busy = np.add.reduceat(records.busy[order], starts)
    tasks = np.add.reduceat(records.tasks[order], starts)
    for number, row in enumerate(first.tolist()):
        yield TimelineBar(
            lane=int(lane[row]),
            start_s=float(records.started[row]) - opened,
            end_s=float(end[number]) - opened,
            busy_s=float(busy[number]),
            tasks=int(tasks[number]),
            label=str(records.label[row]),
        )


def _place(bar: TimelineBar) -> tuple[int, float]:
    return bar.lane, bar.start_s


def _median_run(samples: Mapping[int, Sample]) -> int:
    """Return the repetition of median wall time; of two in the middle, the shorter."""
    by_time = sorted(samples, key=lambda repetition: samples[repetition].wall_s or 0.0)
    return by_time[(len(by_time) - 1) // 2]
