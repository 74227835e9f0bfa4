"""The chunk size that `chunk_size: auto` resolves to. docs/method.md derives the formula."""

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, inf


@dataclass(frozen=True, kw_only=True)
class DispatchCost:
    """The cost of dispatching chunks on an executor, from an invocation that measures only that."""

    chunk_s: float  #: seconds from submission to result of an empty chunk: the mean over many in a row
    workers: int  #: of the pool
    shares_gil: bool = False  #: only one worker can compute at a time


def auto_chunk_size(
    lengths: Sequence[tuple[int, float]], dispatch: DispatchCost, cpu_share: float = 0.0
) -> int:
    """Choose the chunk size that costs least: for dispatch, and for waiting for the last chunk.

    Args:
        lengths: durations of consecutive tasks: numbers of tasks, with their total seconds
        dispatch: cost of dispatch on the executor that will run them
        cpu_share: CPU seconds per second of the tasks. If workers share a GIL, waiting for the last chunk
            costs nothing during this share of its time: a worker computes faster once the others are idle
    """
    idle_share = 1 - min(cpu_share, 1.0) if dispatch.shares_gil else 1.0
    tasks = _TaskDurations(lengths)
    best_size, lowest_s = 1, inf
    for size in _sizes(tasks.count, dispatch.workers):
        dispatch_s = ceil(tasks.count / size) * dispatch.chunk_s
        if dispatch_s >= lowest_s:  # smaller sizes cost even more
            break
        waiting_s = idle_share * (1 - 1 / dispatch.workers) * tasks.in_progress_s(size) / 2
        if dispatch_s + waiting_s < lowest_s:
            best_size, lowest_s = size, dispatch_s + waiting_s
    return best_size


def _sizes(tasks: int, workers: int) -> Iterator[int]:
    """Yield decreasing sizes that give every worker equally many chunks: 1, 2, 3, 4, 6, 8, 12, and so on."""
    for rounds in itertools.chain([1], (part << power for power in itertools.count() for part in (2, 3))):
        size = ceil(tasks / (workers * rounds))
        if ceil(tasks / size) < workers:  # 10 tasks in chunks of 2 leave one of 6 workers idle
            size = max(1, tasks // workers)
        yield size
        if size == 1:
            return


class _TaskDurations:
    """The durations of tasks and chunks; tasks that share a record are taken to be equally long."""

    def __init__(self, lengths: Sequence[tuple[int, float]]) -> None:
        self._lengths = lengths
        self._first = list(itertools.accumulate((count for count, _ in lengths), initial=0))
        self._before_s = list(itertools.accumulate((seconds for _, seconds in lengths), initial=0.0))
        self.count = self._first[-1]

    def in_progress_s(self, size: int) -> float:
        """Compute the mean duration S of the chunk in progress at a random moment: ΣS²/ΣS, not ΣS/n."""
        until_s = [self._until_s(first) for first in range(0, self.count, size)] + [self._before_s[-1]]
        chunks_s = [later - earlier for earlier, later in itertools.pairwise(until_s)]
        total_s = sum(chunks_s)
        return sum(chunk_s**2 for chunk_s in chunks_s) / total_s if total_s else 0.0

    def _until_s(self, task: int) -> float:
        """Sum the durations of the tasks before this one."""
        index = bisect_right(self._first, task) - 1
        count, seconds = self._lengths[index]
        return self._before_s[index] + seconds * (task - self._first[index]) / count
