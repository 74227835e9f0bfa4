"""The CPU time and page faults of this process and its descendants, and the CPUs that it may use."""

from __future__ import annotations

import os
import time

from runner_probe.worker import run_delay_ns

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]


def usable_cpus() -> int:
    """Count the CPUs that this process may use: a prefix such as `taskset` may restrict them."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Usage:
    """What a process and all its descendants have used; or, between two readings, what they used."""

    __slots__ = ("cpu_s", "main_cpu_s", "main_delay_s", "minor_faults", "own_cpu_s", "system_s")

    def __init__(
        self,
        *,
        cpu_s: float = 0.0,
        own_cpu_s: float = 0.0,
        main_cpu_s: float = 0.0,
        main_delay_s: float = 0.0,
        system_s: float = 0.0,
        minor_faults: int = 0,
    ) -> None:
        self.cpu_s = cpu_s  #: user and system time
        self.own_cpu_s = own_cpu_s  #: the part of cpu_s of this process itself
        self.main_cpu_s = main_cpu_s  #: the part of the thread that took the reading, the main thread
        self.main_delay_s = main_delay_s  #: how long that thread was runnable without a CPU; Linux only
        self.system_s = system_s  #: the part of cpu_s in the kernel
        self.minor_faults = minor_faults  #: page faults that read no disk, such as copies after a fork

    def since(self, before: Usage) -> Usage:
        """Return what was used between an earlier reading and this one."""
        return Usage(**{name: getattr(self, name) - getattr(before, name) for name in Usage.__slots__})

    def __add__(self, other: Usage) -> Usage:
        """Add what other processes have used."""
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in Usage.__slots__})


NOTHING = Usage()


def tree_usage() -> Usage:
    """Read what this process and all its descendants have used.

    The kernel adds the usage of a child to that of its parent when the parent waits for it. Descendants that
    are still alive (such as a fork server, with the workers that it has waited for) are read from /proc, with
    a resolution of one tick each.
    """
    if resource is None:
        seconds = time.process_time()
        return Usage(cpu_s=seconds, own_cpu_s=seconds, main_cpu_s=time.thread_time())
    process = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    own_s = process.ru_utime + process.ru_stime
    used = Usage(
        cpu_s=own_s + children.ru_utime + children.ru_stime,
        own_cpu_s=own_s,
        main_cpu_s=time.thread_time(),
        main_delay_s=(run_delay_ns() or 0) / 1e9,
        system_s=process.ru_stime + children.ru_stime,
        minor_faults=process.ru_minflt + children.ru_minflt,
    )
    for child in _children(os.getpid()):
        used += _living_usage(child)
    return used


def living_cpu_s() -> float:
    """Read the CPU time of living descendants: part of `tree_usage`, it counts again when they end."""
    return sum(_living_usage(child).cpu_s for child in _children(os.getpid()))


def _living_usage(process: int) -> Usage:
    """Read what a living descendant and its own descendants have used."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as stat:
            # The command may contain spaces and brackets; the fields after its last bracket do not.
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return NOTHING
    ticks_per_s = os.sysconf("SC_CLK_TCK")
    user, system, children_user, children_system = map(int, fields[11:15])
    used = Usage(
        cpu_s=(user + system + children_user + children_system) / ticks_per_s,
        system_s=(system + children_system) / ticks_per_s,
        minor_faults=int(fields[7]) + int(fields[8]),
    )
    for child in _children(process):
        used += _living_usage(child)
    return used


def _children(process: int) -> list[int]:
    children: list[int] = []
    try:
        threads = os.listdir(f"/proc/{process}/task")
    except OSError:
        return children  # this is not Linux, or the process has ended
    for thread in threads:
        try:
            with open(f"/proc/{process}/task/{thread}/children", encoding="utf-8") as file:
                children += [int(child) for child in file.read().split()]
        except OSError:
            continue  # this thread has ended; another one has its children now
    return children
