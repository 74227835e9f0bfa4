"""Snippets are compiled once, timed without their set-up, and repeated for long enough."""

import itertools
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner_probe import snippets
from runner_probe.snippets import TARGET_NS, calibrate, compile_snippet, run_snippet


class Clock:
    """A clock that only snippets advance; they call it `_clock`."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def times(calls: int) -> Iterable[None]:
    return itertools.repeat(None, calls)


def test_a_snippet_is_timed_for_all_its_calls() -> None:
    assert compile_snippet("", "_clock.now += 10")(times(7), Clock()) == (0, 70)


def test_the_set_up_runs_once_and_is_not_timed() -> None:
    run = compile_snippet("_clock.now += 1000\nstep = 3", "_clock.now += step")
    assert run(times(5), Clock()) == (1000, 1015)


def test_the_names_of_the_set_up_are_local_to_the_snippet() -> None:
    clock: Any = Clock()
    clock.seen = []
    compile_snippet("total = 0", "total += 1\n_clock.seen.append(total)")(times(3), clock)
    assert clock.seen == [1, 2, 3]


@pytest.mark.parametrize("source", ["", "\n", "# nothing", "pass"])
def test_a_snippet_may_do_nothing(source: str) -> None:
    assert compile_snippet(source, source)(times(3), Clock()) == (0, 0)


@pytest.mark.parametrize("text", ["one\ntwo", "one\n    two\n", "one\u2028two", "one\x0ctwo", "#\n\n\ttwo"])
def test_strings_of_several_lines_stay_as_they_are(text: str) -> None:
    clock: Any = Clock()
    clock.seen = []
    literal = f'"""{text}"""'
    compile_snippet(f"first = {literal}", f"_clock.seen += [first, {literal}]")(times(1), clock)
    assert clock.seen == [text, text]


def test_a_snippet_may_have_blocks_and_comments() -> None:
    source = "for i in range(3):\n    # one step\n    if i:\n        _clock.now += i\n# the end"
    assert compile_snippet("", source)(times(2), Clock()) == (0, 6)


@pytest.mark.parametrize(
    ("setup", "source", "part", "line"),
    [
        ("", "x = 1\ny = = 2", "<snippet>", 2),
        ("", "return 1", "<snippet>", 1),
        ("", "a = 1\nbreak", "<snippet>", 2),
        ("", "def f():\npass", "<snippet>", 2),
        ("", "  x = 1", "<snippet>", 1),
        ("", "\nfrom math import *", "<snippet>", 2),
        ("import math\nx = (", "pass", "<setup>", 2),
        ("\nfrom math import *", "pass", "<setup>", 2),
    ],
)
def test_an_error_names_its_part_and_the_line_in_it(setup: str, source: str, part: str, line: int) -> None:
    with pytest.raises(SyntaxError) as caught:
        compile_snippet(setup, source)
    assert (caught.value.filename, caught.value.lineno) == (part, line)


def test_an_exception_within_a_snippet_names_its_line() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        compile_snippet("zero = 0", "x = 1\ny = x / zero")(times(1), Clock())
    assert caught.traceback[-1].lineno + 1 == 2
    assert str(caught.traceback[-1].path) == "<snippet>"


def test_a_snippet_is_compiled_once_in_a_process() -> None:
    assert compile_snippet("a = 1", "a") is compile_snippet("a = 1", "a")
    assert compile_snippet("a = 1", "a") is not compile_snippet("a = 2", "a")


def test_a_task_runs_one_snippet_as_often_as_it_was_calibrated() -> None:
    bag: dict[str, str] = {"one": "done.append(1)", "two": "done.append(2)"}
    setup = "import builtins; done = builtins.__dict__.setdefault('done', [])"
    try:
        started, ended = run_snippet(setup, bag, {"one": 2, "two": 3}, "two")
        assert vars(__import__("builtins"))["done"] == [2, 2, 2]
    finally:
        del vars(__import__("builtins"))["done"]
    assert started <= ended


def test_calibration_on_a_virtual_clock_is_exact() -> None:
    assert calibrate("", "_clock.now += 1000", Clock()) == 105_000  # 1, 100, 10,000 and 5 % beyond the target


def test_a_snippet_longer_than_the_target_is_called_once() -> None:
    assert calibrate("", f"_clock.now += {TARGET_NS}", Clock()) == 1


def test_the_set_up_does_not_count_when_calibrating() -> None:
    assert calibrate(f"_clock.now += {TARGET_NS}", "_clock.now += 10**6", Clock()) == 100


@given(st.floats(0.1, 3e8), st.integers(0, 10**6))
@settings(deadline=None)
def test_calibration_ends_just_above_the_target_for_any_duration_of_a_call(
    cost_ns: float, overhead_ns: int
) -> None:
    tries = []

    def run(calls: Any, _: object) -> tuple[int, int]:
        tries.append(calls.__length_hint__())
        return 0, overhead_ns + int(tries[-1] * cost_ns)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(snippets, "compile_snippet", lambda *_: run)
        calls = calibrate("", "", Clock())
    assert overhead_ns + calls * cost_ns >= TARGET_NS
    assert calls == 1 or calls * cost_ns < TARGET_NS * 1.1 + 2 * cost_ns
    assert len(tries) < 12
