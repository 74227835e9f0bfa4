"""`python -m runner.report.reference FILE`: rewrite the tables of docs/reference.md.

A table is between `<!-- table: NAME -->` and `<!-- end of table -->`. A test checks that all are up to date.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.analysis.explain.declared import declared_causes
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
from runner.report.verdict_json import DETAILS, VERDICT, WARNINGS

if TYPE_CHECKING:
    from runner.report.json_fields import Field, Object

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
    return _objects(VERDICT.nested())


def _objects(kinds: "Iterable[Object[Any]]") -> str:
    return "\n".join(f"{_heading(kind)}\n\n{_object(kind)}" for kind in kinds)


def _heading(kind: "Object[Any]") -> str:
    return "The file is an object:" if kind is VERDICT else f"**{kind.name}**"


def _object(kind: "Object[Any]") -> str:
    rows = ((f"`{field.name}`", _type(field), field.unit, field.meaning) for field in kind.fields)
    return _table(("field", "type", "unit", "meaning"), rows)


def _type(field: "Field[Any]") -> str:
    return f"{field.type} or null" if field.null else field.type


def _variants(kinds: "Iterable[Object[Any]]") -> str:
    """List objects of several kinds, and those that they hold."""
    return _objects({part.name: part for kind in kinds for part in kind.nested()}.values())


def _causes() -> str:
    rows = ((f"`{cause.code}`", cause.name, cause.remedy) for cause in declared_causes().values())
    return _table(("code", "cause", "usual remedy"), rows)


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
    "causes": _causes,
    "details of losses": lambda: _variants(DETAILS.values()),
    "warnings": lambda: _variants(WARNINGS.values()),
}


def main() -> None:
    """Run the program."""
    path = Path(sys.argv[1])
    path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
