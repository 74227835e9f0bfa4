"""The limit of every executor: the shortest time in which a bag of indivisible tasks can be done.

Definitions and sources are in docs/method.md.
"""

import heapq
from collections.abc import Sequence

import numpy as np

from runner.analysis.intervals import Values


def shortest_makespan(lengths: Sequence[float] | Values, workers: int) -> float:
    """Return a lower bound of the time that `workers` need for tasks of these lengths, in their unit.

    It is the largest of three: the longest task; an even share of the sum; and, for every k, the k + 1
    shortest of the k * workers + 1 longest tasks, since some worker must do k + 1 of those. Equal tasks give
    exactly ceil(n / workers) times their length.
    """
    return float(shortest_makespans(np.asarray(lengths, dtype=float)[np.newaxis, :], workers)[0])


def shortest_makespans(lengths: Values, workers: int) -> Values:
    """Return the lower bound for every row of lengths."""
    longest_first = np.sort(lengths, axis=1)[:, ::-1]
    rows, tasks = longest_first.shape
    if not tasks:
        return np.zeros(rows)
    sums = np.concatenate([np.zeros((rows, 1)), np.cumsum(longest_first, axis=1)], axis=1)
    k = np.arange(1, (tasks - 1) // workers + 1)
    pigeonhole = (sums[:, k * workers + 1] - sums[:, k * workers - k]).max(axis=1, initial=0.0)
    shortest: Values = np.maximum(np.maximum(longest_first[:, 0], sums[:, -1] / workers), pigeonhole)
    return shortest


def longest_first_makespan(lengths: Sequence[float] | Values, workers: int) -> float:
    """Return the time that `workers` need if the longest remaining task goes to the first that is free.

    At most 4/3 - 1/(3 * workers) times the shortest possible (Graham 1969). In the unit of `lengths`.
    """
    ends = [0.0] * workers
    for length in np.sort(np.asarray(lengths, dtype=float))[::-1].tolist():
        heapq.heapreplace(ends, ends[0] + length)
    return max(ends)
