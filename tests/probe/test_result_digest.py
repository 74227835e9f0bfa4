"""Digests of results, their approximate comparison, and how they are shown."""

import copy
import json
import math
import os
import pickle
import subprocess
import sys
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner_probe.result_check import quick_digests
from runner_probe.result_digest import close, digest, plain, shown
from tests.probe.probing import MEASURED, PROBE, interpreters

NUMBERS = st.one_of(
    st.integers(-2, 2),
    st.integers(),
    st.booleans(),
    st.floats(allow_nan=False),
    st.sampled_from([0.0, -0.0, 0.5, 1.0, math.inf]),
    st.complex_numbers(allow_nan=False),
    st.sampled_from([1 + 0j, 1j, complex(-0.0, 1), complex(1, -0.0)]),
)
KEYS = st.one_of(NUMBERS, st.none(), st.text(), st.text("ab", max_size=2), st.binary(max_size=2))
VALUES = st.recursive(
    KEYS | st.just(math.nan),
    lambda parts: st.one_of(
        st.lists(parts, max_size=4),
        st.tuples(parts, parts),
        st.dictionaries(KEYS, parts, max_size=4),
        st.sets(KEYS, max_size=4),
        st.frozensets(KEYS, max_size=4),
    ),
    max_leaves=12,
)
#: Few different values, so that two of them are often equal; no tuples, which equal lists.
FEW = st.recursive(
    st.sampled_from([0, 1, 1.0, True, 0.5, -0.0, "", "1", b"", b"1", None]),
    lambda parts: st.one_of(
        st.lists(parts, max_size=2),
        st.dictionaries(st.sampled_from([0, 1, "1", 1.0]), parts, max_size=2),
        st.sets(st.sampled_from([0, 1, "1", True]), max_size=2),
    ),
    max_leaves=4,
)


@dataclass
class Point:
    x: float
    tags: set[str] = field(default_factory=set)
    other: Any = None


@dataclass(frozen=True, slots=True)
class Slotted:
    x: float


class Endless(list[Any]):
    @classmethod
    def ring(cls, length: int) -> Self:
        first = last = cls()
        for _ in range(length - 1):
            following = cls()
            last.append(following)
            last = following
        last.append(first)
        return first


def iter_once() -> Iterator[int]:
    yield 1


class Mute:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@given(VALUES)
@settings(deadline=None, max_examples=40)
def test_a_copy_has_the_digest_of_its_original(value: object) -> None:
    assert digest(copy.deepcopy(value)) == digest(value)


@given(VALUES)
@settings(deadline=None, max_examples=40)
def test_a_value_that_was_pickled_keeps_its_digest(value: object) -> None:
    assert digest(pickle.loads(pickle.dumps(value))) == digest(value)  # noqa: S301


@given(st.dictionaries(KEYS, VALUES, max_size=5).flatmap(lambda d: st.permutations(list(d.items()))))
@settings(deadline=None, max_examples=25)
@pytest.mark.slow
def test_the_order_of_insertion_does_not_matter(items: list[tuple[Any, Any]]) -> None:
    assert digest(dict(items)) == digest(dict(reversed(items)))
    assert digest({key for key, _ in items}) == digest({key for key, _ in reversed(items)})


@given(KEYS, KEYS)
@settings(deadline=None)
def test_two_numbers_or_texts_share_a_digest_only_if_they_are_equal(value: object, other: object) -> None:
    assert (digest(value) == digest(other)) == (value == other)


@given(FEW, FEW)
@settings(deadline=None, max_examples=150)
@pytest.mark.slow
def test_two_structures_share_a_digest_only_if_they_are_equal(value: object, other: object) -> None:
    assert (digest(value) == digest(other)) == (value == other)


@given(st.lists(VALUES, max_size=4))
@settings(deadline=None, max_examples=40)
@pytest.mark.slow
def test_a_list_equals_a_tuple(parts: list[object]) -> None:
    assert digest(tuple(parts)) == digest(parts)


@pytest.mark.parametrize(
    ("value", "other"),
    [
        (1, 1.0),
        (1, True),
        (1, 1 + 0j),
        (0.0, -0.0),
        (complex(-0.0, 1), 1j),
        (math.nan, -math.nan),
        (0.1, np.float64(0.1)),
        (0.1 + 2j, np.complex128(0.1 + 2j)),
        (0.5, np.float32(0.5)),
        (7, np.int8(7)),
        (True, np.bool_(True)),
        ("a", np.str_("a")),
        (3, np.array(3)),
        (b"ab", bytearray(b"ab")),
        (b"ab", memoryview(b"ab")),
        ({"a": 1, "b": 2}, OrderedDict(b=2, a=1)),
        ({"a": 1}, defaultdict(int, a=1)),
        ({1, 2}, frozenset({2, 1})),
        (np.arange(6).reshape(2, 3).T, np.arange(6).reshape(2, 3).T.copy()),
        (np.array([1, None, "a"], dtype=object), [1, None, "a"]),
        (Point(1, {"a", "b"}), Point(1.0, {"b", "a"})),
        (Slotted(1), Slotted(1)),
        (Endless.ring(3), Endless.ring(3)),
    ],
)
def test_equal_values_have_equal_digests(value: object, other: object) -> None:
    assert digest(value) == digest(other)


@pytest.mark.parametrize(
    ("value", "other"),
    [
        (1, "1"),
        ("a", b"a"),
        (None, "None"),
        (math.nan, "nan"),
        ([], {}),
        ([], set()),
        ({}, set()),
        ([1, [2]], [[1], 2]),
        (["ab", "c"], ["a", "bc"]),
        ([1, 2], [2, 1]),
        ({"a": 1}, {"a": 2}),
        ([10**5000], [10**5000 + 1]),  # in lists: pytest cannot name them
        (0.1 + 0.2, 0.3),
        (np.arange(4), np.arange(4).reshape(2, 2)),
        (np.arange(4), np.arange(4.0)),
        (np.longdouble(1) / 3, np.longdouble(2) / 3),
        (Point(1), Point(2)),
        (Point(1), Slotted(1)),
        (Slotted(1), Slotted(2)),
        (len, sorted),
        (copy.copy, copy.deepcopy),
        ([1].count, [2].count),
        (str.upper, str.lower),
        (ValueError("a"), ValueError("b")),
        (ValueError("a"), TypeError("a")),
        (Endless.ring(2), Endless.ring(3)),
    ],
)
def test_different_values_have_different_digests(value: object, other: object) -> None:
    assert digest(value) != digest(other)


class Unknown(list[Any]):
    """A list of a type that is encoded part by part."""


@pytest.mark.parametrize("parts", [st.integers(), st.floats(), st.text(), st.booleans(), st.binary()])
@given(data=st.data())
@pytest.mark.slow
def test_a_list_of_one_type_is_encoded_as_part_by_part(parts: Any, data: st.DataObject) -> None:
    values = data.draw(st.lists(parts, max_size=5))
    assert digest(values) == digest(tuple(values)) == digest(Unknown(values))
    assert digest([values, values]) == digest([Unknown(values), values])


@given(st.lists(st.integers(min_value=-(2**53), max_value=2**53), max_size=5))
def test_a_list_of_whole_floats_equals_one_of_integers(values: list[int]) -> None:
    assert digest(values) == digest([float(value) for value in values])
    assert digest([*values, 1]) == digest([*values, True])


@given(VALUES)
@settings(deadline=None)
@pytest.mark.slow
def test_equal_quick_digests_are_of_equal_values(value: object) -> None:
    original, other = quick_digests([[value]]), quick_digests([[copy.deepcopy(value)]])
    assert original != [""] or digest(value)
    if original == other:
        assert digest(value) == digest(copy.deepcopy(value))


@pytest.mark.parametrize(
    ("value", "other"),
    [(1, True), (1, 1.0), ([1], (1,)), (b"a", "a"), (np.zeros(2), np.zeros(2, int)), (np.eye(2), np.ones(4))],
)
def test_values_of_different_types_have_different_quick_digests(value: object, other: object) -> None:
    assert quick_digests([[value]]) != quick_digests([[other]])


def test_quick_digests_do_not_depend_on_what_is_shared() -> None:
    text, equal = (str(10**6) for _ in range(2))
    assert text is not equal
    assert quick_digests([[[text, text]]]) == quick_digests([[[text, equal]]])


def test_what_cannot_be_pickled_has_no_quick_digest() -> None:
    cycle: list[object] = []
    cycle.append(cycle)
    assert quick_digests([[lambda: None], [cycle], [1]])[:2] == ["", ""]


def test_large_values_have_the_quick_digests_of_small_ones_together() -> None:
    blocks: list[list[object]] = [[bytes(9_000_000)], [1], [bytes(9_000_000)]]
    assert quick_digests(blocks) == [quick_digests([block])[0] for block in blocks]


def test_a_shared_object_equals_two_equal_objects() -> None:
    shared = [1, 2]
    assert digest([shared, shared]) == digest([[1, 2], [1, 2]])


def test_a_cycle_has_a_digest() -> None:
    point = Point(1)
    point.other = {"me": [point]}
    twin = copy.deepcopy(point)
    assert digest(point) == digest(twin)
    twin.x = 2
    assert digest(point) != digest(twin)


def test_a_value_that_cannot_be_pickled_is_refused_by_its_type() -> None:
    with pytest.raises(TypeError, match=r"^cannot pickle 'generator' object$"):
        digest(iter_once())


@pytest.mark.slow
def test_digests_do_not_depend_on_the_interpreter_or_its_hash_seed() -> None:
    runs = [
        subprocess.run(
            [python, str(MEASURED / "sampled_values.py")],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(PROBE.parent)},
            capture_output=True,
            check=True,
        )
        for python, seed in [*((python, "1") for python in interpreters()), (sys.executable, "2")]
    ]
    digests = [json.loads(run.stdout) for run in runs]
    assert all(value == digests[0] for value in digests)
    assert len(set(digests[0].values())) == len(digests[0])


@pytest.mark.parametrize(
    ("value", "reference"),
    [
        (1.0, 1.0 + 1e-10),
        (1e300, 1e300 * (1 + 1e-10)),
        (0.0, 1e-13),
        (1, 1.0),
        (math.nan, math.nan),
        (math.inf, math.inf),
        ("a", "a"),
        (None, None),
        (1 + 2j, complex(1, 2 + 1e-12)),
        ([1.0, (2.0, {"k": math.nan})], [1.0 + 1e-12, [2.0, {"k": math.nan}]]),
        (np.array([[1.0, 2.0]]), [[1.0, 2.0 + 1e-12]]),
        (np.float32(0.5), 0.5),
        ({1: 2.0}, {1.0: 2.0}),
        ({frozenset({"a", "b"}): 1.0}, {frozenset({"b", "a"}): 1.0}),
        (int(sys.float_info.max), sys.float_info.max),
    ],
)
def test_values_that_agree_to_nine_digits_are_close(value: object, reference: object) -> None:
    assert close(value, reference)
    assert close(reference, value)


@pytest.mark.parametrize(
    ("value", "reference"),
    [
        (1.0, 1.0 + 1e-8),
        (0.0, 1e-11),
        (math.nan, 0.0),
        (math.inf, -math.inf),
        (math.inf, sys.float_info.max),
        ("a", "b"),
        ("1", 1),
        (None, 0),
        ([1.0], [1.0, 1.0]),
        ([1.0], 1.0),
        ({"a": 1.0}, {"b": 1.0}),
        ({"a": 1.0}, {"a": 1.1}),
        ({1: 1.0}, {"1": 1.0}),
        (np.array([1.0, 2.0]), np.array([1.0, 2.1])),
    ],
)
def test_values_that_do_not_agree_are_not_close(value: object, reference: object) -> None:
    assert not close(value, reference)
    assert not close(reference, value)


def _is_plain(value: object) -> bool:
    try:
        plain(value)
    except TypeError:
        return False
    return True


@given(VALUES.filter(_is_plain))
@settings(deadline=None, max_examples=40)
@pytest.mark.slow
def test_a_plain_value_survives_json_and_is_close_to_its_original(value: object) -> None:
    assert close(plain(value), json.loads(json.dumps(plain(value))))
    assert close(value, copy.deepcopy(value))


@pytest.mark.parametrize(("value", "kind"), [({1}, "set"), (b"", "bytes"), (Point(1), "Point")])
def test_a_type_that_cannot_be_close_is_named(value: object, kind: str) -> None:
    known = "numbers, strings, lists, dictionaries and arrays"
    with pytest.raises(TypeError, match=f"^compare: close supports {known}, not values of type {kind}$"):
        plain([value])


def test_an_integer_beyond_all_floats_is_refused_rather_than_overflowing() -> None:
    with pytest.raises(
        TypeError, match=r"^compare: close supports no integer larger than the largest float$"
    ):
        close(10**400, 1.0)


def test_a_short_value_is_shown_in_full() -> None:
    assert shown({"a": [1, 2]}) == "{'a': [1, 2]}"


def test_a_long_value_is_shown_shortened() -> None:
    text = shown("x" * 1000)
    assert len(text) == 200
    assert text.startswith("'xxx")
    assert text.endswith("x…")


def test_a_value_is_shown_on_one_line() -> None:
    assert "\n" not in shown(np.eye(2))


@pytest.mark.parametrize("value", [Mute(), [Mute()]])
def test_a_value_without_a_text_is_shown_by_its_type(value: object) -> None:
    assert shown(value) == f"<a {type(value).__name__} whose repr raises RuntimeError>"
