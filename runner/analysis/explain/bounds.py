"""What no executor can exceed: the shortest time in which a bag of indivisible tasks can be done.

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
    longest_first = np.sort(np.asarray(lengths, dtype=float))[::-1]
    if not longest_first.size:
        return 0.0
    sums = np.concatenate([[0.0], np.cumsum(longest_first)])
    k = np.arange(1, (longest_first.size - 1) // workers + 1)
    pigeonhole = sums[k * workers + 1] - sums[k * workers - k]
    return float(max(longest_first[0], sums[-1] / workers, pigeonhole.max(initial=0.0)))


def longest_first_makespan(lengths: Sequence[float] | Values, workers: int) -> float:
    """Return the time that `workers` need if the longest remaining task goes to the first that is free.

    At most 4/3 - 1/(3 * workers) times the shortest possible (Graham 1969). In the unit of `lengths`.
    """
    ends = [0.0] * workers
    for length in np.sort(np.asarray(lengths, dtype=float))[::-1].tolist():
        heapq.heapreplace(ends, ends[0] + length)
    return max(ends)


def speedup_bound(
    task_s: Sequence[float] | Values,
    cpu_s: float,
    workers: int,
    cpus: float,
    *,
    each_worker_s: float = 0.0,
    loops: int = 1,
) -> float:
    """Return an upper bound of the speedup of a bag.

    A(P) = (b * i + sum(s)) / (i + max(M*(s, P), U / min(P, CPUs))).

    Args:
        task_s: every task of the serial loop
        cpu_s: U, CPU time of the tasks, so that tasks that wait are not bound by the CPUs
        workers: P
        cpus: usable CPUs, or the quota in CPUs
        each_worker_s: i, what a loop, and every worker, takes before its first task: an initializer
        loops: b, how many loops, one after another, the tasks come from
    """
    quickest_s = max(shortest_makespan(task_s, workers), cpu_s / min(workers, cpus))
    return (loops * each_worker_s + float(np.sum(task_s))) / (each_worker_s + quickest_s)
