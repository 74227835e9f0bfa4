"""The CPU time of a process and of all that descends from it."""

from __future__ import annotations

import os
import time

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]


def usable_cpus() -> int:
    """Count the CPUs that this very process may use: a prefix such as taskset leaves it fewer than others."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def tree_cpu_s() -> float:
    """User and system seconds of this process, of children waited for, and of living descendants.

    The kernel adds a child's time to its parent's account when the parent waits for it. Descendants that live
    (a fork server, say, with the workers it has waited for) are read from /proc, to one tick each.
    """
    if resource is None:
        return time.process_time()
    own = resource.getrusage(resource.RUSAGE_SELF)
    waited_for = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = own.ru_utime + own.ru_stime + waited_for.ru_utime + waited_for.ru_stime
    return seconds + living_cpu_s()


def living_cpu_s() -> float:
    """Give the part of `tree_cpu_s` that whoever collects the living descendants will see again."""
    return sum(_living_cpu_s(child) for child in _children(os.getpid()))


def _living_cpu_s(process: int) -> float:
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as stat:
            # The command's name may hold spaces and brackets; what follows its last bracket is regular.
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
        return children  # not Linux, or gone meanwhile
    for thread in threads:
        try:
            with open(f"/proc/{process}/task/{thread}/children", encoding="utf-8") as file:
                children += [int(child) for child in file.read().split()]
        except OSError:
            continue  # this thread has ended; its children are now another's
    return children
