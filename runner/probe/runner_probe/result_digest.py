"""Comparison of results across processes and interpreters.

A result is encoded in a canonical form: equal values have equal forms, regardless of the order of a set,
shared references or the interpreter's version. (Objects other than numbers, strings and collections are
reduced as for pickling, which for a few types depends on the version.) `compare: equal` compares digests of
these forms, so that a reference with large results stays small; `compare: close` compares the numbers.
"""

from __future__ import annotations

import sys

from runner_probe.short_text import short_repr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SHORT = 16  # bytes; a form that is not longer is its own digest
_SHOWN = 200  # characters of a result in a message
_RELATIVE_TOLERANCE = 1e-9
_ABSOLUTE_TOLERANCE = 1e-12
_JSON_TYPES = {bool, int, float, str, type(None)}
_FUNCTION = type(lambda: None)  # importing `types` for it would cost half a millisecond
_LARGEST_FLOAT = int(sys.float_info.max)


def digest(value: Any) -> str:
    """Compute a digest that is equal for equal values: 16 hexadecimal digits, or the form of a short value.

    Numbers are compared by value, arrays by type, shape and bytes; a list equals a tuple.
    """
    form = b"n1:%d:%x" % (len(b"%x" % value), value) if type(value) is int else _form(value, ())
    if len(form) <= _SHORT:
        return f"={form.hex()}"
    try:
        from _blake2 import blake2b  # noqa: PLC0415 - `hashlib` has it, too, but loads OpenSSL
    except ImportError:
        from hashlib import blake2b  # noqa: PLC0415
    return blake2b(form, digest_size=8).hexdigest()


def shown(value: Any) -> str:
    """Format a value for a message, shortened."""
    try:
        text = short_repr(value, _SHOWN)
    except Exception as error:
        text = f"<a {type(value).__name__} whose repr raises {type(error).__name__}>"
    text = " ".join(text.splitlines())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def close(value: Any, reference: Any) -> bool:
    """Whether all numbers agree to nine digits, and everything else exactly. Arrays count as lists."""
    value, reference = plain(value), plain(reference)
    if isinstance(value, (int, float)) and isinstance(reference, (int, float)):
        import math  # noqa: PLC0415 - only this comparison pays for it

        both_nan = value != value and reference != reference  # noqa: PLR0124 - only NaN differs from itself
        return both_nan or math.isclose(
            value, reference, rel_tol=_RELATIVE_TOLERANCE, abs_tol=_ABSOLUTE_TOLERANCE
        )
    if isinstance(value, list) and isinstance(reference, list):
        return len(value) == len(reference) and all(map(close, value, reference))
    if isinstance(value, dict) and isinstance(reference, dict):
        return value.keys() == reference.keys() and all(close(value[k], reference[k]) for k in value)
    return bool(value == reference)


def plain(value: Any) -> Any:
    """Convert numbers, strings, lists, dictionaries and arrays to a JSON value.

    Keys of dictionaries, whatever their types, are replaced by their digests.

    Raises:
        TypeError: for other types
    """
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        value = value.tolist()
    if isinstance(value, complex):
        return [value.real, value.imag]
    if isinstance(value, int) and abs(value) > _LARGEST_FLOAT:
        raise TypeError("compare: close supports no integer larger than the largest float")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        if (
            set(map(type, value)) <= _JSON_TYPES
            and max((abs(part) for part in value if type(part) is int), default=0) <= _LARGEST_FLOAT
        ):
            return list(value)
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {digest(key): plain(part) for key, part in value.items()}
    raise TypeError(
        "compare: close supports numbers, strings, lists, dictionaries and arrays, "
        f"not values of type {type(value).__name__}"
    )


def _form(value: Any, containers: tuple[int, ...]) -> bytes:  # noqa: PLR0911 - one return for each type
    """Encode a value canonically; `containers` are the ids of the containers that it is in."""
    if value is None or isinstance(value, (bool, int, float, complex)):
        return _number(value)
    if isinstance(value, str):
        return _tagged(b"s", value.encode("utf-8", "surrogatepass"))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _tagged(b"b", bytes(value))
    if id(value) in containers:
        return _tagged(
            b"^", str(containers[::-1].index(id(value))).encode()
        )  # a cycle: how many levels up it leads
    containers = (*containers, id(value))
    if isinstance(value, (list, tuple)):
        return _plain_list(value) or _tagged(b"l", *(_form(part, containers) for part in value))
    if isinstance(value, (set, frozenset)):
        return _tagged(b"e", *sorted(_form(part, containers) for part in value))
    if isinstance(value, dict):
        pairs = (_tagged(b"p", _form(k, containers), _form(v, containers)) for k, v in value.items())
        return _tagged(b"d", *sorted(pairs))
    if hasattr(value, "dtype") and hasattr(value, "tobytes"):
        return _array(value, containers)
    if isinstance(value, (type, _FUNCTION)):
        return _tagged(b"c", f"{value.__module__}.{value.__qualname__}".encode())
    return _object(value, containers)


def _plain_list(value: Any) -> bytes | None:
    """Encode a list of numbers or of texts, in a fraction of the time that its parts take one by one.

    None: it is a subclass, or its items are of several types or other types.
    """
    if type(value) not in (list, tuple):
        return None
    kinds = set(map(type, value))
    if kinds == {int}:
        texts, tag = [b"%x" % part for part in value], b"n"
    elif kinds == {float} and not any(map(float.is_integer, value)):
        texts, tag = [float.__repr__(part).encode() for part in value], b"n"
    elif kinds == {str}:
        texts, tag = [part.encode("utf-8", "surrogatepass") for part in value], b"s"
    else:
        return None
    heads = {length: _head(tag, length) for length in set(map(len, texts))}
    return b"l%d:" % len(texts) + b"".join([heads[len(text)] + text for text in texts])


def _head(tag: bytes, length: int) -> bytes:
    """Return the bytes that precede the text of a number or a string within a list."""
    inner = b"%b1:%d:" % (tag, length)
    return b"%d:%b" % (len(inner) + length, inner)


def _number(value: Any) -> bytes:
    if isinstance(value, complex) and value.imag == 0:
        value = value.real
    if isinstance(value, complex):
        return _tagged(b"z", _number(value.real), _number(value.imag))
    if isinstance(value, float):
        # Not `repr`: a subclass, such as NumPy's, may override it.
        value = int(value) if value.is_integer() else float.__repr__(value)
    # Hexadecimal: conversion of large integers to decimal is slow, and limited to 4,300 digits.
    return _tagged(b"n", b"%x" % value if isinstance(value, int) else str(value).encode())


def _array(value: Any, containers: tuple[int, ...]) -> bytes:
    if value.shape == () or value.dtype.hasobject:
        inner = value.tolist()
        if type(inner) is not type(value):  # false for `longdouble`, which has no Python type
            return _form(inner, containers)
    shape = ",".join(map(str, value.shape))
    return _tagged(b"a", str(value.dtype).encode(), shape.encode(), value.tobytes())


def _object(value: Any, containers: tuple[int, ...]) -> bytes:
    reduced = value.__reduce_ex__(4)
    if isinstance(reduced, str):
        return _tagged(b"g", reduced.encode())
    parts = [*reduced[:3], *(None if items is None else list(items) for items in reduced[3:5])]
    return _tagged(b"o", *(_form(part, containers) for part in parts))


def _tagged(tag: bytes, *parts: bytes) -> bytes:
    # Lengths make the encoding prefix-free, so that different structures have different encodings.
    return b"%b%d:" % (tag, len(parts)) + b"".join(b"%d:%b" % (len(part), part) for part in parts)
