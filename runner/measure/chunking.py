"""`chunk_size: auto` → how many tasks are sent to a worker at a time. docs/method.md derives the formula."""

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, inf


@dataclass(frozen=True, kw_only=True)
class Dispatch:
    """What handing out tasks costs on an executor, as an invocation of its own has found."""

    chunk_s: float  #: from submission to result, of one of many empty chunks in a row
    workers: int  #: of the pool, as it was opened
    shares_gil: bool = False  #: only one of them can compute at a time


def auto_chunk_size(lengths: Sequence[tuple[int, float]], dispatch: Dispatch, cpu_share: float = 0.0) -> int:
    """Choose the size with the least cost: handing chunks out, and waiting for the last of them.

    Args:
        lengths: of the tasks in their order: how many, and their seconds together
        dispatch: of the executor that will run them
        cpu_share: of the tasks' time, in which they compute. Where workers share a GIL, one that waits for
            the last chunk then leaves nothing undone: the others compute the faster
    """
    alone = 1 - min(cpu_share, 1.0) if dispatch.shares_gil else 1.0
    tasks = _Tasks(lengths)
    best, least_s = 1, inf
    for size in _sizes(tasks.count, dispatch.workers):
        handing_out_s = ceil(tasks.count / size) * dispatch.chunk_s
        if handing_out_s >= least_s:  # smaller ones cost more still
            break
        waiting_s = alone * (1 - 1 / dispatch.workers) * tasks.in_progress_s(size) / 2
        if handing_out_s + waiting_s < least_s:
            best, least_s = size, handing_out_s + waiting_s
    return best


def _sizes(tasks: int, workers: int) -> Iterator[int]:
    """Give ever smaller sizes of which every worker gets equally many chunks: 1, 2, 3, 4, 6, 8, 12."""
    for rounds in itertools.chain([1], (part << power for power in itertools.count() for part in (2, 3))):
        size = ceil(tasks / (workers * rounds))
        if ceil(tasks / size) < workers:  # 10 tasks in chunks of 2 leave one of 6 workers without any
            size = max(1, tasks // workers)
        yield size
        if size == 1:
            return


class _Tasks:
    """The seconds of any chunk of tasks; of tasks that were recorded together, each counts the same."""

    def __init__(self, lengths: Sequence[tuple[int, float]]) -> None:
        self._lengths = lengths
        self._first = list(itertools.accumulate((count for count, _ in lengths), initial=0))
        self._before_s = list(itertools.accumulate((seconds for _, seconds in lengths), initial=0.0))
        self.count = self._first[-1]

    def in_progress_s(self, size: int) -> float:
        """Tell how long the chunk is, on average, that runs at a moment: ΣS²/ΣS, not the mean of S."""
        until_s = [self._until_s(first) for first in range(0, self.count, size)] + [self._before_s[-1]]
        chunks_s = [later - earlier for earlier, later in itertools.pairwise(until_s)]
        total_s = sum(chunks_s)
        return sum(chunk_s**2 for chunk_s in chunks_s) / total_s if total_s else 0.0

    def _until_s(self, task: int) -> float:
        """Add up the seconds of the tasks before one."""
        index = bisect_right(self._first, task) - 1
        count, seconds = self._lengths[index]
        return self._before_s[index] + seconds * (task - self._first[index]) / count
