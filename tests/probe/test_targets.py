"""The objects that names lead to, and the messages about names that lead to none."""

import concurrent.futures
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from runner_probe.targets import TargetError, bind_target, build, call_target, locate, locate_callable


@pytest.fixture
def write_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(name: str, source: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, encoding="utf-8")

    return write


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("math", math),
        ("math.sqrt", math.sqrt),
        ("concurrent.futures.ThreadPoolExecutor.map", concurrent.futures.ThreadPoolExecutor.map),
        ("fractions.Fraction.from_float", Fraction.from_float),
    ],
)
def test_a_dotted_name_leads_through_modules_and_attributes(name: str, target: object) -> None:
    assert locate(name) == target


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "no_such_thing",
            "'no_such_thing' cannot be imported: there is no module 'no_such_thing'; write MODULE.FUNCTION",
        ),
        (
            "jsn.dumps",
            "'jsn.dumps' cannot be imported: there is no module 'jsn'; did you mean 'json.dumps'?",
        ),
        ("no.such.thing", "'no.such.thing' cannot be imported: there is no module 'no' on the path"),
        ("math.sqrtt", "'math.sqrtt' cannot be found: 'math' has no 'sqrtt'; did you mean 'math.sqrt'?"),
        ("math.sqrt.x.y", "'math.sqrt.x.y' cannot be found: 'math.sqrt' has no 'x'"),
        (
            "concurrent.futures.ThreadPoolExecuter",
            (
                "'concurrent.futures.ThreadPoolExecuter' cannot be found: 'concurrent.futures' has no "
                "'ThreadPoolExecuter'; did you mean 'concurrent.futures.ThreadPoolExecutor'?"
            ),
        ),
        ("", "'' cannot be imported: importing '' raises ValueError: Empty module name"),
    ],
)
def test_an_unknown_name_is_reported_with_its_known_part_and_a_similar_name(name: str, message: str) -> None:
    with pytest.raises(TargetError) as caught:
        locate(name)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "import not_installed.part",
            "'broken.work' cannot be imported: 'broken' needs module 'not_installed', which is not installed",
        ),
        (
            "1 / 0",
            "'broken.work' cannot be imported: importing 'broken' raises ZeroDivisionError: division by zero",
        ),
        ("raise ModuleNotFoundError('why')", "importing 'broken' raises ModuleNotFoundError: why"),
        (
            "import sys; sys.exit(2)",
            "'broken.work' cannot be imported: importing 'broken' raises SystemExit: 2",
        ),
        ("def work(:", "importing 'broken' raises SyntaxError: invalid syntax (broken.py, line 1)"),
    ],
)
def test_a_module_that_cannot_be_imported_says_why(
    source: str, message: str, write_module: Callable[[str, str], None]
) -> None:
    write_module("broken.py", source)
    with pytest.raises(TargetError) as caught:
        locate("broken.work")
    assert str(caught.value).endswith(message)


def test_a_missing_module_within_a_package_is_not_taken_for_a_missing_library(
    write_module: Callable[[str, str], None],
) -> None:
    write_module("packaged/__init__.py", "")
    write_module("packaged/work.py", "def run(): pass")
    with pytest.raises(
        TargetError,
        match=r"^'packaged\.wrok\.run' cannot be found: 'packaged' \(.+/packaged/__init__\.py\) has no ",
    ):
        locate("packaged.wrok.run")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("math.pi", "'math.pi' is a float, which cannot be called"),
        ("bag.ANSWER", "'bag.ANSWER' is an int, which cannot be called"),
    ],
)
def test_an_object_that_cannot_be_called_is_refused(name: str, message: str) -> None:
    with pytest.raises(TargetError) as caught:
        locate_callable(name)
    assert str(caught.value) == message


def test_a_target_is_called_with_its_positional_and_named_arguments() -> None:
    assert call_target({"_target_": "fractions.Fraction", "_args_": [3], "denominator": 4}) == Fraction(3, 4)


def test_a_bound_target_is_not_yet_called() -> None:
    calls = bind_target({"_target_": "math.pow", "_args_": [2, {"_target_": "math.sqrt", "_args_": [9]}]})
    assert calls() == 8


def test_targets_are_built_at_any_depth() -> None:
    third = {"_target_": "fractions.Fraction", "_args_": [1, 3]}
    assert build({"a": [third, 2], "b": {"c": third}, "d": "math.pi"}) == {
        "a": [Fraction(1, 3), 2],
        "b": {"c": Fraction(1, 3)},
        "d": "math.pi",
    }
