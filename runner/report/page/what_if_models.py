"""The models of "what if" on the page: a table of predictions, and the numbers for the script."""

from collections.abc import Sequence
from typing import Any

from runner.analysis.what_if import predict
from runner.facts import Prediction, StudyAnalysis, WhatIf, WhatIfPoint
from runner.report.page import page_wording
from runner.report.page.figure import rounded
from runner.report.page.page_table import PageTable, page_table
from runner.report.text_table import TextColumn

_MOST_MODELS = 30  # that anybody chooses from
_FACTORS = (0.1, 1.0, 10.0, 100.0)  # of the number of items


def shown_models(study: StudyAnalysis) -> list[WhatIf]:
    """Choose the models of the page: if there are many, those that contain a recommended cell."""
    if len(study.what_ifs) <= _MOST_MODELS:
        return [*study.what_ifs]
    recommended = {group.recommended for group in study.groups}
    return [model for model in study.what_ifs if recommended & {*model.cells}][:_MOST_MODELS]


def what_if_table(study: StudyAnalysis) -> PageTable:
    """Tabulate the predicted speedup for other numbers of items: a row for each pool that was measured."""
    rows = [(model, point.workers) for model in shown_models(study) for point in model.points]
    named = dict(zip(study.what_ifs, page_wording.what_if_names(study), strict=True))
    names = [f"{named[model]} × {workers}" for model, workers in rows]
    columns = [TextColumn(heading="pool", texts=names, justify="left")]
    for factor in _FACTORS:
        texts = [page_wording.prediction_text(_prediction(model, factor, workers)) for model, workers in rows]
        values = [_prediction(model, factor, workers).speedup.value for model, workers in rows]
        columns.append(TextColumn(heading=_heading(factor), texts=texts, values=values))
    return page_table("Predicted speedup with another number of items", columns)


def _heading(factor: float) -> str:
    return "as measured" if factor == 1 else f"{factor:g} × the items (extrapolated)"


def _prediction(model: WhatIf, factor: float, workers: int) -> Prediction:
    return predict(model, max(1, round(factor * model.items)), model.task_s, workers)


def what_if_data(study: StudyAnalysis) -> list[dict[str, Any]]:
    """List what the script needs of each model."""
    named = dict(zip(study.what_ifs, page_wording.what_if_names(study), strict=True))
    return [
        {
            "name": named[model],
            "items": model.items,
            "task_s": rounded(model.task_s),
            "cpu_share": rounded(model.cpu_share),
            "usable_cpus": model.usable_cpus,
            "tasks_per_chunk": model.tasks_per_chunk,
            "points": [_point(point) for point in model.points],
            "workers": _workers(model, study),
        }
        for model in shown_models(study)
    ]


def _workers(model: WhatIf, study: StudyAnalysis) -> int:
    """Return the number of workers that the page starts with: the recommended one, or the largest."""
    recommended = {group.recommended for group in study.groups} & {*model.cells}
    counts = [study.cells[cell].cell.workers or 1 for cell in recommended if cell]
    return counts[0] if counts else model.points[-1].workers


def _point(point: WhatIfPoint) -> Sequence[float | None]:
    slowdown, speedup = point.slowdown, point.speedup
    parts = (point.once_s, point.uneven, point.round_s)
    bounds = (slowdown.value, slowdown.low, slowdown.high, speedup.value, speedup.low, speedup.high)
    figures = (*parts, *bounds)
    return [point.workers, *map(rounded, figures)]
