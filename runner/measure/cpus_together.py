"""The speed of a CPU while others are busy: hardware threads share a core, and CPUs share a clock limit.

Fixed work is done alternately by a single process and by several at the same time. Its CPU times are
compared, not its wall times, so that it does not matter whether other programs take CPUs meanwhile.
"""

import subprocess
import sys
from collections.abc import Iterable
from statistics import fmean, median
from types import TracebackType
from typing import Self

#: The interval of the median omits one ratio at each end: its confidence is 96 % (binomial distribution).
_ROUNDS, _CUT = 9, 1
_MOST_COUNTS = 4  # only the largest are measured; each takes about a fifth of a second
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
    """Processes that do the fixed work on request."""

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
        """Let this many processes do the work at the same time; return their mean CPU time."""
        chosen = [self._processes[(first + offset) % len(self._processes)] for offset in range(count)]
        for process in chosen:
            assert process.stdin is not None  # noqa: S101 - for the type checker
            process.stdin.write("\n")
            process.stdin.flush()
        return fmean(int(process.stdout.readline()) for process in chosen if process.stdout is not None)


def measure_together(workers: Iterable[int | None], cpus: int) -> dict[str, dict[str, float]]:
    """Measure the speed of each CPU while as many are busy as workers can keep busy.

    Args:
        workers: numbers of workers
        cpus: usable CPUs

    Returns:
        by the number of busy CPUs: the speed relative to a CPU that is busy alone, at most 1 ("value", the
        median, and its bounds "low" and "high"); empty if it cannot be measured
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
