"""Tasks per second within a window, against the number of workers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import floor, log10

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator

from runner.facts import CellAnalysis, StudyFacts
from runner.report import captions
from runner.report.labels import one_line
from runner.report.panels import RATE, Panel
from runner.report.plots import appearance
from runner.report.plots.layout import Layout, Position, layout_of
from runner.report.plots.speedup_plot import (
    BETWEEN,
    MARGINS,
    SPEEDUP_HEIGHT,
    draw_capacity,
    draw_dashes,
    draw_dots,
    draw_failures,
    draw_ideal,
    plain,
    tick_values,
)
from runner.report.series import SeriesStyle
from runner.report.x_axis import against_workers, by_series, without_plain_loop
from runner.units import three_digits


def draw_throughput(
    title: str,
    panels: Sequence[Panel],
    series_styles: Mapping[str, SeriesStyle],
    study: StudyFacts,
) -> Figure:
    """Draw the tasks per second of every cell, next to the rate of the baseline and its multiples."""
    cells = [cell for panel in panels for cell in panel.cells]
    rows, columns, width = appearance.grid_of(len(panels))
    size = (width / columns - MARGINS[columns > 1], SPEEDUP_HEIGHT)
    layout = layout_of(panels, against_workers(), series_styles, study.usable_cpus, size, quantity=RATE)
    layout = replace(layout, y_limits=_limits(cells))
    head = appearance.Head(
        title=f"{title}: tasks per second by number of workers",
        caption=[captions.throughput(without_plain_loop(cells), study), captions.host(study)],
        legend={
            one_line(name): Line2D(
                [], [], linestyle="none", marker=series_styles[name].marker, color=series_styles[name].colour
            )
            for name in layout.dodges
        },
    )
    figure = appearance.empty_figure(width, rows * (layout.height + BETWEEN), head)
    for number, panel in enumerate(panels, 1):
        axes = figure.add_subplot(rows, columns, number)
        _draw_panel(axes, panel, layout, study)
        if (number - 1) % columns == 0:
            axes.set_ylabel("tasks per second")
        else:
            axes.tick_params(axis="y", labelleft=False)
    return figure


def _limits(cells: Sequence[CellAnalysis]) -> Position:
    values = [value for cell in cells for value in RATE.values(cell)] or [1.0]
    low, high = min(values), max(values)
    rates = [rate.value for cell in cells if cell.is_baseline and (rate := cell.tasks_per_s) is not None]
    high = max(high, 2 * low, 1.8 * max(rates, default=0.0))  # room for the ideal line
    room = (high / low) ** 0.08
    return low / room, high * room


def _draw_panel(axes: Axes, panel: Panel, layout: Layout, study: StudyFacts) -> None:
    appearance.bare(axes, "y")
    axes.set_title(appearance.stacked(panel.labels, layout.width + 0.6), pad=18)
    axes.set_xscale("log", base=2)
    axes.set_xlim(layout.x_limits)
    axes.set_yscale("log")
    axes.set_ylim(layout.y_limits_with_band)
    _tick_rates(axes, layout.y_limits)
    tick_values(axes, layout)
    axes.set_xlabel(layout.x_axis.label)
    _draw_baseline(axes, panel.baselines, layout)
    draw_capacity([axes], layout, study.usable_cpus, is_labelled=True)
    for series, cells in by_series(without_plain_loop(panel.cells), layout.x_axis).items():
        draw_dots(axes, [layout.dot(cell) for cell in cells], layout.series_styles[series])
        with_workers = [layout.dot(cell) for cell in cells if cell.cell.workers is not None]
        draw_dashes(axes, with_workers, layout.series_styles[series])
    draw_failures(axes, panel, layout)


def _draw_baseline(axes: Axes, baselines: Sequence[CellAnalysis], layout: Layout) -> None:
    """Draw the rate of the baseline, and its multiples as the ideal."""
    for cell in baselines:
        if cell.tasks_per_s is None:
            continue
        rate = cell.tasks_per_s.value
        axes.axhline(rate, color=appearance.MUTED, linewidth=1.0, zorder=1)
        axes.annotate(
            f"{captions.names_of([cell])},\n{three_digits(rate)} per second",
            (1, rate),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            annotation_clip=False,
            **appearance.NOTE,
        )
        draw_ideal(axes, layout, unit=rate, is_labelled=True)


def _tick_rates(axes: Axes, limits: Position) -> None:
    """Label a few round numbers."""
    low, high = limits
    if high >= _WIDE * low:
        powers = range(floor(log10(low)), floor(log10(high)) + 1)
        values = [step * 10.0**power for power in powers for step in (1, 2, 5)]
    else:
        values = list(MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high))
    values = [value for value in values if low <= value <= high]
    axes.yaxis.set_major_locator(FixedLocator(values))
    axes.yaxis.set_major_formatter(FixedFormatter([plain(value) for value in values]))
    axes.yaxis.set_minor_locator(NullLocator())


_WIDE = 8.0  # ratio of the limits from which several of 1, 2 and 5 times a power of ten are between them
