"""The tables of folders whose figures are known."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from runner.analysis.tables import tabulate
from runner.records import UntimedRun
from tests.made import MakeResults, Walls, cell

SERIAL, TWO, FOUR = cell("serial", None), cell("process", 2), cell("process", 4)


def row(summary: pd.DataFrame, name: str) -> dict[str, Any]:
    (found,) = summary[summary["cell"] == name].to_dict("records")
    return {str(key): value for key, value in found.items()}


def test_a_speedup_is_the_ratio_of_medians(make_results: MakeResults) -> None:
    results = make_results(
        {SERIAL: [2.0, 2.0, 2.2, 1.9, 2.0, 2.0, 2.1], TWO: [1.0, 1.0, 1.1, 0.9, 1.0, 1.0, 1.0]}
    )
    summary = tabulate(results).summary
    assert row(summary, "process2")["speedup"] == 2.0
    assert row(summary, "process2")["efficiency"] == 1.0
    assert [row(summary, "serial")[key] for key in ("speedup", "speedup_low", "speedup_high")] == [
        1.0,
        1.0,
        1.0,
    ]


def test_every_figure_of_a_cell_has_an_interval(make_results: MakeResults) -> None:
    serial = [2.0, 2.1, 1.9, 2.2, 1.8, 2.3, 1.7]
    found = row(tabulate(make_results({SERIAL: serial, TWO: [1.0] * 7})).summary, "process2")
    for figure in ("wall_s", "cpu_s", "speedup", "efficiency", "speedup_of_best", "placement"):
        assert found[f"{figure}_low"] <= found[figure] <= found[f"{figure}_high"], figure
    assert found["efficiency_low"] == found["speedup_low"] / 2 < found["speedup_high"] / 2
    # The loop's tasks varied and the pool's did not: how they scale varies by as much.
    bounds = [found[f"computation_scaling{bound}"] for bound in ("_low", "", "_high")]
    assert bounds == pytest.approx([found[f"speedup{bound}"] / 2 for bound in ("_low", "", "_high")])


def test_only_repetitions_in_which_both_ended_well_count_for_a_pair(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [2.0] * 6 + [100.0], TWO: [1.0] * 6 + ["interrupted"]})
    assert row(tabulate(results).summary, "process2")["speedup_high"] == 2.0


@pytest.mark.parametrize("status", ["failed", "crashed", "timeout", "wrong_result"])
def test_a_cell_that_once_did_not_end_well_makes_no_claim(make_results: MakeResults, status: str) -> None:
    found = row(tabulate(make_results({SERIAL: [2.0] * 7, TWO: [1.0] * 6 + [status]})).summary, "process2")
    assert found["status"] == status
    for column in ("wall_s", "speedup", "efficiency", "cpu_scaling"):
        assert pd.isna(found[column])


def test_a_baseline_that_once_did_not_end_well_is_no_denominator(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [2.0] * 6 + ["wrong_result"], TWO: [1.0] * 7})
    found = row(tabulate(results).summary, "process2")
    assert (found["status"], found["wall_s"]) == ("ok", 1.0)
    assert pd.isna(found["speedup"])


def test_even_counts_of_repetitions_give_bounds_between_two_runs(make_results: MakeResults) -> None:
    walls = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7]
    found = row(tabulate(make_results({SERIAL: walls})).summary, "serial")
    assert found["wall_s"] == pytest.approx(1.35)
    assert 1.0 <= found["wall_s_low"] < found["wall_s"] < found["wall_s_high"] <= 1.7


def test_the_repetitions_are_told_beside_their_median(make_results: MakeResults) -> None:
    walls = [2.0, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9]
    found = row(tabulate(make_results({SERIAL: walls})).summary, "serial")
    spread = [found[f"wall_s_{name}"] for name in ("min", "p10", "p90", "max")]
    assert spread == pytest.approx([1.0, 1.1, 1.9, 2.0])


def test_a_failed_cell_keeps_its_row_and_says_why(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [2.0] * 7, TWO: ["timeout"]})
    found = row(tabulate(results).summary, "process2")
    assert found["status"] == "timeout"
    assert pd.isna(found["speedup"])
    assert "it went wrong" in str(found["note"])


def test_few_repetitions_are_noted_as_a_range(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [2.0, 2.1], TWO: [1.0, 1.2]})
    assert "range of 2 repetitions" in str(row(tabulate(results).summary, "process2")["note"])


def test_more_workers_than_cpus_are_noted(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [2.0] * 7, FOUR: [1.0] * 7})
    assert "4 workers on 2 CPUs" in str(row(tabulate(results).summary, "process4")["note"])


def test_the_gain_of_the_next_larger_count_is_its_own_ratio(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [4.0] * 7, TWO: [2.0] * 7, FOUR: [1.6] * 7})
    summary = tabulate(results).summary
    assert row(summary, "process4")["marginal_speedup"] == 1.25
    assert pd.isna(row(summary, "process2")["marginal_speedup"])


def test_a_bag_of_two_tasks_is_bounded_by_two(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [2.0] * 7, FOUR: [1.0] * 7})
    assert row(tabulate(results).summary, "process4")["speedup_bound"] == pytest.approx(2.0)


def test_the_factors_of_a_perfect_cell_are_one(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [2.0] * 7, TWO: [1.0] * 7})
    found = row(tabulate(results).summary, "process2")
    for factor in ("serial_overhead", "computation_scaling", "granularity", "placement", "pool_efficiency"):
        assert found[factor] == pytest.approx(1.0)
    assert found["attributed_speedup"] == pytest.approx(2.0)


def test_the_best_baseline_of_any_interpreter_is_a_reference_of_its_own(make_results: MakeResults) -> None:
    quick = replace(SERIAL, id="quick", baseline="quick", python="3.14t")
    results = make_results({SERIAL: [2.0] * 7, quick: [1.0] * 7, TWO: [1.0] * 7})
    summary = tabulate(results).summary
    assert row(summary, "process2")["speedup_of_best"] == 1.0
    assert row(summary, "serial")["speedup_of_best"] == 0.5


def test_every_task_of_every_cell_has_a_row(make_results: MakeResults) -> None:
    tasks = tabulate(make_results({SERIAL: [2.0] * 7, TWO: [1.0] * 7})).tasks
    assert tasks.groupby("cell").size().to_dict() == {"serial": 2, "process2": 2}
    assert tasks["time_s"].tolist() == pytest.approx([1.0] * 4)


def test_waiting_tasks_on_many_counts_of_workers_have_a_serial_fraction(make_results: MakeResults) -> None:
    counts = (1, 2, 4, 8)
    waiting = {cell("thread", count): [20 * (0.1 + 0.9 / count)] * 7 for count in counts}
    fits = tabulate(make_results({SERIAL: [20.0] * 7, **waiting})).fits
    amdahl = fits[fits["law"] == "amdahl"].iloc[0]
    assert amdahl["levels"] == 4
    assert amdahl["note"] == ""


def test_cpu_work_is_not_fitted_beyond_the_cpus(make_results: MakeResults) -> None:
    walls = {cell("thread", count): [1.0] * 7 for count in (1, 2, 4, 8)}
    fits = tabulate(make_results({SERIAL: [1.0] * 7, **walls})).fits
    assert fits["levels"].tolist() == [2, 2]
    assert fits["note"].str.startswith("not identifiable: 2 numbers of workers").all()


def test_a_disturbed_baseline_raises_no_bound_above_the_workers(make_results: MakeResults) -> None:
    walls: Walls = {SERIAL: [2.0, 2.0, 7.0, 2.0, 8.0, 9.0, 6.0], TWO: [1.0] * 7}
    found = row(tabulate(make_results(walls)).summary, "process2")
    assert found["speedup_bound"] <= 2.0 + 1e-9


def test_what_is_odd_about_a_cell_is_flagged(make_results: MakeResults) -> None:
    summary = tabulate(make_results({SERIAL: [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 5.0]})).summary
    assert row(summary, "serial")["flags"] == "1 outlier"


def test_a_baseline_of_other_work_is_no_best_one(make_results: MakeResults) -> None:
    small = {**SERIAL.settings, "workload": {**SERIAL.settings["workload"], "items": [1]}}
    quick = replace(SERIAL, id="quick", baseline="quick", settings=small)
    summary = tabulate(make_results({SERIAL: [2.0] * 7, quick: [0.1] * 7, TWO: [1.0] * 7})).summary
    assert row(summary, "process2")["speedup_of_best"] == 2.0


def test_the_memory_of_a_cell_is_told_or_why_it_is_not(make_results: MakeResults) -> None:
    looked = (
        UntimedRun(cell="serial", purpose="memory", started_at="", peak_pss_bytes=38_000_000, looks=9),
        UntimedRun(cell="process2", purpose="memory", started_at="", status="crashed", error="it died"),
    )
    walls: Walls = {SERIAL: [2.0] * 7, TWO: [1.0] * 7, FOUR: [1.0] * 7}
    summary = tabulate(replace(make_results(walls), untimed=looked)).summary
    assert row(summary, "serial")["peak_pss_bytes"] == 38_000_000
    assert pd.isna(row(summary, "process2")["peak_pss_bytes"])
    assert "memory: it died" in str(row(summary, "process2")["note"])
    assert row(summary, "process2")["speedup"] == 2.0
    assert "memory" not in str(row(summary, "process4")["note"])
