"""Processes seen from outside: which descend from this one, and how much memory they hold together.

What processes share is counted once, in parts: the proportional set size (PSS) of each is its own pages and,
of every page that n processes share, an n-th. So what the workers of a forked pool cost is the sum of theirs.

Standard library only: the supervisor uses it.
"""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

_PROC = Path("/proc")
_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


def descendants(proc: Path = _PROC) -> list[int]:
    """List the processes below this one; zombies are left out."""
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
    found, waiting = [], list(children.get(os.getpid(), ()))
    while waiting:
        process = waiting.pop()
        waiting += children.get(process, ())
        if process not in zombies:
            found.append(process)
    return found


class Peak:
    """The most that a changing set of processes held at any look.

    Args:
        processes: lists their ids, at the moment of a look
        proc: where the system tells of processes
    """

    def __init__(self, processes: Callable[[], Iterable[int]], proc: Path = _PROC) -> None:
        self._processes, self._proc = processes, proc
        self.pss_bytes: int | None = None  #: None until a look found a process that may be read
        self.looks = 0  #: that found one

    def look(self) -> None:
        """Add up what the processes hold now, but for those that end meanwhile or are not ours to read."""
        found = [self._pss_bytes(process) for process in self._processes()]
        readable = [pss_bytes for pss_bytes in found if pss_bytes is not None]
        if readable:
            self.looks += 1
            self.pss_bytes = max(sum(readable), self.pss_bytes or 0)

    def _pss_bytes(self, process: int) -> int | None:
        try:
            rollup = (self._proc / str(process) / "smaps_rollup").read_text(encoding="ascii")
        except OSError:
            return None
        kilobytes = _PSS.search(rollup)  # none of a process that has just ended
        return int(kilobytes[1]) * 1024 if kilobytes else None
