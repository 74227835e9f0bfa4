"""From which size of its workload on a pool is faster than its baseline: the rows of break_even.csv."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from runner.analysis.estimate import Estimate
from runner.analysis.identity import Identities, label
from runner.analysis.intervals import Level, Values, columns_of, draw_blocks, expanded_tail
from runner.analysis.times import Times
from runner.analysis.units import text
from runner.folder.store import Results
from runner.records import Cell

_COLUMNS = ("size", "sizes", "break_even", "break_even_low", "break_even_high", "note")


def break_even(results: Results, identities: Identities, times: Times) -> pd.DataFrame:
    """Find it for every pool measured at several sizes, all else being the same."""
    rows = []
    for key in results.swept:
        if key.startswith("workload."):
            curves = _curves(results.cells, identities, key)
            rows += [_row(key, cells, identities, times) for cells in curves]
    keys = ["workload", "executor", "workers", "chunk_size", "python", *results.swept]
    return pd.DataFrame(rows, columns=[*keys, *_COLUMNS])


def _curves(cells: Iterable[Cell], identities: Identities, key: str) -> Iterator[list[Cell]]:
    """List the cells that differ in nothing but a numeric setting, in its order."""
    curves: dict[Any, list[tuple[float, Cell]]] = {}
    for cell in cells:
        size = identities[cell.id][key]
        if not cell.is_baseline and isinstance(size, int | float) and not isinstance(size, bool):
            others = tuple(str(value) for other, value in cell.swept.items() if other != key)
            alike = (cell.workload, cell.executor, cell.workers, cell.chunk_size, cell.python, *others)
            curves.setdefault(alike, []).append((size, cell))
    for sized in curves.values():
        if len(sized) > 1:
            yield [cell for _, cell in sorted(sized, key=lambda pair: pair[0])]


def _row(key: str, cells: Sequence[Cell], identities: Identities, times: Times) -> dict[str, Any]:
    named = {**identities[cells[0].id], key: None}
    del named["cell"]
    sizes = np.array([float(identities[cell.id][key]) for cell in cells])
    walls = times.together([one for cell in cells for one in (cell.baseline, cell.id)])
    row = {**named, "size": key, "sizes": len(sizes)}
    if sizes.min() <= 0:
        return row | {"note": "sizes must be positive"}
    if walls.shape[1] == 0:
        return row | {"note": "not every size has a time and a baseline"}
    speedups = np.median(walls[::2], axis=1) / np.median(walls[1::2], axis=1)
    found = _estimate(sizes, speedups, walls[::2], walls[1::2], times.level)
    return row | columns_of("break_even", found) | {"note": _note(found, sizes, speedups)}


def _estimate(sizes: Values, speedups: Values, serial: Values, pool: Values, level: Level) -> Estimate:
    """Estimate the break-even; rows are sizes, columns blocks. 0: wins at every size; infinite: at none."""
    blocks = serial.shape[1]
    value = _crossing(sizes, speedups)
    if blocks < level.fewest_blocks:
        within = [_crossing(sizes, serial[:, block] / pool[:, block]) for block in range(blocks)]
        return Estimate(value=value, low=min(*within, value), high=max(*within, value), is_range=True)
    drawn = draw_blocks(blocks, level.seed)
    ratios = np.median(serial[:, drawn], axis=2) / np.median(pool[:, drawn], axis=2)
    crossings = [_crossing(sizes, ratio) for ratio in ratios.T]
    tail = expanded_tail(blocks, level.confidence)
    low, high = np.quantile(crossings, [tail, 1 - tail], method="nearest")  # some lie at infinity
    return Estimate(value=value, low=float(low), high=float(high), is_range=False)


def _crossing(sizes: Values, speedups: Values) -> float:
    """Give the size from which on the speedup stays above 1, between two sizes by their logarithms."""
    losing = np.flatnonzero(speedups <= 1)
    if not losing.size:
        return 0.0
    last = losing[-1]
    if last == len(sizes) - 1:
        return float("inf")
    below, above = np.log(speedups[last]), np.log(speedups[last + 1])
    share = below / (below - above)
    return float(np.exp(np.log(sizes[last]) + share * np.log(sizes[last + 1] / sizes[last])))


def _note(found: Estimate, sizes: Values, speedups: Values) -> str:
    """Say what the figure alone does not: where it lies beyond what was measured, and how sure that is."""
    if 0 < found.value < np.inf:
        return "the bounds are a range of few repetitions" if found.is_range else ""
    if found.value == 0:
        shown = found.high == 0
        told = f"faster than its baseline at every size, from {sizes[0]:g} on"
    else:
        shown = found.low == np.inf
        told = f"not faster than its baseline at any size, up to {sizes[-1]:g}"
        if (speedups > 1).any():
            won = ", ".join(f"{size:g}" for size in sizes[speedups > 1])
            told = f"faster than its baseline at {won}, but not at the largest size, {sizes[-1]:g}"
    few = "; by few repetitions" if found.is_range else ""
    return f"{told}{few if shown else '; another repetition may tell otherwise'}"


def describe(rows: pd.DataFrame, workload: str) -> Iterator[str]:
    """Tell the break-even of a workload's pools, a sentence each; nothing of those without a figure."""
    own = rows[rows["workload"] == workload]
    settings = [
        key for key in own.columns[: -len(_COLUMNS)] if key not in ("workload", "executor", "workers")
    ]
    varying = [key for key in settings if own[key].nunique(dropna=False) > 1]
    for row in own[own["break_even"].notna()].to_dict("records"):
        told = ", ".join(f"{key}={text(row[key]) or 'all'}" for key in varying if key != row["size"])
        name = f"{workload}: {label(row)}{f' ({told})' if told else ''}"
        size, found = row["size"], row["break_even"]
        if 0 < found < np.inf:
            faster = "was faster, in few repetitions," if row["note"] else "is faster"
            yield f"{name} {faster} than its baseline from {size} = {_figure(found)} on ({_bounds(row)})"
        else:
            yield f"{name}: {row['note']} ({size})"


def _figure(size: float) -> str:
    """Show three digits of a size, with an exponent only of millions and of millionths."""
    return f"{float(f'{size:.3g}'):g}"


def _bounds(row: Mapping[Any, Any]) -> str:
    low = "below the smallest" if row["break_even_low"] == 0 else _figure(row["break_even_low"])
    high = "beyond the largest" if np.isinf(row["break_even_high"]) else _figure(row["break_even_high"])
    return f"{'range' if row['note'] else 'interval'} {low} to {high}"
