"""Code under measurement on clusters, whose workers can import neither it nor what it imports."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import bag  # type: ignore[import-not-found] # on the path of measured interpreters


@dataclass
class Point:
    x: int


def mirror(point: Point) -> Point:
    assert type(point) is Point
    return Point(-bag.square(point.x))


def environment(_: Any) -> list[Any]:
    """Report where this runs, whether the code can be imported, and which pools left modules behind."""
    pools = [name for name in sys.modules if name.startswith("runner_probe_")]
    there = [name for name in ("runner_probe", "bag") if name not in sys.modules and find_spec(name)]
    return [str(Path.cwd()), sys.prefix, there, len(pools)]


def hold(number: int, folder: str) -> int:
    """Report that this runs, then wait until the gate is written to."""
    gate = os.open(Path(folder) / "gate", os.O_RDWR)
    bag.note(str(os.getpid()), path=str(Path(folder) / "running"))
    os.read(gate, 1)
    os.close(gate)
    return number


def note_programs(path: str) -> None:
    """Write the command line of every descendant of this process."""
    for process in bag._below(os.getpid()):
        bag.note(Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8").replace("\0", " "), path=path)
