"""The x axis of figures: numbers of workers or a swept setting, and which cells form a series on it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import log2

from runner.facts import CellAnalysis
from runner.report.panels import is_auto, is_plain_loop, number
from runner.report.series import MARKERS, SeriesStyle

NO_COUNT = 0.5  # x of executors that take no number of workers


@dataclass(frozen=True, kw_only=True)
class XAxis:
    """The x axis, and which cells form a series.

    Its scale is linear or logarithmic; distances on the scale are proportional to distances in the figure.
    """

    label: str
    value: Callable[[CellAnalysis], float]
    series: Callable[[CellAnalysis], str]
    has_place: Callable[[CellAnalysis], bool]  #: whether the cell is on the axis: a setting may not reach it
    is_workers: bool
    is_log: bool

    def to_scale(self, value: float) -> float:
        """Return the place of a value on the scale."""
        return log2(value) if self.is_log else value

    def from_scale(self, scaled: float) -> float:
        """Return the value at a place on the scale."""
        return 2.0**scaled if self.is_log else scaled


def against_workers() -> XAxis:
    """Place cells by their number of workers; each executor is a series."""
    return XAxis(
        label="workers",
        value=lambda cell: float(cell.cell.workers or NO_COUNT),
        series=lambda cell: cell.cell.executor,
        has_place=lambda _: True,
        is_workers=True,
        is_log=True,
    )


def against_setting(cells: Iterable[CellAnalysis], key: str) -> XAxis:
    """Place cells by a numeric setting; each executor with a number of workers is a series.

    Chunks of `auto` size are a separate series, at the chosen size.
    """

    def value(cell: CellAnalysis) -> float:
        return number(cell, key) or 0.0

    def series(cell: CellAnalysis) -> str:
        return f"{cell.cell.name}, auto" if key == "chunk_size" and is_auto(cell) else cell.cell.name

    values = [value(cell) for cell in without_plain_loop(cells)]
    return XAxis(
        label=key,
        value=value,
        series=series,
        has_place=lambda cell: number(cell, key) is not None,
        is_workers=False,
        is_log=min(values) > 0 and max(values) >= 20 * min(values),
    )


def without_plain_loop(cells: Iterable[CellAnalysis]) -> list[CellAnalysis]:
    """Omit a plain loop that is the baseline: the line at 1 represents it."""
    return [cell for cell in cells if not is_plain_loop(cell)]


def by_series(cells: Iterable[CellAnalysis], x_axis: XAxis) -> dict[str, list[CellAnalysis]]:
    """Group cells by series, each in the order of x."""
    series: dict[str, list[CellAnalysis]] = {}
    for cell in sorted(cells, key=x_axis.value):
        series.setdefault(x_axis.series(cell), []).append(cell)
    return series


def styles_on(
    x_axis: XAxis, cells: Iterable[CellAnalysis], series_styles: Mapping[str, SeriesStyle]
) -> Mapping[str, SeriesStyle]:
    """Assign an appearance to each series: its executor's, with markers by workers where x is a setting.

    Args:
        x_axis: on which the series are drawn
        cells: without the plain loop
        series_styles: by executor
    """
    if x_axis.is_workers:
        return series_styles
    kinds = sorted({(is_auto(cell), cell.cell.workers or 0) for cell in cells})
    return {
        x_axis.series(cell): SeriesStyle(
            series_styles[cell.cell.executor].colour,
            MARKERS[kinds.index((is_auto(cell), cell.cell.workers or 0)) % len(MARKERS)],
        )
        for cell in cells
    }
