"""`chunk_size=auto` against the best of many fixed sizes, for tasks of about 1 µs, 100 µs and 10 ms.

Claim, for two threads and two processes: chunks of `auto` size take at most 1.05 times as long as those of
the best fixed size. The best of many sizes is partly lucky. So half of the rounds choose the best size and
the other half are compared with it, and then the reverse: no round is compared with a size that it helped to
choose.

python -m benchmarks.chunk_sizes [ROUNDS]
"""

import random
import sys
import tempfile
import time
from collections.abc import Sequence
from math import ceil
from pathlib import Path

import numpy as np

from benchmarks.cells import cell_of, measure
from benchmarks.pairs import CONFIDENCE
from experiments.numbers import sum_of_squares
from runner.analysis.intervals import Values, medians
from runner.estimate import Estimate
from runner.measure.chunking import auto_chunk_size
from runner.records import Cell, Reference
from runner.supervise.client import Supervisor
from runner.units import seconds

TASKS = {1e-6: 20_000, 100e-6: 1_000, 10e-3: 40}  #: seconds of a task → number of tasks
WORKERS = 2
MAX_CHUNKS = 2_000  # more chunks of the shortest tasks take minutes, and are never the best
CLAIM = 1.05


def main() -> None:
    """Run the benchmark; exit code 1 if the claim does not hold."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 48
    hold = []
    with Supervisor() as supervisor, tempfile.TemporaryDirectory() as folder:
        for task_s, count in TASKS.items():
            for executor in ("thread", "process"):
                bench = _Bench(executor, task_s, count, supervisor, Path(folder))
                hold.append(bench.compare(rounds))
    sys.exit(0 if all(hold) else 1)


class _Bench:
    """One bag of equal tasks on one executor, in chunks of any size."""

    def __init__(
        self, executor: str, task_s: float, count: int, supervisor: Supervisor, folder: Path
    ) -> None:
        self.name, self.count = f"{executor}, {count} of {seconds(task_s)}", count
        self._context = supervisor, folder
        items = f"_target_:itertools.repeat,object:{_size_of(task_s)},times:{count}"
        self._work = (
            "workload=function",
            "workload.function=experiments.numbers.sum_of_squares",
            f"workload.items={{{items}}}",
        )
        self._pool = (f"executor={executor}", f"workers={WORKERS}")
        self._reference = self._measure_reference()

    def compare(self, rounds: int) -> bool:
        """Measure all sizes in every round, in random order, and print `auto` next to the best fixed size."""
        auto, fixed = self._auto(), _ladder(self.count)
        cells = [self._cell(size) for size in (auto, *fixed)]
        rng = random.Random(1)  # noqa: S311 - an order, not a secret
        wall_s = np.empty((len(cells), rounds))
        for number in range(rounds):
            for index in rng.sample(range(len(cells)), len(cells)):
                wall_s[index, number] = self._wall_s(cells[index])
        ratio = ratio_to_best(wall_s[0], wall_s[1:])
        best = fixed[int(np.median(wall_s[1:], axis=1).argmin())]
        holds = ratio.value <= CLAIM
        print(
            f"{self.name:28} auto {auto:5} {seconds(float(np.median(wall_s[0]))):>8}   best {best:5}   "
            f"ratio {ratio.value:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]   "
            f"claim at most {CLAIM:g}: {'holds' if holds else 'DOES NOT HOLD'}",
            flush=True,
        )
        return holds

    def _auto(self) -> int:
        """Choose the size as a study does."""
        dispatch = measure(self._cell(1), *self._context, self._reference, dispatch=True).dispatch
        assert dispatch is not None  # noqa: S101 - for the type checker
        return auto_chunk_size(self._reference.lengths, dispatch, self._reference.cpu_share)

    def _measure_reference(self) -> Reference:
        loop = cell_of(*self._work, "executor=serial")
        reference = measure(loop, *self._context).reference
        assert reference is not None  # noqa: S101 - for the type checker
        return reference

    def _cell(self, chunk_size: int) -> Cell:
        return cell_of(*self._work, *self._pool, f"chunk_size={chunk_size}")

    def _wall_s(self, cell: Cell) -> float:
        return measure(cell, *self._context, self._reference).samples[0].wall_s or 0.0


def ratio_to_best(auto: Values, fixed: Values) -> Estimate:
    """Estimate the median ratio to the fixed size that is best in the rounds of the other half.

    Args:
        auto: seconds, by round
        fixed: seconds, by size and round
    """
    ratios = np.empty_like(auto)
    halves = (slice(0, None, 2), slice(1, None, 2))
    for choosing, comparing in (halves, halves[::-1]):
        best = np.median(fixed[:, choosing], axis=1).argmin()
        ratios[comparing] = auto[comparing] / fixed[best, comparing]
    [estimate] = medians(ratios[np.newaxis], CONFIDENCE, seed=0)
    return estimate


def _ladder(tasks: int) -> Sequence[int]:
    """List fixed sizes: 1, 4, 16, … and a chunk for each worker."""
    largest = ceil(tasks / WORKERS)
    powers = [4**power for power in range(8) if 4**power < largest]
    return [size for size in (*powers, largest) if tasks / size <= MAX_CHUNKS]


def _size_of(task_s: float) -> int:
    """Find the number of squares that take this time on this machine."""
    squares = 20_000
    seconds_taken = []
    for _ in range(9):
        started = time.perf_counter()
        sum_of_squares(squares)
        seconds_taken.append(time.perf_counter() - started)
    return max(1, round(squares * task_s / min(seconds_taken)))


if __name__ == "__main__":
    main()
