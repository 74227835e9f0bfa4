"""The judgement of results against those expected, or those of a reference."""

from collections.abc import Iterator
from typing import Any

import pytest

from runner_probe.result_check import judge


def iterate() -> Iterator[int]:
    yield 1


def judged(
    values: list[Any], *, compare: str = "equal", expect: list[Any] | None = None, reference: Any = None
) -> dict[str, Any]:
    labels = [f"item {number}" for number in range(len(values))]
    return judge(values, labels, {"compare": compare, "expect": expect}, reference)


@pytest.mark.parametrize("compare", ["equal", "close"])
def test_the_first_invocation_makes_the_reference_of_the_next(compare: str) -> None:
    reference = judged([1, 2.5], compare=compare)
    assert "status" not in reference
    assert reference["differing"] == []
    again = judged([1, 2.5], compare=compare, reference=reference["reference"])
    assert again == {"differing": []}


def test_a_result_that_differs_from_the_reference_is_named_and_shown() -> None:
    reference = judged([1, 2, 3])["reference"]
    reply = judged([1, 20, 3], reference=reference)
    assert reply == {
        "status": "wrong_result",
        "error": "task 1 (item 1) gave 20, but 2 in the reference invocation",
        "differing": [1],
    }


def test_all_results_that_differ_are_counted() -> None:
    reference = judged([1, 2, 3])["reference"]
    reply = judged([10, 2, 30], reference=reference)
    assert reply["differing"] == [0, 2]
    assert reply["error"].endswith("in the reference invocation (2 tasks differ)")


def test_what_is_expected_comes_before_the_reference() -> None:
    reference = judged([1, 5])["reference"]
    reply = judged([1, 5], expect=[1, 2], reference=reference)
    assert reply["status"] == "wrong_result"
    assert reply["error"] == "task 1 (item 1) gave 5, but 2 expected"


def test_a_rounding_error_differs_if_equal_and_not_if_close() -> None:
    assert judged([0.1 + 0.2], compare="equal", expect=[0.3])["differing"] == [0]
    assert judged([0.1 + 0.2], compare="close", expect=[0.3])["differing"] == []


def test_nothing_is_compared_if_so_asked() -> None:
    assert judged([object()], compare="none") == {"reference": [], "differing": []}


@pytest.mark.parametrize(
    ("compare", "message"),
    [
        (
            "equal",
            "cannot pickle 'generator' object; set compare: none",
        ),
        (
            "close",
            ".*, not values of type generator; set compare: equal or none",
        ),
    ],
)
def test_a_result_that_cannot_be_compared_says_what_to_set(compare: str, message: str) -> None:
    with pytest.raises(TypeError, match=f"^a result of type generator cannot be compared: {message}$"):
        judged([iterate()], compare=compare)
