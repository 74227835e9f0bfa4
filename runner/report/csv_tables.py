"""The CSV files of an analysed study."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from runner.columns import (
    BREAK_EVEN_COLUMNS,
    KNOWN_ANSWER_COLUMNS,
    LAW_COLUMNS,
    TASK_COLUMNS,
    Column,
    RecordT,
    cell_columns,
    naming_columns,
)
from runner.facts import StudyAnalysis
from runner.report.column_sentences import sentence_of

Row = tuple[Any, ...]


def render_summary(study: StudyAnalysis) -> str:
    """Render summary.csv: one row per cell."""
    columns = cell_columns(study.study)
    return _csv(_names(columns), (_values(columns, cell, study) for cell in study.cells.values()))


def render_tasks(study: StudyAnalysis) -> str:
    """Render tasks.csv: one row per cell and task."""
    naming = naming_columns(study.study.swept)
    rows = (
        (*_values(naming, study.cells[task.cell], study), *_values(TASK_COLUMNS, task, study))
        for task in study.tasks
    )
    return _csv([*_names(naming), *_names(TASK_COLUMNS)], rows)


def render_fits(study: StudyAnalysis) -> str:
    """Render fits.csv: one row per curve and law."""
    naming = [
        column for column in naming_columns(study.study.swept) if column.name not in ("cell", "workers")
    ]
    rows = (
        (*_values(naming, study.cells[law.cells[0]], study), *_values(LAW_COLUMNS, law, study))
        for law in study.laws
    )
    return _csv([*_names(naming), *_names(LAW_COLUMNS)], rows)


def render_break_even(study: StudyAnalysis) -> str | None:
    """Render break_even.csv: one row per pool and swept size; None without any."""
    if not study.break_evens:
        return None
    naming = [column for column in naming_columns(study.study.swept) if column.name != "cell"]
    rows = []
    for pool in study.break_evens:
        cell = study.cells[pool.cells[0]]
        settings = (None if column.name == pool.setting else column.get(cell) for column in naming)
        rows.append((*settings, *_values(BREAK_EVEN_COLUMNS, pool, study)))
    return _csv([*_names(naming), *_names(BREAK_EVEN_COLUMNS)], rows)


def render_known_answers(study: StudyAnalysis) -> str | None:
    """Render known_answers.csv: one row per answer and cell; None without any."""
    if not study.known_answers:
        return None
    rows = (_values(KNOWN_ANSWER_COLUMNS, answer, study) for answer in study.known_answers)
    return _csv(_names(KNOWN_ANSWER_COLUMNS), rows)


def _names(columns: "Iterable[Column[Any]]") -> list[str]:
    return [name for column in columns for name in column.names]


def _values(columns: "Iterable[Column[RecordT]]", record: RecordT, study: StudyAnalysis) -> Row:
    values: list[Any] = []
    for column in columns:
        sentence = sentence_of(column, record).full
        values.extend(column.values(record) if sentence is None else [sentence(record, study)])
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
