"""Speedup and efficiency, against the number of workers or another numeric setting."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import ceil, floor, isfinite, log2, sqrt

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter, NullLocator

from runner.report.labels import one_line
from runner.report.plots import appearance as look
from runner.report.plots.data import Facts, Measured, Panel
from runner.report.plots.layout import (
    CROSS,
    NO_COUNT,
    Across,
    Dot,
    Point,
    Scene,
    against_setting,
    against_workers,
    compared,
    failures,
    scene_of,
)

SPEEDUP_HEIGHT, EFFICIENCY_HEIGHT, BETWEEN = 3.3, 1.1, 0.75  # inches
BESIDE = 1.3, 0.85  # inches beside the data of a figure's only column, and of one among several
BOUND = "most that this bag of tasks allows"


def draw_speedup(
    title: str,
    panels: Sequence[Panel],
    looks: Mapping[str, look.Look],
    facts: Facts,
    setting: str | None = None,
) -> Figure:
    """Draw speedup and efficiency against the workers or, if given, against a numeric setting."""
    cells = [cell for panel in panels for cell in panel.cells]
    across = against_workers() if setting is None else against_setting(cells, setting)
    rows, columns, width = look.grid_of(len(panels))
    size = (width / columns - BESIDE[columns > 1], SPEEDUP_HEIGHT if columns == 1 else SPEEDUP_HEIGHT * 0.8)
    scene = scene_of(panels, across, looks, facts.usable_cpus, size)
    head = look.Head(
        title=f"{title}: {facts.mode.ratio} by {'number of workers' if setting is None else setting}",
        caption=_caption(cells, scene, facts),
        legend=_legend(cells, scene),
    )
    figure = look.sheet(width, rows * (scene.height + EFFICIENCY_HEIGHT + BETWEEN), head)
    grid = figure.add_gridspec(2 * rows, columns, height_ratios=[scene.height, EFFICIENCY_HEIGHT] * rows)
    for place, panel in enumerate(panels):
        row, column = divmod(place, columns)
        upper = figure.add_subplot(grid[2 * row, column])
        lower = figure.add_subplot(grid[2 * row + 1, column], sharex=upper)
        _set_up(upper, lower, scene)
        _draw_panel(upper, lower, panel, scene)
        if scene.across.is_workers:
            _draw_ideal(upper, scene, is_labelled=place == 0)
            draw_capacity([upper, lower], scene, facts.usable_cpus, is_labelled=place == 0)
        if column == 0:
            upper.set_ylabel(f"{facts.mode.ratio} vs {name_of(panel.baselines)}")
            lower.set_ylabel(facts.mode.efficiency.replace(" ", "\n"))
        else:
            upper.tick_params(axis="y", labelleft=False)
            lower.tick_params(axis="y", labelleft=False)
    return figure


def _caption(cells: Sequence[Measured], scene: Scene, facts: Facts) -> list[str]:
    baselines = [cell for cell in cells if cell.is_baseline]
    shown = compared(cells)
    parts = [
        *([facts.mode.caption] if facts.mode.caption else []),
        f"Baseline: {name_of(baselines)}, {_seconds(baselines)}.",
        look.runs_caption(shown),
        look.spread(shown, facts),
    ]
    if any(cell.trouble for cell in shown):
        parts.append("Crosses: cells without a speedup.")
    if facts.usable_cpus > scene.x_limits[1] and scene.across.is_workers:
        parts.append(f"Usable CPUs: {facts.usable_cpus}, beyond the axis.")
    return [" ".join(parts), facts.host]


def name_of(baselines: Sequence[Measured]) -> str:
    """Name what speedups are relative to."""
    names = dict.fromkeys(
        f"{cell.executor} loop" if cell.executor == "serial" else one_line(cell.label) for cell in baselines
    )
    return " or ".join(names) or "baseline"


def _seconds(baselines: Sequence[Measured]) -> str:
    times = sorted({cell.wall_s.mid for cell in baselines if cell.wall_s.is_known})
    if not times:
        return " or ".join(dict.fromkeys(cell.status for cell in baselines)) or "not measured"
    return " to ".join(look.seconds(value) for value in dict.fromkeys((times[0], times[-1])))


def _legend(cells: Sequence[Measured], scene: Scene) -> dict[str, Artist]:
    handles: dict[str, Artist] = {
        one_line(name): Line2D(
            [], [], linestyle="none", marker=scene.looks[name].marker, color=scene.looks[name].colour
        )
        for name in scene.dodges
    }
    if scene.across.is_workers and any(isfinite(cell.speedup_bound) for cell in cells):
        handles[BOUND] = Line2D([], [], color=look.INK, linewidth=1.0)
    return handles


def _set_up(upper: Axes, lower: Axes, scene: Scene) -> None:
    for axes in (upper, lower):
        look.bare(axes, "y")
    if scene.across.is_log:
        upper.set_xscale("log", base=2)
    upper.set_xlim(scene.x_limits)
    upper.set_yscale("log", base=2)
    upper.set_ylim(scene.y_limits_with_band)
    lower.set_ylim(0, scene.efficiency_top)
    _tick_doublings(upper, scene.y_limits)
    lower.yaxis.set_major_locator(FixedLocator([0, 0.5, 1]))
    lower.yaxis.set_major_formatter(FixedFormatter(["0", "0.5", "1"]))
    tick_values(lower, scene)
    upper.tick_params(axis="x", which="both", labelbottom=False)
    lower.set_xlabel(scene.across.label)


def _tick_doublings(axes: Axes, limits: Point) -> None:
    """Label powers of two, and what lies between them if that is little."""
    powers = range(ceil(log2(limits[0])), floor(log2(limits[1])) + 1)
    step = ceil(len(powers) / 8)
    between = [1.5 * 2.0**power for power in range(powers[0] - 1, powers[-1] + 1)] if len(powers) < 4 else []
    values = sorted(
        value
        for value in [*(2.0**power for power in powers if power % step == 0), *between]
        if limits[0] <= value <= limits[1]
    )
    axes.yaxis.set_major_locator(FixedLocator(values))
    axes.yaxis.set_major_formatter(FixedFormatter([_plain(value) for value in values]))
    axes.yaxis.set_minor_locator(NullLocator())


def tick_values(axes: Axes, scene: Scene) -> None:
    """Label powers of two and what was measured, as far as there is room; the rest gets small ticks."""
    values = list(scene.values)
    if scene.across.is_workers:
        powers = [2.0**power for power in range(floor(log2(scene.x_limits[1])) + 1)]
        values = list(dict.fromkeys([*powers, *values]))
    labels: dict[float, str] = {}
    taken: list[Point] = []
    for value in values:
        text = "n/a" if scene.across.is_workers and value == NO_COUNT else _plain(value)
        half = look.width_of(text, look.SMALL) / 2 + 0.04
        left, right = scene.inches(value) - half, scene.inches(value) + half
        if all(right < start or end < left for start, end in taken):
            labels[value] = text
            taken.append((left, right))
    axes.xaxis.set_major_locator(FixedLocator(sorted(labels)))
    axes.xaxis.set_major_formatter(FixedFormatter([labels[value] for value in sorted(labels)]))
    axes.xaxis.set_minor_locator(FixedLocator([value for value in values if value not in labels]))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _plain(value: float) -> str:
    """Write a number in the fewest characters that tell it; a small one as a fraction."""
    if value >= 10_000:
        return f"{value:,.0f}".replace(",", "\u2009")
    if 0 < value < _SMALL:
        return f"1/{_plain(round(1 / value))}"
    return f"{value:.4g}" if value > 1 else f"{value:.3g}"


_SMALL = 0.1


def _draw_panel(upper: Axes, lower: Axes, panel: Panel, scene: Scene) -> None:
    upper.set_title(look.stacked(panel.labels, scene.width + 0.6), pad=18 if scene.across.is_workers else 6)
    if scene.across.is_workers:
        _draw_bounds(upper, panel)
    lower.axhline(1, color=look.FAINT, linewidth=0.9, zorder=1)
    _draw_baseline(upper, panel.baselines)
    for series, cells in by_series(panel, scene.across).items():
        style = scene.looks[series]
        efficiencies = [scene.dot(cell, cell.workers) for cell in cells if cell.workers is not None]
        draw_dots(upper, [scene.dot(cell) for cell in cells], style)
        draw_dots(lower, efficiencies, style)
        draw_dashes(upper, [scene.dot(cell) for cell in cells if cell.workers is not None], style)
        draw_dashes(lower, efficiencies, style)
    draw_failures(upper, panel, scene)


def by_series(panel: Panel, across: Across) -> dict[str, list[Measured]]:
    """Give the cells of each series in their order along x."""
    series: dict[str, list[Measured]] = {}
    for cell in sorted(compared(panel.cells), key=across.value):
        series.setdefault(across.series(cell), []).append(cell)
    return series


def draw_capacity(stacked: Sequence[Axes], scene: Scene, usable_cpus: int, *, is_labelled: bool) -> None:
    """Mark where there are more workers than CPUs."""
    if usable_cpus > scene.x_limits[1]:
        return
    for axes in stacked:
        axes.axvspan(usable_cpus, scene.x_limits[1], color=look.SHADE, linewidth=0, zorder=0)
        axes.axvline(usable_cpus, color=look.FAINT, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
    if is_labelled:
        share = scene.inches(usable_cpus) / scene.width
        stacked[0].annotate(
            f"usable CPUs: {usable_cpus}",
            (usable_cpus, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="left" if share < 0.3 else "right" if share > 0.7 else "center",
            **look.NOTE,
        )


def _draw_ideal(upper: Axes, scene: Scene, *, is_labelled: bool) -> None:
    right, top = scene.x_limits[1], scene.y_limits[1]
    upper.plot([1, right], [1, right], color=look.FAINT, linewidth=0.9, zorder=1)
    if is_labelled:
        # Halfway between two numbers of workers, where no data stand, and as far up as there is room.
        counts = sorted({1.0, 2.0, *(value for value in scene.values if value > 1)})
        halfway = [sqrt(few * many) for few, many in pairwise(counts)]
        at = max((x for x in halfway if x < top * 0.75), default=sqrt(min(top, right)))
        upper.text(
            at,
            at,
            "ideal",
            ha="center",
            va="bottom",
            rotation=45,  # of the data: turns with the line
            rotation_mode="anchor",
            transform_rotates_text=True,
            **look.NOTE,
        )


def _draw_bounds(upper: Axes, panel: Panel) -> None:
    """Draw what this bag of tasks allows at each number of workers, with nothing in between."""
    bounds = {(cell.workers, cell.speedup_bound) for cell in panel.cells if cell.workers is not None}
    for workers, bound in sorted(bounds):
        if isfinite(bound):
            ends = [workers / 2**0.25, workers * 2**0.25]
            upper.plot(ends, [bound, bound], color=look.INK, linewidth=1.0, zorder=1.5)


def _draw_baseline(upper: Axes, baselines: Sequence[Measured]) -> None:
    upper.axhline(1, color=look.MUTED, linewidth=1.0, zorder=1)
    upper.annotate(
        f"{name_of(baselines)},\n{_seconds(baselines)}",
        (1, 1),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        size=look.SMALL,
        color=look.MUTED if any(cell.wall_s.is_known for cell in baselines) else look.FAILURE,
        va="center",
        annotation_clip=False,
    )


def draw_dots(axes: Axes, dots: Sequence[Dot], style: look.Look) -> None:
    """Draw every run, and the medians with their intervals."""
    for dot in dots:
        axes.plot(*_columns(dot.runs), color=style.colour, **look.RUN)
        if dot.noisy_runs:
            axes.plot(*_columns(dot.noisy_runs), color=style.colour, **look.NOISY_RUN)
        interval = dot.interval
        if interval.has_width:
            axes.plot([dot.x, dot.x], [interval.low, interval.high], color=style.colour, **look.BAR)
        if interval.is_known:
            axes.plot([dot.x], [interval.mid], marker=style.marker, color=style.colour, **look.MEDIAN)


def draw_dashes(axes: Axes, dots: Sequence[Dot], style: look.Look) -> None:
    """Lead the eye along one executor; a cell without a median interrupts, as nothing is known there."""
    middle = [(dot.x, dot.interval.mid) for dot in dots]
    axes.plot(*_columns(middle), color=style.colour, **look.DASHES)


def _columns(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def draw_failures(axes: Axes, panel: Panel, scene: Scene) -> None:
    """Draw a cross for every cell without a speedup, and say why."""
    height = CROSS / scene.height
    for value, cells in failures(panel, scene.across).items():
        for cell in cells:
            at, style = ([scene.x(cell)], [height]), scene.looks[scene.across.series(cell)]
            place = axes.get_xaxis_transform()
            axes.plot(*at, marker=style.marker, color=style.colour, transform=place, **look.HOLLOW)
            axes.plot(*at, transform=place, **look.CROSS)
        axes.annotate(
            "\n".join(scene.words.of(cells, scene.across)),
            (value, height),
            xycoords=("data", "axes fraction"),
            xytext=(0, 7),
            textcoords="offset points",
            size=look.SMALL,
            color=look.FAILURE,
            ha="center",
            va="bottom",
            rotation=90 if scene.words.upright else 0,
        )
