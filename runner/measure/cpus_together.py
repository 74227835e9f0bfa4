"""How quick a CPU is while others are busy: hardware threads share a core, and CPUs share a clock limit.

Fixed work is done by one process alone and by several at the same time, in turn. Its CPU time is compared, so
that it does not matter if other programs take CPUs meanwhile.
"""

import subprocess
import sys
from collections.abc import Iterable
from statistics import fmean, median
from types import TracebackType
from typing import Self

#: The interval of the median leaves out one ratio at each end: it holds for 96 % of studies (binomial).
_ROUNDS, _CUT = 9, 1
_MOST_COUNTS = 4  # the largest ones; measuring one takes about a fifth of a second
_PROGRAM = """
import sys, time
def work():
    started = time.process_time_ns()
    for _ in range(300_000):
        pass
    return time.process_time_ns() - started
for _ in sys.stdin:
    print(work(), flush=True)
"""


class _Workers:
    """Processes that each do the fixed work when told to."""

    def __init__(self, count: int) -> None:
        command = [sys.executable, "-I", "-S", "-c", _PROGRAM]
        pipe = subprocess.PIPE
        self._processes = [
            subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(count)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()

    def cpu_ns(self, count: int, first: int = 0) -> float:
        """Let some processes do the work at the same time; return the mean of their CPU times."""
        chosen = [self._processes[(first + place) % len(self._processes)] for place in range(count)]
        for process in chosen:
            assert process.stdin is not None  # noqa: S101 - for the type checker
            process.stdin.write("\n")
            process.stdin.flush()
        return fmean(int(process.stdout.readline()) for process in chosen if process.stdout is not None)


def measure_together(workers: Iterable[int | None], cpus: int) -> dict[str, dict[str, float]]:
    """Measure how quick a CPU is while as many are busy as workers can keep busy, relative to one alone.

    Args:
        workers: numbers of workers
        cpus: usable CPUs

    Returns:
        by the number of busy CPUs: the median and its bounds, at most 1; empty where it cannot be measured
    """
    counts = sorted({min(count, cpus) for count in workers if count is not None} - {0, 1})[-_MOST_COUNTS:]
    if not counts:
        return {}
    try:
        with _Workers(counts[-1]) as processes:
            processes.cpu_ns(counts[-1])  # the first run of each is slower
            return {str(count): _speed(processes, count) for count in counts}
    except (OSError, ValueError):
        return {}


def _speed(processes: _Workers, count: int) -> dict[str, float]:
    ratios = sorted(processes.cpu_ns(1, first) / processes.cpu_ns(count, first) for first in range(_ROUNDS))
    bounds = {"value": median(ratios), "low": ratios[_CUT], "high": ratios[-1 - _CUT]}
    return {name: round(min(1.0, ratio), 4) for name, ratio in bounds.items()}
