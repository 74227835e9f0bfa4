"""Snippets: source text run in an inner loop, as in `timeit` but with garbage collection."""

from __future__ import annotations

import itertools
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    #: when the inner loop started and ended, without its set-up
    Span = tuple[int, int]

TARGET_NS = 100_000_000  # shortest duration of a snippet's inner loop
_MAX_GROWTH = 100  # short loops are measured inexactly: approach the target in steps

_PARSE = 0x400  # the flag PyCF_ONLY_AST; importing `ast` for it would cost 5 ms
_FUNCTION = """
def run(_calls, _clock):
    _started = _clock()
    for _ in _calls:
        pass
    return _started, _clock()
"""

_compiled: dict[tuple[str, str], Callable[..., Span]] = {}


def compile_snippet(setup: str, source: str) -> Callable[..., Span]:
    """Compile a snippet once in each process; the line of a SyntaxError is that within the snippet."""
    key = (setup, source)
    if key not in _compiled:
        for part, name in ((setup, "<setup>"), (source, "<snippet>")):
            compile(part, name, "exec")  # alone first: within a function, `return` would be allowed
        compile(_function(setup, ""), "<setup>", "exec")
        namespace: dict[str, Any] = {}
        exec(compile(_function(setup, source), "<snippet>", "exec"), namespace)  # noqa: S102 - snippets are code
        _compiled[key] = namespace["run"]
    return _compiled[key]


def run_snippet(setup: str, snippets: Mapping[str, str], calls: Mapping[str, int], label: str) -> Span:
    """Run one task: a snippet `calls[label]` times in a row."""
    run = compile_snippet(setup, snippets[label])
    return run(itertools.repeat(None, calls[label]), time.perf_counter_ns)


def calibrate(setup: str, source: str, clock: Callable[[], int] = time.perf_counter_ns) -> int:
    """Find how many calls take at least TARGET_NS."""
    run = compile_snippet(setup, source)
    calls = 1
    while True:
        started, ended = run(itertools.repeat(None, calls), clock)
        elapsed = max(ended - started, 1)
        if elapsed >= TARGET_NS:
            return calls
        growth = min(TARGET_NS / elapsed * 1.05, _MAX_GROWTH)
        calls = max(calls + 1, int(calls * growth))


class SnippetError(Exception):
    """A snippet raised an exception; the message names it."""


def calibrate_all(setup: str, snippets: Mapping[str, str]) -> dict[str, int]:
    """Calibrate all snippets; raise SnippetError for the first one that raises."""
    counts = {}
    for label, source in snippets.items():
        try:
            counts[label] = calibrate(setup, source)
        except Exception as error:
            raise SnippetError(f"'{label}' raised {type(error).__name__}: {error}") from error
    return counts


def _function(setup: str, source: str) -> Any:
    """Make a function's syntax tree. Indenting the text instead would change multi-line strings."""
    tree = _parse(_FUNCTION)
    _, loop, _ = tree.body[0].body
    loop.body = _parse(source).body or loop.body
    tree.body[0].body[:0] = _parse(setup).body
    return tree


def _parse(source: str) -> Any:
    return compile(source, "", "exec", _PARSE)
