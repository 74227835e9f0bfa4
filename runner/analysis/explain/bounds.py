"""What no executor can beat: the shortest time in which a bag of indivisible tasks can be done.

Definitions and sources are in docs/method.md.
"""

import heapq
from collections.abc import Sequence

import numpy as np


def shortest_makespan(times: Sequence[float], workers: int) -> float:
    """Bound the time that `workers` need for tasks of these lengths from below; in the unit of `times`.

    It is the largest of three: the longest task; an even share of the sum; and, for every k, the k + 1
    shortest of the k * workers + 1 longest tasks, since some worker must do k + 1 of those. Equal tasks give
    exactly ceil(n / workers) times their length.
    """
    longest_first = np.sort(np.asarray(times, dtype=float))[::-1]
    if not longest_first.size:
        return 0.0
    sums = np.concatenate([[0.0], np.cumsum(longest_first)])
    k = np.arange(1, (longest_first.size - 1) // workers + 1)
    pigeonhole = sums[k * workers + 1] - sums[k * workers - k]
    return float(max(longest_first[0], sums[-1] / workers, pigeonhole.max(initial=0.0)))


def longest_first_makespan(times: Sequence[float], workers: int) -> float:
    """Time that `workers` need if the longest task left always goes to the first that is free.

    At most 4/3 - 1/(3 * workers) times the shortest possible (Graham 1969). In the unit of `times`.
    """
    ends = [0.0] * workers
    for time in sorted(times, reverse=True):
        heapq.heapreplace(ends, ends[0] + time)
    return max(ends)


def speedup_bound(
    task_s: Sequence[float],
    cpu_s: float,
    workers: int,
    cpus: float,
    *,
    each_worker_s: float = 0.0,
    loops: int = 1,
) -> float:
    """Bound the speedup of a bag from above: A(P) = (b * i + sum(s)) / (i + max(M*(s, P), U / min(P, CPUs))).

    Args:
        task_s: every task of the serial loop
        cpu_s: CPU time of the tasks, so that those that wait are not bound by the CPUs
        workers: P
        cpus: usable CPUs, or a quota's worth of them
        each_worker_s: i, what a loop, and every worker, takes before its first task: an initializer
        loops: b, how many loops, one after another, the tasks are of
    """
    quickest_s = max(shortest_makespan(task_s, workers), cpu_s / min(workers, cpus))
    return (loops * each_worker_s + sum(task_s)) / (each_worker_s + quickest_s)
