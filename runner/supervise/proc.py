"""Facts from /proc: which processes descend from this one, and how much memory they use together.

Memory is measured as proportional set size (PSS): the pages of a single process plus, for every page that n
processes share, an n-th of it. So the sum over processes counts shared pages, as in a forked pool, only once.

Standard library only: the supervisor uses this module.
"""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

_PROC = Path("/proc")
_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


def descendants(proc: Path = _PROC) -> list[int]:
    """List the descendants of this process, without zombies."""
    children: dict[int, list[int]] = {}
    zombies = set()
    for stat in proc.glob("[0-9]*/stat"):
        try:
            text = stat.read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        state, parent = text.rpartition(")")[2].split()[:2]
        process = int(stat.parent.name)
        children.setdefault(int(parent), []).append(process)
        if state in "ZX":
            zombies.add(process)
    living, waiting = [], list(children.get(os.getpid(), ()))
    while waiting:
        process = waiting.pop()
        waiting += children.get(process, ())
        if process not in zombies:
            living.append(process)
    return living


class Peak:
    """The peak memory of a changing set of processes, sampled.

    Args:
        processes: returns the ids of the processes at the time of a sample
        proc: the mounted /proc
    """

    def __init__(self, processes: Callable[[], Iterable[int]], proc: Path = _PROC) -> None:
        self._processes, self._proc = processes, proc
        self.pss_bytes: int | None = None  #: None until a process could be read
        self.samples = 0  #: those in which a process could be read

    def sample(self) -> None:
        """Add up the memory of all processes now, except processes that have ended or may not be read."""
        sizes = [self._pss_bytes(process) for process in self._processes()]
        readable = [pss_bytes for pss_bytes in sizes if pss_bytes is not None]
        if readable:
            self.samples += 1
            self.pss_bytes = max(sum(readable), self.pss_bytes or 0)

    def _pss_bytes(self, process: int) -> int | None:
        try:
            rollup = (self._proc / str(process) / "smaps_rollup").read_text(encoding="ascii")
        except OSError:
            return None
        kilobytes = _PSS.search(rollup)  # absent if the process has just ended
        return int(kilobytes[1]) * 1024 if kilobytes else None
