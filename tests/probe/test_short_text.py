"""Short texts are beginnings of `repr`, and nothing large is made for them."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner_probe.short_text import short_repr

VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.lists(parts, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5), parts, max_size=4)
    ),
)


class Loud:
    """A value whose text would be large."""

    def __init__(self, size: int) -> None:
        self.data = bytes(size)

    def __repr__(self) -> str:
        assert len(self.data) < 1000, "the text of a large value was made"
        return "Loud()"


@dataclass
class Record:
    name: str
    data: Any


@given(VALUES, st.integers(min_value=1, max_value=300))
@pytest.mark.slow
def test_a_text_is_the_repr_or_a_longer_beginning_than_is_shown(value: object, length: int) -> None:
    text = short_repr(value, length)
    if len(repr(value)) <= length:
        assert text == repr(value)
    else:
        assert len(text) > length
        assert text[: length - 1] == repr(value)[: length - 1]


@pytest.mark.parametrize(
    "value", ["a" * 10**7, b"a" * 10**7, ["a" * 10**7] * 3, {"key": b"a" * 10**7}, [1] * 10**6]
)
def test_the_text_of_a_large_value_is_short(value: object) -> None:
    text = short_repr(value, 40)
    assert 40 < len(text) < 150
    assert text[:39] == repr(value)[:39]


def test_an_object_that_holds_much_is_named_by_its_type() -> None:
    assert short_repr(Loud(1), 40) == "Loud()"
    assert short_repr(Loud(10**6), 40) == "<a large Loud>"
    assert short_repr([Loud(10**6)], 40) == "[<a large Loud>]"
    assert short_repr(Record(name="a", data=[bytes(10**6)]), 40) == "<a large Record>"
    assert short_repr(Record(name="a", data=1), 40) == "Record(name='a', data=1)"


def test_a_huge_integer_is_described() -> None:
    assert short_repr(10**5000, 40) == "<an int of 16610 bits>"


def test_a_container_that_contains_itself_is_shown_as_repr_does() -> None:
    cycle: list[object] = [1]
    cycle.append([cycle])
    assert short_repr(cycle, 40) == repr(cycle) == "[1, [[...]]]"
