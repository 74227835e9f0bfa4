"""The CSV files of an analysed study."""

import csv
import io
from typing import Any

from runner.analysis.explain import causes, start_up
from runner.facts import Factors, LawAnalysis, Memory, NotIdentifiable
from runner.records import Mode
from runner.report.csv_tables import (
    render_break_even,
    render_fits,
    render_known_answers,
    render_summary,
    render_tasks,
)
from tests.analysis_factories import (
    analysed_cell,
    analysed_snippet,
    analysed_study,
    estimate,
    loss,
    study_facts,
)
from tests.report import golden_studies


def rows(text: str | None) -> list[dict[str, str]]:
    assert text is not None
    return list(csv.DictReader(io.StringIO(text)))


def summary_of(*, mode: Mode = Mode.tasks, swept: tuple[str, ...] = (), **changes: Any) -> dict[str, str]:
    cells = [analysed_cell(), analysed_cell("process", 2, **changes)]
    _, row = rows(render_summary(analysed_study(cells, study=study_facts(mode, swept=swept))))
    return row


def test_the_columns_that_name_a_cell_come_first_then_swept_settings() -> None:
    row = summary_of(swept=("env.N",))
    assert list(row)[:8] == [
        *("cell", "workload", "executor", "workers", "chunk_size", "python", "env.N", "baseline")
    ]


def test_an_estimate_is_three_columns_and_an_unknown_one_empty() -> None:
    row = summary_of(wall_s=0.5, speedup=2.0)
    assert [row[name] for name in ("wall_s", "wall_s_low", "wall_s_high")] == ["0.5", "0.475", "0.525"]
    assert [row[name] for name in ("warm_speedup", "warm_speedup_low")] == ["", ""]


def test_a_failed_cell_has_no_figures_but_a_note() -> None:
    row = summary_of(status="crashed", error="a worker died")
    assert (row["status"], row["wall_s"], row["speedup"]) == ("crashed", "", "")
    assert row["note"] == "crashed: a worker died"


def test_the_main_loss_is_a_code_and_a_share_with_bounds() -> None:
    row = summary_of(losses=(loss(0.5, causes.LOCK), loss(0.1, start_up.POOL_START)))
    assert [row[f"main_loss{name}"] for name in ("", "_share", "_share_low", "_share_high")] == [
        *("gil_or_lock", "0.5", "0.475", "0.525")
    ]


def test_factors_are_columns() -> None:
    neutral = estimate(1.0)
    factors = Factors(
        attributed_speedup=estimate(1.9),
        serial_overhead=neutral,
        computation_scaling=neutral,
        cpu_scaling=None,
        on_cpu=None,
        granularity=neutral,
        placement=neutral,
        dispatch_efficiency=neutral,
        pool_efficiency=neutral,
    )
    row = summary_of(factors=factors)
    assert (row["attributed_speedup"], row["cpu_scaling"], row["granularity"]) == ("1.9", "", "1.0")


def test_a_mode_has_its_own_columns() -> None:
    assert "bag_s" not in summary_of()
    assert summary_of(mode=Mode.weak, bag_s=estimate(0.5), bags=2)["bag_s"] == "0.5"
    assert summary_of(mode=Mode.throughput, tasks_per_s=estimate(160.0))["tasks_per_s"] == "160.0"


def test_missing_memory_has_its_reason_in_the_note() -> None:
    row = summary_of(memory=Memory(peak_pss_bytes=None, error="the process ended at once"))
    assert (row["peak_pss_bytes"], row["note"]) == ("", "memory: the process ended at once")


def test_every_task_has_a_row_after_the_name_of_its_cell() -> None:
    snippet = analysed_snippet("list", 1e-6, relative=estimate(1.0), among_best=True)
    (row,) = rows(render_tasks(analysed_study([analysed_cell()], tasks=(snippet,))))
    assert (row["cell"], row["executor"], row["label"]) == ("serial", "serial", "list")
    assert (row["time_s"], row["among_best"], row["per_call"]) == ("1e-06", "True", "True")


def test_a_law_that_cannot_be_fitted_says_why() -> None:
    law = LawAnalysis(
        law="amdahl",
        workload="work",
        cells=("process2",),
        name="process",
        levels=1,
        unattributed=1,
        alpha=None,
        beta=None,
        peak_workers=None,
        curve=None,
        problem=NotIdentifiable(reason="levels", found=1, needed=4),
    )
    cells = [analysed_cell(), analysed_cell("process", 2)]
    (row,) = rows(render_fits(analysed_study(cells, laws=(law,))))
    assert "workers" not in row
    assert (row["executor"], row["law"], row["levels"], row["alpha"]) == ("process", "amdahl", "1", "")
    assert row["note"] == "not identifiable: 1 number of workers, 4 needed (1 of 1 cell cannot be explained)"


def test_the_row_of_a_break_even_names_its_pool_without_the_size() -> None:
    (row,) = rows(render_break_even(golden_studies.sizes()))
    assert (row["executor"], row["workers"], row["workload.items.count"]) == ("process", "2", "")
    assert (row["size"], row["sizes"]) == ("workload.items.count", "3")
    assert (row["break_even"], row["break_even_high"], row["note"]) == ("72.3", "inf", "")
    assert render_break_even(golden_studies.pools()) is None


def test_known_answers_have_a_row_for_every_outcome() -> None:
    study = golden_studies.known_answers()
    answers = rows(render_known_answers(study))
    assert [row["outcome"] for row in answers] == [
        *("holds", "does not hold", "cannot tell", "not run", "not run")
    ]
    assert [row["expected"] for row in answers[:3]] == ["2 ± 5%", "3.43 ± 5%", "2 in interval"]
    assert [row["disturbed"] for row in answers] == ["1", "1", "1", "", ""]
    assert answers[0]["because"] == "there are two workers"
    assert answers[3]["because"] == "not run: the study has no such cell"
    assert render_known_answers(golden_studies.pools()) is None
