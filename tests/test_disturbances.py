"""Disturbances as they are recorded, and as they are read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.disturbances import Disturbance, DisturbanceKind, as_text, parse

PROGRAMS, HOST, SLOW = DisturbanceKind.OTHER_PROGRAMS, DisturbanceKind.HOST, DisturbanceKind.SLOW_CPU


@given(st.dictionaries(st.sampled_from(list(DisturbanceKind)), st.integers(0, 500), max_size=3))
def test_what_is_recorded_is_read_again(amounts: dict[DisturbanceKind, int]) -> None:
    recorded = {Disturbance(kind=kind, amount=hundredths / 100) for kind, hundredths in amounts.items()}
    assert set(parse(as_text(recorded))) == recorded


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("", {}),
        ("other processes took 0.47 CPUs", {PROGRAMS: 0.47}),
        ("the host of this virtual machine took 0.29 CPUs", {HOST: 0.29}),
        (
            (
                "other processes took 1.00 CPUs and the host of this virtual machine took 0.29 CPUs; "
                "before the repetition the machine was 1.48 times slower than at its best"
            ),
            {PROGRAMS: 1.0, HOST: 0.29, SLOW: 1.48},
        ),
        ("before the repetition, fixed work took 2.35 times as long as at best", {SLOW: 2.35}),
        ("something else", {}),
    ],
)
def test_texts_of_all_versions_are_understood(text: str, kinds: dict[DisturbanceKind, float]) -> None:
    assert {disturbance.kind: disturbance.amount for disturbance in parse(text)} == kinds
