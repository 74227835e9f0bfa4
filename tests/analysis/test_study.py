"""Whole folders, analysed."""

from runner.analysis.study import analyse
from tests.factories import MakeResults, cell


def test_a_study_of_wrong_results_only_is_analysed(make_results: MakeResults) -> None:
    results = make_results(
        {cell("serial", None): ["wrong_result"] * 3, cell("process", 2): ["wrong_result"] * 3}
    )
    study = analyse(results)
    assert {analysed.status for analysed in study.cells.values()} == {"wrong_result"}
    assert [warning.code for warning in study.warnings] == ["cells_failed"]
    assert study.groups[0].recommended is None
