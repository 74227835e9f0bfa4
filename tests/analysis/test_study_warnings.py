"""Warnings as records, from cells that a test chooses."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from runner.analysis.study_warnings import warnings_of
from runner.disturbances import DisturbanceKind
from runner.facts import (
    Anomaly,
    CellAnalysis,
    CellsFailed,
    CellsNotMeasured,
    CrowdedCpus,
    DisturbanceCount,
    DisturbedRuns,
    NativeThreads,
    OddTimes,
    PrecisionMissed,
    ShortWindow,
    ShortWindows,
    StudyFacts,
    StudyWarning,
    TooFewRepetitions,
)
from runner.records import Sample
from tests.analysis_factories import analysed_cell, analysed_group, study_facts
from tests.factories import FUNCTION, POOL, cell


def warnings(
    cells: Sequence[CellAnalysis],
    study: StudyFacts | None = None,
    samples: Iterable[Sample] = (),
    groups: Sequence[Sequence[CellAnalysis]] | None = None,
) -> tuple[StudyWarning, ...]:
    return warnings_of(
        study or study_facts(),
        {cell.cell.id: cell for cell in cells},
        [analysed_group(group) for group in ([cells] if groups is None else groups)],
        samples,
    )


def sample(noisy: str = "", **changes: Any) -> Sample:
    facts: dict[str, Any] = {
        "cell": "serial",
        "repetition": 1,
        "position": 0,
        "iteration": 0,
        "warmup": False,
        "tasks": 2,
        "started_at": "2026-01-01T00:00:00+00:00",
        "wall_s": 1.0,
        "noisy": noisy,
    }
    return Sample(**{**facts, **changes})


SERIAL = analysed_cell("serial")


def failed(executor: str, workers: int | None, status: str = "failed", **changes: Any) -> CellAnalysis:
    return analysed_cell(executor, workers, status=status, **changes)


def test_a_study_without_faults_has_no_warning() -> None:
    assert warnings([SERIAL, analysed_cell("process", 2, speedup=2.0)], samples=[sample()]) == ()


def test_cells_that_failed_for_one_reason_are_one_warning() -> None:
    pools = [failed("process", workers) for workers in (2, 4)]
    other = failed("thread", 2, error="another")
    assert warnings([SERIAL, *pools, other]) == (
        CellsFailed(
            workload="work",
            status="failed",
            cells=("process2", "process4"),
            is_all=False,
            in_loop=False,
            error="it went wrong",
            from_reference=True,
        ),
        CellsFailed(
            workload="work",
            status="failed",
            cells=("thread2",),
            is_all=False,
            in_loop=False,
            error="another",
            from_reference=True,
        ),
    )


def test_wrong_results_are_one_reason_though_they_differ() -> None:
    pools = [failed("process", workers, "wrong_result", error=f"gave {workers}") for workers in (2, 4)]
    (warning,) = warnings([SERIAL, *pools])
    assert isinstance(warning, CellsFailed)
    assert (warning.cells, warning.error) == (("process2", "process4"), "gave 2")


def test_wrong_results_differ_from_the_expected_ones_or_from_the_reference() -> None:
    for expect in (None, [1, 2]):
        settings = {"workload": {**FUNCTION, "expect": expect}, "executor": POOL}
        wrong = failed("process", 2, "wrong_result", cell=cell("process", 2, settings=settings))
        (warning,) = warnings([SERIAL, wrong])
        assert isinstance(warning, CellsFailed)
        assert warning.from_reference is (expect is None)


def test_a_warning_says_whether_every_cell_failed_including_the_plain_loop() -> None:
    (everywhere,) = warnings([failed("serial", None), failed("process", 2)])
    assert isinstance(everywhere, CellsFailed)
    assert (everywhere.is_all, everywhere.in_loop) == (True, True)
    (single,) = warnings([failed("serial", None)])
    assert isinstance(single, CellsFailed)
    assert not single.is_all


def test_the_worst_failures_come_first_and_cells_that_were_not_measured_last() -> None:
    statuses = ("wrong_result", "interrupted", "failed", "timeout", "crashed")
    cells = [failed("process", workers, status) for workers, status in enumerate(statuses, 1)]
    records = warnings([SERIAL, *cells])
    assert [warning.status for warning in records if isinstance(warning, CellsFailed)] == [
        "crashed",
        "timeout",
        "failed",
        "wrong_result",
    ]
    assert records[-1] == CellsNotMeasured(workload="work", cells=("process2",), of=6)


def repeated(executor: str, workers: int | None, repetitions: int) -> CellAnalysis:
    return analysed_cell(executor, workers, repetitions=repetitions)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"repetitions_asked": 3}, "asked"),
        ({"is_interrupted": True, "time_budget_s": 60.0}, "interrupted"),
        ({"time_budget_s": 60.0}, "time_budget"),
        ({}, "ended"),
    ],
)
def test_too_few_repetitions_have_a_reason(changes: dict[str, Any], reason: str) -> None:
    study = study_facts(**changes)
    (warning,) = warnings([repeated("serial", None, 4), repeated("process", 2, 3)], study)
    assert isinstance(warning, TooFewRepetitions)
    assert (warning.fewest, warning.needed, warning.reason) == (3, 6, reason)


def test_repetitions_are_counted_by_group() -> None:
    groups = [
        [repeated("serial", None, 7), repeated("process", 2, 7)],
        [analysed_cell(cell=cell("serial", None, id="other", baseline="other"), repetitions=2)],
    ]
    (warning,) = warnings([member for group in groups for member in group], groups=groups)
    assert isinstance(warning, TooFewRepetitions)
    assert warning.fewest == 2


def test_a_group_of_failed_cells_has_no_repetitions_to_count() -> None:
    assert not any(isinstance(warning, TooFewRepetitions) for warning in warnings([failed("serial", None)]))


def test_the_worst_missed_precision_is_shown() -> None:
    cells = [SERIAL, *(analysed_cell("process", n, missed_precision=n / 100) for n in (2, 4, 3))]
    assert warnings(cells, study_facts(precision=0.01)) == (
        PrecisionMissed(cells=("process2", "process4", "process3"), asked=0.01, worst=0.04),
    )


def test_the_longest_window_needed_is_shown() -> None:
    short = [ShortWindow(tasks=5.0, needed_s=2), ShortWindow(tasks=3.0, needed_s=4)]
    cells = [analysed_cell("process", n, short_window=window) for n, window in enumerate(short, 1)]
    assert warnings(cells) == (ShortWindows(cells=("process1", "process2"), worst=short[1]),)


def test_disturbed_runs_are_counted_among_the_headline_runs() -> None:
    samples = [
        sample(),
        sample(
            "other processes took 1.00 CPUs; before the repetition it was 1.30 times slower", repetition=2
        ),
        sample("other processes took 2.00 CPUs", repetition=3),
        sample("the reference run", repetition=0),
        sample("a warm run", iteration=1),
        sample("a failed run", repetition=4, status="failed"),
    ]
    assert warnings([SERIAL], samples=samples) == (
        DisturbedRuns(
            disturbed=2,
            runs=3,
            kinds=(
                DisturbanceCount(kind=DisturbanceKind.OTHER_PROGRAMS, runs=2, most=2.0),
                DisturbanceCount(kind=DisturbanceKind.SLOW_CPU, runs=1, most=1.3),
            ),
        ),
    )


def test_the_cell_with_the_most_native_threads_per_cpu_is_shown() -> None:
    threads = {n: NativeThreads(per_worker=8, per_cpu=n * 4.0) for n in (2, 4, 3)}
    cells = [SERIAL, *(analysed_cell("process", n, native_threads=known) for n, known in threads.items())]
    assert warnings(cells) == (CrowdedCpus(cell="process4", workers=4, threads=threads[4], usable_cpus=2),)


def test_cells_with_anomalies_are_named() -> None:
    odd = analysed_cell("process", 2, anomalies={Anomaly.OUTLIERS: 1})
    assert warnings([SERIAL, odd]) == (OddTimes(cells=("process2",)),)


def test_crashes_of_all_cells_are_one_warning_however_they_are_worded() -> None:
    cells = [
        analysed_cell(status="crashed", error="the interpreter exited with code 3"),
        analysed_cell("process", 2, status="crashed", error="a worker exited with code 3"),
    ]
    (warning,) = [entry for entry in warnings(cells) if isinstance(entry, CellsFailed)]
    assert (warning.is_all, warning.error) == (True, "the interpreter exited with code 3")


def test_a_late_failure_has_its_first_repetition() -> None:
    failing = analysed_cell(status="failed", error="ValueError")
    samples = [sample(), sample(repetition=2, status="failed"), sample(repetition=3, status="failed")]
    (warning,) = [entry for entry in warnings([failing], samples=samples) if isinstance(entry, CellsFailed)]
    assert (warning.first_repetition, warning.succeeded) == (2, len(failing.runs))
