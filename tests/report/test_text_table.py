"""Text tables fit a width without cutting a text."""

import io

import pytest
from rich.console import Console

from runner.report.text_table import TextColumn, print_columns

NAME = TextColumn(heading="name", texts=["a long text of many words", "b"], justify="left", folds=True)
TIME = TextColumn(heading="95% interval", texts=["1.00–1.05", "2.00–2.05"])
SECOND = TextColumn(heading="second", texts=["1", ""], drop=1)
FIRST = TextColumn(heading="first to go", texts=["", "22222"], drop=2)
EMPTY = TextColumn(heading="empty", texts=["", ""])


def printed(*columns: TextColumn, width: int) -> tuple[list[str], list[str]]:
    out = io.StringIO()
    omitted = print_columns(Console(file=out, width=20), columns, width)
    return out.getvalue().splitlines(), omitted


def test_a_wide_table_has_wide_gaps_and_no_empty_columns() -> None:
    assert printed(NAME, EMPTY, TIME, width=80) == (
        [
            "name                       95% interval",
            "a long text of many words     1.00–1.05",
            "b                             2.00–2.05",
        ],
        [],
    )


def test_headings_break_before_texts_fold() -> None:
    assert printed(NAME, TIME, width=36) == (
        [
            "                                95%",
            "name                       interval",
            "a long text of many words 1.00–1.05",
            "b                         2.00–2.05",
        ],
        [],
    )


def test_texts_fold_before_columns_are_omitted() -> None:
    lines, omitted = printed(NAME, TIME, SECOND, width=30)
    assert omitted == []
    assert max(map(len, lines)) <= 30
    assert lines[-1].split() == ["b", "2.00–2.05"]


@pytest.mark.parametrize(
    ("width", "omitted"), [(40, []), (30, ["first to go"]), (22, ["second", "first to go"])]
)
def test_the_column_with_the_highest_drop_is_omitted_first(width: int, omitted: list[str]) -> None:
    lines, headings = printed(NAME, TIME, SECOND, FIRST, width=width)
    assert headings == omitted
    assert max(map(len, lines)) <= width


def test_columns_that_stay_are_never_cut() -> None:
    lines, omitted = printed(NAME, TIME, FIRST, width=5)
    assert omitted == ["first to go"]
    assert lines[-1].split() == ["b", "2.00–2.05"]
    assert any("1.00–1.05" in line for line in lines)
