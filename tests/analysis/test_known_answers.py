"""What is known beforehand, against folders whose figures are known."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from runner.analysis.tables import tabulate
from runner.folder.study_description import StudyAnswer
from tests.made import MakeResults, cell

if TYPE_CHECKING:
    from runner.records import Status

SERIAL, TWO = cell("serial", None), cell("process", 2)
NOISE = (1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01)
NOTHING = dict.fromkeys(
    ("about", "at_least", "at_most", "contains", "needs_gil", "needs_cpus", "needs_quota", "not_run")
)


def outcome(make_results: MakeResults, **known: Any) -> dict[str, Any]:
    """Compare one known answer with a pool of two that is just twice as fast."""
    answer: dict[str, Any] = {
        **NOTHING,
        "workload": "work",
        "executor": "process",
        "workers": 2,
        "figure": "speedup",
        "within": 0.05,
        "because": "it was made so",
        **known,
    }
    results = make_results({SERIAL: [2 * n for n in NOISE], TWO: list(reversed(NOISE))})
    asked = replace(results, study=replace(results.study, known_answers=(StudyAnswer(**answer),)))
    (row,) = tabulate(asked).known_answers.to_dict("records")
    return {str(key): value for key, value in row.items()}


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"about": 2.0}, "holds"),
        ({"about": 1.985, "within": 0.005}, "cannot tell"),
        ({"about": 3.0}, "does not hold"),
        ({"at_least": 1.9, "at_most": 2.1}, "holds"),
        ({"at_most": 1.5}, "does not hold"),
        ({"contains": 2.0}, "holds"),
        ({"contains": 1.0}, "does not hold"),
        ({"figure": "granularity", "about": 1.0}, "holds"),
        ({"figure": "amdahl_alpha", "about": 0.1}, "cannot tell"),
        ({"about": 2.0, "workers": 8}, "not run"),
        ({"about": 2.0, "needs_cpus": 64}, "not run"),
        ({"about": 2.0, "needs_gil": True}, "holds"),
        ({"about": 2.0, "needs_quota": 1.5}, "not run"),
        ({"not_run": "it needs root"}, "not run"),
    ],
)
def test_an_answer_holds_or_does_not(make_results: MakeResults, known: dict[str, Any], expected: str) -> None:
    assert outcome(make_results, **known)["outcome"] == expected


def test_a_row_says_what_was_expected_and_measured_and_how_often_others_disturbed(
    make_results: MakeResults,
) -> None:
    row = outcome(make_results, about=2.0)
    assert (row["cell"], row["expected"], row["because"]) == ("process × 2", "2 ± 5%", "it was made so")
    assert row["measured"] == 2.0
    assert row["low"] < 2.0 < row["high"]
    assert (row["disturbed"], row["repetitions"]) == (0, 7)


def test_what_was_not_run_says_why(make_results: MakeResults) -> None:
    row = outcome(make_results, not_run="it needs root")
    assert row["because"] == "not run, because it needs root"


def test_a_study_of_which_nothing_is_known_has_no_rows(make_results: MakeResults) -> None:
    assert tabulate(make_results({SERIAL: list(NOISE)})).known_answers.empty


@pytest.mark.parametrize(
    ("walls", "expected"), [(["failed"], "not run"), ([9.0], "cannot tell"), ([9.0] * 7, "does not hold")]
)
def test_failures_and_few_repetitions_contradict_nothing(
    make_results: MakeResults, walls: "list[float | Status]", expected: str
) -> None:
    answer: dict[str, Any] = {
        **NOTHING,
        "workload": "work",
        "executor": "process",
        "workers": 2,
        "figure": "speedup",
        "within": 0.05,
        "about": 2.0,
        "because": "",
    }
    results = make_results({SERIAL: [2.0] * 7, TWO: walls})
    asked = replace(results, study=replace(results.study, known_answers=(StudyAnswer(**answer),)))
    assert tabulate(asked).known_answers["outcome"].tolist() == [expected]
