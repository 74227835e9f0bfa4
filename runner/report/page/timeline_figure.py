"""The timeline of a cell: a lane for each worker, with its tasks, start-up and idle time."""

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup

from runner.facts import CellAnalysis, StudyAnalysis, Timeline, TimelineBar
from runner.report.page import page_wording
from runner.report.page.figure import WIDTH, DataSet, PageFigure, drawing, hint, rounded, tick, x_axis
from runner.report.page.markup import element
from runner.report.page.scale import Scale
from runner.units import seconds

_LEFT, _RIGHT, _TOP, _BOTTOM = 36.0, 14.0, 8.0, 46.0
_LANE, _LANES = 20.0, 320.0  # height of a lane, and of all lanes where there are many
_THINNEST = 0.7  # pixels of a bar
_COLOURS = 8  # of tasks, in the style sheet
_FAINTEST = 0.15  # opacity of several tasks that are hardly ever busy


def timeline_figure(cell: CellAnalysis, timeline: Timeline, *, has_hints: bool) -> PageFigure:
    """Draw the timeline of a cell; with hints, every bar tells its figures."""
    workers = max(timeline.workers, cell.cell.workers or 1)
    lanes = math.ceil(workers / timeline.workers_per_lane)
    lane = min(_LANE, _LANES / lanes)
    height = _TOP + lane * lanes + _BOTTOM
    longest_s = max([timeline.wall_s, *(bar.end_s for bar in timeline.bars)])
    scale = Scale(low=0.0, high=longest_s, start=_LEFT, end=WIDTH - _RIGHT)
    ticks = [tick(value, seconds) for value in scale.ticks()]
    axis = x_axis(scale, ticks, _TOP, height - _BOTTOM, page_wording.TIME_SINCE_START)
    labels = {label: number for number, label in enumerate(dict.fromkeys(bar.label for bar in timeline.bars))}
    parts = [axis, *_around(timeline, scale, height - _BOTTOM)]
    if lane >= _LANE / 2:
        parts += [
            element(
                "text",
                number + 1,
                class_="tick",
                x=_LEFT - 6,
                y=_TOP + lane * number + 0.7 * lane,
                text_anchor="end",
            )
            for number in range(lanes)
        ]
    for bar in timeline.bars:
        texts = [hint(page_wording.bar_text(bar))] if has_hints else []
        parts.append(_bar(bar, lane, scale, texts, labels[bar.label]))
    text = page_wording.timeline_text(cell, timeline)
    return PageFigure(
        id=f"timeline-{cell.cell.id}",
        title=page_wording.timeline_title(cell, timeline),
        drawings=[drawing(page_wording.timeline_title(cell, timeline), height, *parts)],
        caption=text,
        data="timelines",
    )


def timeline_data(study: StudyAnalysis) -> DataSet:
    """List the bars of all timelines."""
    rows = [
        (number, bar.lane + 1, bar.label, bar.tasks, *map(rounded, (bar.start_s, bar.end_s, bar.busy_s)))
        for number, cell in enumerate(study.cells)
        if cell in study.timelines
        for bar in study.timelines[cell].bars
    ]
    return DataSet(columns=("cell", "lane", "label", "tasks", "start_s", "end_s", "busy_s"), rows=rows)


def _around(timeline: Timeline, scale: Scale, bottom: float) -> Iterable[Markup]:
    """Shade the time before the first task and after the last one."""
    first_s = min(bar.start_s for bar in timeline.bars)
    last_s = max(bar.end_s for bar in timeline.bars)
    for name, from_s, to_s in (
        (page_wording.START_UP, 0.0, first_s),
        (page_wording.SHUTDOWN, last_s, timeline.wall_s),
    ):
        if to_s > from_s:
            x, end = scale.at(from_s), scale.at(to_s)
            text = hint(f"{name}: {seconds(to_s - from_s)}")
            yield element("rect", text, class_="around", x=x, y=_TOP, width=end - x, height=bottom - _TOP)


def _bar(bar: TimelineBar, lane: float, scale: Scale, texts: Sequence[Markup], colour: int) -> Markup:
    x, end = scale.at(bar.start_s), scale.at(bar.end_s)
    gap = min(1.5, lane / 8)
    width, y = max(end - x - 0.4, _THINNEST), _TOP + lane * bar.lane + gap
    class_ = f"task{colour % _COLOURS}"
    busy = min(bar.busy_s / max(bar.end_s - bar.start_s, 1e-12), 1.0)
    return element(
        "rect",
        *texts,
        class_=class_,
        x=x,
        y=y,
        width=width,
        height=max(lane - 2 * gap, _THINNEST),
        fill_opacity=None if bar.tasks == 1 else round(max(busy, _FAINTEST), 2),
    )
