"""The time of every task of every cell, and the ranking of snippets."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from runner.analysis.explain.trace import Trace, TraceRecords
from runner.analysis.intervals import Level, Values, among_best, medians, ratio_of_medians
from runner.estimate import Estimate
from runner.facts import TaskAnalysis
from runner.records import Cell


def analyse_tasks(cells: Sequence[Cell], trace: Trace, level: Level) -> Iterator[TaskAnalysis]:
    """Analyse the tasks of every cell that has records of them."""
    for cell in cells:
        records = trace.records(cell.id)
        if records is not None:
            yield from _tasks_of(cell, records, level)


def _tasks_of(cell: Cell, records: TraceRecords, level: Level) -> Iterator[TaskAnalysis]:
    """Analyse the tasks, or the records that merge several, if every repetition has all of them."""
    task, first, row = np.unique(records.task, return_index=True, return_inverse=True)
    times = _times(records, row, len(task))
    if times is None:
        return  # records were merged, in each repetition from different tasks on
    per_call = bool(cell.settings["workload"]["snippets"])
    differing = np.bincount(row, weights=records.differs)
    ranks = _rank(times, level) if per_call else [(None, None)] * len(task)
    estimates = zip(medians(times, *level), ranks, strict=True)
    for index, (time_s, (relative, is_among_best)) in enumerate(estimates):
        yield TaskAnalysis(
            cell=cell.id,
            task=int(task[index]),
            label=str(records.label[first[index]]),
            calls=int(records.calls[first[index]]),
            per_call=per_call,
            time_s=time_s,
            relative=relative,
            among_best=is_among_best,
            differing=int(differing[index]),
        )


def _times(records: TraceRecords, row: NDArray[np.intp], tasks: int) -> Values | None:
    """Return seconds per call by task (rows) and repetition; None if a repetition lacks a task.

    If a repetition has several bags, and so each task several times, the mean counts.
    """
    repetitions, column = np.unique(records.repetition, return_inverse=True)
    shape = (tasks, len(repetitions))
    index = row * shape[1] + column
    counts = np.bincount(index, minlength=shape[0] * shape[1])
    if not counts.all():
        return None
    time_s = records.busy / records.tasks / records.calls
    sums = np.bincount(index, weights=time_s, minlength=len(counts))
    times: Values = (sums / counts).reshape(shape)
    return times


def _rank(times: Values, level: Level) -> list[tuple[Estimate | None, bool | None]]:
    """Compare every snippet, a row of times by repetition, with the quickest of them."""
    quickest = times[int(np.argmin(np.median(times, axis=1)))]
    can_compare = times.shape[1] >= level.to_compare(len(times)).fewest_blocks
    best = among_best(times, *level)
    return [
        (ratio_of_medians(snippet, quickest, *level), is_best if can_compare else None)
        for snippet, is_best in zip(times, best, strict=True)
    ]
