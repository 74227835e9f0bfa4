"""Hotspots of time and memory, from profiles: functions by samples, lines of code by bytes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from runner.facts import Hotspot, ProfileAnalysis
from runner.folder.results import Results, read_profile
from runner.records import Purpose

MOST_HOTSPOTS = 5
_SMALLEST_SHARE = 0.01
#: Modules of the code that runs before and after the tasks.
_AROUND_TASKS = (
    "runner_probe/probe_main.py",
    "runner_probe/serve.py",  # its name in earlier versions, as the next
    "runner_probe/invocation.py",
)
_TIMED = "runner_probe/iteration.py"  # the module of the code that runs during tasks


def analyse_profiles(results: Results) -> Iterator[ProfileAnalysis]:
    """List the hotspots of every cell that was profiled."""
    for run in results.untimed:
        if run.purpose != "memory":
            content = read_profile(results.folder, run) if run.profile else None
            yield ProfileAnalysis(
                cell=run.cell,
                purpose=run.purpose,
                error=run.error,
                hotspots=() if content is None else hotspots(content, run.purpose),
            )


def hotspots(content: Any, purpose: Purpose) -> tuple[Hotspot, ...]:
    """List the few places that take the most time or memory, the largest first, from a profile's content."""
    amounts = by_function(content) if purpose == "cpu-profile" else by_line(content)
    total = sum(amounts.values())
    largest = sorted(amounts.items(), key=lambda entry: -entry[1])[:MOST_HOTSPOTS]
    return tuple(
        Hotspot(name=name, place=place, amount=amount, share=amount / total)
        for (name, place), amount in largest
        if amount >= _SMALLEST_SHARE * total
    )


def by_function(speedscope: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    """Sum the seconds in each function itself, not in those it calls, over all threads; by name and file.

    What the interpreter does before and after its tasks is excluded, as in timed runs.
    """
    frames = speedscope["shared"]["frames"]
    seconds: dict[tuple[str, str], float] = {}
    for thread in speedscope["profiles"]:
        for stack, weight in zip(thread["samples"], thread["weights"], strict=True):
            files = [frames[index]["file"] or "" for index in stack]
            if files and files[-1] and not _is_around_tasks(files):  # no file: the process, outside Python
                place = frames[stack[-1]]["name"], files[-1]
                seconds[place] = seconds.get(place, 0.0) + weight
    return seconds


def _is_around_tasks(files: Iterable[str]) -> bool:
    probe = [file for file in files if file.endswith((*_AROUND_TASKS, _TIMED))]
    return any(file.endswith(_AROUND_TASKS) for file in probe) and not any(
        file.endswith(_TIMED) for file in probe
    )


def by_line(rows: Iterable[Mapping[str, str]]) -> dict[tuple[str, str], float]:
    """Sum the bytes that each line of code held over all processes, each at its peak; by source and place."""
    held: dict[tuple[str, str], float] = {}
    for row in rows:
        place = row["source"], f"{row['file']}:{row['line']}"
        held[place] = held.get(place, 0.0) + int(row["held_bytes"])
    return held
