"""The cells that a scaling law is fitted to, and its results."""

from typing import Any

import pytest

from runner.analysis.curves import analyse_laws
from runner.analysis.headline import CellTimes
from runner.analysis.intervals import Level
from runner.analysis.machine import Machine
from runner.facts import CellAnalysis, Factors, LawAnalysis, NotIdentifiable
from runner.modes import MODES
from runner.records import Mode
from tests.analysis_factories import analysed_cell, estimate
from tests.factories import CPU, cell

ALPHA = 0.1


def factors(granularity: float) -> Factors:
    exactly_1 = estimate(1.0)
    return Factors(
        attributed_speedup=exactly_1,
        serial_overhead=exactly_1,
        computation_scaling=exactly_1,
        cpu_scaling=None,
        on_cpu=None,
        granularity=estimate(granularity),
        placement=exactly_1,
        dispatch_efficiency=exactly_1,
        pool_efficiency=exactly_1,
    )


def pool(workers: int, **changes: Any) -> CellAnalysis:
    return analysed_cell("process", workers, **{"factors": factors(0.5), **changes})


def laws(
    cells: list[CellAnalysis], *, cpus: int = 64, repetitions: int = 7, mode: Mode = Mode.tasks
) -> tuple[LawAnalysis, ...]:
    """Fit laws to times that follow Amdahl's, each twice as long because of uneven tasks."""
    times = {
        cell.cell.id: dict.fromkeys(
            range(1, repetitions + 1),
            2 * (1 + ALPHA * (cell.cell.workers - 1)) / cell.cell.workers if cell.cell.workers else 1.0,
        )
        for cell in cells
    }
    machine = Machine({"start": {"cpu": {**CPU, "affinity": list(range(cpus))}}})
    by_id = {cell.cell.id: cell for cell in cells}
    return analyse_laws(by_id, CellTimes(times, Level(0.95, 1)), machine, MODES[mode])


SERIAL = analysed_cell("serial")


def test_both_laws_are_fitted_to_cells_that_differ_in_workers_only() -> None:
    amdahl, usl = laws([SERIAL, *(pool(workers) for workers in (8, 1, 4, 2))])
    assert (amdahl.law, usl.law) == ("amdahl", "usl")
    assert amdahl.alpha is not None
    assert amdahl.alpha.value == pytest.approx(ALPHA, abs=1e-3)
    assert amdahl.cells == ("process1", "process2", "process4", "process8")
    assert (amdahl.workload, amdahl.name, amdahl.levels, amdahl.unattributed) == ("work", "process", 4, 0)
    assert usl.problem == NotIdentifiable(reason="levels", found=4, needed=6)
    assert usl.curve is None


def test_the_curve_is_without_the_effect_of_granularity() -> None:
    amdahl, _ = laws([SERIAL, *(pool(workers) for workers in (1, 2, 4, 8))])
    assert amdahl.curve is not None
    assert set(amdahl.curve.measured) == {1, 2, 4, 8}
    assert amdahl.curve.measured[8] == pytest.approx([8 / 1.7] * 7, rel=1e-2)


def test_failed_and_unattributed_cells_are_left_out() -> None:
    cells = [SERIAL, *(pool(workers) for workers in (1, 2, 4, 8)), pool(16, factors=None)]
    amdahl, _ = laws([*cells, pool(32, status="failed")])
    assert (amdahl.levels, amdahl.unattributed) == (4, 1)
    assert len(amdahl.cells) == 6


@pytest.mark.parametrize(("cpu_s", "levels"), [(1.0, 2), (0.05, 4)])
def test_more_workers_than_cpus_count_only_where_tasks_wait(cpu_s: float, levels: int) -> None:
    serial = analysed_cell("serial", cpu_s=estimate(cpu_s))
    amdahl, _ = laws([serial, *(pool(workers) for workers in (1, 2, 4, 8))], cpus=2)
    assert amdahl.levels == levels


def test_curves_are_named_by_the_settings_that_differ() -> None:
    cells = [
        analysed_cell(cell=cell("process", workers, id=f"{size}-{workers}", chunk_size=size))
        for size in (1, 10)
        for workers in (1, 2)
    ]
    assert [law.name for law in laws([SERIAL, *cells])[::2]] == [
        "process (chunk_size=1)",
        "process (chunk_size=10)",
    ]


def test_few_repetitions_identify_no_law() -> None:
    cells = [SERIAL, *(pool(workers) for workers in (1, 2, 4, 8))]
    assert [law.problem for law in laws(cells, repetitions=5)] == [
        NotIdentifiable(reason="repetitions", found=5, needed=6)
    ] * 2


@pytest.mark.parametrize("mode", [Mode.weak, Mode.throughput])
def test_laws_are_about_one_bag(mode: Mode) -> None:
    assert {law.problem for law in laws([SERIAL, pool(1), pool(2)], mode=mode)} == {
        NotIdentifiable(reason="mode")
    }


def test_a_study_of_plain_loops_has_no_curve() -> None:
    assert laws([SERIAL]) == ()
