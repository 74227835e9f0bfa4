"""The layout of speedup figures: the x axis, its limits, and the dodging of series at the same x."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from runner.estimate import Estimate
from runner.facts import CellAnalysis
from runner.report.labels import one_line
from runner.report.panels import (
    EFFICIENCY,
    SPEEDUP,
    Panel,
    Quantity,
    why_missing,
)
from runner.report.plots import appearance
from runner.report.series import SeriesStyle, scatter
from runner.report.x_axis import XAxis, styles_on, without_plain_loop

Position = tuple[float, float]

DODGE = 0.45  # share of the gap between neighbouring x values that dodged series may occupy
CROSS = 0.11  # inches from the bottom of the axes to the crosses of failed cells
WORD_LINE = appearance.SMALL * appearance.LINE / 72  # inches


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A median with its bounds and its runs, at their places in the figure."""

    x: float
    estimate: Estimate | None
    runs: Sequence[Position]
    disturbed_runs: Sequence[Position]


@dataclass(frozen=True, kw_only=True)
class FailureWords:
    """How failures are labelled in the available room."""

    quantity: Quantity
    named: bool  #: they name the series; otherwise only its marker shows it
    upright: bool  #: they are written upwards
    band: float  #: inches reserved for them at the bottom of the speedup axes

    def of(self, cells: Iterable[CellAnalysis], x_axis: XAxis) -> list[str]:
        """Label the failed cells at one x."""
        return list(
            dict.fromkeys(
                f"{one_line(x_axis.series(cell))}: {why_missing(cell, self.quantity)}"
                if self.named
                else why_missing(cell, self.quantity)
                for cell in cells
            )
        )


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What all panels of one figure share."""

    x_axis: XAxis
    quantity: Quantity
    series_styles: Mapping[str, SeriesStyle]  #: by series
    dodges: Mapping[str, float]  #: by series: offset on the scale of the x axis
    step: float  #: distance of dodged series on that scale
    gap: float  #: smallest distance of two x values on that scale
    values: Sequence[float]  #: all x values
    x_limits: Position
    y_limits: Position  #: of the upper axes
    efficiency_top: float
    width: float  #: of a panel's data area in inches
    height: float  #: of its upper axes in inches
    words: FailureWords

    def x(self, cell: CellAnalysis, steps_aside: float = 0.0) -> float:
        """Return the x of a cell, or of a mark this many steps to its right."""
        scaled = self.x_axis.to_scale(self.x_axis.value(cell)) + self.dodges[self.x_axis.series(cell)]
        return self.x_axis.from_scale(scaled + steps_aside * self.step)

    def around(self, value: float, share: float) -> Position:
        """Return the ends of a line that extends by a share of the gap to both sides of a value."""
        scaled = self.x_axis.to_scale(value)
        left, right = scaled - share * self.gap, scaled + share * self.gap
        return self.x_axis.from_scale(left), self.x_axis.from_scale(right)

    @property
    def ideal(self) -> list[Position]:
        """The corners of speedup = workers: level from the first to the last dodged marker of a number."""
        reach = max(self.dodges.values())
        corners = [
            (self.x_axis.from_scale(self.x_axis.to_scale(count) + side), count)
            for count in sorted({1.0, *(value for value in self.values if value > 1)})
            for side in (-reach, reach)
        ]
        right = self.x_limits[1]
        return corners if corners[-1][0] >= right else [*corners, (right, right)]

    def dot(self, cell: CellAnalysis, quantity: Quantity | None = None) -> Dot:
        """Place a cell's median, and its runs to the right of it; another quantity may be given."""
        shown = quantity or self.quantity
        placed = [
            (
                bool(run.disturbance),
                (self.x(cell, 0.5 + 0.18 * scatter(run.repetition)), value),
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
        """Return the approximate distance of a value from the left edge in inches."""
        left, right = (self.x_axis.to_scale(limit) for limit in self.x_limits)
        return (self.x_axis.to_scale(value) - left) / (right - left) * self.width

    @property
    def y_limits_with_band(self) -> Position:
        """The y limits, with the lower one extended by the band for failures."""
        low, high = self.y_limits
        share = self.words.band / self.height
        return low / (high / low) ** (share / (1 - share)), high


def failures(panel: Panel, x_axis: XAxis, quantity: Quantity) -> dict[float, list[CellAnalysis]]:
    """List the cells without a figure by their x."""
    failed: dict[float, list[CellAnalysis]] = {}
    for cell in without_plain_loop(panel.cells):
        if why_missing(cell, quantity):
            failed.setdefault(x_axis.value(cell), []).append(cell)
    return failed


def layout_of(
    panels: Sequence[Panel],
    x_axis: XAxis,
    series_styles: Mapping[str, SeriesStyle],
    usable_cpus: int | None,
    size: tuple[float, float],
    *,
    quantity: Quantity = SPEEDUP,
) -> Layout:
    """Lay out all panels alike, so that they can be compared.

    Args:
        panels: the panels of one figure
        x_axis: what x shows
        series_styles: by executor
        usable_cpus: None: unknown
        size: width and height of the upper axes in inches
        quantity: what the upper axes show
    """
    cells = without_plain_loop(cell for panel in panels for cell in panel.cells)
    values = sorted({x_axis.value(cell) for cell in cells})
    scaled = [x_axis.to_scale(value) for value in values]
    gap = min([right - left for left, right in pairwise(scaled)], default=1.0)
    x_limits = _worker_limits(values, usable_cpus) if x_axis.is_workers else _setting_limits(scaled, x_axis)
    efficiencies = [value for cell in cells for value in EFFICIENCY.values(cell)]
    width, height = size
    per_inch = (x_axis.to_scale(x_limits[1]) - x_axis.to_scale(x_limits[0])) / width
    slots = _slots(panels, x_axis)
    largest = max(count for _, count in slots.values())
    step = min(gap * DODGE / max(largest, 2), per_inch * 0.3)
    return Layout(
        x_axis=x_axis,
        quantity=quantity,
        series_styles=styles_on(x_axis, cells, series_styles),
        dodges={series: (slot - (count - 1) / 2) * step for series, (slot, count) in slots.items()},
        step=step,
        gap=gap,
        values=values,
        x_limits=x_limits,
        y_limits=_limits(cells, quantity, ideal=x_limits[1] if x_axis.is_workers else 1.0),
        efficiency_top=max([1.0, *efficiencies]) * 1.1,
        width=width,
        height=height,
        words=_failure_words(panels, x_axis, quantity, gap / per_inch),
    )


def _slots(panels: Sequence[Panel], x_axis: XAxis) -> dict[str, tuple[int, int]]:
    """Assign a slot to each series: by series, its slot and the number of slots at its x.

    Series that share an x, directly or through others, get different slots. A series that shares no x has a
    single slot, so it is drawn exactly at its x.
    """
    series_at: dict[tuple[int, float], set[str]] = {}
    order: dict[str, None] = {}
    for index, panel in enumerate(panels):
        for cell in without_plain_loop(panel.cells):
            order[x_axis.series(cell)] = None
            series_at.setdefault((index, x_axis.value(cell)), set()).add(x_axis.series(cell))
    slots: dict[str, tuple[int, int]] = {}
    for series in order:
        if series in slots:
            continue
        connected, waiting = {series}, [series]
        while waiting:
            current = waiting.pop()
            for sharing_x in series_at.values():
                if current in sharing_x:
                    waiting += sharing_x - connected
                    connected |= sharing_x
        members = [name for name in order if name in connected]
        slots |= {name: (slot, len(members)) for slot, name in enumerate(members)}
    return slots


def _worker_limits(values: Sequence[float], usable_cpus: int | None) -> Position:
    largest = max(values[-1], 2.0)
    if (
        usable_cpus is not None and usable_cpus <= 2 * largest
    ):  # a limit just beyond the data is worth showing
        largest = max(largest, float(usable_cpus))
    return min(values[0], 1.0) / 2**0.4, largest * 2**0.4


def _setting_limits(scaled: Sequence[float], x_axis: XAxis) -> Position:
    margin = (scaled[-1] - scaled[0]) * 0.08
    return x_axis.from_scale(scaled[0] - margin), x_axis.from_scale(scaled[-1] + margin)


def _limits(cells: Iterable[CellAnalysis], quantity: Quantity, ideal: float) -> Position:
    values = [1.0, *(value for cell in cells for value in quantity.values(cell) if value > 0)]
    bounds = [cell.speedup_bound.value for cell in cells if cell.speedup_bound is not None]
    low, high = min(values), max(values)
    # Leave room for the ideal line and for bounds, as long as they do not squeeze the data.
    high = max(high, min(max([ideal, *bounds]), 2 * high), 2.0)
    room = (high / low) ** 0.08
    return low / room, high * room


def _failure_words(panels: Iterable[Panel], x_axis: XAxis, quantity: Quantity, slot: float) -> FailureWords:
    """Choose the most informative labels of failures that fit into slots of this width in inches."""
    words = FailureWords(quantity=quantity, named=True, upright=False, band=0.0)
    places = [cells for panel in panels for cells in failures(panel, x_axis, quantity).values()]
    if not places:
        return words
    widest = 0.0
    for named in (True, False):
        words = replace(words, named=named)
        lines = [words.of(cells, x_axis) for cells in places]
        widest = max(appearance.width_of(line, appearance.SMALL) for at_place in lines for line in at_place)
        if widest < slot:
            height = max(len(at_place) for at_place in lines) * WORD_LINE
            return replace(words, band=CROSS + 0.15 + height)
    return replace(words, upright=True, band=CROSS + 0.15 + widest)
