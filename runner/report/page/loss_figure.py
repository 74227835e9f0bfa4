"""The figure of lost time: the time of each cell's workers as a bar of named losses."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from runner.facts import CellAnalysis, StudyAnalysis
from runner.report.labels import one_line
from runner.report.page import page_wording
from runner.report.page.figure import (
    WIDTH,
    DataSet,
    Key,
    PageFigure,
    drawing,
    hint,
    in_words,
    patch,
    rounded,
    tick,
    x_axis,
)
from runner.report.page.markup import element
from runner.report.page.scale import Scale
from runner.units import percent, seconds

_ROW, _LEFT, _RIGHT, _TOP, _BOTTOM = 24.0, 190.0, 14.0, 8.0, 46.0
_COLOURS = 8  # of losses, in the style sheet
_NAME = 28  # characters


def loss_figure(id_: str, cells: Sequence[CellAnalysis], study: StudyAnalysis) -> PageFigure | None:
    """Draw the time of the workers of some cells; None if no loss of any is known.

    Args:
        id_: of the figure
        cells: of one workload
        study: to which they belong: a cause has one colour in all its figures
    """
    measured = [cell for cell in cells if cell.is_ok and cell.wall_s is not None]
    if not any(cell.losses for cell in measured):
        return None
    classes = _classes(study.cells.values())
    height = _TOP + _ROW * len(measured) + _BOTTOM
    scale = Scale(low=0.0, high=1.04 * max(map(worker_s, measured)), start=_LEFT, end=WIDTH - _RIGHT)
    ticks = [tick(value, seconds) for value in scale.ticks()]
    axis = x_axis(scale, ticks, _TOP, height - _BOTTOM, page_wording.WORKER_SECONDS)
    rows = [_row(cell, _TOP + _ROW * number, scale, classes) for number, cell in enumerate(measured)]
    text = in_words(f"{one_line(cell.name)}: {page_wording.budget_text(cell)}" for cell in measured)
    names = {loss.cause.code: loss.cause.name for cell in measured for loss in cell.losses}
    legend: list[Key] = [patch(page_wording.WORK, "work")]
    legend += [patch(names[code], class_) for code, class_ in classes.items() if code in names]
    if any(page_wording.is_unexplained(cell) for cell in measured):
        legend.append(patch(page_wording.UNEXPLAINED, "unexplained"))
    return PageFigure(
        id=id_,
        title=page_wording.BUDGET_TITLE,
        drawings=[drawing(text, height, axis, *rows)],
        legend=legend,
        data="losses",
    )


def _classes(cells: Iterable[CellAnalysis]) -> dict[str, str]:
    """Give each cause a colour, those that cost the most first."""
    totals: dict[str, float] = {}
    for cell in cells:
        for loss in cell.losses:
            totals[loss.cause.code] = totals.get(loss.cause.code, 0.0) + loss.share.value * worker_s(cell)
    ranked = sorted(totals, key=lambda code: -totals[code])
    return {code: f"loss{rank % _COLOURS}" for rank, code in enumerate(ranked)}


def loss_data(cells: Sequence[CellAnalysis]) -> DataSet:
    """List the losses of all cells, with the rest of the workers' time."""
    rows: list[Sequence[object]] = []
    for number, cell in enumerate(cells):
        if cell.is_ok and cell.wall_s is not None and not page_wording.is_unexplained(cell):
            total_s = worker_s(cell)
            for loss in cell.losses:
                share = loss.share.value
                rows.append((number, loss.cause.code, rounded(share), rounded(share * total_s)))
            rows.append((number, "", rounded(_rest(cell)), rounded(_rest(cell) * total_s)))
    return DataSet(columns=("cell", "cause", "share", "worker_s"), rows=rows)


def worker_s(cell: CellAnalysis) -> float:
    """Return the workers' time of a cell: their number times its wall time."""
    return 0.0 if cell.wall_s is None else cell.wall_s.value * (cell.cell.workers or 1)


def _rest(cell: CellAnalysis) -> float:
    """Return the share of the workers' time that is no loss."""
    return max(0.0, 1.0 - sum(loss.share.value for loss in cell.losses))


def _row(cell: CellAnalysis, top: float, scale: Scale, classes: dict[str, str]) -> Markup:
    total_s, name = worker_s(cell), one_line(cell.name)
    text = f"{name[: _NAME - 1]}…" if len(name) > _NAME else name
    whole = () if text == name else (hint(name),)
    label = element("text", text, *whole, class_="row", x=_LEFT - 8, y=top + 15, text_anchor="end")
    if page_wording.is_unexplained(cell):
        return element(
            "g", label, _segment("unexplained", page_wording.UNEXPLAINED, (0.0, total_s), top, scale)
        )
    parts, from_s = [label], _rest(cell) * total_s
    parts.append(_segment("work", f"{page_wording.WORK}: {percent(_rest(cell))}", (0.0, from_s), top, scale))
    for loss in sorted(cell.losses, key=lambda loss: [*classes].index(loss.cause.code)):
        loss_s = loss.share.value * total_s
        described = f"{loss.cause.name}: {percent(loss.share.value)}, {seconds(loss_s)}"
        parts.append(_segment(classes[loss.cause.code], described, (from_s, from_s + loss_s), top, scale))
        from_s += loss_s
    return element("g", *parts)


def _segment(class_: str, text: str, span_s: tuple[float, float], top: float, scale: Scale) -> Markup:
    x, end = map(scale.at, span_s)
    return element(
        "rect", hint(text), class_=class_, x=x, y=top + 4, width=max(0.0, end - x), height=_ROW - 8
    )
