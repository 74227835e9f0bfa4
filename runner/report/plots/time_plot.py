"""Wall times of cells, with the start-up and shutdown of their pools."""

from collections.abc import Mapping, Sequence
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, StrMethodFormatter

from runner.facts import CellAnalysis, StudyFacts
from runner.report import captions
from runner.report.labels import one_line
from runner.report.panels import Panel, why_missing
from runner.report.plots import appearance
from runner.report.series import SeriesStyle, scatter
from runner.units import seconds

PHASES = dict(zip(captions.PHASES, ("#6E6E6E", "#D4D4D4", "#2B2B2B"), strict=True))
CELL_ROW, GROUP_GAP = 0.44, 0.4  # inches per cell; gap between executors, in rows
STRIP_HEIGHT, STRIP_BELOW = 0.15, 0.28  # height of the phases, and distance from the dots to them, in rows
AXIS_ROOM = 0.7  # inches above and below the axes


def draw_time(
    title: str,
    panels: Sequence[Panel],
    series_styles: Mapping[str, SeriesStyle],
    study: StudyFacts,
) -> Figure:
    """Draw the wall time of each cell: every run, the median, and the phases of the pool."""
    cells = [cell for panel in panels for cell in panel.cells]
    places = _places(cells)
    rows, columns, width = appearance.grid_of(len(panels))
    head = appearance.Head(
        title=f"{title}: wall time with start-up and shutdown of the pool",
        caption=[captions.times(cells, study), captions.host(study)],
        legend={name: Patch(color=colour) for name, colour in PHASES.items()},
    )
    figure = appearance.empty_figure(width, rows * ((max(places.values()) + 1) * CELL_ROW + AXIS_ROOM), head)
    grid = figure.add_gridspec(rows, columns)
    longest_s = _shared_longest_s(panels)
    for index, panel in enumerate(panels):
        axes = figure.add_subplot(grid[divmod(index, columns)])
        axes.set_title(appearance.stacked(panel.labels, width / columns - 0.75))
        _draw_cells(axes, panel, places, series_styles, longest_s or _longest_s(panel.cells))
        tick_round_values(axes, at_most=6 if columns < 3 else 4)
        label_rows(axes, list(map(one_line, places)), list(places.values()), is_first=index % columns == 0)
    return figure


def _shared_longest_s(panels: Sequence[Panel]) -> float | None:
    """Return where the shared axis of all panels ends; None if they have different baselines.

    Panels with the same baseline do the same work, such as with several chunk sizes, and are compared.
    """
    baselines = {cell.cell.baseline for panel in panels for cell in panel.cells}
    if len(baselines) > 1:
        return None
    return _longest_s([cell for panel in panels for cell in panel.cells])


def _longest_s(cells: Sequence[CellAnalysis]) -> float:
    return max((time_s for cell in cells for time_s in _times_s(cell)), default=1.0)


def _times_s(cell: CellAnalysis) -> list[float]:
    runs = [run.wall_s for run in cell.runs]
    return runs if cell.wall_s is None else [*runs, cell.wall_s.value, cell.wall_s.high]


def _places(cells: Sequence[CellAnalysis]) -> dict[str, float]:
    """Assign a row to every name: executors in order, with gaps in between, and workers ascending."""
    executors = list(dict.fromkeys(cell.cell.executor for cell in cells))
    ordered = sorted(cells, key=lambda cell: (executors.index(cell.cell.executor), cell.cell.workers or 0))
    places: dict[str, float] = {}
    previous, row = ordered[0].cell.executor, 0.0
    for cell in ordered:
        if cell.cell.name not in places:
            row += GROUP_GAP * (cell.cell.executor != previous)
            places[cell.cell.name] = row
            previous, row = cell.cell.executor, row + 1
    return places


def label_rows(axes: Axes, labels: Sequence[str], rows: Sequence[float], *, is_first: bool) -> None:
    """Label the rows of horizontal bars or dots, from top to bottom."""
    appearance.bare(axes, "x")
    axes.set_ylim(rows[-1] + 0.6, -0.55)
    axes.yaxis.set_major_locator(FixedLocator(rows))
    axes.yaxis.set_major_formatter(FixedFormatter(labels))
    axes.tick_params(axis="y", length=0, labelleft=is_first, labelsize=appearance.BODY)
    axes.spines["left"].set_visible(False)


def _draw_cells(
    axes: Axes,
    panel: Panel,
    places: Mapping[str, float],
    series_styles: Mapping[str, SeriesStyle],
    longest_s: float,
) -> None:
    scale, unit = appearance.time_unit(longest_s)
    axes.set_xlim(0, longest_s * scale * 1.04)
    axes.set_xlabel(f"time ({unit})")
    for cell in panel.cells:
        if cell.is_baseline and cell.wall_s is not None:
            axes.axvline(cell.wall_s.value * scale, color=appearance.FAINT, linewidth=0.9, zorder=1)
        row = places[cell.cell.name]
        _draw_runs(axes, cell, row, series_styles[cell.cell.executor], scale)
        _draw_phases(axes, cell, row + STRIP_BELOW, scale)
        _write_outcome(axes, cell, row)


def _draw_runs(axes: Axes, cell: CellAnalysis, row: float, style: SeriesStyle, scale: float) -> None:
    """Draw every run, and below them the median with its bounds."""
    for is_disturbed, marks in ((False, appearance.RUN), (True, appearance.DISTURBED_RUN)):
        runs = [run for run in cell.runs if bool(run.disturbance) == is_disturbed]
        heights = [row - 0.2 + 0.06 * scatter(run.repetition) for run in runs]
        axes.plot([run.wall_s * scale for run in runs], heights, color=style.colour, **marks)
    wall_s = cell.wall_s
    if wall_s is not None:
        axes.plot([wall_s.low * scale, wall_s.high * scale], [row, row], color=style.colour, **appearance.BAR)
        axes.plot([wall_s.value * scale], [row], marker=style.marker, color=style.colour, **appearance.MEDIAN)


def _draw_phases(axes: Axes, cell: CellAnalysis, row: float, scale: float) -> None:
    """Draw the median phases; nothing where the tasks were too short to trace."""
    phases = [
        (run.start_s, run.work_s, run.end_s)
        for run in cell.runs
        if run.start_s is not None and run.work_s is not None and run.end_s is not None
    ]
    left = 0.0
    for lengths_s, colour in zip(zip(*phases, strict=True), PHASES.values(), strict=False):
        length = median(lengths_s) * scale
        axes.barh(row, length, STRIP_HEIGHT, left=left, color=colour, zorder=2)
        left += length


def _write_outcome(axes: Axes, cell: CellAnalysis, row: float) -> None:
    """Write the median next to the row, or the reason for its absence with a cross in the row."""
    wall_s = cell.wall_s if cell.is_ok else None
    if wall_s is None:
        axes.plot([0.025], [row], transform=axes.get_yaxis_transform(), **appearance.CROSS)
    axes.annotate(
        (why_missing(cell) or "not measured") if wall_s is None else seconds(wall_s.value),
        (1, row),
        xycoords=("axes fraction", "data"),
        xytext=(8, 0),
        textcoords="offset points",
        size=appearance.SMALL,
        color=appearance.FAILURE if wall_s is None else appearance.INK,
        va="center_baseline",
        annotation_clip=False,
    )


def tick_round_values(axes: Axes, at_most: int) -> None:
    """Label round values along x."""
    axes.xaxis.set_major_locator(MaxNLocator(at_most, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
