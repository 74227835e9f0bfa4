"""Digests of values of every type, for comparison between interpreters."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import sys
from dataclasses import dataclass, field


@dataclass
class Node:
    name: str
    tags: set[str] = field(default_factory=set)
    next: Node | None = None


def _ring() -> Node:
    first = Node("first", {"x", "y", "z"})
    first.next = Node("second", next=first)
    return first


def _nested() -> list[object]:
    shared = ["shared"]
    endless: list[object] = [shared, {"again": shared}]
    endless.append(endless)
    return endless


VALUES: dict[str, object] = {
    "set of strings": {"alpha", "beta", "gamma", "delta"},
    "frozenset within a set": {frozenset({"a", "b"}), frozenset({"c", "d"})},
    "dictionary of sets": {"k": {"a", "b"}, "l": {"c"}},
    "strings": ["", "a", "é", "\udcff", "\0"],
    "bytes": [b"", b"a", bytearray(b"a")],
    "numbers": [0, -1, 10**30, 10**5000, 0.1, float("nan"), float("inf"), 1j, True, None],
    "dataclasses": Node("a", {"s", "t", "u"}),
    "ring of dataclasses": _ring(),
    "shared and endless": _nested(),
    "standard library": [
        decimal.Decimal("1.5"),
        dt.date(2024, 2, 29),
        collections.deque("abc"),
        collections.Counter("hello"),
        collections.OrderedDict(b=1, a=2),
        range(3),
    ],
    "functions and classes": [len, sorted, Node, str.upper, collections.deque],
    "exceptions": ValueError("bad", 1),
}


def digests() -> dict[str, str]:
    from runner_probe.result_digest import digest  # noqa: PLC0415 - on the path of measured interpreters only

    return {name: digest(value) for name, value in VALUES.items()}


if __name__ == "__main__":
    import json

    sys.stdout.write(json.dumps(digests()))
