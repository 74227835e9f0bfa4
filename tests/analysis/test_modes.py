"""Weak scaling and throughput: the tables, the sentence and the code, on folders whose figures are known."""

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from runner.analysis.tables import Tables, tabulate
from runner.analysis.verdict import Verdict, judge
from runner.folder.results import Results
from runner.folder.study_description import StudyAnswer
from runner.records import Cell
from runner.report import terminal
from tests.made import MakeResults, cell

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


def verdict_of(results: Results) -> tuple[Tables, Verdict]:
    tables = tabulate(results)
    (verdict,) = judge(results, tables)
    return tables, verdict


def row_of(tables: Tables, name: str) -> Any:
    return tables.summary.set_index("cell").loc[name]


def text_of(results: Results) -> str:
    out = io.StringIO()
    tables = tabulate(results)
    terminal.show(results, tables, judge(results, tables), Console(file=out, width=80))
    return out.getvalue()


def test_scaled_speedup_is_the_work_of_all_workers_over_that_of_the_loop(weak: Results) -> None:
    row = row_of(tabulate(weak), "process2")
    assert row["bags"] == 2
    assert row["wall_s"] == pytest.approx(1.25)
    assert row["bag_s"] == pytest.approx(0.625)
    assert row["speedup"] == pytest.approx(2 / 1.25)
    assert row["efficiency"] == pytest.approx(1 / 1.25)


def test_factors_multiply_to_the_scaled_speedup(weak: Results) -> None:
    row = row_of(tabulate(weak), "process2")
    names = ("serial_overhead", "computation_scaling", "granularity", "placement")
    product = 2 * row["dispatch_efficiency"] * row["pool_efficiency"]
    for name in names:
        product *= row[name]
    assert product == pytest.approx(row["attributed_speedup"]) == pytest.approx(2 / 1.25)


def test_a_bag_for_each_worker_can_be_shared_out_evenly(weak: Results) -> None:
    assert row_of(tabulate(weak), "process2")["speedup_bound"] == pytest.approx(2)


def test_the_laws_of_strong_scaling_are_left_empty_with_the_reason(weak: Results) -> None:
    notes = set(tabulate(weak).fits["note"])
    assert notes == {"not identifiable: the law is of one bag on more workers, not of mode=weak"}


def test_the_sentence_says_that_there_was_a_bag_for_each_worker(weak: Results) -> None:
    _, found = verdict_of(weak)
    assert found.answer == "helps"
    assert found.sentence.startswith(
        "weak scaling, one bag per worker: process × 2 is fastest, 625 ms per bag: "
        "1.60 times as fast as serial (95% interval"
    )


def test_the_table_of_weak_scaling_says_what_it_is(weak: Results) -> None:
    lines = text_of(weak).strip().splitlines()
    assert lines[0] == "work, 2 CPUs, 7 repetitions, weak scaling, one bag per worker"
    assert lines[1].split()[:6] == ["executor", "workers", "time", "scaled", "95%", "interval"]
    assert lines[3].split()[:5] == ["process", "2", "1.25", "s", "1.60"]


def test_the_code_runs_a_bag_for_each_worker(weak: Results) -> None:
    _, found = verdict_of(weak)
    assert "items = [1, 2]\n    items = items * 2  # one bag per worker\n" in found.code


def test_the_fastest_is_told_by_what_a_bag_takes_not_by_the_whole_run(make_results: MakeResults) -> None:
    walls = {SERIAL: NOISE, TWO_BAGS: [2.5 * n for n in OTHER_NOISE]}
    _, found = verdict_of(make_results(walls, mode="weak"))
    assert found.fastest == "serial"
    assert "the next, process × 2, takes 1.25 times as long" in found.sentence


def test_tasks_a_second_with_an_interval_and_their_ratio(throughput: Results) -> None:
    row = row_of(tabulate(throughput), "process2")
    assert row["tasks_per_s"] == pytest.approx(160)
    assert row["tasks_per_s_low"] < 160 < row["tasks_per_s_high"]
    assert row["speedup"] == pytest.approx(1.6, rel=0.01)
    assert row["service_p50_s"] == pytest.approx(0.0125)
    assert row["service_p99_s"] == pytest.approx(0.025)


def test_what_explains_a_bag_is_left_empty_in_a_window_with_the_reason(throughput: Results) -> None:
    row = row_of(tabulate(throughput), "process2")
    assert row[["speedup_bound", "attributed_speedup", "granularity"]].isna().all()
    assert "no bound, factors or losses: they explain the time of a bag" in row["note"]


def test_the_sentence_of_a_window_tells_tasks_a_second(throughput: Results) -> None:
    _, found = verdict_of(throughput)
    assert (found.answer, found.recommended) == ("helps", "process2")
    assert found.sentence.startswith(
        "throughput over 2.00 s: process × 2 is fastest, 160 tasks per second: 1.60 times as fast as serial"
    )


def test_the_table_of_a_window_fits_eighty_columns(throughput: Results) -> None:
    lines = text_of(throughput).strip().splitlines()
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
    results = make_results(walls, mode="throughput")
    assert "a window held just 4 tasks, too few to count: use duration_s=10" in text_of(results)


def test_known_answers_are_of_one_bag(make_results: MakeResults) -> None:
    results = make_results({SERIAL: NOISE, TWO_BAGS: NOISE}, mode="weak")
    answer = StudyAnswer(workload="work", executor="process", workers=2, about=1.0)
    results = replace(results, study=replace(results.study, known_answers=(answer,)))
    (row,) = tabulate(results).known_answers.to_dict("records")
    assert row["outcome"] == "not run"
    assert row["because"] == "not run, because it speaks of mode=tasks, and this is mode=weak"
