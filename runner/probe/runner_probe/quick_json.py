"""JSON without the package `json`, which imports `re` and `enum`: that would cost 8 ms of every invocation.

It uses the package's C accelerator, and the package itself where the accelerator is missing or different.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def loads(text: str) -> Any:
    """Decode one JSON value."""
    try:
        from _json import make_scanner  # noqa: PLC0415

        decoder: Any = _Decoder
        value, _ = make_scanner(decoder)(text, 0)
    except (ImportError, AttributeError, TypeError, StopIteration):
        import json  # noqa: PLC0415

        value = json.loads(text)
    return value


def dumps(value: Any) -> str:
    """Encode one JSON value; TypeError for types that JSON lacks."""
    try:
        from _json import encode_basestring_ascii, make_encoder  # noqa: PLC0415

        encode = make_encoder(None, _refuse, encode_basestring_ascii, None, ": ", ", ", False, False, True)
        return "".join(encode(value, 0))
    except (ImportError, AttributeError, TypeError):
        import json  # noqa: PLC0415

        return json.dumps(value)


class _Decoder:
    """The settings of `json.JSONDecoder()`."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": -float("inf")}.__getitem__


def _refuse(value: Any) -> Any:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
