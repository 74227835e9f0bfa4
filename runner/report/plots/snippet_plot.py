"""The time per call of snippets, as the baselines run them."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from runner.facts import StudyFacts, TaskAnalysis
from runner.report import captions
from runner.report.labels import one_line
from runner.report.panels import Panel
from runner.report.plots import appearance
from runner.report.plots.time_plot import AXIS_ROOM, label_rows, tick_round_values
from runner.units import seconds

SNIPPET_ROW = 0.34  # inches per bar with its gap
WHISKER: Mapping[str, Any] = {"color": appearance.INK, "linewidth": 1.2, "zorder": 3}

SnippetTimes = Mapping[str, Sequence[TaskAnalysis]]  # by cell


def draw_snippets(title: str, panels: Sequence[Panel], times: SnippetTimes, study: StudyFacts) -> Figure:
    """Draw the time per call of every snippet; bars of several Pythons are adjacent."""
    cells = [cell for panel in panels for cell in panel.cells]
    pythons = list(dict.fromkeys(one_line(cell.python) for cell in cells))
    first = {
        task.label: task.time_s.value for cell in reversed(cells) for task in times.get(cell.cell.id, ())
    }
    snippets = sorted(first, key=lambda label: first[label])  # in the order of the first cell's table
    rows, columns, width = appearance.grid_of(len(panels))
    drawn = [task.time_s for cell in cells for task in times.get(cell.cell.id, ())]
    colours = _colours(pythons)
    head = appearance.Head(
        title=f"{title}: time per call",
        caption=[captions.snippets(cells, drawn, study), captions.host(study)],
        legend={name: Patch(color=colour) for name, colour in colours.items() if len(pythons) > 1},
    )
    row_height = SNIPPET_ROW * (1 + 0.6 * (len(pythons) - 1))
    figure = appearance.empty_figure(width, rows * (len(snippets) * row_height + AXIS_ROOM), head)
    grid = figure.add_gridspec(rows, columns)
    for index, panel in enumerate(panels):
        axes = figure.add_subplot(grid[divmod(index, columns)])
        axes.set_title(appearance.stacked(panel.labels, width / columns - 0.75))
        _draw_bars(axes, panel, snippets, times, colours)
        tick_round_values(axes, at_most=6 if columns < 3 else 4)
        labels = [one_line(label) for label in snippets]
        label_rows(axes, labels, range(len(snippets)), is_first=index % columns == 0)
    return figure


def _colours(pythons: Sequence[str]) -> dict[str, str]:
    """Assign shades of one hue, since each executor has a different hue."""
    shades = ("#3B7DB5", "#8FBCE0", "#C3DBEF", "#7D97AD")
    return {name: shades[index % len(shades)] for index, name in enumerate(pythons)}


def _draw_bars(
    axes: Axes, panel: Panel, snippets: Sequence[str], times: SnippetTimes, colours: Mapping[str, str]
) -> None:
    bars = [
        (cell, snippets.index(task.label), task.time_s)
        for cell in panel.cells
        for task in times.get(cell.cell.id, ())
    ]
    longest = max((time_s.high for _, _, time_s in bars), default=1.0)
    scale, unit = appearance.time_unit(longest)
    thickness = 0.7 / len(colours)
    for cell, row, time_s in bars:
        python = one_line(cell.python)
        y = row + (list(colours).index(python) - (len(colours) - 1) / 2) * thickness
        axes.barh(y, time_s.value * scale, thickness * 0.92, color=colours[python], zorder=2)
        axes.plot([time_s.low * scale, time_s.high * scale], [y] * 2, **WHISKER)
        axes.annotate(
            seconds(time_s.value),
            (time_s.high * scale, y),
            xytext=(6, 0),
            textcoords="offset points",
            size=appearance.SMALL,
            color=appearance.INK,
            va="center_baseline",
            annotation_clip=False,
        )
    axes.set_xlim(0, longest * scale * 1.02)
    axes.set_xlabel(f"time per call ({unit})")
