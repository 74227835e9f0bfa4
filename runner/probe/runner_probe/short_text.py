"""Short texts of values, made without computing the rest of their `repr`.

The `repr` of a large value may take longer than a task.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_SMALL = (bool, float, complex, type(None))
_LARGE_BYTES = 100_000  # an object of another type that is larger is not shown: its `repr` may show all of it
_MOST_PARTS = 1_000  # parts of a value that are visited
_MOST_BITS = 4_000
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    dict: ("{", "}"),
}


def short_repr(value: Any, length: int) -> str:
    """Return the `repr` of a value, or its beginning, which is longer than `length` characters.

    Raises:
        Exception: whatever the `repr` of a value raises
    """
    kind = type(value)
    if kind in _SMALL:
        return repr(value)
    if kind is int:
        bits = value.bit_length()
        return repr(value) if bits <= _MOST_BITS else f"<an int of {bits} bits>"
    if kind in (str, bytes, bytearray):
        # One character more than is shown, so that the caller sees that the text is longer.
        return repr(value if len(value) <= length else value[: length + 1])
    if kind in _BRACKETS:
        return _short_container(value, length)
    if not hasattr(value, "dtype") and _is_large(value):  # arrays and tables shorten their own texts
        return f"<a large {kind.__qualname__}>"
    return repr(value)


def _short_container(value: Any, length: int) -> str:
    kind = type(value)
    if not value or _contains_itself(value):
        return repr(value)
    opening, closing = _BRACKETS[kind]
    parts: list[str] = []
    remaining = length
    for part in value.items() if kind is dict else value:
        if remaining < 0:
            return opening + ", ".join(parts)
        if kind is dict:
            text = f"{short_repr(part[0], remaining)}: {short_repr(part[1], remaining)}"
        else:
            text = short_repr(part, remaining)
        parts.append(text)
        remaining -= len(text) + 2
    comma = "," if kind is tuple and len(value) == 1 else ""
    return f"{opening}{', '.join(parts)}{comma}{closing}"


def _contains_itself(value: Any) -> bool:
    """Whether a container may contain itself; `repr` knows how to show that."""
    seen = {id(value)}
    pending = [value]
    for _ in range(_MOST_PARTS):
        if not pending:
            return False
        container = pending.pop()
        parts = [*container, *container.values()] if type(container) is dict else container
        for _, part in zip(range(_MOST_PARTS), parts, strict=False):
            if type(part) in _BRACKETS:
                if id(part) == id(value):
                    return True
                if id(part) not in seen:
                    seen.add(id(part))
                    pending.append(part)
    return False


def _is_large(value: Any) -> bool:
    """Whether an object, or something in it, takes much memory."""
    pending: list[Any] = [value]
    visited = 0
    while pending and visited < _MOST_PARTS:
        part = pending.pop()
        visited += 1
        try:
            if sys.getsizeof(part, 0) > _LARGE_BYTES:
                return True
        except Exception:  # noqa: S112 - the user's `__sizeof__` failed
            continue
        pending += _parts(part)
    return bool(pending)


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return [*value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [*value]
    attributes = getattr(value, "__dict__", None)
    parts = [*attributes.values()] if isinstance(attributes, dict) and not isinstance(value, type) else []
    slots = getattr(type(value), "__slots__", ())
    return parts + [getattr(value, name, None) for name in ((slots,) if isinstance(slots, str) else slots)]
