"""`python -m runner.report.reference FILE`: rewrite the tables of docs/reference.md.

A table is between `<!-- table: NAME -->` and `<!-- end of table -->`. A test checks that all are up to date.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from runner.columns import (
    BREAK_EVEN_COLUMNS,
    COLUMNS,
    KNOWN_ANSWER_COLUMNS,
    KNOWN_FIGURES,
    LAW_COLUMNS,
    NAMING,
    SAMPLE_COLUMNS,
    TASK_COLUMNS,
    TRACE_COLUMNS,
    UNTIMED_COLUMNS,
    Column,
    Kind,
)
from runner.report.verdict_json import VERDICT, Field, Object, documented_objects, warning_facts

_BLOCK = re.compile(r"(<!-- table: (?P<name>.+?) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def with_tables(text: str) -> str:
    """Replace every table in a document."""
    return _BLOCK.sub(lambda block: f"{block[1]}\n{TABLES[block['name']]()}\n{block[3]}", text)


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    headings = tuple(headings)
    lines = [f"| {' | '.join(cells)} |\n".replace("|  |", "| |") for cells in (headings, *rows)]
    return "".join([lines[0], f"|{'---|' * len(headings)}\n", *lines[1:]])


def _columns(columns: "Iterable[Column[Any]]") -> str:
    return _table(("column", "unit", "meaning"), map(_row, columns))


def _row(column: "Column[Any]") -> tuple[str, str, str]:
    bounds = ", `_low`, `_high`" if column.kind == Kind.ESTIMATE else ""
    return f"`{column.name}`{bounds}", column.unit, column.doc


def _fields(documented: Mapping[str, str]) -> str:
    return _table(("column", "meaning"), ((f"`{name}`", doc) for name, doc in documented.items()))


def _verdict() -> str:
    return "\n".join(f"{_heading(kind)}\n\n{_object(kind)}" for kind in documented_objects())


def _heading(kind: Object) -> str:
    return "The file is an object:" if kind is VERDICT else f"**{kind.name}**"


def _object(kind: Object) -> str:
    rows = ((f"`{field.name}`", _type(field), field.doc) for field in kind.fields)
    return _table(("field", "holds", "meaning"), rows)


def _type(field: Field) -> str:
    if field.holds is None:
        return "list" if field.is_list else ""
    return f"list of {field.holds.name}" if field.is_list else field.holds.name


def _warnings() -> str:
    return _table(
        ("code", "facts"), ((f"`{code}`", ", ".join(_coded(facts))) for code, facts in warning_facts())
    )


def _coded(names: Iterable[str]) -> Iterator[str]:
    return (f"`{name}`" for name in names)


def _figures() -> str:
    return f"{', '.join(_coded(KNOWN_FIGURES))}\n"


TABLES: Mapping[str, Callable[[], str]] = {
    "cell names": lambda: _columns(NAMING),
    "samples.csv": lambda: _fields(SAMPLE_COLUMNS),
    "trace": lambda: _fields(TRACE_COLUMNS),
    "untimed.csv": lambda: _fields(UNTIMED_COLUMNS),
    "summary.csv": lambda: _columns(COLUMNS),
    "tasks.csv": lambda: _columns(TASK_COLUMNS),
    "fits.csv": lambda: _columns(LAW_COLUMNS),
    "break_even.csv": lambda: _columns(BREAK_EVEN_COLUMNS),
    "known_answers.csv": lambda: _columns(KNOWN_ANSWER_COLUMNS),
    "figures of known answers": _figures,
    "verdict.json": _verdict,
    "warnings": _warnings,
}


def main() -> None:
    """Run the program."""
    path = Path(sys.argv[1])
    path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
