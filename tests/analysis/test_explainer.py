"""Which traced runs explain a cell."""

import pytest

from runner.analysis.facts import Unexplained
from runner.analysis.study import analyse
from tests.made import SETTINGS, MakeResults, cell

SERIAL, TWO = cell("serial", None), cell("process", 2)
WALLS = [1.0, 1.1, 0.9, 1.0, 1.2, 0.8, 1.0]


@pytest.mark.parametrize(
    ("added_s", "unexplained"),
    [
        ([0.04] * 7, None),
        ([0.06] * 7, Unexplained.SLOWED_BY_TRACING),
        # More than 5 % at the median, but some are less than nothing: that may be chance.
        ([-0.3, -0.2, 0.06, 0.07, 0.08, 0.3, 0.4], None),
    ],
)
def test_a_separate_traced_run_explains_a_cell_unless_it_is_shown_to_be_slower(
    make_results: MakeResults, added_s: list[float], unexplained: Unexplained | None
) -> None:
    serial = [2 * wall for wall in WALLS]
    traced = [wall + more for wall, more in zip(WALLS, added_s, strict=True)]
    two = analyse(make_results({SERIAL: serial, TWO: WALLS}, apart={TWO: traced})).cells[TWO.id]
    assert two.unexplained is unexplained
    if unexplained:
        assert (two.losses, two.factors) == ((), None)


def test_a_plain_function_on_an_event_loop_is_not_explained(make_results: MakeResults) -> None:
    pool = {"name": "asyncio", "pool": {"_target_": "runner_probe.adapters.asyncio_loop.AsyncioLoop"}}
    loop = cell("asyncio", 2, settings={**SETTINGS, "executor": pool})
    analysed = analyse(make_results({SERIAL: WALLS, loop: WALLS})).cells[loop.id]
    assert analysed.unexplained is Unexplained.BLOCKS_EVENT_LOOP
    assert (analysed.losses, analysed.factors) == ((), None)


def test_a_cell_whose_trace_has_more_lanes_than_workers_is_not_attributed(make_results: MakeResults) -> None:
    results = make_results({SERIAL: WALLS, TWO: WALLS})
    one = cell("process", 1, id=TWO.id)  # the records of two workers
    analysed = analyse(type(results)(**{**vars(results), "cells": (SERIAL, one)})).cells[TWO.id]
    assert (analysed.losses, analysed.factors) == ((), None)
