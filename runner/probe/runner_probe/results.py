"""Whether two runs of a task gave the same result, told across processes and interpreters.

A result is reduced to a canonical form: equal values have equal forms, whatever the order of a set, the
sharing of references or the interpreter's version. `equal` compares digests of forms, so a reference of large
results stays small; `close` compares the numbers themselves.
"""

from __future__ import annotations

import hashlib
import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SHOWN = 200  # characters of a result in a message
_RELATIVE_TOLERANCE = 1e-9
_ABSOLUTE_TOLERANCE = 1e-12


def digest(value: Any) -> str:
    """Sixteen hexadecimal digits; equal for values that are equal. Numbers are compared by value."""
    return hashlib.blake2b(_form(value, ()), digest_size=8).hexdigest()


def shown(value: Any) -> str:
    """Show a value in a message, shortened."""
    try:
        text = repr(value)
    except Exception as error:
        text = f"<a {type(value).__name__} whose repr raises {type(error).__name__}>"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def close(value: Any, reference: Any) -> bool:
    """Whether all numbers agree to nine digits, and all else exactly. Arrays count as lists."""
    value, reference = plain(value), plain(reference)
    if isinstance(value, (int, float)) and isinstance(reference, (int, float)):
        both_nan = value != value and reference != reference  # noqa: PLR0124 - only NaN is unlike itself
        return both_nan or math.isclose(
            value, reference, rel_tol=_RELATIVE_TOLERANCE, abs_tol=_ABSOLUTE_TOLERANCE
        )
    if isinstance(value, list) and isinstance(reference, list):
        return len(value) == len(reference) and all(map(close, value, reference))
    if isinstance(value, dict) and isinstance(reference, dict):
        return value.keys() == reference.keys() and all(close(value[k], reference[k]) for k in value)
    return bool(value == reference)


def plain(value: Any) -> Any:
    """Make a JSON value of numbers, texts, lists and dictionaries with text keys; TypeError for others."""
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        value = value.tolist()
    if isinstance(value, complex):
        return [value.real, value.imag]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    raise TypeError(f"a {type(value).__name__} cannot be compared with compare: close; use equal or none")


def _form(value: Any, above: tuple[int, ...]) -> bytes:  # noqa: PLR0911 - one return a kind
    """Encode so that every value has one encoding; `above` holds the ids of the containers around it."""
    if value is None or isinstance(value, (bool, int, float, complex)):
        return _number(value)
    if isinstance(value, str):
        return _tagged(b"s", value.encode("utf-8", "surrogatepass"))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _tagged(b"b", bytes(value))
    if id(value) in above:
        return _tagged(b"^", str(above[::-1].index(id(value))).encode())  # a cycle: how far up it leads
    above = (*above, id(value))
    if isinstance(value, (list, tuple)):
        return _tagged(b"l", *(_form(part, above) for part in value))
    if isinstance(value, (set, frozenset)):
        return _tagged(b"e", *sorted(_form(part, above) for part in value))
    if isinstance(value, dict):
        pairs = (_tagged(b"p", _form(k, above), _form(v, above)) for k, v in value.items())
        return _tagged(b"d", *sorted(pairs))
    if hasattr(value, "dtype") and hasattr(value, "tobytes"):
        return _array(value, above)
    if isinstance(value, type) or hasattr(value, "__qualname__"):
        return _tagged(b"c", f"{value.__module__}.{value.__qualname__}".encode())
    return _object(value, above)


def _number(value: Any) -> bytes:
    if isinstance(value, complex) and value.imag == 0:
        value = value.real
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _tagged(b"n", repr(int(value) if isinstance(value, (bool, int)) else value).encode())


def _array(value: Any, above: tuple[int, ...]) -> bytes:
    if value.shape == () or value.dtype.hasobject:
        return _form(value.tolist(), above)
    shape = ",".join(map(str, value.shape))
    return _tagged(b"a", str(value.dtype).encode(), shape.encode(), value.tobytes())


def _object(value: Any, above: tuple[int, ...]) -> bytes:
    reduced = value.__reduce_ex__(4)
    if isinstance(reduced, str):
        return _tagged(b"g", reduced.encode())
    parts = [*reduced[:3], *(None if items is None else list(items) for items in reduced[3:5])]
    return _tagged(b"o", *(_form(part, above) for part in parts))


def _tagged(tag: bytes, *parts: bytes) -> bytes:
    # Lengths make the encoding prefix-free: no two different structures share one.
    return b"%b%d:" % (tag, len(parts)) + b"".join(b"%d:%b" % (len(part), part) for part in parts)
