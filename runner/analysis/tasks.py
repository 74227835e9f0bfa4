"""One row a cell and task: the rows of tasks.csv."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from runner.analysis.identity import Identities, identity_columns, typed
from runner.analysis.intervals import (
    Level,
    Values,
    among_best,
    columns_of,
    medians,
    ratio_of_medians,
)
from runner.analysis.traced import Traces
from runner.folder.results import Results
from runner.records import Cell

_COLUMNS = (
    *("per_call", "task", "label", "calls", "time_s", "time_s_low", "time_s_high"),
    *("relative", "relative_low", "relative_high", "among_best", "differing"),
)


def tabulate_tasks(results: Results, identities: Identities, traces: Traces, level: Level) -> pd.DataFrame:
    """Summarise the tasks of every cell that has records of them."""
    rows: list[dict[str, Any]] = []
    for cell in results.cells:
        records = traces.records(cell.id)
        if records is not None:
            rows += [{**identities[cell.id], **row} for row in _tasks_of(cell, records, level)]
    return typed(pd.DataFrame(rows, columns=[*identity_columns(results), *_COLUMNS]))


def _tasks_of(cell: Cell, records: pd.DataFrame, level: Level) -> Iterator[dict[str, Any]]:
    """Summarise the tasks (or the records that merge several) that every repetition has."""
    time_s = records["busy_ns"] / records["tasks"] / records["calls"] / 1e9
    times = (
        records.assign(time_s=time_s)
        .pivot_table(index="task", columns="repetition", values="time_s", aggfunc="mean")
        .dropna()
    )
    if times.empty or len(times) < records["task"].nunique():
        return  # merged records begin at other tasks in every repetition: see the note of the cell
    facts = records.groupby("task").agg(
        label=("label", "first"), calls=("calls", "first"), differing=("differs", "sum")
    )
    per_call = bool(cell.settings["workload"]["snippets"])
    estimates = medians(times.to_numpy(dtype=float), *level)
    ranks = _rank(times.to_numpy(dtype=float), level) if per_call else [{}] * len(times)
    told = facts.loc[times.index].to_dict("records")
    for task, fact, estimate, rank in zip(times.index, told, estimates, ranks, strict=True):
        yield {
            "per_call": per_call,
            "task": task,
            **{str(key): value for key, value in fact.items()},
            **columns_of("time_s", estimate),
            **rank,
        }


def _rank(times: Values, level: Level) -> list[dict[str, Any]]:
    """Compare every snippet, a row of times by repetition, with the quickest of them."""
    quickest = times[int(np.argmin(np.median(times, axis=1)))]
    is_known = times.shape[1] >= level.to_compare(len(times)).fewest_blocks
    best = among_best(times, *level)
    return [
        {
            **columns_of("relative", ratio_of_medians(own, quickest, *level)),
            "among_best": is_best if is_known else None,
        }
        for own, is_best in zip(times, best, strict=True)
    ]
