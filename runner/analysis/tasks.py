"""One row a cell and task: the rows of tasks.csv."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from runner.analysis.identity import identity, identity_columns, typed
from runner.analysis.statistics import Level, columns_of, medians
from runner.analysis.traced import Traces
from runner.records import Cell
from runner.store import Results

_COLUMNS = ("per_call", "task", "label", "calls", "time_s", "time_s_low", "time_s_high", "differing")


def tabulate_tasks(results: Results, traces: Traces, level: Level) -> pd.DataFrame:
    """Summarise the tasks of every cell that has records of them."""
    rows: list[dict[str, Any]] = []
    for cell in results.cells:
        records = traces.records(cell.id)
        if records is not None:
            rows += [{**identity(cell, results), **row} for row in _tasks_of(cell, records, level)]
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
    told = facts.loc[times.index].to_dict("records")
    for task, fact, estimate in zip(times.index, told, estimates, strict=True):
        yield {
            "per_call": per_call,
            "task": task,
            **{str(key): value for key, value in fact.items()},
            **columns_of("time_s", estimate),
        }
