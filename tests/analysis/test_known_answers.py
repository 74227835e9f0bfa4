"""Known answers, compared with figures that a test chooses."""

from typing import Any

import pytest

from runner.analysis.known_answers import Measured, compare_known_answers
from runner.analysis.machine import Machine
from runner.columns import KNOWN_FIGURES
from runner.facts import (
    BoundLimit,
    KnownAnswerAnalysis,
    KnownOutcome,
    LawAnalysis,
    NotRun,
    OutOfReach,
)
from runner.folder.environment_record import environment_of
from runner.folder.study_description import StudyAnswer
from runner.modes import MODES
from runner.records import Mode
from tests.analysis_factories import analysed_cell, estimate
from tests.factories import CPU

ANSWER: dict[str, Any] = {
    "workload": "work",
    "executor": "process",
    "workers": 2,
    "because": "the author knows",
}


def compare(
    known: dict[str, Any],
    *,
    mode: Mode = Mode.tasks,
    laws: tuple[LawAnalysis, ...] = (),
    quota: float | None = None,
    gil: bool = True,
    **pool: Any,
) -> KnownAnswerAnalysis:
    """Compare one answer with a pool of two workers whose speedup is 2 (1.9 to 2.1)."""
    cells = (
        analysed_cell("serial"),
        analysed_cell("process", 2, speedup=2.0, **pool),
        analysed_cell("process", 4, speedup=3.0),
    )
    environment = {
        "start": {"cpu": {**CPU, "cpu_quota": quota}},
        "workers": {"process2": {"gil_enabled": gil}},
    }
    measured = Measured(
        cells={cell.cell.id: cell for cell in cells},
        laws=laws,
        machine=Machine(environment_of(environment)),
        mode=MODES[mode],
        fewest_repetitions=6,
        cpus_for=lambda _, speedup: round(speedup) if speedup < 8 else None,
    )
    (result,) = compare_known_answers([StudyAnswer(**{**ANSWER, **known})], measured)
    return result


@pytest.mark.parametrize(
    ("known", "outcome"),
    [
        ({"about": 2.0}, KnownOutcome.HOLDS),
        ({"about": 1.985, "within": 0.005}, KnownOutcome.CANNOT_TELL),
        ({"about": 3.0}, KnownOutcome.DOES_NOT_HOLD),
        ({"at_least": 1.9, "at_most": 2.1}, KnownOutcome.HOLDS),
        ({"at_most": 1.5}, KnownOutcome.DOES_NOT_HOLD),
        ({"at_least": 2.05}, KnownOutcome.CANNOT_TELL),
        ({"contains": 2.0}, KnownOutcome.HOLDS),
        ({"contains": 1.0}, KnownOutcome.DOES_NOT_HOLD),
        ({"figure": "speedup_bound", "about": 2.0}, KnownOutcome.HOLDS),
        ({"figure": "granularity", "about": 1.0}, KnownOutcome.CANNOT_TELL),  # it has no factors
        ({"figure": "amdahl_alpha", "about": 0.1}, KnownOutcome.CANNOT_TELL),  # no law was fitted
        ({"about": 2.0, "needs_gil": True, "needs_cpus": 2}, KnownOutcome.HOLDS),
    ],
)
def test_an_answer_holds_or_does_not(known: dict[str, Any], outcome: KnownOutcome) -> None:
    assert compare(known).outcome is outcome


def test_the_record_has_what_was_expected_and_measured_and_how_often_the_cell_was_disturbed() -> None:
    result = compare({"about": 2.0, "within": 0.1}, disturbed=3)
    assert result.known == StudyAnswer(**ANSWER, about=2.0, within=0.1)
    assert result.cell == "process2"
    assert result.measured == estimate(2.0)
    assert (result.disturbed, result.repetitions) == (3, 7)
    assert result.not_run is None


@pytest.mark.parametrize("figure", KNOWN_FIGURES)
def test_every_figure_can_be_looked_up(figure: str) -> None:
    assert compare({"figure": figure, "at_least": 0.0}).outcome in {
        KnownOutcome.HOLDS,
        KnownOutcome.CANNOT_TELL,
    }


def test_a_parameter_of_a_law_is_that_of_the_curve_of_the_cell() -> None:
    law = LawAnalysis(
        law="amdahl",
        workload="work",
        cells=("process2", "process4"),
        name="process",
        levels=2,
        unattributed=0,
        alpha=estimate(0.1),
        beta=None,
        peak_workers=None,
        curve=None,
        problem=None,
    )
    known = {"figure": "amdahl_alpha", "about": 0.1}
    assert compare(known, laws=(law,)).measured == estimate(0.1)
    assert compare({**known, "workers": None}, laws=(law,)).measured == estimate(0.1)
    assert compare({**known, "executor": "serial", "workers": None}, laws=(law,)).measured is None


def test_an_answer_without_workers_is_about_the_first_cell() -> None:
    assert compare({"about": 2.0, "workers": None}).cell == "process2"


@pytest.mark.parametrize(
    ("known", "changes", "reason"),
    [
        ({"workers": 8}, {}, NotRun.NO_SUCH_CELL),
        ({"executor": "thread"}, {}, NotRun.NO_SUCH_CELL),
        ({"workload": "other"}, {}, NotRun.NO_SUCH_CELL),
        ({}, {"mode": Mode.weak}, NotRun.OTHER_MODE),
        ({"not_run": "it needs root"}, {}, NotRun.BY_AUTHOR),
        ({"needs_gil": True}, {"gil": False}, NotRun.NO_GIL),
        ({"needs_cpus": 64}, {}, NotRun.TOO_FEW_CPUS),
        ({"needs_quota": 1.5}, {}, NotRun.NO_QUOTA),
        ({"needs_quota": 1.5}, {"quota": 0.5}, NotRun.NO_QUOTA),
        ({}, {"status": "failed"}, NotRun.CELL_FAILED),
        ({}, {"status": "interrupted"}, NotRun.CELL_FAILED),
    ],
)
def test_an_answer_that_was_not_run_has_a_reason(
    known: dict[str, Any], changes: dict[str, Any], reason: NotRun
) -> None:
    result = compare({"about": 2.0, **known}, **changes)
    assert (result.outcome, result.not_run) == (KnownOutcome.NOT_RUN, reason)
    assert result.measured is None


def test_a_reason_has_its_facts() -> None:
    assert compare({"not_run": "it needs root"}).author_reason == "it needs root"
    cpus = compare({"needs_cpus": 64})
    assert (cpus.needed, cpus.available) == (64, 2)
    quota = compare({"needs_quota": 1.5}, quota=0.5)
    assert (quota.needed, quota.available) == (1.5, 0.5)


def test_an_answer_that_needs_a_quota_is_compared_under_that_quota() -> None:
    assert compare({"about": 2.0, "needs_quota": 1.5}, quota=1.5).outcome is KnownOutcome.HOLDS


def test_few_repetitions_contradict_nothing() -> None:
    assert compare({"about": 9.0}, repetitions=5).outcome is KnownOutcome.CANNOT_TELL
    assert compare({"about": 9.0}, repetitions=6).outcome is KnownOutcome.DOES_NOT_HOLD


BOUND = estimate(2.0, 1.9, 2.05)


@pytest.mark.parametrize(
    ("known", "limit", "reach"),
    [
        ({"about": 3.43}, BoundLimit.CPUS, (3.43, 2.0, 3)),
        ({"at_least": 5.0}, BoundLimit.WORKERS, (5.0, 2.0, 5)),
        ({"contains": 9.0}, BoundLimit.LONGEST_TASK, (9.0, 2.0, None)),
        ({"about": 2.0}, BoundLimit.CPUS, None),  # it holds
        ({"about": 1.5}, BoundLimit.CPUS, None),  # the bound allows it
        ({"figure": "efficiency", "about": 3.43}, BoundLimit.CPUS, None),  # the bound does not apply to it
    ],
)
def test_a_speedup_above_the_bound_says_what_it_would_need(
    known: dict[str, Any], limit: BoundLimit, reach: tuple[float, float, int | None] | None
) -> None:
    out_of_reach = compare(known, speedup_bound=BOUND, bound_limit=limit).out_of_reach
    expected = reach and OutOfReach(
        speedup=reach[0], bound=BOUND, limit=limit, count=reach[1], needed=reach[2]
    )
    assert out_of_reach == expected
