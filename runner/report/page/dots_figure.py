"""Figures of dots: a figure of every run against the number of workers or a swept setting, with medians."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log2

from markupsafe import Markup

from runner.facts import CellAnalysis, HeadlineRun, StudyAnalysis
from runner.report import captions, wording
from runner.report.labels import bounds_text, one_line, shown
from runner.report.page.figure import (
    MOST_HINTS,
    WIDTH,
    Key,
    PageFigure,
    dots,
    drawing,
    hint,
    in_words,
    key,
    marker,
    series,
    tick,
    x_axis,
    y_axis,
)
from runner.report.page.markup import element, points
from runner.report.page.scale import Scale, limits_of
from runner.report.panels import Panel, Quantity, why_missing
from runner.report.series import SeriesStyle, scatter, series_styles_of
from runner.report.x_axis import NO_COUNT, XAxis, by_series, styles_on, without_plain_loop

_HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 320.0, 62.0, 14.0, 44.0, 46.0
_DODGE = 11.0  # pixels between series at the same x
_BESIDE = 4.5  # pixels from a median to the middle of its runs
_BOUND_HALF = 15.0  # half the width of the mark of a bound


@dataclass(frozen=True, kw_only=True)
class DotsSpec:
    """What a figure of dots shows on its vertical axis."""

    id: str
    title: str
    y_label: str
    quantity: Quantity
    show: Callable[[float], str]  #: formats a value
    is_log: bool = True
    is_binary: bool = False  #: label powers of two
    has_reference: bool = False  #: values are relative to the baseline: draw the line at 1 and the bounds
    needs_workers: bool = False  #: only cells with a number of workers have it
    has_ideal: bool = False  #: draw the ideal: as many times as fast as there are workers


def dots_figure(
    spec: DotsSpec, panels: Sequence[Panel], axis: XAxis, study: StudyAnalysis
) -> PageFigure | None:
    """Draw a figure of dots, a panel for each combination of further settings; None without a value."""
    cells = list(dict.fromkeys(cell for panel in panels for cell in _drawn(panel, spec, axis)))
    values = [value for cell in cells for value in spec.quantity.values(cell) if value > 0]
    if not values:
        return None
    styles = styles_on(axis, cells, series_styles_of(cell.cell.executor for cell in study.cells.values()))
    panels = [panel for panel in panels if _drawn(panel, spec, axis)]
    low, high = limits_of([*values, *_references(spec, cells, max(values))], is_log=spec.is_log)
    y = Scale(
        low=low if spec.is_log else min(low, 0.0),
        high=high,
        start=_HEIGHT - _BOTTOM,
        end=_TOP,
        is_log=spec.is_log,
    )
    x = _x_scale(axis, cells)
    drawings = [
        _Panel(spec=spec, panel=panel, axis=axis, study=study, styles=styles, x=x, y=y).draw()
        for panel in panels
    ]
    names = dict.fromkeys(axis.series(cell) for cell in cells)
    return PageFigure(
        id=spec.id,
        title=spec.title,
        drawings=drawings,
        legend=[_key(name, styles[name]) for name in names],
        caption=_caption(spec, cells, study),
        data="runs",
    )


def _key(name: str, style: SeriesStyle) -> Key:
    return key(one_line(name), style.colour, style.marker)


def _caption(spec: DotsSpec, cells: Sequence[CellAnalysis], study: StudyAnalysis) -> str:
    parts = [
        captions.runs(cells),
        captions.bounds(cells, (spec.quantity.estimate(cell) for cell in cells), study.study),
        "Short level lines: the bound, which no executor can exceed with these tasks and CPUs."
        if spec.has_reference and any(cell.speedup_bound for cell in cells)
        else "",
    ]
    return " ".join(filter(None, parts))


def _drawn(panel: Panel, spec: DotsSpec, axis: XAxis) -> list[CellAnalysis]:
    """List the cells that are drawn; where the line at 1 represents the loop, it is not one of them."""
    cells = without_plain_loop(panel.cells) if spec.has_reference else panel.cells
    placed = [cell for cell in cells if axis.has_place(cell)]
    return [cell for cell in placed if cell.cell.workers is not None or not spec.needs_workers]


def _references(spec: DotsSpec, cells: Sequence[CellAnalysis], highest: float) -> list[float]:
    """List what the axis should also show, as long as it does not squeeze the data."""
    if not spec.has_reference:
        return []
    bounds = [cell.speedup_bound.value for cell in cells if cell.speedup_bound is not None]
    most = max([cell.cell.workers or 1 for cell in cells], default=1) if spec.has_ideal else 1
    return [1.0, *(min(bound, 2 * highest) for bound in bounds), min(float(most), 2 * highest)]


def _x_scale(axis: XAxis, cells: Sequence[CellAnalysis]) -> Scale:
    places = [_place(axis, cell) for cell in cells]
    low, high = min(places), max(places)
    margin = 0.12 * (high - low) if high > low else 0.5
    return Scale(low=low - margin, high=high + margin, start=_LEFT, end=WIDTH - _RIGHT)


def _place(axis: XAxis, cell: CellAnalysis) -> float:
    return axis.to_scale(axis.value(cell))


@dataclass(frozen=True, kw_only=True)
class _Panel:
    """One panel of a figure."""

    spec: DotsSpec
    panel: Panel
    axis: XAxis
    study: StudyAnalysis
    styles: Mapping[str, SeriesStyle]  #: by series
    x: Scale
    y: Scale

    def draw(self) -> Markup:
        """Draw the panel."""
        spec, labels = self.spec, ", ".join(self.panel.labels)
        about = " for ".join(filter(None, [spec.title, labels]))
        head = element("text", labels, class_="panel", x=4, y=14)
        content = [
            x_axis(self.x, self._x_ticks(), _TOP, _HEIGHT - _BOTTOM, self.axis.label),
            y_axis(self.y, self._y_ticks(), _LEFT, WIDTH - _RIGHT, spec.y_label),
            head,
            *(self._reference() if spec.has_reference else ()),
            *self._cpus(),
            *self._series(),
            *self._failures(),
        ]
        return drawing(f"{about}: {self._summary()}", _HEIGHT, *content)

    def _summary(self) -> str:
        """Say in words what the panel shows."""
        return in_words(
            f"{one_line(cell.name)} {self.spec.show(estimate.value)}"
            for cell in self._cells
            if (estimate := self.spec.quantity.estimate(cell)) is not None
        )

    @cached_property
    def _cells(self) -> list[CellAnalysis]:
        return _drawn(self.panel, self.spec, self.axis)

    @cached_property
    def _dodges(self) -> dict[str, float]:
        """Shift series that share an x apart."""
        names = list(dict.fromkeys(self.axis.series(cell) for cell in self._cells))
        at: dict[float, set[str]] = {}
        for cell in self._cells:
            at.setdefault(_place(self.axis, cell), set()).add(self.axis.series(cell))
        if all(len(sharing) == 1 for sharing in at.values()):
            return dict.fromkeys(names, 0.0)
        return {name: _DODGE * (index - (len(names) - 1) / 2) for index, name in enumerate(names)}

    def _at(self, cell: CellAnalysis) -> float:
        return self.x.at(_place(self.axis, cell)) + self._dodges[self.axis.series(cell)]

    def _x_ticks(self) -> list[tuple[float, str]]:
        """Label the measured values, where there is room."""
        ticks: list[tuple[float, str]] = []
        last = float("-inf")
        for value in sorted({self.axis.value(cell) for cell in self._cells}):
            place = self.axis.to_scale(value)
            text = "n/a" if self.axis.is_workers and value == NO_COUNT else shown(value)
            if self.x.at(place) - last > 8 + 7 * len(text):
                ticks.append((place, text))
                last = self.x.at(place)
        return ticks

    def _y_ticks(self) -> list[tuple[float, str]]:
        return [tick(value, self.spec.show) for value in self.y.ticks(binary=self.spec.is_binary)]

    def _reference(self) -> list[Markup]:
        """Draw the line of the baseline, the ideal and the bounds."""
        left, right, one = _LEFT, WIDTH - _RIGHT, self.y.at(1.0)
        name = f"{captions.names_of(self.panel.baselines)}, {captions.times_of(self.panel.baselines)}"
        parts = [
            element("line", class_="base", x1=left, x2=right, y1=one, y2=one),
            element("text", name, class_="note", x=right - 2, y=one - 5, text_anchor="end"),
        ]
        if self.spec.has_ideal and self.axis.is_workers:
            counts = sorted({self.axis.value(cell) for cell in self._cells if cell.cell.workers} | {1.0})
            ends = [
                (self.x.at(log2(count)), self.y.at(count))
                for count in counts
                if self.y.low <= count <= self.y.high and self.x.low <= log2(count)
            ]
            parts.append(element("polyline", class_="ideal", points=points(ends)))
            if len(ends) > 1:
                x, y = ends[-1]
                parts.append(element("text", "ideal", class_="note", x=x - 6, y=y - 5, text_anchor="end"))
        for cell in self._cells:
            if cell.speedup_bound is not None and cell.speedup_bound.value <= self.y.high:
                x, y = self.x.at(_place(self.axis, cell)), self.y.at(cell.speedup_bound.value)
                text = f"bound of {one_line(cell.name)}: {self.spec.show(cell.speedup_bound.value)}"
                line = element(
                    "line", hint(text), class_="bound", x1=x - _BOUND_HALF, x2=x + _BOUND_HALF, y1=y, y2=y
                )
                parts.append(line)
        return parts

    def _cpus(self) -> list[Markup]:
        """Mark the number of usable CPUs."""
        cpus = self.study.study.usable_cpus
        if not self.axis.is_workers or not cpus or not self.x.low < log2(cpus) < self.x.high:
            return []
        x = self.x.at(log2(cpus))
        text = f"{cpus} CPU{'' if cpus == 1 else 's'}"
        return [
            element("line", class_="cpus", x1=x, x2=x, y1=_TOP, y2=_HEIGHT - _BOTTOM),
            element("text", text, class_="note", x=x + 4, y=_HEIGHT - _BOTTOM - 5),
        ]

    def _series(self) -> list[Markup]:
        grouped = by_series(self._cells, self.axis)
        return [self._one_series(name, cells) for name, cells in grouped.items()]

    def _one_series(self, name: str, cells: Sequence[CellAnalysis]) -> Markup:
        style, quantity = self.styles[name], self.spec.quantity
        medians = [
            (cell, estimate) for cell in cells if (estimate := quantity.estimate(cell)) and estimate.value > 0
        ]
        line = [(self._at(cell), self.y.at(estimate.value)) for cell, estimate in medians]
        parts = [element("polyline", class_="line", points=points(line))] if len(line) > 1 else []
        if self._has_hints:
            parts += [dot for cell in cells for dot in self._runs(cell)]
        else:
            places = [place for cell in cells for place, _, _ in self._places(cell)]
            parts.append(dots(places))
        for cell, estimate in medians:
            x = self._at(cell)
            ends = self.y.at(estimate.low), self.y.at(estimate.high)
            parts.append(element("line", class_="bar", x1=x, x2=x, y1=ends[0], y2=ends[1]))
            bounds = "" if estimate.is_exact else f" ({bounds_text(estimate)})"
            text = hint(f"{one_line(cell.name)}: {self.spec.show(estimate.value)}{bounds}")
            parts.append(marker(style.marker, x, self.y.at(estimate.value), text))
        return series(style.colour, *parts)

    @cached_property
    def _has_hints(self) -> bool:
        return sum(len(cell.runs) for cell in self._cells) <= MOST_HINTS

    def _runs(self, cell: CellAnalysis) -> Iterator[Markup]:
        """Draw the runs of a cell, beside its median."""
        for (x, y), run, value in self._places(cell):
            text = f"repetition {run.repetition}: {self.spec.show(value)}"
            disturbed = f", {run.disturbance}" if run.disturbance else ""
            class_ = "run disturbed" if run.disturbance else "run"
            yield element("circle", hint(text + disturbed), class_=class_, cx=x, cy=y, r=2)

    def _places(self, cell: CellAnalysis) -> Iterator[tuple[tuple[float, float], HeadlineRun, float]]:
        for run in cell.runs:
            value = self.spec.quantity.of_run(run)
            if value is not None and value > 0:
                x = self._at(cell) + _BESIDE * (1 + 0.6 * scatter(run.repetition))
                yield (x, self.y.at(value)), run, value

    def _failures(self) -> list[Markup]:
        """Mark the cells without a value."""
        parts = []
        for cell in self._cells:
            if why_missing(cell, self.spec.quantity) and not self.spec.quantity.estimate(cell):
                x, y = self._at(cell), _HEIGHT - _BOTTOM - 8
                text = hint(f"{one_line(cell.name)}: {wording.missing(cell, None)}")
                cross = f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"
                parts.append(element("path", text, class_="failed", d=cross))
        return parts
