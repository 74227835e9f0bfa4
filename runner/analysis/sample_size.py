"""How many repetitions it takes before medians tell anything: docs/method.md, Below six repetitions.

Needs no library, so that a study can tell it before it measures.
"""

import math
from collections import Counter
from collections.abc import Iterable

from runner.records import Cell

_FEWEST_BLOCKS = 6  # whatever the confidence


def fewest_blocks(confidence: float) -> int:
    """Count the blocks below which no interval of a median has a confidence: their range is shown instead.

    From the smallest to the largest of n values, an interval holds the median with 1 - 2 ** (1 - n).
    """
    return max(_FEWEST_BLOCKS, math.ceil(1 - math.log2(1 - confidence)))


def level_of_each(cells: int, confidence: float) -> float:
    """Give the confidence of a two-sided interval of which one end is at Bonferroni's level."""
    return 1 - 2 * (1 - confidence) / max(cells - 1, 1)


def too_few(cells: Iterable[Cell], repetitions: int, confidence: float) -> str:
    """Say that so many repetitions cannot tell the cells with one baseline apart; empty where they can."""
    group = max(Counter(cell.baseline for cell in cells).values())
    needed = fewest_blocks(level_of_each(group, confidence))
    if group == 1 or repetitions >= needed:
        return ""
    few = f"{repetitions} repetition{'s' * (repetitions > 1)} cannot tell {group} cells apart"
    return f"{few}, whatever they take: repetitions={needed | 1} can"
