"""Absolute times: of whole cells, and of snippets per call."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, StrMethodFormatter

from runner.report.labels import one_line, shown
from runner.report.plots import appearance as look
from runner.report.plots.data import Facts, Interval, Measured, Panel

PHASES = {"start-up": "#6E6E6E", "tasks": "#D4D4D4", "shutdown": "#2B2B2B"}
CELL_ROW, GROUP_GAP = 0.44, 0.4  # inches a cell; gap between executors in rows
STRIP_HEIGHT, STRIP_BELOW = 0.15, 0.28  # rows: of the phases, and from the dots down to them
SNIPPET_ROW = 0.34  # inches a bar with its gap
AXIS_ROOM = 0.7  # inches for what stands above and below the axes

WHISKER: Mapping[str, Any] = {"color": look.INK, "linewidth": 1.2, "zorder": 3}

Times = Mapping[str, Mapping[str, Interval]]  # by cell and snippet


def draw_time(title: str, panels: Sequence[Panel], looks: Mapping[str, look.Look], facts: Facts) -> Figure:
    """Draw what each cell takes: every run, the median, and what opening and ending a pool costs."""
    cells = [cell for panel in panels for cell in panel.cells]
    places = _places(cells)
    rows, columns, width = look.grid_of(len(panels))
    caption = [
        look.runs_caption(cells),
        look.spread(cells, facts),
        "Strips: median start-up, tasks and shutdown.",
    ]
    if any(cell.is_baseline for cell in cells):
        caption.append("Vertical line: baseline.")
    if facts.mode.caption:
        caption.append(facts.mode.caption)
    head = look.Head(
        title=f"{title}: wall time with start-up and shutdown of the pool",
        caption=[" ".join(caption), facts.host],
        legend={name: Patch(color=colour) for name, colour in PHASES.items()},
    )
    figure = look.sheet(width, rows * ((max(places.values()) + 1) * CELL_ROW + AXIS_ROOM), head)
    grid = figure.add_gridspec(rows, columns)
    for place, panel in enumerate(panels):
        axes = figure.add_subplot(grid[divmod(place, columns)])
        axes.set_title(look.stacked(panel.labels, width / columns - 0.75))
        _draw_cells(axes, panel, places, looks)
        _tick_round_values(axes, at_most=6 if columns < 3 else 4)
        _label_rows(axes, list(map(one_line, places)), list(places.values()), is_first=place % columns == 0)
    return figure


def _places(cells: Sequence[Measured]) -> dict[str, float]:
    """Give every label a row, executors in their order and apart, workers ascending."""
    executors = list(dict.fromkeys(cell.executor for cell in cells))
    ordered = sorted(cells, key=lambda cell: (executors.index(cell.executor), cell.workers or 0))
    places: dict[str, float] = {}
    before, row = ordered[0].executor, 0.0
    for cell in ordered:
        if cell.label not in places:
            row += GROUP_GAP * (cell.executor != before)
            places[cell.label] = row
            before, row = cell.executor, row + 1
    return places


def _label_rows(axes: Axes, labels: Sequence[str], rows: Sequence[float], *, is_first: bool) -> None:
    look.bare(axes, "x")
    axes.set_ylim(rows[-1] + 0.6, -0.55)
    axes.yaxis.set_major_locator(FixedLocator(rows))
    axes.yaxis.set_major_formatter(FixedFormatter(labels))
    axes.tick_params(axis="y", length=0, labelleft=is_first, labelsize=look.BODY)
    axes.spines["left"].set_visible(False)


def _draw_cells(
    axes: Axes, panel: Panel, places: Mapping[str, float], looks: Mapping[str, look.Look]
) -> None:
    times = [time for cell in panel.cells for time in _times(cell)]
    longest = max((time for time in times if time > 0), default=1.0)  # leaves NaN out
    scale, unit = look.time_unit(longest)
    axes.set_xlim(0, longest * scale * 1.04)
    axes.set_xlabel(f"time ({unit})")
    for cell in panel.cells:
        if cell.is_baseline and cell.wall_s.is_known:
            axes.axvline(cell.wall_s.mid * scale, color=look.FAINT, linewidth=0.9, zorder=1)
        row = places[cell.label]
        _draw_runs(axes, cell, row, looks[cell.executor], scale)
        _draw_phases(axes, cell, row + STRIP_BELOW, scale)
        _write_outcome(axes, cell, row)


def _times(cell: Measured) -> list[float]:
    return [*(run.wall_s for run in cell.runs), cell.wall_s.mid, cell.wall_s.high]


def _draw_runs(axes: Axes, cell: Measured, row: float, style: look.Look, scale: float) -> None:
    """Draw every run, and below them the median with its interval."""
    for is_noisy, marks in ((False, look.RUN), (True, look.NOISY_RUN)):
        runs = [run for run in cell.runs if run.is_noisy == is_noisy]
        above = [row - 0.2 + 0.06 * look.scatter(run.repetition) for run in runs]
        axes.plot([run.wall_s * scale for run in runs], above, color=style.colour, **marks)
    wall = cell.wall_s
    if wall.has_width:
        axes.plot([wall.low * scale, wall.high * scale], [row, row], color=style.colour, **look.BAR)
    if wall.is_known:
        axes.plot([wall.mid * scale], [row], marker=style.marker, color=style.colour, **look.MEDIAN)


def _draw_phases(axes: Axes, cell: Measured, row: float, scale: float) -> None:
    left = 0.0
    for length, colour in zip(cell.phases_s, PHASES.values(), strict=False):  # none where nothing ran
        axes.barh(row, length * scale, STRIP_HEIGHT, left=left, color=colour, zorder=2)
        left += length * scale


def _write_outcome(axes: Axes, cell: Measured, row: float) -> None:
    """Write the median beside the row, or a cross in it and why there is none."""
    is_fine = cell.status == "ok" and cell.wall_s.is_known
    if not is_fine:
        axes.plot([0.025], [row], transform=axes.get_yaxis_transform(), **look.CROSS)
    axes.annotate(
        look.seconds(cell.wall_s.mid) if is_fine else cell.trouble or "not measured",
        (1, row),
        xycoords=("axes fraction", "data"),
        xytext=(8, 0),
        textcoords="offset points",
        size=look.SMALL,
        color=look.INK if is_fine else look.FAILURE,
        va="center_baseline",
        annotation_clip=False,
    )


def draw_snippets(title: str, panels: Sequence[Panel], times: Times, facts: Facts) -> Figure:
    """Draw the time per call of every snippet on the baseline, several Pythons beside each other."""
    cells = [cell for panel in panels for cell in panel.cells]
    pythons = list(dict.fromkeys(_python(cell) for cell in cells))
    own = {name: time for cell in reversed(cells) for name, time in times.get(cell.id, {}).items()}
    # In the order of the first cell's table.
    snippets = sorted(own, key=lambda name: (not own[name].is_known, own[name].mid))
    executors = " or ".join(dict.fromkeys(one_line(cell.label) for cell in cells))
    rows, columns, width = look.grid_of(len(panels))
    head = look.Head(
        title=f"{title}: time per call",
        caption=[f"On {executors}. {look.spread(cells, facts, mid='Bars', sides='whiskers')}", facts.host],
        legend={name: Patch(color=colour) for name, colour in _colours(pythons).items() if len(pythons) > 1},
    )
    row_height = SNIPPET_ROW * (1 + 0.6 * (len(pythons) - 1))
    figure = look.sheet(width, rows * (len(snippets) * row_height + AXIS_ROOM), head)
    grid = figure.add_gridspec(rows, columns)
    for place, panel in enumerate(panels):
        axes = figure.add_subplot(grid[divmod(place, columns)])
        axes.set_title(look.stacked(panel.labels, width / columns - 0.75))
        _draw_bars(axes, panel, snippets, times, _colours(pythons))
        _tick_round_values(axes, at_most=6 if columns < 3 else 4)
        _label_rows(
            axes, [one_line(name) for name in snippets], range(len(snippets)), is_first=place % columns == 0
        )
    return figure


def _python(cell: Measured) -> str:
    return one_line(shown(cell.settings.get("python")))


def _colours(pythons: Sequence[str]) -> dict[str, str]:
    """Shade in one hue: interpreters are no executors, which have hues of their own."""
    shades = ("#3B7DB5", "#8FBCE0", "#C3DBEF", "#7D97AD")
    return {name: shades[place % len(shades)] for place, name in enumerate(pythons)}


def _draw_bars(
    axes: Axes, panel: Panel, snippets: Sequence[str], times: Times, colours: Mapping[str, str]
) -> None:
    bars = [
        (cell, snippets.index(name), time)
        for cell in panel.cells
        for name, time in times.get(cell.id, {}).items()
    ]
    longest = max((_end(time) for _, _, time in bars if time.is_known), default=1.0)
    scale, unit = look.time_unit(longest)
    thickness = 0.7 / len(colours)
    for cell, row, time in bars:
        aside = (list(colours).index(_python(cell)) - (len(colours) - 1) / 2) * thickness
        if time.is_known:
            axes.barh(row + aside, time.mid * scale, thickness * 0.92, color=colours[_python(cell)], zorder=2)
            if time.has_width:
                axes.plot([time.low * scale, time.high * scale], [row + aside] * 2, **WHISKER)
        else:
            axes.plot([0], [row + aside], **look.CROSS)
        _write_value(axes, time, scale, row + aside)
    axes.set_xlim(0, longest * scale * 1.02)
    axes.set_xlabel(f"time per call ({unit})")


def _end(time: Interval) -> float:
    return max(time.mid, time.high) if time.has_width else time.mid


def _write_value(axes: Axes, time: Interval, scale: float, row: float) -> None:
    axes.annotate(
        look.seconds(time.mid) if time.is_known else "not measured",
        (_end(time) * scale if time.is_known else 0, row),
        xytext=(6, 0),
        textcoords="offset points",
        size=look.SMALL,
        color=look.INK if time.is_known else look.FAILURE,
        va="center_baseline",
        annotation_clip=False,
    )


def _tick_round_values(axes: Axes, at_most: int) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(at_most, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
