"""Speedup and efficiency, against the number of workers or another numeric setting."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import atan, ceil, degrees, floor, log2, sqrt

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter, NullLocator

from runner.facts import CellAnalysis, StudyFacts
from runner.report import captions
from runner.report.labels import one_line
from runner.report.panels import EFFICIENCY, Panel
from runner.report.plots import appearance
from runner.report.plots.layout import (
    CROSS,
    Dot,
    Layout,
    Position,
    failures,
    layout_of,
)
from runner.report.series import SeriesStyle
from runner.report.x_axis import NO_COUNT, against_setting, against_workers, by_series, without_plain_loop

SPEEDUP_HEIGHT, EFFICIENCY_HEIGHT, BETWEEN = 3.3, 1.1, 0.75  # inches
MARGINS = 1.3, 0.85  # inches next to the data of a figure's only column, and of one of several columns
_BOUND_SHARE = 0.25  # of the gap between x values, to each side: nothing is claimed in between
_FRACTIONS_BELOW = 0.1  # an axis that extends below it has fractions, others decimals: one notation each


def draw_speedup(
    title: str,
    panels: Sequence[Panel],
    series_styles: Mapping[str, SeriesStyle],
    study: StudyFacts,
    key: str | None = None,
) -> Figure:
    """Draw speedup and efficiency against the workers or, if given, against a numeric setting."""
    cells = [cell for panel in panels for cell in panel.cells]
    x_axis = against_workers() if key is None else against_setting(cells, key)
    rows, columns, width = appearance.grid_of(len(panels))
    size = (width / columns - MARGINS[columns > 1], SPEEDUP_HEIGHT * (1 if columns == 1 else 0.8))
    layout = layout_of(panels, x_axis, series_styles, study.usable_cpus, size)
    head = appearance.Head(
        title=f"{title}: {study.spec.ratio} by {'number of workers' if key is None else key}",
        caption=[_caption(cells, layout, study), captions.host(study)],
        legend=_legend(cells, layout),
    )
    figure = appearance.empty_figure(width, rows * (layout.height + EFFICIENCY_HEIGHT + BETWEEN), head)
    grid = figure.add_gridspec(2 * rows, columns, height_ratios=[layout.height, EFFICIENCY_HEIGHT] * rows)
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        upper = figure.add_subplot(grid[2 * row, column])
        lower = figure.add_subplot(grid[2 * row + 1, column], sharex=upper)
        _set_up(upper, lower, layout)
        _draw_panel(upper, lower, panel, layout)
        if x_axis.is_workers:
            draw_ideal(upper, layout, is_labelled=index == 0)
            draw_capacity([upper, lower], layout, study.usable_cpus, is_labelled=index == 0)
        if column == 0:
            upper.set_ylabel(f"{study.spec.ratio} vs {captions.names_of(panel.baselines)}")
            lower.set_ylabel(study.spec.efficiency.replace(" ", "\n"))
        else:
            upper.tick_params(axis="y", labelleft=False)
            lower.tick_params(axis="y", labelleft=False)
    return figure


def _caption(cells: Sequence[CellAnalysis], layout: Layout, study: StudyFacts) -> str:
    baselines = [cell for cell in cells if cell.is_baseline]
    cpus = study.usable_cpus or 0
    are_beyond = layout.x_axis.is_workers and cpus > layout.x_limits[1]
    return captions.speedup(without_plain_loop(cells), baselines, study, are_cpus_beyond=are_beyond)


def _legend(cells: Sequence[CellAnalysis], layout: Layout) -> dict[str, Artist]:
    handles: dict[str, Artist] = {
        one_line(name): Line2D(
            [],
            [],
            linestyle="none",
            marker=layout.series_styles[name].marker,
            color=layout.series_styles[name].colour,
        )
        for name in layout.dodges
    }
    if any(cell.speedup_bound is not None for cell in without_plain_loop(cells)):
        handles[captions.BOUND] = Line2D([], [], color=appearance.INK, linewidth=1.0)
    return handles


def _set_up(upper: Axes, lower: Axes, layout: Layout) -> None:
    for axes in (upper, lower):
        appearance.bare(axes, "y")
    if layout.x_axis.is_log:
        upper.set_xscale("log", base=2)
    upper.set_xlim(layout.x_limits)
    upper.set_yscale("log", base=2)
    upper.set_ylim(layout.y_limits_with_band)
    lower.set_ylim(0, layout.efficiency_top)
    _tick_doublings(upper, layout.y_limits)
    lower.yaxis.set_major_locator(FixedLocator([0, 0.5, 1]))
    lower.yaxis.set_major_formatter(FixedFormatter(["0", "0.5", "1"]))
    tick_values(lower, layout)
    upper.tick_params(axis="x", which="both", labelbottom=False)
    lower.set_xlabel(layout.x_axis.label)


def _tick_doublings(axes: Axes, limits: Position) -> None:
    """Label powers of two, and if there are few also the values halfway between them, in one notation."""
    powers = range(ceil(log2(limits[0])), floor(log2(limits[1])) + 1)
    step = ceil(len(powers) / 8)
    halfway = [1.5 * 2.0**power for power in range(powers[0] - 1, powers[-1] + 1)] if len(powers) < 4 else []
    values = sorted(
        value
        for value in [*(2.0**power for power in powers if power % step == 0), *halfway]
        if limits[0] <= value <= limits[1]
    )
    has_fractions = values[0] < _FRACTIONS_BELOW
    texts = [str(Fraction(value)) if has_fractions and value < 1 else plain(value) for value in values]
    axes.yaxis.set_major_locator(FixedLocator(values))
    axes.yaxis.set_major_formatter(FixedFormatter(texts))
    axes.yaxis.set_minor_locator(NullLocator())


def tick_values(axes: Axes, layout: Layout) -> None:
    """Label powers of two and the measured values while there is room; the others get small ticks."""
    values = list(layout.values)
    if layout.x_axis.is_workers:
        powers = [2.0**power for power in range(floor(log2(layout.x_limits[1])) + 1)]
        values = list(dict.fromkeys([*powers, *values]))
    labels: dict[float, str] = {}
    taken: list[Position] = []
    for value in values:
        text = "n/a" if layout.x_axis.is_workers and value == NO_COUNT else plain(value)
        half = appearance.width_of(text, appearance.SMALL) / 2 + 0.04
        left, right = layout.inches(value) - half, layout.inches(value) + half
        if all(right < start or end < left for start, end in taken):
            labels[value] = text
            taken.append((left, right))
    axes.xaxis.set_major_locator(FixedLocator(sorted(labels)))
    axes.xaxis.set_major_formatter(FixedFormatter([labels[value] for value in sorted(labels)]))
    axes.xaxis.set_minor_locator(FixedLocator([value for value in values if value not in labels]))
    axes.xaxis.set_minor_formatter(NullFormatter())


def plain(value: float) -> str:
    """Format a number with four significant digits: no exponent, thin spaces between thousands."""
    if value >= 10_000:
        return f"{value:,.0f}".replace(",", "\u2009")
    return np.format_float_positional(value, precision=4, unique=False, fractional=False, trim="-")


def _draw_panel(upper: Axes, lower: Axes, panel: Panel, layout: Layout) -> None:
    pad = 18 if layout.x_axis.is_workers else 6
    upper.set_title(appearance.stacked(panel.labels, layout.width + 0.6), pad=pad)
    _draw_bounds(upper, panel, layout)
    lower.axhline(1, color=appearance.FAINT, linewidth=0.9, zorder=1)
    _draw_baseline(upper, panel.baselines)
    for series, cells in by_series(without_plain_loop(panel.cells), layout.x_axis).items():
        style = layout.series_styles[series]
        with_workers = [cell for cell in cells if cell.cell.workers is not None]
        efficiencies = [layout.dot(cell, EFFICIENCY) for cell in with_workers]
        draw_dots(upper, [layout.dot(cell) for cell in cells], style)
        draw_dots(lower, efficiencies, style)
        draw_dashes(upper, [layout.dot(cell) for cell in with_workers], style)
        draw_dashes(lower, efficiencies, style)
    draw_failures(upper, panel, layout)


def draw_capacity(
    stacked: Sequence[Axes], layout: Layout, usable_cpus: int | None, *, is_labelled: bool
) -> None:
    """Shade where workers exceed CPUs; markers dodged around the number of CPUs are not shaded."""
    if usable_cpus is None:
        return
    _, start = layout.around(usable_cpus, min(0.5, 0.5 / layout.gap))
    if start > layout.x_limits[1]:
        return
    for axes in stacked:
        axes.axvspan(start, layout.x_limits[1], color=appearance.SHADE, linewidth=0, zorder=0)
        axes.axvline(start, color=appearance.FAINT, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
    if is_labelled:
        share = layout.inches(start) / layout.width
        stacked[0].annotate(
            f"more workers than CPUs ({usable_cpus})",
            (start, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="left" if share < 0.3 else "right" if share > 0.7 else "center",
            **appearance.NOTE,
        )


def draw_ideal(axes: Axes, layout: Layout, *, unit: float = 1.0, is_labelled: bool) -> None:
    """Draw the ideal speedup, or a rate: the ideal times the rate of the baseline."""
    corners = [(x, unit * y) for x, y in layout.ideal]
    axes.plot(*_columns(corners), color=appearance.FAINT, linewidth=0.9, zorder=1)
    if is_labelled:
        # Between two numbers of workers if there are two, where there is no data, as far up as there is room.
        ramps = [
            (sqrt(x * next_x), sqrt(y * next_y), log2(next_y / y) / log2(next_x / x))
            for (x, y), (next_x, next_y) in pairwise(corners)
            if next_y > y
        ]
        fitting = [ramp for ramp in ramps[:-1] if ramp[1] < layout.y_limits[1] * 0.75]
        x, y, slope = max(fitting, default=ramps[0])
        axes.text(
            x,
            y,
            "ideal",
            ha="center",
            va="bottom",
            rotation=degrees(atan(slope * y / x)),  # in data coordinates: parallel to the line
            rotation_mode="anchor",
            transform_rotates_text=True,
            **appearance.NOTE,
        )


def _draw_bounds(upper: Axes, panel: Panel, layout: Layout) -> None:
    """Draw the bound of the speedup at each x, and nothing in between."""
    bounds = {
        (layout.x_axis.value(cell), cell.speedup_bound.value)
        for cell in without_plain_loop(panel.cells)
        if cell.speedup_bound is not None
    }
    for x, bound in sorted(bounds):
        ends = layout.around(x, _BOUND_SHARE)
        upper.plot(ends, [bound, bound], color=appearance.INK, linewidth=1.0, zorder=1.5)


def _draw_baseline(upper: Axes, baselines: Sequence[CellAnalysis]) -> None:
    upper.axhline(1, color=appearance.MUTED, linewidth=1.0, zorder=1)
    upper.annotate(
        f"{captions.names_of(baselines)},\n{captions.times_of(baselines)}",
        (1, 1),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        size=appearance.SMALL,
        color=appearance.MUTED if any(cell.wall_s is not None for cell in baselines) else appearance.FAILURE,
        va="center",
        annotation_clip=False,
    )


def draw_dots(axes: Axes, dots: Sequence[Dot], style: SeriesStyle) -> None:
    """Draw every run, and the medians with their bounds."""
    for dot in dots:
        axes.plot(*_columns(dot.runs), color=style.colour, **appearance.RUN)
        if dot.disturbed_runs:
            axes.plot(*_columns(dot.disturbed_runs), color=style.colour, **appearance.DISTURBED_RUN)
        if dot.estimate is not None:
            ends = [dot.estimate.low, dot.estimate.high]
            axes.plot([dot.x, dot.x], ends, color=style.colour, **appearance.BAR)
            axes.plot(
                [dot.x], [dot.estimate.value], marker=style.marker, color=style.colour, **appearance.MEDIAN
            )


def draw_dashes(axes: Axes, dots: Sequence[Dot], style: SeriesStyle) -> None:
    """Join the medians of one series; a cell without a median interrupts the line."""
    middle = [(dot.x, float("nan") if dot.estimate is None else dot.estimate.value) for dot in dots]
    axes.plot(*_columns(middle), color=style.colour, **appearance.DASHES)


def _columns(positions: Sequence[Position]) -> tuple[list[float], list[float]]:
    return [x for x, _ in positions], [y for _, y in positions]


def draw_failures(axes: Axes, panel: Panel, layout: Layout) -> None:
    """Draw a cross for every cell without a speedup, with the reason."""
    height = CROSS / layout.height
    for value, cells in failures(panel, layout.x_axis, layout.quantity).items():
        for cell in cells:
            at, style = ([layout.x(cell)], [height]), layout.series_styles[layout.x_axis.series(cell)]
            transform = axes.get_xaxis_transform()
            axes.plot(*at, marker=style.marker, color=style.colour, transform=transform, **appearance.HOLLOW)
            axes.plot(*at, transform=transform, **appearance.CROSS)
        axes.annotate(
            "\n".join(layout.words.of(cells, layout.x_axis)),
            (value, height),
            xycoords=("data", "axes fraction"),
            xytext=(0, 7),
            textcoords="offset points",
            size=appearance.SMALL,
            color=appearance.FAILURE,
            ha="center",
            va="bottom",
            rotation=90 if layout.words.upright else 0,
        )
