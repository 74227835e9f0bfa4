"""Text tables find their room without cutting anything."""

import io

import pytest
from rich.console import Console

from runner.report.text_table import Column, print_columns

NAME = Column(heading="name", texts=["a long text of many words", "b"], justify="left", folds=True)
TIME = Column(heading="95% interval", texts=["1.00–1.05", "2.00–2.05"])
EXTRA = Column(heading="extra", texts=["1", ""], spare=1)
SPARE = Column(heading="most spare", texts=["", "22222"], spare=2)
EMPTY = Column(heading="empty", texts=["", ""])


def printed(*columns: Column, width: int) -> tuple[list[str], list[str]]:
    out = io.StringIO()
    left_out = print_columns(Console(file=out, width=20), columns, width)
    return out.getvalue().splitlines(), left_out


def test_columns_stand_apart_where_there_is_room_and_empty_ones_are_left_out() -> None:
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


def test_texts_fold_before_columns_are_left_out() -> None:
    lines, left_out = printed(NAME, TIME, EXTRA, width=30)
    assert left_out == []
    assert max(map(len, lines)) <= 30
    assert lines[-1].split() == ["b", "2.00–2.05"]


@pytest.mark.parametrize(
    ("width", "left_out"), [(40, []), (30, ["most spare"]), (22, ["extra", "most spare"])]
)
def test_the_most_spare_column_is_left_out_first(width: int, left_out: list[str]) -> None:
    lines, told = printed(NAME, TIME, EXTRA, SPARE, width=width)
    assert told == left_out
    assert max(map(len, lines)) <= width


def test_what_cannot_be_spared_is_never_cut() -> None:
    lines, left_out = printed(NAME, TIME, SPARE, width=5)
    assert left_out == ["most spare"]
    assert lines[-1].split() == ["b", "2.00–2.05"]
    assert any("1.00–1.05" in line for line in lines)
