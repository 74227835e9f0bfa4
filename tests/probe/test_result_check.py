"""Results checked against expected ones, or against those of a reference."""

from collections.abc import Iterator
from typing import Any

import pytest

from runner_probe.result_check import Judgement, judge


def iterate() -> Iterator[int]:
    yield 1


def judged(
    values: list[Any], *, compare: str = "equal", expect: list[Any] | None = None, reference: Any = None
) -> Judgement:
    labels = [f"item {number}" for number in range(len(values))]
    return judge(values, labels, {"compare": compare, "expect": expect}, reference)


@pytest.mark.parametrize("compare", ["equal", "close"])
def test_the_first_results_are_the_reference_for_later_ones(compare: str) -> None:
    first = judged([1, 2.5], compare=compare)
    assert (first.differing, first.error) == ([], "")
    again = judged([1, 2.5], compare=compare, reference=first.new_reference)
    assert (again.new_reference, again.differing, again.error) == (None, [], "")


def test_a_result_that_differs_from_the_reference_is_shown_with_its_task() -> None:
    reference = judged([1, 2, 3]).new_reference
    judgement = judged([1, 20, 3], reference=reference)
    assert judgement.differing == [1]
    assert judgement.error == "task 1 (item 1) returned 20, but 2 in the reference run"


def test_all_results_that_differ_are_counted() -> None:
    reference = judged([1, 2, 3]).new_reference
    judgement = judged([10, 2, 30], reference=reference)
    assert judgement.differing == [0, 2]
    assert judgement.error.endswith("in the reference run (2 tasks differ)")


def test_expected_results_take_precedence_over_the_reference() -> None:
    reference = judged([1, 5]).new_reference
    judgement = judged([1, 5], expect=[1, 2], reference=reference)
    assert judgement.error == "task 1 (item 1) returned 5, but 2 was expected"


def test_a_rounding_error_differs_if_equal_and_not_if_close() -> None:
    assert judged([0.1 + 0.2], compare="equal", expect=[0.3]).differing == [0]
    assert judged([0.1 + 0.2], compare="close", expect=[0.3]).differing == []


def test_compare_none_compares_nothing() -> None:
    judgement = judged([object()], compare="none")
    assert (judgement.new_reference, judgement.differing, judgement.error) == ([], [], "")


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
def test_the_message_about_an_incomparable_result_says_what_to_set(compare: str, message: str) -> None:
    with pytest.raises(TypeError, match=f"^a result of type generator cannot be compared: {message}$"):
        judged([iterate()], compare=compare)
