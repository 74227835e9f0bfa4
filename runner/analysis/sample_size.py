"""The number of repetitions that an interval or a comparison needs: docs/method.md, Below six repetitions.

It imports no library, so that a session can ask before measuring.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from runner.records import Cell

FEWEST_FOR_FAR = 3  # that can show an overwhelming difference
_FEWEST_BLOCKS = 6  # whatever the confidence


def fewest_blocks(confidence: float) -> int:
    """Return the fewest blocks with which an interval of a median can have this confidence.

    The interval from the smallest to the largest of n values contains the median with a probability of
    1 - 2 ** (1 - n), by the binomial distribution. With fewer blocks, the range is shown instead.
    """
    return max(_FEWEST_BLOCKS, math.ceil(1 - math.log2(1 - confidence)))


def level_of_each(cells: int, confidence: float) -> float:
    """Return the confidence of a two-sided interval each of whose ends is at Bonferroni's level.

    It is for the comparisons of the best of this many cells with each of the others.
    """
    return 1 - 2 * (1 - confidence) / max(cells - 1, 1)


@dataclass(frozen=True, kw_only=True)
class TooFewToCompare:
    """Too few repetitions to compare the cells with one baseline."""

    cells: int
    repetitions: int
    needed: int

    @property
    def shows_overwhelming(self) -> bool:
        """Whether they are enough to show an overwhelming difference."""
        return self.repetitions >= FEWEST_FOR_FAR


def too_few_to_compare(cells: Iterable[Cell], repetitions: int, confidence: float) -> TooFewToCompare | None:
    """Check whether the repetitions are enough to compare the largest group of cells; None if they are."""
    group = max(Counter(cell.baseline for cell in cells).values())
    needed = fewest_blocks(level_of_each(group, confidence))
    if group == 1 or repetitions >= needed:
        return None
    return TooFewToCompare(cells=group, repetitions=repetitions, needed=needed)
