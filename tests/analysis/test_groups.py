"""Groups of cells: where they differ, their quickest snippets, and groups that do the same work."""

from dataclasses import replace

import pytest

from runner.analysis.group import analyse_groups
from runner.analysis.headline import CellTimes
from runner.analysis.intervals import Level
from runner.analysis.study import analyse
from runner.estimate import Estimate
from runner.facts import CellAnalysis, GroupAnalysis, TaskAnalysis
from runner.records import Cell
from tests.analysis_factories import analysed_cell, analysed_snippet
from tests.factories import SETTINGS, MakeResults, cell

LEVEL = Level(0.95, 1)
NOISE = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01]
OTHER_NOISE = [1.01, 0.98, 1.0, 0.99, 1.02, 1.01, 0.98]


def group_of(*snippets: TaskAnalysis, repetitions: int = 9) -> GroupAnalysis:
    """Analyse the group of a loop with some snippets."""
    serial: CellAnalysis = analysed_cell()
    times = CellTimes({"serial": dict.fromkeys(range(1, repetitions + 1), 1.0)}, LEVEL)
    (group,) = analyse_groups({"serial": serial}, snippets, times)
    return group


def snippet(label: str, relative: float, *, among_best: bool | None) -> TaskAnalysis:
    ratio = Estimate(value=relative, low=0.9 * relative, high=1.1 * relative)
    return analysed_snippet(label, relative * 1e-6, relative=ratio, among_best=among_best)


def test_the_quickest_snippet_and_the_next_are_ranked() -> None:
    ranking = group_of(
        snippet("sum", 1.5, among_best=False),
        snippet("list", 1.0, among_best=True),
        snippet("set", 3.0, among_best=False),
    ).snippets
    assert ranking is not None
    assert (ranking.quickest.label, ranking.next.label, ranking.rivals) == ("list", "sum", ())
    assert (ranking.repetitions, ranking.needed_repetitions) == (9, LEVEL.to_compare(3).fewest_blocks)


def test_snippets_that_are_not_measurably_slower_are_rivals() -> None:
    rivals = [snippet(name, 1.01, among_best=True) for name in ("tuple", "sum")]
    ranking = group_of(
        snippet("loop", 2.0, among_best=False), *rivals, snippet("list", 1.0, among_best=True)
    ).snippets
    assert ranking is not None
    assert (ranking.quickest.label, ranking.rivals) == ("list", ("tuple", "sum"))


def test_one_snippet_or_a_function_has_no_ranking() -> None:
    assert group_of(snippet("list", 1.0, among_best=True)).snippets is None
    assert group_of().snippets is None


def two_pythons() -> tuple[Cell, Cell]:
    """Make the plain loop of two interpreters."""
    old = cell("serial", None, python="3.11.7")
    return old, replace(old, id="new", baseline="new", python="3.13.0")


def test_a_group_is_distinguished_from_others_by_the_settings_that_its_cells_share(
    make_results: MakeResults,
) -> None:
    old, new = two_pythons()
    pool = replace(cell("process", 2), id="pool", baseline="new", python="3.13.0")
    study = analyse(make_results({old: NOISE, new: NOISE, pool: NOISE}))
    assert [group.where for group in study.groups] == [{"python": "3.11.7"}, {"python": "3.13.0"}]
    assert [group.baseline for group in study.groups] == ["serial", "new"]


def test_a_single_group_needs_no_settings_to_distinguish_it(make_results: MakeResults) -> None:
    (group,) = analyse(make_results({cell("serial", None): NOISE, cell("process", 2): NOISE})).groups
    assert group.where == {}


@pytest.mark.parametrize("times", [2.0, 1.001])
def test_groups_that_do_the_same_work_are_compared_by_their_recommended_cells(
    make_results: MakeResults, times: float
) -> None:
    old, new = two_pythons()
    (work,) = analyse(make_results({old: [times * n for n in NOISE], new: OTHER_NOISE})).work
    assert (work.groups, work.fastest) == (("new", "serial"), "new")
    assert work.second is not None
    assert (work.second.slower, work.second.faster) == ("serial", "new")
    assert work.second.ratio.value == pytest.approx(times)
    assert work.second.ratio.excludes(1) is (times > 1.5)


def test_groups_of_different_work_and_single_groups_are_not_compared(make_results: MakeResults) -> None:
    old, new = two_pythons()
    assert analyse(make_results({old: NOISE})).work == ()
    workload = {**SETTINGS["workload"], "items": [1, 2, 3]}
    other = replace(new, settings={**SETTINGS, "workload": workload})
    assert analyse(make_results({old: NOISE, other: NOISE})).work == ()
