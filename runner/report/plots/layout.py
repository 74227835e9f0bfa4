"""The layout of speedup figures: the x axis, the limits, and the dodging of series at the same x."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log2

from runner.estimate import Estimate
from runner.facts import CellAnalysis
from runner.report.labels import one_line
from runner.report.plots import appearance as look
from runner.report.plots.panels import (
    EFFICIENCY,
    SPEEDUP,
    Panel,
    Quantity,
    is_auto,
    is_plain_loop,
    number,
    trouble,
)

Position = tuple[float, float]

NO_COUNT = 0.5  # x of executors that take no number of workers
DODGE = 0.45  # share of the gap between neighbouring x values that dodged series may occupy
CROSS = 0.11  # inches from the bottom of the axes to the crosses of failed cells
WORD_LINE = look.SMALL * look.LINE / 72  # inches


@dataclass(frozen=True, kw_only=True)
class Across:
    """The x axis, and what makes a series."""

    label: str
    value: Callable[[CellAnalysis], float]
    series: Callable[[CellAnalysis], str]
    is_workers: bool
    is_log: bool

    def even(self, value: float) -> float:
        """Map a value to a scale on which equal distances look equal."""
        return log2(value) if self.is_log else value

    def back(self, even: float) -> float:
        """Undo `even`."""
        return 2.0**even if self.is_log else even


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A median with its bounds and its runs, placed."""

    x: float
    estimate: Estimate | None
    runs: Sequence[Position]
    disturbed_runs: Sequence[Position]


@dataclass(frozen=True, kw_only=True)
class FailureWords:
    """How failures are labelled in the available room."""

    quantity: Quantity
    named: bool  #: with the series; otherwise its marker shows the series
    upright: bool
    band: float  #: inches reserved for them at the bottom of the speedup axes

    def of(self, cells: Iterable[CellAnalysis], across: Across) -> list[str]:
        """Label the failed cells at one x."""
        return list(
            dict.fromkeys(
                f"{one_line(across.series(cell))}: {trouble(cell, self.quantity)}"
                if self.named
                else trouble(cell, self.quantity)
                for cell in cells
            )
        )


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What all panels of one figure share."""

    across: Across
    quantity: Quantity
    looks: Mapping[str, look.Look]  #: by series
    dodges: Mapping[str, float]  #: by series: offset on the even scale
    step: float  #: distance of dodged series on the even scale
    gap: float  #: smallest distance of two x values on the even scale
    values: Sequence[float]  #: all x values
    x_limits: Position
    y_limits: Position  #: of the upper axes
    efficiency_top: float
    width: float  #: of a panel's data area in inches
    height: float  #: of its upper axes in inches
    words: FailureWords

    def x(self, cell: CellAnalysis, steps_aside: float = 0.0) -> float:
        """Return the x of a cell, or of a mark this many steps to its right."""
        even = self.across.even(self.across.value(cell)) + self.dodges[self.across.series(cell)]
        return self.across.back(even + steps_aside * self.step)

    def around(self, value: float, share: float) -> Position:
        """Return the ends of a line that extends by a share of the gap to both sides of a value."""
        even = self.across.even(value)
        return self.across.back(even - share * self.gap), self.across.back(even + share * self.gap)

    def dot(self, cell: CellAnalysis, quantity: Quantity | None = None) -> Dot:
        """Place a cell's median and its runs to the right of it, of another quantity if one is given."""
        shown = quantity or self.quantity
        placed = [
            (
                bool(run.disturbance),
                (self.x(cell, 0.5 + 0.18 * look.scatter(run.repetition)), value),
            )
            for run in cell.runs
            if (value := shown.of_run(run)) is not None
        ]
        estimate = shown.estimate(cell)
        return Dot(
            x=self.x(cell),
            estimate=estimate,
            runs=[position for is_disturbed, position in placed if not is_disturbed],
            disturbed_runs=[position for is_disturbed, position in placed if is_disturbed],
        )

    def inches(self, value: float) -> float:
        """Return the distance of a value from the left edge, approximately."""
        left, right = (self.across.even(limit) for limit in self.x_limits)
        return (self.across.even(value) - left) / (right - left) * self.width

    @property
    def y_limits_with_band(self) -> Position:
        """Extend the lower limit by the band for failures."""
        low, high = self.y_limits
        share = self.words.band / self.height
        return low / (high / low) ** (share / (1 - share)), high


def against_workers() -> Across:
    """Place cells by their number of workers; each executor is a series."""
    return Across(
        label="workers",
        value=lambda cell: float(cell.cell.workers or NO_COUNT),
        series=lambda cell: cell.cell.executor,
        is_workers=True,
        is_log=True,
    )


def against_setting(cells: Iterable[CellAnalysis], key: str) -> Across:
    """Place cells by a numeric setting; each executor with a number of workers is a series.

    Chunks of `auto` size are a separate series, at the chosen size.
    """

    def value(cell: CellAnalysis) -> float:
        return number(cell, key) or 0.0

    def series(cell: CellAnalysis) -> str:
        return f"{cell.cell.name}, auto" if key == "chunk_size" and is_auto(cell) else cell.cell.name

    values = [value(cell) for cell in compared(cells)]
    return Across(
        label=key,
        value=value,
        series=series,
        is_workers=False,
        is_log=min(values) > 0 and max(values) >= 20 * min(values),
    )


def compared(cells: Iterable[CellAnalysis]) -> list[CellAnalysis]:
    """Leave out a plain loop that is the baseline: the line at 1 represents it."""
    return [cell for cell in cells if not is_plain_loop(cell)]


def failures(panel: Panel, across: Across, quantity: Quantity) -> dict[float, list[CellAnalysis]]:
    """List the cells without a figure by their x."""
    failed: dict[float, list[CellAnalysis]] = {}
    for cell in compared(panel.cells):
        if trouble(cell, quantity):
            failed.setdefault(across.value(cell), []).append(cell)
    return failed


def layout_of(
    panels: Sequence[Panel],
    across: Across,
    looks: Mapping[str, look.Look],
    usable_cpus: int | None,
    size: tuple[float, float],
    *,
    quantity: Quantity = SPEEDUP,
) -> Layout:
    """Lay out all panels alike, so that they can be compared; `size` of the upper axes in inches."""
    cells = compared(cell for panel in panels for cell in panel.cells)
    values = sorted({across.value(cell) for cell in cells})
    even = [across.even(value) for value in values]
    gap = min([right - left for left, right in pairwise(even)], default=1.0)
    x_limits = _worker_limits(values, usable_cpus) if across.is_workers else _setting_limits(even, across)
    efficiencies = [value for cell in cells for value in EFFICIENCY.values(cell)]
    width, height = size
    per_inch = (across.even(x_limits[1]) - across.even(x_limits[0])) / width
    slots = _slots(panels, across)
    largest = max(count for _, count in slots.values())
    step = min(gap * DODGE / max(largest, 2), per_inch * 0.3)
    return Layout(
        across=across,
        quantity=quantity,
        looks=looks if across.is_workers else _looks_by_count(cells, across, looks),
        dodges={series: (slot - (count - 1) / 2) * step for series, (slot, count) in slots.items()},
        step=step,
        gap=gap,
        values=values,
        x_limits=x_limits,
        y_limits=_limits(cells, quantity, ideal=x_limits[1] if across.is_workers else 1.0),
        efficiency_top=max([1.0, *efficiencies]) * 1.1,
        width=width,
        height=height,
        words=_failure_words(panels, across, quantity, gap / per_inch),
    )


def _slots(panels: Sequence[Panel], across: Across) -> dict[str, tuple[int, int]]:
    """Assign each series a slot among those that share an x with it: by series, its slot and their number.

    A series that shares no x with another is drawn exactly at its x.
    """
    at: dict[tuple[int, float], set[str]] = {}
    order: dict[str, None] = {}
    for place, panel in enumerate(panels):
        for cell in compared(panel.cells):
            order[across.series(cell)] = None
            at.setdefault((place, across.value(cell)), set()).add(across.series(cell))
    slots: dict[str, tuple[int, int]] = {}
    for series in order:
        if series in slots:
            continue
        meeting, waiting = {series}, [series]
        while waiting:
            current = waiting.pop()
            for together in at.values():
                if current in together:
                    waiting += together - meeting
                    meeting |= together
        members = [name for name in order if name in meeting]
        slots |= {name: (slot, len(members)) for slot, name in enumerate(members)}
    return slots


def _looks_by_count(
    cells: Iterable[CellAnalysis], across: Across, looks: Mapping[str, look.Look]
) -> dict[str, look.Look]:
    """Assign colours by executor, and markers by number of workers."""
    kinds = sorted({(is_auto(cell), cell.cell.workers or 0) for cell in cells})
    return {
        across.series(cell): look.Look(
            looks[cell.cell.executor].colour,
            look.MARKERS[kinds.index((is_auto(cell), cell.cell.workers or 0)) % len(look.MARKERS)],
        )
        for cell in cells
    }


def _worker_limits(values: Sequence[float], usable_cpus: int | None) -> Position:
    largest = max(values[-1], 2.0)
    if (
        usable_cpus is not None and usable_cpus <= 2 * largest
    ):  # a limit just beyond the data is worth showing
        largest = max(largest, float(usable_cpus))
    return min(values[0], 1.0) / 2**0.4, largest * 2**0.4


def _setting_limits(even: Sequence[float], across: Across) -> Position:
    margin = (even[-1] - even[0]) * 0.08
    return across.back(even[0] - margin), across.back(even[-1] + margin)


def _limits(cells: Iterable[CellAnalysis], quantity: Quantity, ideal: float) -> Position:
    values = [1.0, *(value for cell in cells for value in quantity.values(cell) if value > 0)]
    bounds = [cell.speedup_bound.value for cell in cells if cell.speedup_bound is not None]
    low, high = min(values), max(values)
    # Room for the ideal line and for bounds, but they must not squeeze the data.
    high = max(high, min(max([ideal, *bounds]), 2 * high), 2.0)
    room = (high / low) ** 0.08
    return low / room, high * room


def _failure_words(panels: Iterable[Panel], across: Across, quantity: Quantity, slot: float) -> FailureWords:
    """Find the most informative labels that fit into slots of this width in inches."""
    words = FailureWords(quantity=quantity, named=True, upright=False, band=0.0)
    places = [cells for panel in panels for cells in failures(panel, across, quantity).values()]
    if not places:
        return words
    widest = 0.0
    for named in (True, False):
        words = replace(words, named=named)
        lines = [words.of(cells, across) for cells in places]
        widest = max(look.width_of(line, look.SMALL) for at_place in lines for line in at_place)
        if widest < slot:
            height = max(len(at_place) for at_place in lines) * WORD_LINE
            return replace(words, band=CROSS + 0.15 + height)
    return replace(words, upright=True, band=CROSS + 0.15 + widest)
