"""What columns say in words: the one table from a column to its sentence, for CSV files and the terminal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from runner.columns import Column, RecordT
from runner.estimate import Estimate
from runner.facts import BreakEven, CellAnalysis, KnownAnswerAnalysis, LawAnalysis, StudyAnalysis
from runner.report import wording
from runner.report.labels import bounds_text, one_line
from runner.units import three_digits

_LONGEST_WORKLOAD = 20


@dataclass(frozen=True, kw_only=True)
class ColumnSentence(Generic[RecordT]):
    """What a column says about a record; None: the value of the column instead."""

    full: Callable[[RecordT, StudyAnalysis], str] | None = None  #: in a CSV file
    short: Callable[[RecordT, StudyAnalysis], str] | None = None  #: on the terminal


def _everywhere(text: Callable[[RecordT, StudyAnalysis], str]) -> ColumnSentence[RecordT]:
    return ColumnSentence(full=text, short=text)


_OF_CELLS: Mapping[str, ColumnSentence[CellAnalysis]] = {
    "flags": ColumnSentence(full=lambda cell, _: wording.anomalies_text(cell)),
    "main_loss": ColumnSentence(short=lambda cell, _: wording.short_loss(cell)),
    "note": ColumnSentence(
        full=lambda cell, study: wording.cell_note(cell, study.study),
        short=lambda cell, _: wording.short_note(cell),
    ),
}

_OF_LAWS: Mapping[str, ColumnSentence[LawAnalysis]] = {
    "note": ColumnSentence(full=lambda law, study: wording.law_note(law, study.study)),
}

_OF_BREAK_EVENS: Mapping[str, ColumnSentence[BreakEven]] = {
    "note": ColumnSentence(full=lambda row, _: wording.break_even_note(row)),
}

_OF_KNOWN_ANSWERS: Mapping[str, ColumnSentence[KnownAnswerAnalysis]] = {
    "workload": ColumnSentence(short=lambda answer, _: one_line(answer.known.workload, _LONGEST_WORKLOAD)),
    "cell": _everywhere(wording.known_cell),
    "expected": _everywhere(lambda answer, _: wording.expected_text(answer)),
    "measured": ColumnSentence(short=lambda answer, _: _with_bounds(answer.measured)),
    "outcome": _everywhere(lambda answer, _: wording.outcome_text(answer.outcome)),
    "because": ColumnSentence(full=wording.known_reason),
}

#: By class of the records of a table, and name of the column.
COLUMN_SENTENCES: Mapping[type[Any], Mapping[str, ColumnSentence[Any]]] = {
    CellAnalysis: _OF_CELLS,
    LawAnalysis: _OF_LAWS,
    BreakEven: _OF_BREAK_EVENS,
    KnownAnswerAnalysis: _OF_KNOWN_ANSWERS,
}

_VALUE = ColumnSentence[Any]()


def sentence_of(column: Column[RecordT], record: RecordT) -> ColumnSentence[RecordT]:
    """Return what a column says about a record."""
    return COLUMN_SENTENCES.get(type(record), {}).get(column.name, _VALUE)


def _with_bounds(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    value = three_digits(estimate.value)
    return value if estimate.is_exact else f"{value} ({bounds_text(estimate)})"
