"""Times of other hosts, converted to the clock of this host."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner_probe.clocks import shifts_ns

#: the time from a submission to its start, of a task, and from its end to the arrival of its result
LEGS = st.tuples(st.integers(0, 10**6), st.integers(0, 10**9), st.integers(0, 10**6))


def test_this_host_needs_no_shift() -> None:
    assert shifts_ns([("here", 5, 9, 6, 8)], "here") == {}


def test_each_host_is_shifted_by_its_own_difference() -> None:
    moments = [("near", 0, 30, 1010, 1020), ("far", 0, 50, -980, -970)]
    assert shifts_ns(moments, "here") == {"near": -1000, "far": 1000}


def test_without_an_arrival_the_first_task_starts_when_it_was_submitted() -> None:
    moments = [("there", 100, None, 7000, 7010), ("there", 100, None, 7020, 7030)]
    assert shifts_ns(moments, "here") == {"there": -6900}


@given(st.integers(-(10**15), 10**15), st.lists(LEGS, min_size=1, max_size=20))
@pytest.mark.slow
def test_shifted_tasks_lie_between_submission_and_arrival(
    difference: int, legs: list[tuple[int, int, int]]
) -> None:
    moments = [
        ("there", 0, before + busy + after, before + difference, before + busy + difference)
        for before, busy, after in legs
    ]
    (shift,) = shifts_ns(moments, "here").values()
    assert abs(shift + difference) <= min(before for before, *_ in legs) + min(after for *_, after in legs)
    for _, submitted, received, started, ended in moments:
        assert submitted <= started + shift
        assert ended + shift <= received
