"""What takes most of the time or of the memory of every cell that was profiled."""

from collections.abc import Iterator, Sequence

from runner.analysis.facts import Hotspot as Spot
from runner.analysis.frames import Profile
from runner.analysis.identity import label
from runner.records import Purpose
from runner.report.labels import one_line, short
from runner.report.text_table import TextColumn as Column
from runner.units import size

_TITLES: dict[Purpose, str] = {
    "cpu-profile": "what runs (py-spy, never while timed): functions by their own time",
    "memory-profile": "what holds memory (tracemalloc, never while timed): lines at the peak",
}
_NOTHING: dict[Purpose, str] = {
    "cpu-profile": "it was too short, or only waited",
    "memory-profile": "its own code held nothing",
}
_LONGEST_PLACE = 30
_NAMED = ("cell", "workload", "executor", "workers")


def titled(profiles: Sequence[Profile]) -> Iterator[tuple[str, list[Profile]]]:
    """Group by what was looked for, with a title each."""
    for purpose, title in _TITLES.items():
        own = [profile for profile in profiles if profile.found.purpose == purpose]
        if own:
            yield title, own


def profile_columns(profiles: Sequence[Profile]) -> list[Column]:
    """Lay out the first few places of every cell, a row each; the cell is named in the first."""
    names = _names(profiles)
    rows = [
        (name if number == 0 else "", _amount(spot, profile), spot)
        for name, profile in zip(names, profiles, strict=True)
        for number, spot in enumerate(profile.spots)
    ]
    return [
        Column(heading="cell", texts=[name for name, _, _ in rows], justify="left", folds=True),
        Column(heading="share", texts=[f"{spot.share:.0%}" for _, _, spot in rows]),
        Column(heading="amount", texts=[amount for _, amount, _ in rows]),
        Column(heading="what", texts=[one_line(spot.name) for _, _, spot in rows], justify="left"),
        Column(
            heading="where",
            texts=[_end_of(spot.place) for _, _, spot in rows],
            justify="left",
            drop=1,
            style="dim",
        ),
    ]


def without(profiles: Sequence[Profile]) -> Iterator[str]:
    """Say of which cells there is no profile, and why."""
    for name, profile in zip(_names(profiles), profiles, strict=True):
        if profile.found.error:
            yield f"no profile of {name}: {profile.found.error}"
        elif not profile.spots:
            yield f"nothing was seen of {name}: {_NOTHING[profile.found.purpose]}"


def _names(profiles: Sequence[Profile]) -> list[str]:
    """Name cells by executor, workers and what else tells them apart."""
    cells = [profile.cell for profile in profiles]
    settings = [
        key for key in cells[0] if key not in _NAMED and len({cell[key] for cell in cells} - {None}) > 1
    ]
    names = []
    for cell in cells:
        own = (f"{short(key)}={cell[key]}" for key in settings if cell[key] is not None)
        workload = f"{cell['workload']}: " if len({one["workload"] for one in cells}) > 1 else ""
        names.append(" ".join([f"{workload}{label(cell)}", *own]))
    return names


def _amount(spot: Spot, profile: Profile) -> str:
    """Tell bytes; the seconds of samples include waiting for a CPU, so their share alone tells something."""
    return "" if profile.found.purpose == "cpu-profile" else size(spot.amount)


def _end_of(place: str) -> str:
    """Shorten the path of a file from its beginning: its end tells more."""
    return place if len(place) <= _LONGEST_PLACE else f"…{place[-_LONGEST_PLACE + 1 :]}"
