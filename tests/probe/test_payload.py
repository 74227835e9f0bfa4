"""The pickled data of a workload: its size, and how much of it is the same objects again."""

import threading
from itertools import count
from typing import Any, Literal

import pytest

from runner_probe.payload import measure_payload
from runner_probe.wire import PickledReply

MEGABYTE = 1_000_000


class Model:
    """An object with state, whose bound method is the function."""

    def __init__(self, size: int) -> None:
        self.state = bytes(size)

    def run(self, item: object) -> object:
        return item


def plain(item: object) -> object:
    return item


def measured(
    kind: Literal["function", "items", "results"],
    items: list[Any],
    results: list[Any] | None = None,
    call: Any = plain,
) -> PickledReply:
    payload = measure_payload(call, items, items if results is None else results, lambda: 0)[kind]
    assert payload is not None
    return payload


def test_a_bound_method_carries_its_object() -> None:
    assert measured("function", [1], call=Model(4 * MEGABYTE).run)["mean_bytes"] == pytest.approx(
        4e6, rel=0.01
    )
    assert measured("function", [1])["mean_bytes"] < 100


def test_items_and_results_have_their_own_sizes() -> None:
    items = [bytes(MEGABYTE), bytes(3 * MEGABYTE)]
    payload = measured("items", items, [1, 2])
    assert payload["mean_bytes"] == pytest.approx(2e6, rel=0.01)
    assert payload["largest_bytes"] == pytest.approx(3e6, rel=0.01)
    assert measured("results", [1, 2], items)["mean_bytes"] == pytest.approx(2e6, rel=0.01)
    assert measured("results", items, [1, 2])["mean_bytes"] < 100


def test_the_same_object_in_every_item_is_repeated() -> None:
    shared = bytes(MEGABYTE)
    items = [(shared, number) for number in range(8)]
    assert measured("items", items)["repeated_bytes"] == pytest.approx(1e6, rel=0.01)
    copies = [(bytes([number]) * MEGABYTE, number) for number in range(8)]
    assert measured("items", copies)["repeated_bytes"] < 100


def test_more_than_is_kept_is_counted() -> None:
    payload = measured("items", [bytes(30 * MEGABYTE)])
    assert payload["mean_bytes"] == pytest.approx(30e6, rel=0.01)
    assert payload["pickle_s"] >= 0.045  # its copy, at least
    assert payload["unpickle_s"] >= 0.045


@pytest.mark.parametrize("numbers", [1000, 2_000_000])
def test_arrays_have_the_size_of_their_buffer(numbers: int) -> None:
    numpy = pytest.importorskip("numpy")
    payload = measured("results", [1], [numpy.zeros(numbers)])
    assert payload["mean_bytes"] == pytest.approx(8 * numbers, rel=0.05)


def test_what_cannot_be_pickled_is_unknown() -> None:
    payload = measure_payload(lambda item: item, [threading.Lock()], [1])
    assert payload["function"] is payload["items"] is None
    assert payload["results"] is not None
    assert measure_payload(plain, [], [])["items"] is None


def test_a_few_items_stand_for_many() -> None:
    class Counted:
        pickled = 0

        def __reduce__(self) -> tuple[type[int], tuple[()]]:
            Counted.pickled += 1
            return int, ()

    measure_payload(plain, [Counted() for _ in range(1000)], [1])
    assert Counted.pickled <= 2 * 16


def test_pickling_ends_when_its_time_is_over() -> None:
    clock = count(step=5_000_000)  # every look at it takes 5 ms
    payload = measure_payload(plain, [list(range(5_000_000))], [1], lambda: next(clock))
    assert payload["items"] is not None
    assert payload["items"]["mean_bytes"] < 5_000_000  # more than 10 MB in all
