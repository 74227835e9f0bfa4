"""Disturbances: CPU time taken by other programs during an invocation, and a machine that is slow before it.

See docs/method.md, Noise.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runner.disturbances import MAX_SLOWDOWN, Disturbance, DisturbanceKind, as_text

#: CPUs that other programs may take on average; on a quiet host, at most 1 invocation in 20 exceeds it.
MAX_CPUS_TAKEN = 0.10
_CANARY_S = 0.05
_CANARY_TRIALS = 5
_RESOLUTION_S = 0.05  # the kernel counts ticks of 10 ms, on every CPU
_STAT = Path("/proc/stat")
_LINE_BYTES = 256  # more than the first line of _STAT; the rest is not needed


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The machine's CPU times since it started, summed over its CPUs, read at one moment."""

    at_s: float
    busy_s: float  #: CPU time of all processes
    steal_s: float  #: taken by the host from a virtual machine
    runner_s: float  #: CPU time of this process

    @classmethod
    def take(cls, stat: Path = _STAT) -> "Reading | None":
        """Read the times; None where the system does not report them."""
        try:
            with open(stat, "rb", buffering=0) as file:  # noqa: PTH123 - before and after each invocation
                user, nice, system, _, _, irq, softirq, steal = map(int, file.read(_LINE_BYTES).split()[1:9])
        except (OSError, ValueError):
            return None
        tick_s = 1 / os.sysconf("SC_CLK_TCK")
        return cls(
            at_s=time.monotonic(),
            busy_s=(user + nice + system + irq + softirq) * tick_s,
            steal_s=steal * tick_s,
            runner_s=time.process_time(),
        )


def disturbance(before: Reading | None, after: Reading | None, invocation_cpu_s: float) -> str:
    """Say how much CPU other programs took between two readings; empty if negligible or unknown.

    Args:
        before: taken before the invocation
        after: taken after it
        invocation_cpu_s: CPU time of all its processes
    """
    if before is None or after is None:
        return ""
    seconds = after.at_s - before.at_s
    others_s = after.busy_s - before.busy_s - (after.runner_s - before.runner_s) - invocation_cpu_s
    steal_s = after.steal_s - before.steal_s
    taken = ((DisturbanceKind.OTHER_PROGRAMS, others_s), (DisturbanceKind.HOST, steal_s))
    return as_text(
        Disturbance(kind=kind, amount=taken_s / seconds)
        for kind, taken_s in taken
        if taken_s > _RESOLUTION_S and taken_s / seconds > MAX_CPUS_TAKEN
    )


class Canary:
    """A fixed piece of work, timed while no invocation runs, to notice that the machine is slow.

    Args:
        work: the fixed piece of work; by default a loop
        clock: returns seconds
    """

    def __init__(
        self, work: Callable[[], object] | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._clock = clock
        self._work = work or _spin_for(_CANARY_S, clock)
        self._shortest_s = min(self._time() for _ in range(_CANARY_TRIALS))

    def slowdown(self) -> float:
        """Time the work now; return the multiple of its shortest time."""
        seconds = self._time()
        self._shortest_s = min(self._shortest_s, seconds)
        return seconds / self._shortest_s

    def disturbance(self) -> str:
        """Time the work now, and say how slow it is; empty if it is not slow."""
        slowdown = self.slowdown()
        if slowdown <= MAX_SLOWDOWN:
            return ""
        return as_text([Disturbance(kind=DisturbanceKind.SLOW_CPU, amount=slowdown)])

    def _time(self) -> float:
        started = self._clock()
        self._work()
        return self._clock() - started


def _spin_for(seconds: float, clock: Callable[[], float]) -> Callable[[], object]:
    """Make work that takes about this many seconds at the machine's current speed."""
    steps = 1_000
    while True:
        started = clock()
        _count(steps)
        elapsed = clock() - started
        if elapsed >= seconds / 10:
            steps = int(steps * seconds / elapsed)
            return lambda: _count(steps)
        steps *= 2


def _count(steps: int) -> None:
    for _ in range(steps):
        pass
