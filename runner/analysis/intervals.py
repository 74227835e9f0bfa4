"""Intervals of medians and of ratios of medians: the expanded percentile block bootstrap.

A repetition is a block: what disturbs one cell in it disturbs the others, so blocks are resampled whole, and
all cells with the same draws. Sources: Hesterberg (2015) on expanding the tails; docs/method.md on why.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from runner.analysis.estimate import Estimate
from runner.analysis.sample_size import fewest_blocks, level_of_each

DRAWS = 10_000

Values = NDArray[np.floating[Any]]


class Level(NamedTuple):
    """What every interval of a study has in common."""

    confidence: float
    seed: int  #: of the resampling

    @property
    def fewest_blocks(self) -> int:
        """Count the blocks that an interval needs."""
        return fewest_blocks(self.confidence)

    def to_compare(self, cells: int) -> "Level":
        """Give the level of each comparison of the best of so many cells with the others."""
        return self._replace(confidence=level_of_each(cells, self.confidence))


def columns_of(name: str, estimate: Estimate | None) -> dict[str, float]:
    """Lay an estimate out in three columns of a table, empty without one."""
    if estimate is None:
        return {name: math.nan, f"{name}_low": math.nan, f"{name}_high": math.nan}
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def inverse(estimate: Estimate | None) -> Estimate | None:
    """Turn a time a task into tasks a time; its bounds change places."""
    if estimate is None:
        return None
    return replace(estimate, value=1 / estimate.value, low=1 / estimate.high, high=1 / estimate.low)


def draw_blocks(blocks: int, seed: int, draws: int = DRAWS) -> NDArray[np.int64]:
    """Draw resamples of the blocks: an array of draws by blocks, of block numbers."""
    return np.random.default_rng(seed).integers(blocks, size=(draws, blocks))


def expanded_tail(blocks: int, confidence: float) -> float:
    """Give the quantile to cut at each end: Phi(-t * sqrt(n / (n - 1))), wider than (1 - confidence) / 2.

    The plain percentile interval of few blocks is too narrow: it takes the sample for the population.
    """
    t = special.stdtrit(blocks - 1, (1 + confidence) / 2)
    return float(special.ndtr(-t * math.sqrt(blocks / (blocks - 1))))


def medians(rows: Values, confidence: float, seed: int) -> list[Estimate]:
    """Estimate the median of every row; a row holds one figure's values over the blocks.

    A resample's median depends on the ranks it drew alone, so one set of draws serves all rows.
    """
    ordered = np.sort(rows, axis=1)
    values = np.median(rows, axis=1)
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


def _resampled_bounds(ordered: Values, tail: float, seed: int) -> tuple[Values, Values]:
    """Cut the distribution of each sorted row's resampled median at both ends.

    The median of an even number of draws is the mean of two, so the pairs of middle ranks that were drawn,
    with their frequencies, make up the whole distribution.
    """
    blocks = ordered.shape[1]
    drawn = np.sort(draw_blocks(blocks, seed), axis=1)
    pairs, counts = np.unique(drawn[:, [(blocks - 1) // 2, blocks // 2]], axis=0, return_counts=True)
    candidates = (ordered[:, pairs[:, 0]] + ordered[:, pairs[:, 1]]) / 2
    order = np.argsort(candidates, axis=1)
    reached = np.cumsum(counts[order], axis=1) / counts.sum()
    by_size = np.take_along_axis(candidates, order, axis=1)
    low, high = (np.argmax(reached >= level, axis=1)[:, np.newaxis] for level in (tail, 1 - tail))
    return np.take_along_axis(by_size, low, 1)[:, 0], np.take_along_axis(by_size, high, 1)[:, 0]


def ratio_of_medians(numerator: Values, denominator: Values, confidence: float, seed: int) -> Estimate:
    """Estimate median(numerator) / median(denominator); both hold one value a block, in the same order.

    Of too few blocks the bounds are those of the ratios within the blocks.
    """
    value = float(np.median(numerator) / np.median(denominator))
    if len(numerator) < fewest_blocks(confidence):
        within = np.append(numerator / denominator, value)
        return Estimate(value=value, low=float(within.min()), high=float(within.max()), is_range=True)
    blocks = draw_blocks(len(numerator), seed)
    drawn = np.median(numerator[blocks], axis=1) / np.median(denominator[blocks], axis=1)
    tail = expanded_tail(len(numerator), confidence)
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Estimate(value=value, low=float(low), high=float(high), is_range=False)


def is_precise(
    pairs: Sequence[tuple[Sequence[float], Sequence[float]]], precision: float, confidence: float, seed: int
) -> bool:
    """Whether half the width of every ratio's interval is at most `precision` times the ratio."""
    if any(len(one) < fewest_blocks(confidence) for one, _ in pairs):
        return False
    estimates = [ratio_of_medians(np.array(one), np.array(other), confidence, seed) for one, other in pairs]
    return all(relative_half_width(found.value, found.low, found.high) <= precision for found in estimates)


def relative_half_width(value: float, low: float, high: float) -> float:
    """Give half the width of an interval, relative to its value."""
    return (high - low) / 2 / value


def among_best(walls: Values, confidence: float, seed: int) -> list[bool]:
    """Tell which cells are not shown to be slower than the best one; rows are cells, columns blocks.

    Multiple comparisons with the best (Hsu 1981): a cell is excluded where the one-sided interval of its
    ratio to some other cell lies above 1. The level of each comparison is Bonferroni's, so that the truly
    best cell is excluded with a probability of at most 1 - confidence, however many cells there are. The more
    there are, the more blocks that takes: too few exclude none.
    """
    cells, blocks = walls.shape
    level = level_of_each(cells, confidence)
    if blocks < fewest_blocks(level) or cells == 1:
        return [True] * cells
    tail = expanded_tail(blocks, level)
    drawn = np.median(walls[:, draw_blocks(blocks, seed)], axis=2)
    return [
        not any(np.quantile(drawn[cell] / drawn[other], tail) > 1 for other in range(cells) if other != cell)
        for cell in range(cells)
    ]
