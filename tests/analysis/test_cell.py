"""The cells of folders whose figures are known."""

from dataclasses import replace

import numpy as np
import pytest

from runner.analysis.study import analyse
from runner.estimate import Estimate
from runner.facts import Anomaly, CellAnalysis, Factors, Limit
from runner.folder.environment_record import environment_of
from runner.folder.results import Results
from runner.records import Status, UntimedRun
from tests.factories import MakeResults, Walls, cell

SERIAL, TWO, FOUR = cell("serial", None), cell("process", 2), cell("process", 4)


def analysed(results: Results, name: str) -> CellAnalysis:
    return analyse(results).cells[name]


def value(estimate: Estimate | None) -> float:
    assert estimate is not None
    return estimate.value


def factors_of(analysis: CellAnalysis) -> Factors:
    assert analysis.factors is not None
    return analysis.factors


def test_a_speedup_is_the_ratio_of_medians(make_results: MakeResults) -> None:
    walls = {SERIAL: [2.0, 2.0, 2.2, 1.9, 2.0, 2.0, 2.1], TWO: [1.0, 1.0, 1.1, 0.9, 1.0, 1.0, 1.0]}
    study = analyse(make_results(walls))
    assert value(study.cells["process2"].speedup) == 2.0
    assert value(study.cells["process2"].efficiency) == 1.0
    assert study.cells["serial"].speedup == Estimate.exact(1.0)
    assert study.cells["serial"].efficiency is None


def test_every_figure_of_a_cell_has_an_interval(make_results: MakeResults) -> None:
    serial = [2.0, 2.1, 1.9, 2.2, 1.8, 2.3, 1.7]
    two = analysed(make_results({SERIAL: serial, TWO: [1.0] * 7}), "process2")
    factors = factors_of(two)
    figures = (two.wall_s, two.cpu_s, two.speedup, two.efficiency, two.speedup_of_best, factors.placement)
    for figure in figures:
        assert figure is not None
        assert figure.low <= figure.value <= figure.high
        assert not figure.is_range
    assert two.speedup is not None
    assert two.efficiency == two.speedup.over(2)
    # The tasks of the loop varied and those of the pool did not: how they scale varies by as much.
    scaling, halved = factors.computation_scaling, two.speedup.over(2)
    assert (scaling.low, scaling.value, scaling.high) == pytest.approx(
        (halved.low, halved.value, halved.high)
    )


def test_a_pair_of_cells_is_compared_by_the_repetitions_in_which_both_succeeded(
    make_results: MakeResults,
) -> None:
    results = make_results({SERIAL: [2.0] * 6 + [100.0], TWO: [1.0] * 6 + ["interrupted"]})
    assert analysed(results, "process2").speedup == Estimate.exact(2.0)


@pytest.mark.parametrize("status", ["failed", "crashed", "timeout", "wrong_result"])
def test_a_cell_that_failed_once_has_its_runs_but_no_figures(
    make_results: MakeResults, status: Status
) -> None:
    two = analysed(make_results({SERIAL: [2.0] * 7, TWO: [1.0] * 6 + [status]}), "process2")
    assert (two.status, two.error, two.repetitions) == (status, "it went wrong", 0)
    assert (two.wall_s, two.speedup, two.efficiency, two.factors) == (None, None, None, None)
    assert [run.wall_s for run in two.runs] == [1.0] * 6
    assert [run.speedup for run in two.runs] == [2.0] * 6


def test_a_baseline_that_failed_once_has_no_speedups(make_results: MakeResults) -> None:
    two = analysed(make_results({SERIAL: [2.0] * 6 + ["wrong_result"], TWO: [1.0] * 7}), "process2")
    assert (two.status, value(two.wall_s), two.speedup) == ("ok", 1.0, None)


def test_a_failed_cell_names_what_its_invocations_printed(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [2.0] * 7, TWO: ["timeout"]})
    for name, text in (("process2_1", "help"), ("process2_2", ""), ("serial_1", "hello")):
        (results.folder / "output" / f"{name}.txt").write_text(text)
    study = analyse(results)
    assert study.cells["process2"].printed == ("output/process2_1.txt",)
    assert study.cells["serial"].printed == ()


def test_a_cell_without_any_complete_run_was_interrupted(make_results: MakeResults) -> None:
    two = analysed(make_results({SERIAL: [2.0] * 7, TWO: ["interrupted"]}), "process2")
    assert (two.status, two.error, two.wall_s) == ("interrupted", "", None)


def test_even_numbers_of_repetitions_give_bounds_between_two_runs(make_results: MakeResults) -> None:
    wall_s = analysed(make_results({SERIAL: [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7]}), "serial").wall_s
    assert value(wall_s) == pytest.approx(1.35)
    assert wall_s is not None
    assert 1.0 <= wall_s.low < wall_s.value < wall_s.high <= 1.7


def test_the_spread_of_the_repetitions_is_known(make_results: MakeResults) -> None:
    walls = [2.0, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9]
    spread = analysed(make_results({SERIAL: walls}), "serial").wall_spread
    assert spread is not None
    assert (spread.least, spread.p10, spread.p90, spread.most) == pytest.approx((1.0, 1.1, 1.9, 2.0))


def test_few_repetitions_give_ranges(make_results: MakeResults) -> None:
    two = analysed(make_results({SERIAL: [2.0, 2.1], TWO: [1.0, 1.2]}), "process2")
    assert two.repetitions == 2
    assert two.wall_s == Estimate(value=1.1, low=1.0, high=1.2, is_range=True)
    assert two.speedup is not None
    assert two.speedup.is_range


def test_more_workers_than_tasks_or_cpus_are_a_limit(make_results: MakeResults) -> None:
    study = analyse(make_results({SERIAL: [2.0] * 7, TWO: [1.0] * 7, FOUR: [1.0] * 7}))
    assert study.cells["process4"].limit == Limit(kind="tasks", count=2)
    assert study.cells["process2"].limit is None
    assert study.cells["serial"].limit is None
    chunks = replace(FOUR, chunk_size=2)
    of_chunks = analysed(make_results({SERIAL: [2.0] * 7, chunks: [1.0] * 7}), "process4")
    assert of_chunks.limit == Limit(kind="chunks", count=1)


def test_the_gain_over_fewer_workers_is_the_ratio_of_the_two_cells(make_results: MakeResults) -> None:
    study = analyse(make_results({SERIAL: [4.0] * 7, TWO: [2.0] * 7, FOUR: [1.6] * 7}))
    marginal = study.cells["process4"].marginal
    assert marginal is not None
    assert (marginal.slower, marginal.faster, marginal.ratio.value) == ("process2", "process4", 1.25)
    assert study.cells["process2"].marginal is None


def test_there_is_no_gain_over_fewer_workers_with_another_setting(make_results: MakeResults) -> None:
    chunked = replace(FOUR, chunk_size=8)
    study = analyse(make_results({SERIAL: [4.0] * 7, TWO: [2.0] * 7, chunked: [1.6] * 7}))
    assert study.cells["process4"].marginal is None


def test_a_bag_of_two_tasks_is_bounded_by_two(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [2.0] * 7, FOUR: [1.0] * 7})
    assert analysed(results, "process4").speedup_bound == Estimate.exact(2.0)


def test_a_speedup_may_be_at_its_bound_or_exceed_it(make_results: MakeResults) -> None:
    at_bound = analysed(make_results({SERIAL: [2.0] * 7, TWO: [1.0] * 7}), "process2")
    assert (at_bound.is_at_bound, at_bound.exceeds_bound) == (True, False)
    above = analysed(make_results({SERIAL: [5.0] * 7, TWO: [1.0] * 7}), "process2")
    assert (above.is_at_bound, above.exceeds_bound) == (False, True)
    below = analysed(make_results({SERIAL: [1.0] * 7, TWO: [1.0] * 7}), "process2")
    assert (below.is_at_bound, below.exceeds_bound) == (False, False)


def test_a_disturbed_baseline_raises_no_bound_above_the_workers(make_results: MakeResults) -> None:
    walls: Walls = {SERIAL: [2.0, 2.0, 7.0, 2.0, 8.0, 9.0, 6.0], TWO: [1.0] * 7}
    bound = analysed(make_results(walls), "process2").speedup_bound
    assert bound is not None
    assert bound.high <= 2.0 + 1e-9


def test_the_factors_of_a_perfect_cell_are_one(make_results: MakeResults) -> None:
    factors = factors_of(analysed(make_results({SERIAL: [2.0] * 7, TWO: [1.0] * 7}), "process2"))
    for factor in (
        factors.serial_overhead,
        factors.computation_scaling,
        factors.granularity,
        factors.placement,
        factors.pool_efficiency,
    ):
        assert factor.value == pytest.approx(1.0)
    assert factors.attributed_speedup.value == pytest.approx(2.0)


def test_the_fastest_baseline_of_any_interpreter_is_a_reference_for_all(make_results: MakeResults) -> None:
    quick = replace(SERIAL, id="quick", baseline="quick", python="3.14t")
    study = analyse(make_results({SERIAL: [2.0] * 7, quick: [1.0] * 7, TWO: [1.0] * 7}))
    assert value(study.cells["process2"].speedup_of_best) == 1.0
    assert value(study.cells["serial"].speedup_of_best) == 0.5


def test_a_baseline_of_other_work_is_not_a_reference(make_results: MakeResults) -> None:
    small = {**SERIAL.settings, "workload": {**SERIAL.settings["workload"], "items": [1]}}
    quick = replace(SERIAL, id="quick", baseline="quick", settings=small)
    results = make_results({SERIAL: [2.0] * 7, quick: [0.1] * 7, TWO: [1.0] * 7})
    assert value(analysed(results, "process2").speedup_of_best) == 2.0


def test_every_task_of_every_cell_is_analysed(make_results: MakeResults) -> None:
    tasks = analyse(make_results({SERIAL: [2.0] * 7, TWO: [1.0] * 7})).tasks
    assert [(task.cell, task.task) for task in tasks] == [
        *(("serial", 0), ("serial", 1)),
        *(("process2", 0), ("process2", 1)),
    ]
    assert [task.time_s.value for task in tasks] == pytest.approx([1.0] * 4)


def test_anomalies_of_the_times_are_counted(make_results: MakeResults) -> None:
    serial = analysed(make_results({SERIAL: [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 5.0]}), "serial")
    assert serial.anomalies == {Anomaly.OUTLIERS: 1}


def test_the_memory_of_a_cell_is_known_or_why_it_is_not(make_results: MakeResults) -> None:
    untimed = (
        UntimedRun(cell="serial", purpose="memory", started_at="", peak_pss_bytes=38_000_000, looks=9),
        UntimedRun(cell="process2", purpose="memory", started_at="", status="crashed", error="it died"),
    )
    walls: Walls = {SERIAL: [2.0] * 7, TWO: [1.0] * 7, FOUR: [1.0] * 7}
    study = analyse(replace(make_results(walls), untimed=untimed))
    serial, two, four = (study.cells[name] for name in ("serial", "process2", "process4"))
    assert serial.peak_pss_bytes == 38_000_000
    assert two.peak_pss_bytes is None
    assert two.memory is not None
    assert two.memory.error == "it died"
    assert value(two.speedup) == 2.0
    assert four.memory is None


def test_a_missed_precision_is_reported_as_the_precision_that_was_reached(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [2.0, 2.2, 1.8, 2.1, 1.9, 2.0, 2.0], TWO: [1.0] * 7})
    strict = replace(results, study=replace(results.study, precision=0.001))
    two = analysed(strict, "process2")
    assert two.speedup is not None
    assert two.missed_precision == two.speedup.relative_half_width
    assert analysed(strict, "serial").missed_precision is None
    assert analysed(results, "process2").missed_precision is None


def test_native_threads_are_counted_where_they_exceed_the_cpus(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [2.0] * 7, TWO: [1.0] * 7})
    workers = {"serial": {"native_threads": {"libopenblas": 3}}}
    loaded = replace(results, environment=environment_of({**results.environment, "workers": workers}))
    assert analysed(loaded, "process2").native_threads is None
    # The interpreter uses more CPU time than its main thread: the threads are not only loaded.
    samples = tuple(replace(sample, own_cpu_s=1.5, main_cpu_s=1.0) for sample in results.samples)
    used = replace(loaded, samples=samples)
    threads = analysed(used, "process2").native_threads
    assert threads is not None
    assert (threads.per_worker, threads.per_cpu) == (3, 3.0)
    assert analysed(used, "serial").native_threads is None
    assert analysed(results, "process2").native_threads is None


def test_swept_numbers_are_numbers_and_part_of_the_name(make_results: MakeResults) -> None:
    key = "workload.items.count"
    cells = [replace(TWO, id=f"two{count}", swept={key: count}) for count in ("10", "1e3", "many")]
    study = analyse(make_results({SERIAL: [2.0] * 7, **{sized: [1.0] * 7 for sized in cells}}, swept=()))
    assert [study.cells[sized.id].name for sized in cells] == [
        "process × 2 (count=10)",
        "process × 2 (count=1000)",
        "process × 2 (count=many)",
    ]


def test_cells_are_compared_in_the_repetitions_that_all_of_them_have(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [1.0, 2.0, "interrupted"], TWO: ["interrupted", 4.0, 5.0]})
    (group,) = analyse(results).groups
    assert group.repetitions == 1
    assert np.isclose(value(analysed(results, "process2").speedup), 0.5)
