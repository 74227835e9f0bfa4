"""Results checked against expected ones, or against those of a reference."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner_probe import result_reference
from runner_probe.result_check import Judgement, judge
from runner_probe.result_digest import digest


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
    assert judgement.error == "items[1] = item 1 returned 20, but 2 in the reference run"


def test_all_results_that_differ_are_counted() -> None:
    reference = judged([1, 2, 3]).new_reference
    judgement = judged([10, 2, 30], reference=reference)
    assert judgement.differing == [0, 2]
    assert judgement.error.endswith("in the reference run (2 tasks differ)")


def test_expected_results_take_precedence_over_the_reference() -> None:
    reference = judged([1, 5]).new_reference
    judgement = judged([1, 5], expect=[1, 2], reference=reference)
    assert judgement.error == "items[1] = item 1 returned 5, but 2 was expected"


def test_a_rounding_error_differs_if_equal_and_not_if_close() -> None:
    assert judged([0.1 + 0.2], compare="equal", expect=[0.3]).differing == [0]
    assert judged([0.1 + 0.2], compare="close", expect=[0.3]).differing == []


def test_compare_none_compares_nothing() -> None:
    judgement = judged([object()], compare="none")
    assert (judgement.differing, judgement.error) == ([], "")
    assert judgement.new_reference == {"quick": [], "values": [], "shown": []}


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


def test_equal_results_are_not_compared_in_the_canonical_form(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [[number] for number in range(1000)]
    reference = judged(values).new_reference
    compared: list[object] = []

    def noting(value: object) -> str:
        compared.append(value)
        return digest(value)

    monkeypatch.setattr(result_reference, "digest", noting)
    assert judged(values, reference=reference).differing == []
    assert compared == []
    changed = [*values[:500], [-1], *values[501:]]
    assert judged(changed, reference=reference).differing == [500]
    assert 0 < len(compared) <= 16  # a block of tasks


@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 128, 129, 1000])
def test_equal_results_that_are_pickled_differently_are_equal(count: int) -> None:
    reference = judged([[number, 1.0] for number in range(count)]).new_reference
    assert judged([(number, True) for number in range(count)], reference=reference).differing == []


@pytest.mark.parametrize("count", [1, 64, 65, 200])
def test_every_bag_and_every_part_of_one_is_compared(count: int) -> None:
    labels = [str(number) for number in range(count)]
    values = list(range(count))
    settings: Any = {"compare": "equal"}
    reference = judge(values, labels, settings, None).new_reference
    wrong = [*values, *values[:-1], -1]
    assert judge(wrong, labels, settings, reference).differing == [count - 1]
    assert judge(values * 2, labels, settings, reference).differing == []
    turned = [*values[count // 3 :], *values[: count // 3]]
    assert judge(turned, labels, settings, reference, tasks=turned).differing == []
    assert judge([*turned[:-1], -1], labels, settings, reference, tasks=turned).differing == [turned[-1]]


def test_results_that_differ_are_compared_with_the_file_of_the_study(tmp_path: Path) -> None:
    reference = judged([1, 2, 3]).new_reference
    assert reference is not None
    lines = [
        {"cell": "a", "reference": {"results": judged([7, 7, 7]).new_reference}},
        {"cell": "b", "reference": {"results": reference}},
        {"cell": "b", "reference": None},
    ]
    file = tmp_path / "references.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    expected = {"quick": reference["quick"], "file": str(file), "cell": "b"}
    assert judged([1.0, 2, 3], reference=expected).differing == []
    assert (
        judged([1, 2, 4], reference=expected).error
        == "items[2] = item 2 returned 4, but 3 in the reference run"
    )


def test_the_texts_of_very_many_results_are_not_kept() -> None:
    values = ["x" * 150] * 5000
    reference = judged(values).new_reference
    assert reference is not None
    assert len(reference["shown"]) < 2000
    error = judged([*values[:-1], "y"], reference=reference).error
    assert error == "items[4999] = item 4999 returned 'y', but something else in the reference run"
