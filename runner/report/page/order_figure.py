"""The figure of all runs in order of time: whether the machine was equally fast throughout."""

from datetime import datetime
from typing import TYPE_CHECKING

from runner.facts import CellAnalysis, HeadlineRun, StudyAnalysis
from runner.report.labels import one_line
from runner.report.page import page_wording
from runner.report.page.figure import (
    MOST_HINTS,
    WIDTH,
    DataSet,
    PageFigure,
    dots,
    drawing,
    hint,
    key,
    rounded,
    series,
    x_axis,
    y_axis,
)
from runner.report.page.markup import element
from runner.report.page.scale import Scale, limits_of
from runner.report.series import series_styles_of
from runner.units import percent, seconds

if TYPE_CHECKING:
    from markupsafe import Markup

_HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 240.0, 62.0, 14.0, 30.0, 46.0


def order_figure(study: StudyAnalysis) -> PageFigure | None:
    """Draw the time of every run relative to the median of its cell; None if no cell has two runs."""
    runs = [
        (cell, run) for cell, run in runs_in_order(study) if cell.wall_s is not None and len(cell.runs) > 1
    ]
    if not runs:
        return None
    ratios = [_relative(cell, run) for cell, run in runs]
    low, high = limits_of([*ratios, 0.9, 1.1], is_log=True)
    x = Scale(low=0.0, high=len(runs) + 1.0, start=_LEFT, end=WIDTH - _RIGHT)
    y = Scale(low=low, high=high, start=_HEIGHT - _BOTTOM, end=_TOP, is_log=True)
    styles = series_styles_of(cell.cell.executor for cell in study.cells.values())
    drawn: dict[str, list[Markup]] = {}
    places: dict[str, list[tuple[float, float]]] = {}
    for number, ((cell, run), ratio) in enumerate(zip(runs, ratios, strict=True), 1):
        if len(runs) > MOST_HINTS:
            places.setdefault(cell.cell.executor, []).append((x.at(number), y.at(ratio)))
            continue
        disturbed = f", {run.disturbance}" if run.disturbance else ""
        text = f"{one_line(cell.name)}, repetition {run.repetition}: {seconds(run.wall_s)}{disturbed}"
        class_ = "run disturbed" if run.disturbance else "run"
        dot = element("circle", hint(text), class_=class_, cx=x.at(number), cy=y.at(ratio), r=3)
        drawn.setdefault(cell.cell.executor, []).append(dot)
    drawn |= {executor: [dots(where)] for executor, where in places.items()}
    ticks = [(value, percent(value)) for value in (0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0)]
    marks = [float(round(value)) for value in x.ticks() if value == int(value)]
    text = page_wording.order_text([run for _, run in runs])
    content = [
        x_axis(x, [(value, f"{value:.0f}") for value in marks], _TOP, _HEIGHT - _BOTTOM, page_wording.ORDER),
        y_axis(
            y,
            [tick for tick in ticks if low <= tick[0] <= high],
            _LEFT,
            WIDTH - _RIGHT,
            page_wording.RELATIVE,
        ),
        element("line", class_="base", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y.at(1.0), y2=y.at(1.0)),
        *(series(styles[executor].colour, *parts) for executor, parts in drawn.items()),
    ]
    return PageFigure(
        id="order",
        title=page_wording.ORDER_TITLE,
        drawings=[drawing(text, _HEIGHT, *content)],
        legend=[key(one_line(executor), styles[executor].colour, "o") for executor in drawn],
        caption=text,
        data="runs",
    )


def runs_in_order(study: StudyAnalysis) -> list[tuple[CellAnalysis, HeadlineRun]]:
    """List the runs of all cells in the order in which they started."""
    runs = [(cell, run) for cell in study.cells.values() for run in cell.runs]
    return sorted(runs, key=lambda pair: pair[1].started_at)


def run_data(study: StudyAnalysis) -> DataSet:
    """List all runs in the order in which they started."""
    figures = ("wall_s", "speedup", "efficiency", "cpu_s", "tasks_per_s", "disturbance")
    numbers = {cell: number for number, cell in enumerate(study.cells)}
    runs = runs_in_order(study)
    first = datetime.fromisoformat(runs[0][1].started_at) if runs else None
    rows = [
        (
            numbers[cell.cell.id],
            _seconds_since(first, run),
            run.repetition,
            *map(rounded, (run.wall_s, run.speedup, run.efficiency, run.cpu_s, run.tasks_per_s)),
            run.disturbance,
        )
        for cell, run in runs
    ]
    return DataSet(columns=("cell", "started_s", "repetition", *figures), rows=rows)


def _seconds_since(first: datetime | None, run: HeadlineRun) -> float:
    """Return when a run started, in seconds since the first one."""
    if first is None:
        return 0.0
    return round((datetime.fromisoformat(run.started_at) - first).total_seconds(), 3)


def _relative(cell: CellAnalysis, run: HeadlineRun) -> float:
    return run.wall_s / cell.wall_s.value if cell.wall_s else 1.0
