"""How much longer a cell takes in one study than in another: an estimate whose interval includes drift.

The ratio is the Hodges-Lehmann estimate: the median of all ratios of a time after to a time before. Its
interval is that of the Mann-Whitney test, widened by the drift: two studies are made at different times, when
the machine itself may be faster or slower. docs/method.md has the formulas.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np
from scipy import special

from runner.analysis.intervals import Values
from runner.estimate import Estimate

_POWER = 0.8
_FEWEST_PAIRS = 3
_BETWEEN_STUDIES = 1.4  # how much more the machine differs between studies than between repetitions
_MOST_EXACT = 60  # times of one study up to which the distribution is exact


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """How the chance of a false alarm is divided among the comparisons of two studies."""

    family: float  #: confidence of all statements together
    cells: int  #: number of comparisons

    @property
    def tail_of_cell(self) -> float:
        """The chance of a false alarm by a cell's scatter: half of all, over the cells and both sides."""
        return (1 - self.family) / 2 / max(self.cells, 1) / 2

    def allowed_for(self, drift: "Drift") -> float:
        """Return how far the machine's speed is allowed to move: the other half of all, on both sides."""
        quantile = 1 - (1 - self.family) / 4
        return float(special.stdtrit(max(drift.freedom, 1), quantile)) * drift.deviation


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How much the speed of the machine may differ between two studies."""

    deviation: float  #: standard deviation of its logarithm
    freedom: int  #: degrees of freedom of that estimate


def ratio_of_times(before: Values, after: Values, confidence: Confidence, drift: Drift) -> Estimate | None:
    """Estimate the ratio of the times of one cell; None if they are too few for its confidence.

    Args:
        before: times of one study
        after: times of the other
        confidence: of the interval
        drift: of the machine between the studies
    """
    rank = _rank(len(before), len(after), confidence.tail_of_cell)
    if rank is None:
        return None
    shifts = np.sort(np.subtract.outer(np.log(after), np.log(before)).ravel())
    middle = float(np.median(shifts))
    wide = confidence.allowed_for(drift)
    low = middle - math.hypot(middle - float(shifts[rank]), wide)
    high = middle + math.hypot(float(shifts[-1 - rank]) - middle, wide)
    return Estimate(value=math.exp(middle), low=math.exp(low), high=math.exp(high))


def paired_ratio(
    before: Mapping[int, float], after: Mapping[int, float], confidence: Confidence
) -> Estimate | None:
    """Estimate the ratio of two cells of one study; None if they share fewer than three repetitions.

    Each repetition measured both, a moment apart, so what the machine did is in both. The interval is
    Student's, of the differences of their logarithms; all of the chance of a false alarm is their scatter's.

    Args:
        before: times of one cell by repetition
        after: times of the other
        confidence: of the interval
    """
    shared = [repetition for repetition in before if repetition in after]
    if len(shared) < _FEWEST_PAIRS:
        return None
    shifts = np.log([after[each] / before[each] for each in shared])
    middle = float(np.mean(shifts))
    error = float(np.std(shifts, ddof=1)) / math.sqrt(len(shifts))
    wide = float(special.stdtrit(len(shifts) - 1, 1 - 2 * confidence.tail_of_cell)) * error
    return Estimate(value=math.exp(middle), low=math.exp(middle - wide), high=math.exp(middle + wide))


def drift_of(*studies: Mapping[str, Mapping[int, float]]) -> Drift:
    """Estimate how much the speed of the machine may differ between studies.

    It is assumed to differ 1.4 times as much as between two repetitions of one study, which follow each other
    closely. The deviation of a repetition is the mean, over its cells, of the logarithms relative to their
    medians.

    Args:
        studies: of each, the times by cell and repetition
    """
    found = [_common_deviation(times) for times in studies]
    deviation = _BETWEEN_STUDIES * math.hypot(*(deviation for deviation, _ in found))
    return Drift(deviation=deviation, freedom=sum(freedom for _, freedom in found))


def smallest_shown(ratio: Estimate, confidence: Confidence) -> float:
    """Return the slowdown, as a ratio, that 80 of 100 such comparisons would show.

    The interval's lower half covers as many standard deviations as its confidence asks for.
    """
    width = math.log(ratio.value / ratio.low)
    deviations = float(special.ndtri(1 - confidence.tail_of_cell))
    return math.exp(width * (1 + float(special.ndtri(_POWER)) / deviations))


def fewest_times(confidence: Confidence) -> int:
    """Return how many repetitions both studies need for an interval."""
    return next(count for count in range(2, 200) if _rank(count, count, confidence.tail_of_cell) is not None)


def _common_deviation(times: Mapping[str, Mapping[int, float]]) -> tuple[float, int]:
    """Return the standard deviation of the repetitions of a study, and its degrees of freedom."""
    by_repetition: dict[int, list[float]] = {}
    for of_cell in times.values():
        if of_cell:
            middle = float(np.median(np.log(list(of_cell.values()))))
            for repetition, time_s in of_cell.items():
                by_repetition.setdefault(repetition, []).append(math.log(time_s) - middle)
    means = [float(np.mean(deviations)) for deviations in by_repetition.values()]
    return (float(np.std(means, ddof=1)), len(means) - 1) if len(means) > 1 else (0.0, 0)


def _rank(before: int, after: int, tail: float) -> int | None:
    """Return the rank of the shift that bounds the interval on each side, from 0; None: there is none."""
    if min(before, after) < 2:
        return None
    if max(before, after) > _MOST_EXACT:
        mean, spread = before * after / 2, math.sqrt(before * after * (before + after + 1) / 12)
        rank = math.floor(mean + special.ndtri(tail) * spread)
    else:
        rank = int(np.searchsorted(_distribution(before, after), tail, side="right"))
    return rank - 1 if rank >= 1 else None


@lru_cache(maxsize=256)
def _distribution(before: int, after: int) -> Sequence[float]:
    """Return P(U ≤ u) of the Mann-Whitney statistic for u = 0, 1, and so on."""
    counts = [1] + [0] * (before * after)
    for size in range(1, after + 1):  # the Gaussian binomial coefficient, as a product of polynomials
        factor = before + size
        for place in range(len(counts) - 1, factor - 1, -1):
            counts[place] -= counts[place - factor]
        for place in range(size, len(counts)):
            counts[place] += counts[place - size]
    total = math.comb(before + after, before)
    return [count / total for count in accumulate(counts)]
