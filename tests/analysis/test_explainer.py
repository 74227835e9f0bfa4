"""The traced runs that explain a cell."""

from dataclasses import replace

import pytest

from runner.analysis.study import analyse
from runner.estimate import Estimate
from runner.facts import CpusTogether, Unexplained
from runner.folder.environment_record import environment_of
from tests.factories import SETTINGS, MakeResults, cell

SERIAL, TWO = cell("serial", None), cell("process", 2)
WALLS = [1.0, 1.1, 0.9, 1.0, 1.2, 0.8, 1.0]


@pytest.mark.parametrize(
    ("added_s", "unexplained"),
    [
        ([0.04] * 7, None),
        ([0.06] * 7, Unexplained.SLOWED_BY_TRACING),
        # More than 5 % at the median, but some are less than nothing: that may be chance.
        ([-0.3, -0.2, 0.06, 0.07, 0.08, 0.3, 0.4], Unexplained.NO_LARGE_LOSS),
    ],
)
def test_a_separate_traced_run_explains_a_cell_unless_it_is_shown_to_be_slower(
    make_results: MakeResults, added_s: list[float], unexplained: Unexplained | None
) -> None:
    serial = [2 * wall for wall in WALLS]
    traced = [wall + more for wall, more in zip(WALLS, added_s, strict=True)]
    two = analyse(make_results({SERIAL: serial, TWO: WALLS}, separate_runs={TWO: traced})).cells[TWO.id]
    assert two.unexplained is unexplained
    if unexplained is Unexplained.SLOWED_BY_TRACING:
        assert (two.known_losses, two.factors) == (None, None)
    else:
        assert two.known_losses == two.losses


def test_a_plain_function_on_an_event_loop_is_not_explained(make_results: MakeResults) -> None:
    loop = cell("asyncio", 2, settings={**SETTINGS, "executor": ASYNC_POOL})
    analysed = analyse(make_results({SERIAL: WALLS, loop: WALLS})).cells[loop.id]
    assert analysed.unexplained is Unexplained.BLOCKS_EVENT_LOOP
    assert (analysed.losses, analysed.factors) == ((), None)


def test_a_cell_whose_trace_has_more_lanes_than_workers_is_not_attributed(make_results: MakeResults) -> None:
    results = make_results({SERIAL: WALLS, TWO: WALLS})
    pool = cell("process", 1, id=TWO.id)  # the records of two workers
    analysed = analyse(type(results)(**{**vars(results), "cells": (SERIAL, pool)})).cells[TWO.id]
    assert (analysed.losses, analysed.factors) == ((), None)
    assert analysed.unexplained is Unexplained.MORE_LANES


@pytest.mark.parametrize(
    ("walls", "unexplained"),
    [
        ([1.0] * 3, Unexplained.TOO_FEW_PAIRS),
        ([1.0] * 6 + ["failed"], Unexplained.NOT_MEASURED),
        ([1.0] * 7, Unexplained.NO_LARGE_LOSS),
    ],
)
def test_a_pool_without_losses_says_why(
    make_results: MakeResults, walls: list[float | str], unexplained: Unexplained
) -> None:
    study = analyse(make_results({SERIAL: [2.0] * len(walls), TWO: walls}))
    assert study.cells[TWO.id].unexplained is unexplained
    assert (study.cells[TWO.id].known_losses is None) == (unexplained is not Unexplained.NO_LARGE_LOSS)
    assert (study.cells[SERIAL.id].unexplained, study.cells[SERIAL.id].known_losses) == (None, ())


ASYNC_POOL = {"name": "asyncio", "pool": {"_target_": "runner_probe.adapters.asyncio_loop.AsyncioLoop"}}


@pytest.mark.parametrize(("held_share", "bound"), [(None, 1.0), (1.0, 1.0), (0.5, 2.0)])
def test_one_thread_bounds_the_tasks_of_an_event_loop(
    make_results: MakeResults, held_share: float | None, bound: float
) -> None:
    loop = cell("asyncio", 2, settings={**SETTINGS, "executor": ASYNC_POOL})
    results = make_results({SERIAL: WALLS, TWO: WALLS, loop: WALLS})
    facts = {} if held_share is None else {"held_share": held_share}
    study = analyse(
        replace(results, environment=environment_of({**results.environment, "workers": {SERIAL.id: facts}}))
    )
    analysed = study.cells[loop.id]
    assert analysed.speedup_bound == Estimate.exact(bound)
    assert study.cells[TWO.id].speedup_bound == Estimate.exact(2.0)
    assert analysed.bound_limit == ("event_loop" if bound == 1.0 else "workers")
    assert analysed.shares_event_loop
    assert analysed.limit is None


@pytest.mark.parametrize(("chunk_size", "chunk_bound"), [(1, None), (2, 1.0), (None, 1.0)])
def test_chunks_bound_a_pool_as_tasks_do(
    make_results: MakeResults, chunk_size: int | None, chunk_bound: float | None
) -> None:
    pool = cell("process", 2, chunk_size=chunk_size)
    analysed = analyse(make_results({SERIAL: WALLS, pool: WALLS})).cells[pool.id]
    assert analysed.speedup_bound == Estimate.exact(2.0)
    assert analysed.chunk_bound == (None if chunk_bound is None else Estimate.exact(chunk_bound))


@pytest.mark.parametrize("in_one_interpreter", [False, True])
def test_processes_of_the_same_group_distinguish_contention_for_objects_from_slow_memory(
    make_results: MakeResults,
    in_one_interpreter: bool,  # noqa: FBT001
) -> None:
    results = make_results({SERIAL: WALLS, cell("thread", 2): [2 * wall for wall in WALLS], TWO: WALLS})
    workers = {
        "thread2": {"in_one_interpreter": True, "gil_enabled": False},
        TWO.id: {"in_one_interpreter": in_one_interpreter, "gil_enabled": False},
    }
    study = analyse(replace(results, environment=environment_of({**results.environment, "workers": workers})))
    code = study.cells["thread2"].losses[0].cause.code
    assert code == ("slower_cpu" if in_one_interpreter else "shared_objects")


@pytest.mark.parametrize(("concurrency", "bound"), [(1, 1.0), (2, 2.0)])
def test_one_process_does_not_bound_tasks_that_wait_at_the_same_time(
    make_results: MakeResults, concurrency: int, bound: float
) -> None:
    pool = {"_target_": "runner_probe.adapters.asyncio_process.AsyncioProcess", "concurrency": concurrency}
    executor = {"name": "asyncio_process", "pool": pool}
    one_process = cell("asyncio_process", 1, settings={**SETTINGS, "executor": executor})
    computing, waiting = (
        analyse(make_results({SERIAL: WALLS, one_process: WALLS}, waits=waits)).cells[one_process.id]
        for waits in (False, True)
    )
    assert computing.speedup_bound == Estimate.exact(1.0)
    assert waiting.speedup_bound == Estimate.exact(bound)


def test_what_busy_cpus_deliver_together_is_part_of_the_loss(make_results: MakeResults) -> None:
    made = make_results({SERIAL: WALLS, TWO: [0.75 * wall for wall in WALLS]})
    speed = {"value": 0.75, "low": 0.7, "high": 0.8}
    study = analyse(replace(made, environment={**made.environment, "together": {"2": speed}}))
    loss = study.cells[TWO.id].losses[0]
    assert (loss.cause.code, loss.detail) == ("shared_cores", CpusTogether(cpus=2, delivered=1.5))
