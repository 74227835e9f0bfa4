"""The table from a column to its sentence is complete."""

from typing import Any

import pytest

from runner.columns import BREAK_EVEN_COLUMNS, COLUMNS, KNOWN_ANSWER_COLUMNS, LAW_COLUMNS, Column, Kind
from runner.facts import BreakEven, CellAnalysis, KnownAnswerAnalysis, LawAnalysis
from runner.report.column_sentences import COLUMN_SENTENCES


@pytest.mark.parametrize(
    ("record", "columns"),
    [
        (CellAnalysis, COLUMNS),
        (LawAnalysis, LAW_COLUMNS),
        (BreakEven, BREAK_EVEN_COLUMNS),
        (KnownAnswerAnalysis, KNOWN_ANSWER_COLUMNS),
    ],
)
def test_every_sentence_of_a_table_is_worded_in_full(
    record: type[Any], columns: tuple[Column[Any], ...]
) -> None:
    sentences = COLUMN_SENTENCES[record]
    assert {name for name, sentence in sentences.items() if sentence.full} == {
        column.name for column in columns if column.kind == Kind.SENTENCE
    }
    shown = {column.name: column for column in columns if column.heading}
    assert {name for name, sentence in sentences.items() if sentence.short} <= set(shown)
    assert all(sentences[name].short for name, column in shown.items() if column.kind == Kind.SENTENCE)
