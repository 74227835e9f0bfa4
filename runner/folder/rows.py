"""Records ↔ rows of the CSV files that grow while a study is measured."""

import csv
import dataclasses
import io
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO, TypeVar, get_args, get_origin, get_type_hints

from runner.folder.file_names import CELLS
from runner.records import NAMING_SETTINGS, Cell, Sample, TaskRecord, UntimedRun

_T = TypeVar("_T")

#: Columns that come from the cell of a record, before those of the record itself.
_CELL_COLUMNS = ("cell", *NAMING_SETTINGS)
TRACE_COLUMNS = tuple(field.name for field in dataclasses.fields(TaskRecord))


def columns_of(kind: type[Sample | UntimedRun], swept: Iterable[str]) -> tuple[str, ...]:
    """List the columns of a file of records of this kind."""
    return (*_CELL_COLUMNS, *swept, *_record_columns(kind))


def row_of(record: Sample | UntimedRun, cell: Cell, swept: Iterable[str]) -> list[Any]:
    """Return the row of a record, in the order of `columns_of`."""
    values = [cell.id, *(cell.naming[key] for key in (*NAMING_SETTINGS, *swept))]
    return values + [getattr(record, column) for column in _record_columns(type(record))]


def read_rows(kind: type[_T], cells: Iterable[Cell], file: TextIO) -> tuple[_T, ...]:
    """Read the records of a file; a last line without a line end is an unfinished row and is ignored.

    Folders of older versions may lack columns; those fields have their defaults.

    Raises:
        KeyError, TypeError, ValueError, csv.Error: if the file is damaged
    """
    complete = file.buffer.read().rpartition(b"\n")[0].decode()
    rows = csv.reader(io.StringIO(complete, newline=""), strict=True)
    header = next(rows, None)
    return () if header is None else tuple(_records(kind, {cell.id for cell in cells}, header, rows))


def _records(kind: type[_T], cells: set[str], header: list[str], rows: Iterable[list[str]]) -> Iterator[_T]:
    index = {column: number for number, column in enumerate(header)}
    at_cell = index["cell"]
    fields = [
        (name, index[name], _parser(hint)) for name, hint in get_type_hints(kind).items() if name in index
    ]
    for row in filter(None, rows):
        if len(row) < len(header):
            raise ValueError(f"a row is too short: {','.join(filter(None, row))}")
        if row[at_cell] not in cells:
            raise ValueError(f"there is no cell {row[at_cell]!r} in {CELLS}")
        yield kind(**{name: parse(row[number]) for name, number, parse in fields})


def plain_type(hint: Any) -> type:
    """Reduce `int | None` to int and a Literal of strings to str."""
    if isinstance(hint, types.UnionType):
        hint = next(kind for kind in get_args(hint) if kind is not types.NoneType)
    kind: type = hint if get_origin(hint) is None else str
    return kind


def _parser(hint: Any) -> Callable[[str], Any]:
    kind = plain_type(hint)
    parse: Callable[[str], Any] = "True".__eq__ if kind is bool else kind
    if types.NoneType not in get_args(hint):
        return parse
    return lambda text: None if text == "" else parse(text)


def _record_columns(kind: type[Sample | UntimedRun]) -> Iterator[str]:
    return (field.name for field in dataclasses.fields(kind) if field.name != "cell")
