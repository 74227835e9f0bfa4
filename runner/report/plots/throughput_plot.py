"""Tasks a second within a window, against the number of workers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import floor, isfinite, log10

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from runner.report.labels import one_line
from runner.report.plots import appearance as look
from runner.report.plots.data import Facts, Measured, Panel
from runner.report.plots.layout import Point, Scene, against_workers, compared, scene_of
from runner.report.plots.speedup_plot import (
    BESIDE,
    BETWEEN,
    SPEEDUP_HEIGHT,
    by_series,
    draw_capacity,
    draw_dashes,
    draw_dots,
    draw_failures,
    name_of,
    tick_values,
)

_ROUND = ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8), tuple(number / 10 for number in range(10, 100)))


def draw_throughput(
    title: str, panels: Sequence[Panel], looks: Mapping[str, look.Look], facts: Facts
) -> Figure:
    """Draw the tasks a second of every cell, beside what its baseline does and so many of it would."""
    rated = [replace(panel, cells=[_as_rate(cell) for cell in panel.cells]) for panel in panels]
    cells = [cell for panel in rated for cell in panel.cells]
    rows, columns, width = look.grid_of(len(panels))
    size = (width / columns - BESIDE[columns > 1], SPEEDUP_HEIGHT)
    scene = scene_of(rated, against_workers(), looks, facts.usable_cpus, size)
    scene = replace(scene, y_limits=_limits(cells))
    head = look.Head(
        title=f"{title}: tasks a second by number of workers",
        caption=[_caption(cells, facts), facts.host],
        legend={
            one_line(name): Line2D(
                [], [], linestyle="none", marker=looks[name].marker, color=looks[name].colour
            )
            for name in scene.dodges
        },
    )
    figure = look.sheet(width, rows * (scene.height + BETWEEN), head)
    for place, panel in enumerate(rated, 1):
        axes = figure.add_subplot(rows, columns, place)
        _draw_panel(axes, panel, scene, facts)
        if (place - 1) % columns == 0:
            axes.set_ylabel("tasks a second")
        else:
            axes.tick_params(axis="y", labelleft=False)
    return figure


def _as_rate(cell: Measured) -> Measured:
    """Let tasks a second stand where the speedup does."""
    runs = [replace(run, speedup=1 / run.unit_s) for run in cell.runs]
    return replace(cell, speedup=cell.tasks_per_s, runs=runs)


def _caption(cells: Sequence[Measured], facts: Facts) -> str:
    shown = compared(cells)
    window = f"Tasks that ended within {look.seconds(facts.window_s)}, one after another on every worker."
    failed = " Crosses: cells without a figure." if any(cell.trouble for cell in shown) else ""
    return f"{window} {look.runs_caption(shown)} {look.spread(shown, facts)}{failed}"


def _limits(cells: Sequence[Measured]) -> Point:
    values = [
        value
        for cell in cells
        for value in (*(run.speedup for run in cell.runs), cell.speedup.low, cell.speedup.high)
        if isfinite(value) and value > 0
    ] or [1.0]
    low, high = min(values), max(values)
    baselines = [cell.speedup.mid for cell in cells if cell.is_baseline and cell.speedup.is_known]
    high = max(high, 2 * low, 1.8 * max(baselines, default=0.0))  # room for the ideal line
    room = (high / low) ** 0.08
    return low / room, high * room


def _draw_panel(axes: Axes, panel: Panel, scene: Scene, facts: Facts) -> None:
    look.bare(axes, "y")
    axes.set_title(look.stacked(panel.labels, scene.width + 0.6), pad=18)
    axes.set_xscale("log", base=2)
    axes.set_xlim(scene.x_limits)
    axes.set_yscale("log")
    axes.set_ylim(scene.y_limits_with_band)
    _tick_rates(axes, scene.y_limits)
    tick_values(axes, scene)
    axes.set_xlabel(scene.across.label)
    _draw_baseline(axes, panel.baselines, scene)
    draw_capacity([axes], scene, facts.usable_cpus, is_labelled=True)
    for series, cells in by_series(panel, scene.across).items():
        draw_dots(axes, [scene.dot(cell) for cell in cells], scene.looks[series])
        counted = [scene.dot(cell) for cell in cells if cell.workers is not None]
        draw_dashes(axes, counted, scene.looks[series])
    draw_failures(axes, panel, scene)


def _draw_baseline(axes: Axes, baselines: Sequence[Measured], scene: Scene) -> None:
    """Draw what the baseline does, and what so many of it would do."""
    for cell in baselines:
        rate = cell.speedup.mid
        if not isfinite(rate):
            continue
        axes.axhline(rate, color=look.MUTED, linewidth=1.0, zorder=1)
        axes.annotate(
            f"{name_of([cell])},\n{look.digits(rate)} a second",
            (1, rate),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            annotation_clip=False,
            **look.NOTE,
        )
        most = scene.x_limits[1]
        axes.plot([1, most], [rate, rate * most], color=look.FAINT, linewidth=0.9, zorder=1)
        axes.annotate(
            "ideal",
            (2**0.5, rate * 2**0.5),
            xytext=(-4, 3),
            textcoords="offset points",
            ha="right",
            annotation_clip=True,
            **look.NOTE,
        )


def _tick_rates(axes: Axes, limits: Point) -> None:
    """Label round numbers, as few as tell the scale."""
    powers = range(floor(log10(limits[0])), floor(log10(limits[1])) + 1)
    for steps in _ROUND:
        values = [step * 10.0**power for power in powers for step in steps]
        values = [value for value in values if limits[0] <= value <= limits[1]]
        if len(values) >= 3:
            break
    axes.yaxis.set_major_locator(FixedLocator(values))
    axes.yaxis.set_major_formatter(
        FixedFormatter([f"{value:,.6g}".replace(",", "\u2009") for value in values])
    )
    axes.yaxis.set_minor_locator(NullLocator())
