"""What a session says about its repetitions before it measures."""

import pytest

from runner.plan import Plan
from runner.session.interim import repetitions_note
from tests.factories import cell, describe_study


@pytest.mark.parametrize(
    ("repetitions", "note"),
    [
        (2, "note: 2 repetitions cannot show differences between 3 cells; use repetitions=7"),
        (3, "note: 3 repetitions show only overwhelming differences between 3 cells; use repetitions=7"),
        (7, ""),
    ],
)
def test_too_few_repetitions_are_noticed_beforehand(repetitions: int, note: str) -> None:
    serial = cell()
    plan = Plan.of(serial, *(cell("process", workers) for workers in (2, 4)))
    assert repetitions_note(plan, describe_study(repetitions=repetitions)) == note


def test_a_study_that_adds_repetitions_itself_needs_no_note() -> None:
    plan = Plan.of(cell(), cell("process", 2))
    assert not repetitions_note(plan, describe_study(repetitions=3, precision=0.05))
