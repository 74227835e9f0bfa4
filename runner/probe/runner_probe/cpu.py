"""The CPU time of this process and its descendants, and the CPUs that it may use."""

from __future__ import annotations

import os
import time

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]


def usable_cpus() -> int:
    """Count the CPUs that this process may use: a prefix such as `taskset` may leave it fewer."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def tree_cpu_s() -> float:
    """Read the user and system seconds of this process and all its descendants.

    The kernel adds a child's time to its parent's when the parent waits for it. Descendants that are still
    alive (such as a fork server, with the workers it has waited for) are read from /proc, to one tick each.
    """
    if resource is None:
        return time.process_time()
    process = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = process.ru_utime + process.ru_stime + children.ru_utime + children.ru_stime
    return seconds + living_cpu_s()


def living_cpu_s() -> float:
    """Read the part of `tree_cpu_s` that is of living descendants: who waits for them will see it again."""
    return sum(_living_cpu_s(child) for child in _children(os.getpid()))


def _living_cpu_s(process: int) -> float:
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as stat:
            # The command may contain spaces and brackets; the fields after its last bracket do not.
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    ticks = sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime
    return ticks / os.sysconf("SC_CLK_TCK") + sum(_living_cpu_s(child) for child in _children(process))


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
