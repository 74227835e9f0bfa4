"""The CSV files of an analysed study."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from runner.analysis.facts import BreakEven, CellAnalysis, KnownAnswerAnalysis, LawAnalysis, StudyAnalysis
from runner.columns import (
    BREAK_EVEN_COLUMNS,
    KNOWN_ANSWER_COLUMNS,
    LAW_COLUMNS,
    TASK_COLUMNS,
    Column,
    Kind,
    RecordT,
    cell_columns,
    naming_columns,
)
from runner.report import wording

Row = tuple[Any, ...]


def render_summary(study: StudyAnalysis) -> str:
    """Render summary.csv: one row per cell."""
    columns = cell_columns(study.study)
    sentences: Mapping[str, Callable[[CellAnalysis], str]] = {
        "flags": wording.anomalies_text,
        "note": lambda cell: wording.cell_note(cell, study.study),
    }
    return _csv(_names(columns), (_values(columns, cell, sentences) for cell in study.cells.values()))


def render_tasks(study: StudyAnalysis) -> str:
    """Render tasks.csv: one row per cell and task."""
    naming = naming_columns(study.study.swept)
    rows = ((*_values(naming, study.cells[task.cell]), *_values(TASK_COLUMNS, task)) for task in study.tasks)
    return _csv([*_names(naming), *_names(TASK_COLUMNS)], rows)


def render_fits(study: StudyAnalysis) -> str:
    """Render fits.csv: one row per curve and law."""
    naming = [
        column for column in naming_columns(study.study.swept) if column.name not in ("cell", "workers")
    ]
    sentences: Mapping[str, Callable[[LawAnalysis], str]] = {
        "note": lambda law: wording.law_note(law, study.study)
    }
    rows = (
        (*_values(naming, study.cells[law.cells[0]]), *_values(LAW_COLUMNS, law, sentences))
        for law in study.laws
    )
    return _csv([*_names(naming), *_names(LAW_COLUMNS)], rows)


def render_break_even(study: StudyAnalysis) -> str | None:
    """Render break_even.csv: one row per pool and swept size; None without any."""
    if not study.break_evens:
        return None
    naming = [column for column in naming_columns(study.study.swept) if column.name != "cell"]
    sentences: Mapping[str, Callable[[BreakEven], str]] = {"note": wording.break_even_note}
    rows = []
    for pool in study.break_evens:
        cell = study.cells[pool.cells[0]]
        settings = (None if column.name == pool.setting else column.get(cell) for column in naming)
        rows.append((*settings, *_values(BREAK_EVEN_COLUMNS, pool, sentences)))
    return _csv([*_names(naming), *_names(BREAK_EVEN_COLUMNS)], rows)


def render_known_answers(study: StudyAnalysis) -> str | None:
    """Render known_answers.csv: one row per answer and cell; None without any."""
    if not study.known_answers:
        return None
    sentences: Mapping[str, Callable[[KnownAnswerAnalysis], str]] = {
        "cell": lambda answer: wording.known_cell(answer, study),
        "expected": wording.expected_text,
        "outcome": lambda answer: wording.outcome_text(answer.outcome),
        "because": lambda answer: wording.known_reason(answer, study),
    }
    rows = (_values(KNOWN_ANSWER_COLUMNS, answer, sentences) for answer in study.known_answers)
    return _csv(_names(KNOWN_ANSWER_COLUMNS), rows)


def _names(columns: "Iterable[Column[Any]]") -> list[str]:
    return [name for column in columns for name in column.names]


def _values(
    columns: "Iterable[Column[RecordT]]",
    record: RecordT,
    sentences: Mapping[str, Callable[[RecordT], str]] | None = None,
) -> Row:
    values: list[Any] = []
    for column in columns:
        if column.kind == Kind.SENTENCE:
            values.append((sentences or {})[column.name](record))
        else:
            values.extend(column.values(record))
    return tuple(values)


def _csv(names: Sequence[str], rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Leave unknown figures empty."""
    return "" if value is None or value != value else value  # noqa: PLR0124 - not a number
