"""The columns that name a cell, which stand first in every table."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from runner.analysis.machine import Machine
from runner.folder.results import Results
from runner.records import AUTO, Cell

#: Columns of whole numbers that may hold nothing.
_WHOLE = ("workers", "tasks_per_chunk", "peak_pss_bytes")
_COLUMNS = ("cell", "workload", "executor", "workers", "chunk_size", "python")


def identity_columns(results: Results) -> list[str]:
    """List them: those of every study, then the further swept settings."""
    return [*_COLUMNS, *results.swept]


#: What names each cell, by its id and then by column.
Identities = Mapping[str, Mapping[str, Any]]


def identify(results: Results, machine: Machine) -> Identities:
    """Name every cell."""
    return {cell.id: _identity(cell, results, machine) for cell in results.cells}


def _identity(cell: Cell, results: Results, machine: Machine) -> dict[str, Any]:
    return {
        "cell": cell.id,
        "workload": cell.workload,
        "executor": cell.executor,
        "workers": cell.workers,
        "chunk_size": cell.chunk_size,
        "python": machine.version(cell),
        **{key: _number(cell.swept[key]) for key in results.swept},
    }


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Give columns that may hold nothing a type that can."""
    has_auto = "chunk_size" in frame and frame["chunk_size"].eq(AUTO).any()
    numbers = (*_WHOLE, *(() if has_auto else ("chunk_size",)))
    whole = {column: "Int64" for column in numbers if column in frame}
    times = [column for column in frame if str(column).endswith("_s")]
    return frame.astype({**whole, **dict.fromkeys(times, "float64")})


def plain_loops(cells: Iterable[Cell]) -> frozenset[str]:
    """List the cells that have no pool, so no chunk size either."""
    return frozenset(cell.id for cell in cells if cell.is_loop)


def label(cell: Any) -> str:
    """Name a cell, a row of a table, by its executor and workers: `process × 4`."""
    workers = cell["workers"]
    return str(cell["executor"]) if workers is None or pd.isna(workers) else f"{cell['executor']} × {workers}"


def _number(text: Any) -> Any:
    """Read a swept value as the number it is, so that it sorts and plots as one."""
    try:
        number = float(text)
    except (TypeError, ValueError):
        return text
    if not math.isfinite(number):
        return text  # a table would show it as missing
    return int(number) if number.is_integer() else number
