"""Which snippet is the quickest, and on which interpreter the same work is fastest."""

from dataclasses import replace

import pandas as pd
import pytest

from runner.analysis.intervals import Level
from runner.analysis.rankings import fastest_group, quickest_snippet
from runner.analysis.tables import tabulate
from runner.records import Cell
from tests.made import MakeResults, cell

LEVEL = Level(0.95, 1)
NOISE = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01]
OTHER_NOISE = [1.01, 0.98, 1.0, 0.99, 1.02, 1.01, 0.98]


def snippets(*rows: tuple[str, float, float, float, bool | None]) -> pd.DataFrame:
    """Make the snippets of a cell: label, times as long as the quickest, bounds, whether among the best."""
    columns = ["label", "relative", "relative_low", "relative_high", "among_best"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(time_s=frame["relative"] * 1e-6)


def test_the_quickest_snippet_is_named_with_the_distance_of_the_next() -> None:
    tasks = snippets(
        ("sum", 1.5, 1.4, 1.6, False), ("list", 1.0, 1.0, 1.0, True), ("set", 3.0, 2.0, 4.0, False)
    )
    assert quickest_snippet(tasks, 9, LEVEL) == (
        "'list' is the quickest snippet, 1.00 µs a call; "
        "the next, 'sum', takes 1.50 times as long (95% interval 1.40 to 1.60)"
    )


def test_snippets_that_are_level_with_the_quickest_are_named() -> None:
    level = [(name, 1.01, 0.99, 1.03, True) for name in ("tuple", "sum", "set", "dict")]
    told = "'list' is the quickest snippet, 1.00 µs a call, but not distinguishable from"
    one = snippets(("list", 1.0, 1.0, 1.0, True), *level[:1], ("loop", 2.0, 1.9, 2.1, False))
    assert quickest_snippet(one, 9, LEVEL) == f"{told} 'tuple'"
    many = snippets(("list", 1.0, 1.0, 1.0, True), *level)
    assert quickest_snippet(many, 9, LEVEL).endswith(" and 2 others")


def test_few_repetitions_give_a_range_and_claim_nothing() -> None:
    tasks = snippets(("list", 1.0, 1.0, 1.0, None), ("set", 2.0, 1.5, 2.5, None))
    assert "takes 2.00 times as long (range of fewer than 6 repetitions 1.50 to 2.50)" in quickest_snippet(
        tasks, 5, LEVEL
    )


def test_one_snippet_or_a_function_has_no_ranking() -> None:
    assert quickest_snippet(snippets(("list", 1.0, 1.0, 1.0, True)), 9, LEVEL) == ""


def two_pythons() -> tuple[Cell, Cell]:
    """Make the plain loop of two interpreters."""
    old = cell("serial", None, python="3.11.7")
    return old, replace(old, id="new", baseline="new", python="3.13.0")


@pytest.mark.parametrize(
    ("times", "told"),
    [
        (
            2.0,
            "; on python=3.11.7, serial takes 2.00 times as long",
        ),
        (
            1.001,
            ", but it is not distinguishable from python=3.11.7",
        ),
    ],
)
def test_the_interpreter_that_runs_the_work_fastest_is_named(
    make_results: MakeResults, times: float, told: str
) -> None:
    old, new = two_pythons()
    tables = tabulate(make_results({old: [times * n for n in NOISE], new: OTHER_NOISE}))
    groups = [("python=3.11.7", "serial"), ("python=3.13.0", "new")]
    assert fastest_group(groups, tables.summary, tables.times).startswith(
        f"python=3.13.0 is fastest: serial takes 1.00 s{told}"
    )


def test_one_group_is_compared_with_nothing(make_results: MakeResults) -> None:
    tables = tabulate(make_results({cell("serial", None): NOISE}))
    assert fastest_group([("", "serial")], tables.summary, tables.times) == ""
