"""Declarations of the objects in a JSON file: the value, type, unit and meaning of each field."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from runner.columns import Column, Kind

RecordT = TypeVar("RecordT")
PartT = TypeVar("PartT")
OuterT = TypeVar("OuterT")

#: An infinite number, which JSON lacks; `float` and JavaScript's `Number` read it.
INFINITE = "Infinity"

UNKNOWN = "unknown"  #: the usual meaning of null

_TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "string",
    Kind.WHOLE: "integer",
    Kind.NUMBER: "number",
    Kind.FLAG: "boolean",
}


@dataclass(frozen=True, kw_only=True)
class Field(Generic[RecordT]):
    """A field of a JSON object."""

    name: str
    get: Callable[[RecordT], Any]  #: its JSON value
    type: str  #: as the documentation shows it
    doc: str
    unit: str = ""
    codes: tuple[str, ...] = ()  #: all values that it may have; empty: any value of its type
    null: str = ""  #: what null means; empty: it is never null
    kinds: "tuple[Object[Any], ...]" = ()  #: kinds of the objects that it contains

    @property
    def meaning(self) -> str:
        """Its documentation: its meaning, its codes, and the meaning of null."""
        codes = f": {', '.join(f'`{code}`' for code in self.codes)}" if self.codes else ""
        return f"{self.doc}{codes}{f'; null: {self.null}' if self.null else ''}"


@dataclass(frozen=True, kw_only=True)
class Object(Generic[RecordT]):
    """A kind of JSON object, made from a record."""

    name: str
    fields: Sequence[Field[RecordT]]

    def content(self, record: RecordT) -> dict[str, Any]:
        """Make the object from a record."""
        return {field.name: field.get(record) for field in self.fields}

    def nested(self) -> "Iterator[Object[Any]]":
        """List this kind and all that its fields contain, each once, containing kinds first."""
        waiting: list[Object[Any]] = [self]
        listed: set[str] = set()
        while waiting:
            kind = waiting.pop(0)
            if kind.name not in listed:
                listed.add(kind.name)
                yield kind
                waiting += [part for field in kind.fields for part in field.kinds]


def plain(value: Any) -> Any:
    """Convert a value to plain JSON: infinite numbers become text, and NaN becomes null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else INFINITE if value > 0 else f"-{INFINITE}"
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def value(
    name: str,
    get: Callable[[RecordT], object],
    type_: str,
    doc: str,
    *,
    unit: str = "",
    codes: Iterable[str] = (),
    null: str = "",
) -> Field[RecordT]:
    """Declare a plain value, or a list or map of them."""
    return Field(
        name=name,
        get=lambda record: plain(get(record)),
        type=type_,
        doc=doc,
        unit=unit,
        codes=tuple(str(code) for code in codes),
        null=null,
    )


def part(
    name: str,
    get: Callable[[RecordT], PartT | None],
    kind: Object[PartT],
    doc: str,
    *,
    unit: str = "",
    null: str = "",
) -> Field[RecordT]:
    """Declare an object."""

    def content(record: RecordT) -> dict[str, Any] | None:
        inner = get(record)
        return None if inner is None else kind.content(inner)

    return Field(name=name, get=content, type=kind.name, doc=doc, unit=unit, null=null, kinds=(kind,))


def parts(
    name: str,
    get: Callable[[RecordT], Iterable[PartT] | None],
    kind: Object[PartT],
    doc: str,
    *,
    null: str = "",
) -> Field[RecordT]:
    """Declare a list of objects."""

    def content(record: RecordT) -> list[dict[str, Any]] | None:
        inner = get(record)
        return None if inner is None else [kind.content(item) for item in inner]

    return Field(name=name, get=content, type=f"list of {kind.name}", doc=doc, null=null, kinds=(kind,))


def by_id(
    name: str, get: Callable[[RecordT], Mapping[str, PartT]], kind: Object[PartT], doc: str
) -> Field[RecordT]:
    """Declare a map of ids to objects."""
    return Field(
        name=name,
        get=lambda record: {key: kind.content(item) for key, item in get(record).items()},
        type=f"map of id to {kind.name}",
        doc=doc,
        kinds=(kind,),
    )


def one_of(
    name: str,
    get: Callable[[RecordT], object],
    kinds: "Mapping[type[Any], Object[Any]]",
    doc: str,
    *,
    null: str = "",
) -> Field[RecordT]:
    """Declare an object whose kind depends on the class of its record."""

    def content(record: RecordT) -> dict[str, Any] | None:
        inner = get(record)
        return None if inner is None else kinds[type(inner)].content(inner)

    return Field(name=name, get=content, type="object", doc=doc, null=null)


def of_column(column: Column[RecordT], estimate: Object[Any]) -> Field[RecordT]:
    """Declare a figure that is also a column of a CSV file; what is empty there is null here."""
    text, _, empty = column.doc.partition("; empty: ")
    doc = text.replace("empty", "null")
    if column.kind == Kind.ESTIMATE:
        return part(column.name, column.get, estimate, doc, unit=column.unit, null=empty or UNKNOWN)
    null = empty or (UNKNOWN if column.kind == Kind.NUMBER else "")
    return value(column.name, column.get, _TYPES[column.kind], doc, unit=column.unit, null=null)


def within(get: Callable[[OuterT], RecordT], fields: Iterable[Field[RecordT]]) -> tuple[Field[OuterT], ...]:
    """Declare the fields of an inner record as fields of the record that contains it."""

    def outer(field: Field[RecordT]) -> Field[OuterT]:
        inner: Any = field
        moved: Field[OuterT] = replace(inner, get=lambda record: field.get(get(record)))
        return moved

    return tuple(outer(field) for field in fields)
