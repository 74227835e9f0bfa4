"""Intervals of medians and of ratios of medians: the expanded percentile block bootstrap.

A repetition is a block: what disturbs one cell in it disturbs the others. So blocks are resampled whole, with
the same draws for all cells. Draws, and what follows from them alone, are computed once and cached.
docs/method.md gives the reasons; expanding the tails is from Hesterberg (2015).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from runner.analysis.sample_size import fewest_blocks, level_of_each
from runner.estimate import Estimate

DRAWS = 10_000
_KEPT_MEDIANS = 1_024  # cached arrays of 80 kB each
_CHUNK = 32  # cells that one cell is compared with at a time
_CHECKED = (DRAWS // 4, DRAWS // 2, 3 * DRAWS // 4)  # ranks of resampled medians

Values = NDArray[np.floating[Any]]


class Level(NamedTuple):
    """The confidence and the seed of every interval of a study."""

    confidence: float
    seed: int  #: of the resampling

    @property
    def fewest_blocks(self) -> int:
        """Number of blocks that an interval needs."""
        return fewest_blocks(self.confidence)

    def to_compare(self, cells: int) -> "Level":
        """Return the level of each comparison of the best of this many cells with the others."""
        return self._replace(confidence=level_of_each(cells, self.confidence))


@lru_cache(maxsize=32)
def draw_blocks(blocks: int, seed: int, draws: int = DRAWS) -> NDArray[np.int64]:
    """Draw resamples: an array of block numbers, draws by blocks. It is shared and read-only."""
    drawn = np.random.default_rng(seed).integers(blocks, size=(draws, blocks))
    drawn.flags.writeable = False
    return drawn


@lru_cache(maxsize=1024)
def expanded_tail(blocks: int, confidence: float) -> float:
    """Return the quantile to cut at each end: Phi(-t * sqrt(n / (n - 1))), less than (1 - confidence) / 2.

    The plain percentile interval of few blocks is too narrow: it treats the sample as the population
    (Hesterberg 2015).
    """
    t = special.stdtrit(blocks - 1, (1 + confidence) / 2)
    return float(special.ndtr(-t * math.sqrt(blocks / (blocks - 1))))


def medians(rows: Values, confidence: float, seed: int) -> list[Estimate]:
    """Estimate the median of every row; a row holds one figure's values over the blocks.

    A resample's median depends only on the ranks that were drawn, so one set of draws serves all rows.
    """
    ordered = np.sort(rows, axis=1)
    values = _middle(ordered)
    blocks = rows.shape[1]
    is_range = blocks < fewest_blocks(confidence)
    if is_range:
        lows, highs = ordered[:, 0], ordered[:, -1]
    else:
        lows, highs = _resampled_bounds(ordered, expanded_tail(blocks, confidence), seed)
    return [
        Estimate(value=float(value), low=float(low), high=float(high), is_range=is_range)
        for value, low, high in zip(values, lows, highs, strict=True)
    ]


def _middle(ordered: Values) -> Values:
    """Return the medians of sorted rows; `np.median` is slow for few values."""
    size = ordered.shape[-1]
    middle: Values = (ordered[..., (size - 1) // 2] + ordered[..., size // 2]) / 2
    return middle


def _resampled_bounds(ordered: Values, tail: float, seed: int) -> tuple[Values, Values]:
    """Cut the distribution of each sorted row's resampled median at both ends."""
    pairs, counts = _middle_ranks(ordered.shape[1], seed)
    candidates = (ordered[:, pairs[:, 0]] + ordered[:, pairs[:, 1]]) / 2
    order = np.argsort(candidates, axis=1)
    reached = np.cumsum(counts[order], axis=1) / counts.sum()
    by_size = np.take_along_axis(candidates, order, axis=1)
    low, high = (np.argmax(reached >= level, axis=1)[:, np.newaxis] for level in (tail, 1 - tail))
    return np.take_along_axis(by_size, low, 1)[:, 0], np.take_along_axis(by_size, high, 1)[:, 0]


@lru_cache(maxsize=32)
def _middle_ranks(blocks: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of middle ranks that were drawn, with their frequencies.

    The median of an even number of draws is the mean of two, so these pairs make up its whole distribution.
    """
    drawn = np.sort(draw_blocks(blocks, seed), axis=1)
    pairs, counts = np.unique(drawn[:, [(blocks - 1) // 2, blocks // 2]], axis=0, return_counts=True)
    return pairs, counts


def ratio_of_medians(numerator: Values, denominator: Values, confidence: float, seed: int) -> Estimate:
    """Estimate median(numerator) / median(denominator); both hold one value per block, in the same order.

    With too few blocks the bounds are the smallest and the largest ratio of any resample. They contain the
    ratio itself.
    """
    value = float(_middle(np.sort(numerator)) / _middle(np.sort(denominator)))
    drawn = resampled_medians(numerator, seed) / resampled_medians(denominator, seed)
    if len(numerator) < fewest_blocks(confidence):
        low, high = min(float(drawn.min()), value), max(float(drawn.max()), value)
        return Estimate(value=value, low=low, high=high, is_range=True)
    tail = expanded_tail(len(numerator), confidence)
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Estimate(value=value, low=float(low), high=float(high), is_range=False)


def resampled_medians(values: Values, seed: int) -> Values:
    """Return the median of every resample of the blocks. The array is shared and read-only."""
    return _kept_medians(np.asarray(values, dtype=np.float64).tobytes(), seed)


@lru_cache(maxsize=_KEPT_MEDIANS)
def _kept_medians(values: bytes, seed: int) -> Values:
    blocks = np.frombuffer(values)
    size, order = len(blocks), np.argsort(blocks)
    # For each block, in ascending order of values: how many blocks of each resample are at most as large.
    up_to = np.cumsum(_draw_counts(size, seed)[order], axis=0, dtype=np.uint16)
    lower, upper = ((up_to < rank).sum(axis=0, dtype=np.intp) for rank in ((size + 1) // 2, size // 2 + 1))
    ordered = blocks[order]
    drawn: Values = ordered[lower] if size % 2 else (ordered[lower] + ordered[upper]) / 2
    drawn.flags.writeable = False
    return drawn


@lru_cache(maxsize=32)
def _draw_counts(blocks: int, seed: int) -> NDArray[np.uint16]:
    """Count how often each resample contains each block: an array of blocks by draws."""
    drawn = draw_blocks(blocks, seed)
    return np.array([(drawn == block).sum(axis=1) for block in range(blocks)], dtype=np.uint16)


def is_precise(
    pairs: Sequence[tuple[Sequence[float], Sequence[float]]], precision: float, confidence: float, seed: int
) -> bool:
    """Whether half the width of every ratio's interval is at most `precision` times the ratio."""
    if any(len(numerator) < fewest_blocks(confidence) for numerator, _ in pairs):
        return False
    ratios = (
        ratio_of_medians(np.array(numerator), np.array(denominator), confidence, seed)
        for numerator, denominator in pairs
    )
    return all(ratio.relative_half_width <= precision for ratio in ratios)


def among_best(walls: Values, confidence: float, seed: int) -> list[bool]:
    """Decide which cells are not shown to be slower than the best one; rows are cells, columns blocks.

    Multiple comparisons with the best (Hsu 1981): a cell is excluded if the one-sided interval of its ratio
    to some other cell lies above 1. The level of each comparison is Bonferroni's, so that the truly best cell
    is excluded with a probability of at most 1 - confidence, however many cells there are. More cells need
    more blocks; with too few blocks, no cell is excluded.
    """
    cells, blocks = walls.shape
    level = level_of_each(cells, confidence)
    if blocks < fewest_blocks(level) or cells == 1:
        return [True] * cells
    drawn = np.array([resampled_medians(row, seed) for row in walls])
    tail = expanded_tail(blocks, level)
    fastest_first = np.argsort(np.median(walls, axis=1), kind="stable")
    may_exclude = _candidates(drawn, tail)
    best = []
    for cell in range(cells):
        others = fastest_first[may_exclude(cell)[fastest_first]]
        best.append(not any(_is_excluded(drawn[cell], drawn[chunk], tail) for chunk in _chunks(others)))
    return best


def _chunks(others: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    for start in range(0, len(others), _CHUNK):
        yield others[start : start + _CHUNK]


def _is_excluded(cell: Values, others: Values, tail: float) -> bool:
    """Whether the lower bound of the cell's ratio to any of the others is above 1.

    The bound lies between the two order statistics around the rank `tail * (draws - 1)`. So counting the
    ratios that are at most 1 is enough, unless 1 lies between the two.
    """
    ratios = cell / others
    up_to_1 = np.count_nonzero(ratios <= 1, axis=1)
    rank = int(tail * (len(cell) - 1))
    if (up_to_1 <= rank).any():
        return True
    return any(np.quantile(ratio, tail) > 1 for ratio in ratios[up_to_1 == rank + 1])


def _candidates(drawn: Values, tail: float) -> Callable[[int], NDArray[np.bool_]]:
    """Return a function that finds the cells that may exclude a cell, without comparing them by resample.

    Cell a can exclude cell b only if its resampled median is below that of b in all resamples but m. Then it
    is below in at least k + 1 - m of the k + 1 resamples with the smallest medians of b, so the median of a
    with rank k - m is below that of b with rank k (ranks from 0).
    """
    ordered = np.sort(drawn, axis=1)
    exceptions = int(tail * (drawn.shape[1] - 1)) + 1
    ranks = np.array([rank for rank in _CHECKED if rank >= exceptions], dtype=np.intp)
    of_cell, of_other = ordered[:, ranks], ordered[:, ranks - exceptions]

    def may_exclude(cell: int) -> NDArray[np.bool_]:
        candidates: NDArray[np.bool_] = (of_other < of_cell[cell]).all(axis=1)
        candidates[cell] = False
        return candidates

    return may_exclude
