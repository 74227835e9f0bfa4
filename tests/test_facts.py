"""Properties of an analysed study."""

from tests.analysis_factories import analysed_cell, analysed_study
from tests.factories import cell


def test_the_repetitions_of_a_workload_are_those_in_which_all_compared_cells_succeeded() -> None:
    study = analysed_study(
        [
            analysed_cell("serial", repetitions=4),
            analysed_cell("process", 2, repetitions=3),
            analysed_cell("process", 4, status="failed"),
            analysed_cell(cell=cell("serial", None, id="lone", baseline="lone"), status="failed"),
            analysed_cell(cell=cell("serial", None, id="other", baseline="other", workload="other")),
        ]
    )
    assert {name: study.repetitions_of(name) for name in study.workloads} == {"work": 3, "other": 7}


def test_a_workload_that_failed_has_no_repetitions() -> None:
    assert analysed_study([analysed_cell("serial", status="failed")]).repetitions_of("work") == 0


def test_an_analysed_study_has_a_hash() -> None:
    cells = [analysed_cell("serial"), analysed_cell("process", 2, speedup=2.0, wall_s=0.5)]
    assert hash(analysed_study(cells)) == hash(analysed_study(cells))
