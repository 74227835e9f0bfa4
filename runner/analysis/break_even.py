"""Break-evens: the size of the workload from which a pool is faster than its baseline."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from runner.analysis.alike import alike_but_for
from runner.analysis.headline import CellTimes
from runner.analysis.intervals import Level, Values, expanded_tail, resampled_medians
from runner.estimate import Estimate
from runner.facts import BreakEven, CellAnalysis
from runner.records import names_within_workloads


def analyse_break_evens(
    cells: Mapping[str, CellAnalysis], swept: Iterable[str], times: CellTimes
) -> tuple[BreakEven, ...]:
    """Estimate the break-even of every pool that was measured at several sizes, all else being equal.

    Args:
        cells: by id, in the order of the grid
        swept: keys of further swept settings; those of the workload whose values are numbers are sizes
        times: headline times
    """
    return tuple(
        break_even
        for key in swept
        if key.startswith("workload.")
        for break_even in _by_size(cells, key, times)
    )


def _by_size(cells: Mapping[str, CellAnalysis], key: str, times: CellTimes) -> list[BreakEven]:
    sizes = {
        cell.cell.id: float(cell.swept[key])
        for cell in cells.values()
        if not cell.is_baseline and _is_number(cell.swept.get(key))
    }
    pools = alike_but_for((cells[cell].cell for cell in sizes), key)
    curves = [sorted(pool, key=lambda cell: sizes[cell.id]) for pool in pools if len(pool) > 1]
    names = names_within_workloads((cells[curve[0].id].as_shown for curve in curves), without=key)
    return [
        _break_even(
            key,
            [cells[cell.id] for cell in curve],
            names[curve[0].id],
            np.array([sizes[cell.id] for cell in curve]),
            times,
        )
        for curve in curves
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _break_even(
    key: str, pools: Sequence[CellAnalysis], name: str, sizes: Values, times: CellTimes
) -> BreakEven:
    curve = [pool.cell for pool in pools]
    blocks = times.together([cell for pool in curve for cell in (pool.baseline, pool.id)])
    serial, pool = blocks[::2], blocks[1::2]
    size: Estimate | None = None
    faster_at: tuple[float, ...] = ()
    if sizes.min() > 0 and blocks.shape[1]:
        speedups = np.median(serial, axis=1) / np.median(pool, axis=1)
        size = _estimate(sizes, speedups, serial, pool, times.level)
        faster_at = tuple(sizes[speedups > 1].tolist())
    return BreakEven(
        setting=key,
        workload=curve[0].workload,
        cells=tuple(cell.id for cell in curve),
        name=name,
        sizes=tuple(sizes.tolist()),
        size=size,
        faster_at=faster_at,
        shown_at=tuple(
            float(size_of_pool)
            for size_of_pool, pool_of_size in zip(sizes, pools, strict=True)
            if pool_of_size.beats_baseline
        ),
        is_shown=size is not None and _is_shown(size),
        problem=None if size else "sizes_not_positive" if sizes.min() <= 0 else "times_missing",
    )


def _is_shown(size: Estimate) -> bool:
    if size.value == 0:
        return size.high == 0
    if math.isinf(size.value):
        return math.isinf(size.low)
    return size.low > 0 and math.isfinite(size.high)


def _estimate(sizes: Values, speedups: Values, serial: Values, pool: Values, level: Level) -> Estimate:
    """Estimate the break-even; rows of `serial` and `pool` are sizes, columns are blocks."""
    blocks = serial.shape[1]
    value = float(_crossings(sizes, speedups[:, np.newaxis])[0])
    if blocks < level.fewest_blocks:
        block_crossings = _crossings(sizes, serial / pool).tolist()
        return Estimate(
            value=value, low=min(*block_crossings, value), high=max(*block_crossings, value), is_range=True
        )
    serial_medians, pool_medians = (
        np.array([resampled_medians(row, level.seed) for row in rows]) for rows in (serial, pool)
    )
    crossings = _crossings(sizes, serial_medians / pool_medians)
    tail = expanded_tail(blocks, level.confidence)
    low, high = np.quantile(crossings, [tail, 1 - tail], method="nearest")  # some are infinite
    return Estimate(value=value, low=float(low), high=float(high))


def _crossings(sizes: Values, speedups: Values) -> Values:
    """Return, for each column of speedups by size, the size from which they stay above 1.

    It is interpolated between logarithms. 0: they are above 1 at every size; infinite: not at the largest.
    """
    is_slower = speedups <= 1
    last = len(sizes) - 1 - np.argmax(is_slower[::-1], axis=0)  # the largest size at which the pool is slower
    is_between = is_slower.any(axis=0) & (last < len(sizes) - 1)
    crossings = np.where(is_slower.any(axis=0), math.inf, 0.0)
    column, last = np.flatnonzero(is_between), last[is_between]
    below, above = np.log(speedups[last, column]), np.log(speedups[last + 1, column])
    share = below / (below - above)
    crossings[is_between] = np.exp(np.log(sizes[last]) + share * np.log(sizes[last + 1] / sizes[last]))
    return crossings
