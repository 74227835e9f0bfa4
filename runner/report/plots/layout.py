"""Where things stand in a figure of speedups: what runs along x, limits, and who steps aside for whom."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, log2

from runner.report.labels import one_line
from runner.report.plots import appearance as look
from runner.report.plots.data import Interval, Measured, Panel

Point = tuple[float, float]

NO_COUNT = 0.5  # where executors stand that take no number of workers
DODGE = 0.45  # share of the gap between neighbours that the series at one x may occupy
CROSS = 0.11  # inches from the bottom of the axes to the crosses of failed cells
WORD_LINE = look.SMALL * look.LINE / 72  # inches


@dataclass(frozen=True, kw_only=True)
class Across:
    """What runs along x, and what is one series."""

    label: str
    value: Callable[[Measured], float]
    series: Callable[[Measured], str]
    is_workers: bool
    is_log: bool

    def even(self, value: float) -> float:
        """Return a value on a scale that is equally wide all along the axis."""
        return log2(value) if self.is_log else value

    def back(self, even: float) -> float:
        """Undo `even`."""
        return 2.0**even if self.is_log else even


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A median with its runs, where they stand."""

    x: float
    interval: Interval
    runs: Sequence[Point]
    noisy_runs: Sequence[Point]


@dataclass(frozen=True, kw_only=True)
class Words:
    """How failures are told, with the room there is."""

    named: bool  #: with the series; its mark tells as well
    upright: bool
    band: float  #: inches at the bottom of the speedup axes that are kept for them

    def of(self, cells: Iterable[Measured], across: Across) -> list[str]:
        """Say what became of cells that stand at one place."""
        return list(
            dict.fromkeys(
                f"{one_line(across.series(cell))}: {cell.trouble}" if self.named else cell.trouble
                for cell in cells
            )
        )


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What all panels of one figure share."""

    across: Across
    looks: Mapping[str, look.Look]  #: by series
    dodges: Mapping[str, float]  #: how far each series steps aside
    step: float  #: how far series stand from each other
    values: Sequence[float]  #: all that is measured along x
    x_limits: Point
    y_limits: Point  #: of the speedups
    efficiency_top: float
    width: float  #: of a panel's data area in inches
    height: float  #: of its speedup axes in inches
    words: Words

    def x(self, cell: Measured, aside: float = 0.0) -> float:
        """Return where a cell stands, or what stands so many steps aside of it."""
        even = self.across.even(self.across.value(cell)) + self.dodges[self.across.series(cell)]
        return self.across.back(even + aside * self.step)

    def dot(self, cell: Measured, workers: int = 1) -> Dot:
        """Place a cell's median speedup per worker, and its runs to the right of it."""
        beside = [
            (run.is_noisy, (self.x(cell, 0.5 + 0.18 * look.scatter(run.repetition)), run.speedup / workers))
            for run in cell.runs
        ]
        return Dot(
            x=self.x(cell),
            interval=cell.speedup.over(workers),
            runs=[point for is_noisy, point in beside if not is_noisy],
            noisy_runs=[point for is_noisy, point in beside if is_noisy],
        )

    def inches(self, value: float) -> float:
        """Return how far from the left edge a value is, roughly."""
        left, right = (self.across.even(limit) for limit in self.x_limits)
        return (self.across.even(value) - left) / (right - left) * self.width

    @property
    def y_limits_with_band(self) -> Point:
        """Lower the bottom of the speedup axes by the band for failures."""
        low, high = self.y_limits
        share = self.words.band / self.height
        return low / (high / low) ** (share / (1 - share)), high


def against_workers() -> Across:
    """Lay cells along their number of workers; each executor is a series."""
    return Across(
        label="workers",
        value=lambda cell: float(cell.workers or NO_COUNT),
        series=lambda cell: cell.executor,
        is_workers=True,
        is_log=True,
    )


def against_setting(cells: Iterable[Measured], key: str) -> Across:
    """Lay cells along a numeric setting; each executor with a number of workers is a series.

    Chunks of `auto` size are a series of their own, at the size that it came to.
    """

    def value(cell: Measured) -> float:
        return cell.number(key) or 0.0

    def series(cell: Measured) -> str:
        return f"{cell.label}, auto" if key == "chunk_size" and cell.is_auto else cell.label

    values = [value(cell) for cell in compared(cells)]
    return Across(
        label=key,
        value=value,
        series=series,
        is_workers=False,
        is_log=min(values) > 0 and max(values) >= 20 * min(values),
    )


def compared(cells: Iterable[Measured]) -> list[Measured]:
    """Leave out a plain loop that is the baseline: the line at 1 is where it stands."""
    return [cell for cell in cells if not cell.is_loop]


def failures(panel: Panel, across: Across) -> dict[float, list[Measured]]:
    """Return cells without a speedup by where they stand along x."""
    found: dict[float, list[Measured]] = {}
    for cell in compared(panel.cells):
        if cell.trouble:
            found.setdefault(across.value(cell), []).append(cell)
    return found


def scene_of(
    panels: Sequence[Panel],
    across: Across,
    looks: Mapping[str, look.Look],
    usable_cpus: int,
    size: tuple[float, float],
) -> Scene:
    """Arrange all panels alike, so that they can be compared; `size` of speedup axes in inches."""
    cells = compared(cell for panel in panels for cell in panel.cells)
    series = list(dict.fromkeys(across.series(cell) for cell in cells))
    values = sorted({across.value(cell) for cell in cells})
    even = [across.even(value) for value in values]
    gap = min([right - left for left, right in pairwise(even)], default=1.0)
    x_limits = _worker_limits(values, usable_cpus) if across.is_workers else _setting_limits(even, across)
    efficiencies = [value / cell.workers for cell in cells if cell.workers for value in _speedups(cell)]
    width, height = size
    per_inch = (across.even(x_limits[1]) - across.even(x_limits[0])) / width
    step = min(gap * DODGE / max(len(series), 2), per_inch * 0.3)
    return Scene(
        across=across,
        looks=looks if across.is_workers else _looks_by_count(cells, across, looks),
        dodges={name: (place - (len(series) - 1) / 2) * step for place, name in enumerate(series)},
        step=step,
        values=values,
        x_limits=x_limits,
        y_limits=_speedup_limits(cells, ideal=x_limits[1] if across.is_workers else 1.0),
        efficiency_top=max([1.0, *efficiencies]) * 1.1,
        width=width,
        height=height,
        words=_words(panels, across, gap / per_inch),
    )


def _looks_by_count(
    cells: Iterable[Measured], across: Across, looks: Mapping[str, look.Look]
) -> dict[str, look.Look]:
    """Let the colour tell the executor, and the marker the number of workers."""
    kinds = sorted({(cell.is_auto, cell.workers or 0) for cell in cells})
    return {
        across.series(cell): look.Look(
            looks[cell.executor].colour,
            look.MARKERS[kinds.index((cell.is_auto, cell.workers or 0)) % len(look.MARKERS)],
        )
        for cell in cells
    }


def _worker_limits(values: Sequence[float], usable_cpus: int) -> Point:
    most = max(values[-1], 2.0)
    if usable_cpus <= 2 * most:  # a limit just beyond the data is worth seeing
        most = max(most, float(usable_cpus))
    return min(values[0], 1.0) / 2**0.4, most * 2**0.4


def _setting_limits(even: Sequence[float], across: Across) -> Point:
    margin = (even[-1] - even[0]) * 0.08
    return across.back(even[0] - margin), across.back(even[-1] + margin)


def _speedup_limits(cells: Iterable[Measured], ideal: float) -> Point:
    values = [1.0, *(value for cell in cells for value in _speedups(cell))]
    low, high = min(values), max(values)
    high = max(high, min(ideal, 2 * high), 2.0)  # room for the ideal line, but it must not squeeze the data
    room = (high / low) ** 0.08
    return low / room, high * room


def _speedups(cell: Measured) -> list[float]:
    values = [*(run.speedup for run in cell.runs), cell.speedup.mid, cell.speedup.low, cell.speedup.high]
    return [value for value in values if isfinite(value) and value > 0]


def _words(panels: Iterable[Panel], across: Across, slot: float) -> Words:
    """Find the most telling form that fits into places so many inches wide."""
    places = [cells for panel in panels for cells in failures(panel, across).values()]
    if not places:
        return Words(named=True, upright=False, band=0.0)
    widest = 0.0
    for named in (True, False):
        words = Words(named=named, upright=False, band=0.0)
        lines = [words.of(cells, across) for cells in places]
        widest = max(look.width_of(line, look.SMALL) for at_place in lines for line in at_place)
        if widest < slot:
            height = max(len(at_place) for at_place in lines) * WORD_LINE
            return Words(named=named, upright=False, band=CROSS + 0.15 + height)
    return Words(named=False, upright=True, band=CROSS + 0.15 + widest)
