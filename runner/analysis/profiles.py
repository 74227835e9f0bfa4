"""What takes most, by what profilers wrote: functions by samples, lines of code by bytes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runner.analysis.identity import Identities
from runner.folder.store import Results, read_profile
from runner.records import UntimedRun

MOST = 5
_SMALLEST = 0.01  # of the whole
_MEASURING = (
    "runner_probe/probe_main.py",
    "runner_probe/serve.py",  # its name in earlier versions, as the next
    "runner_probe/invocation.py",
)  # what the interpreter runs around the tasks
_RUNNING = "runner_probe/iteration.py"  # what it runs while the clock would run


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A place in the code that takes much."""

    name: str  #: a function, or the source of a line
    place: str  #: its file, and its line if it is one
    amount: float  #: seconds of a thread that ran or was ready to, or bytes
    share: float  #: of the cell's


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What one profiler found of one cell."""

    cell: Mapping[str, Any]  #: the columns that name it
    found: UntimedRun
    spots: tuple[Spot, ...]  #: the first few, the largest first; none if the invocation did not end well


def profiles(results: Results, identities: Identities) -> Iterator[Profile]:
    """Read what was found of every cell that was profiled."""
    for found in results.untimed:
        if found.purpose != "memory":
            spots = _spots(read_profile(results.folder, found), found) if found.profile else ()
            yield Profile(cell=identities[found.cell], found=found, spots=tuple(spots))


def _spots(content: Any, found: UntimedRun) -> list[Spot]:
    amounts = by_function(content) if found.purpose == "cpu-profile" else by_line(content)
    whole = sum(amounts.values())
    most = sorted(amounts.items(), key=lambda entry: -entry[1])[:MOST]
    return [
        Spot(name=name, place=place, amount=amount, share=amount / whole)
        for (name, place), amount in most
        if amount >= _SMALLEST * whole
    ]


def by_function(speedscope: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    """Add up the seconds in which a function itself ran, over all threads of all processes.

    Left out is what the interpreter does before and after its tasks, which no clock counts either.
    """
    frames = speedscope["shared"]["frames"]
    seconds: dict[tuple[str, str], float] = {}
    for thread in speedscope["profiles"]:
        for stack, weight in zip(thread["samples"], thread["weights"], strict=True):
            files = [frames[index]["file"] or "" for index in stack]
            if files and files[-1] and not _is_around(files):  # no file: the process itself, not in Python
                spot = frames[stack[-1]]["name"], files[-1]
                seconds[spot] = seconds.get(spot, 0.0) + weight
    return seconds


def _is_around(files: Iterable[str]) -> bool:
    inner = [file for file in files if file.endswith((*_MEASURING, _RUNNING))]
    return any(file.endswith(_MEASURING) for file in inner) and not any(
        file.endswith(_RUNNING) for file in inner
    )


def by_line(rows: Iterable[Mapping[str, str]]) -> dict[tuple[str, str], float]:
    """Add up the bytes that lines held, each process at its own peak."""
    held: dict[tuple[str, str], float] = {}
    for row in rows:
        spot = row["source"], f"{row['file']}:{row['line']}"
        held[spot] = held.get(spot, 0.0) + int(row["held_bytes"])
    return held
