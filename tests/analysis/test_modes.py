"""Weak scaling and throughput: figures, sentences and code of folders whose figures are known."""

import math
from dataclasses import replace
from typing import Any

import pytest

from runner.analysis.study import analyse
from runner.estimate import Estimate
from runner.facts import GroupAnalysis, StudyAnalysis
from runner.folder.results import Results
from runner.folder.study_description import StudyAnswer
from runner.records import Cell
from runner.report.pasted_code import code_of
from runner.report.terminal import render_terminal
from runner.report.wording import (
    GroupSentences,
    cell_note,
    known_reason,
    law_note,
    sentences_of,
    warning_sentence,
)
from tests.factories import MakeResults, cell

NOISE = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01]
OTHER_NOISE = [1.01, 0.98, 1.0, 0.99, 1.02, 1.01, 0.98]
SERIAL = cell("serial", None)


def with_settings(executor: str, workers: int | None, **added: Any) -> Cell:
    plain = cell(executor, workers)
    return cell(executor, workers, settings={**plain.settings, **added})


TWO_BAGS = with_settings("process", 2, bags=2)
WINDOW, WINDOW_TWO = (
    with_settings("serial", None, duration_s=2.0),
    with_settings("process", 2, duration_s=2.0),
)


@pytest.fixture
def weak(make_results: MakeResults) -> Results:
    """Two bags on two workers take 1.25 times as long as one takes the loop."""
    return make_results({SERIAL: NOISE, TWO_BAGS: [1.25 * n for n in NOISE]}, mode="weak")


@pytest.fixture
def throughput(make_results: MakeResults) -> Results:
    """The loop ends a task every 10 ms, two workers one every 6.25 ms."""
    walls = {WINDOW: [0.01 * n for n in NOISE], WINDOW_TWO: [0.00625 * n for n in NOISE]}
    return make_results(walls, mode="throughput")


def analysed(results: Results) -> tuple[StudyAnalysis, GroupAnalysis, GroupSentences]:
    """Analyse a folder of one group."""
    study = analyse(results)
    (group,) = study.groups
    return study, group, sentences_of(group, study)


def estimated(figure: Estimate | None) -> float:
    assert figure is not None
    return figure.value


def test_scaled_speedup_is_the_work_of_all_workers_over_that_of_the_loop(weak: Results) -> None:
    cell = analyse(weak).cells["process2"]
    assert cell.bags == 2
    assert estimated(cell.wall_s) == pytest.approx(1.25)
    assert estimated(cell.bag_s) == pytest.approx(0.625)
    assert estimated(cell.speedup) == pytest.approx(2 / 1.25)
    assert estimated(cell.efficiency) == pytest.approx(1 / 1.25)


def test_factors_multiply_to_the_scaled_speedup(weak: Results) -> None:
    factors = analyse(weak).cells["process2"].factors
    assert factors is not None
    parts = (
        factors.serial_overhead,
        factors.computation_scaling,
        factors.granularity,
        factors.placement,
        factors.dispatch_efficiency,
        factors.pool_efficiency,
    )
    product = 2 * math.prod(part.value for part in parts)
    assert product == pytest.approx(factors.attributed_speedup.value) == pytest.approx(2 / 1.25)


def test_a_bag_per_worker_can_be_divided_evenly(weak: Results) -> None:
    assert analyse(weak).cells["process2"].speedup_bound == Estimate.exact(2.0)


def test_the_laws_of_strong_scaling_do_not_apply_to_weak_scaling(weak: Results) -> None:
    study = analyse(weak)
    assert {law_note(law, study.study) for law in study.laws} == {
        "not identifiable: the laws describe mode=tasks, and this is mode=weak"
    }


def test_the_sentence_says_that_there_was_a_bag_per_worker(weak: Results) -> None:
    _, group, sentences = analysed(weak)
    assert group.answer == "helps"
    assert sentences.answer.startswith(
        "weak scaling, one bag per worker: use process × 2. It is fastest at 625 ms per bag: "
        "1.60 times as fast as serial (95% interval"
    )


def test_the_table_of_weak_scaling_names_the_mode_and_the_scaled_speedup(weak: Results) -> None:
    lines = render_terminal(analyse(weak)).strip().splitlines()
    assert lines[0] == "work, 2 CPUs, 7 repetitions, weak scaling, one bag per worker"
    assert lines[1].split()[:6] == ["executor", "workers", "time", "scaled", "95%", "interval"]
    assert lines[3].split()[:5] == ["process", "2", "1.25", "s", "1.60"]


def test_the_code_runs_a_bag_per_worker(weak: Results) -> None:
    study, group, _ = analysed(weak)
    assert "items = [1, 2]\n    items = items * 2  # one bag per worker\n" in code_of(group, study)


def test_the_fastest_cell_is_that_with_the_shortest_time_per_bag(make_results: MakeResults) -> None:
    walls = {SERIAL: NOISE, TWO_BAGS: [2.5 * n for n in OTHER_NOISE]}
    _, group, sentences = analysed(make_results(walls, mode="weak"))
    assert group.fastest == "serial"
    assert (
        "use no pool: serial takes 1.00 s per bag, and process × 2 takes 1.25 times as long"
        in sentences.answer
    )


def test_tasks_per_second_have_an_interval_and_a_ratio(throughput: Results) -> None:
    cell = analyse(throughput).cells["process2"]
    assert cell.tasks_per_s is not None
    assert cell.service is not None
    assert cell.tasks_per_s.value == pytest.approx(160)
    assert cell.tasks_per_s.low < 160 < cell.tasks_per_s.high
    assert estimated(cell.speedup) == pytest.approx(1.6, rel=0.01)
    assert cell.service.p50_s == pytest.approx(0.0125)
    assert cell.service.p99_s == pytest.approx(0.025)


def test_a_window_has_no_explanation_and_a_note_says_why(throughput: Results) -> None:
    study = analyse(throughput)
    cell = study.cells["process2"]
    assert (cell.speedup_bound, cell.factors, cell.losses) == (None, None, ())
    assert "no bound, factors or losses, because they explain the time of a bag" in cell_note(
        cell, study.study
    )


def test_the_sentence_of_a_window_states_tasks_per_second(throughput: Results) -> None:
    _, group, sentences = analysed(throughput)
    assert (group.answer, group.recommended) == ("helps", "process2")
    assert sentences.answer.startswith(
        "throughput over 2.00 s: use process × 2. It is fastest at 160 tasks per second: "
        "1.60 times as fast as serial"
    )


def test_the_table_of_a_window_fits_eighty_columns(throughput: Results) -> None:
    lines = render_terminal(analyse(throughput)).strip().splitlines()
    assert lines[0] == "work, 2 CPUs, 7 repetitions, throughput over 2.00 s"
    assert lines[1].split() == [
        *("executor", "workers", "tasks/s", "ratio", "95%", "interval"),
        *("p50", "p90", "p99", "CPU"),
    ]
    assert lines[3].split()[:5] == ["process", "2", "160", "1.60", "1.60–1.60"]
    assert max(map(len, lines[:4])) <= 80


def test_a_window_of_few_tasks_is_warned_of_with_the_length_that_it_needs(
    make_results: MakeResults,
) -> None:
    walls = {WINDOW: [0.5 * n for n in NOISE], WINDOW_TWO: [0.25 * n for n in NOISE]}
    study = analyse(make_results(walls, mode="throughput"))
    (warning,) = study.warnings
    assert warning_sentence(warning, study) == (
        "a window contained only 4 tasks, too few to estimate a rate; use duration_s=10 (2 cells)"
    )


def test_known_answers_do_not_apply_to_other_modes(make_results: MakeResults) -> None:
    results = make_results({SERIAL: NOISE, TWO_BAGS: NOISE}, mode="weak")
    answer = StudyAnswer(workload="work", executor="process", workers=2, about=1.0)
    study = analyse(replace(results, study=replace(results.study, known_answers=(answer,))))
    (known,) = study.known_answers
    assert known.outcome == "not_run"
    assert known_reason(known, study) == "not run: it is about mode=tasks, and this is mode=weak"
