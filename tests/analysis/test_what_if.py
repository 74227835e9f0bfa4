"""What another number of items, another length of task or other workers would do."""

from dataclasses import replace
from typing import Any

import pytest

from runner.analysis.explain.causes import UNEVEN_TASKS
from runner.analysis.explain.start_up import INITIALIZER
from runner.analysis.what_if import analyse_what_if, predict
from runner.estimate import Estimate
from runner.facts import CellAnalysis, Factors, WhatIf, WhatIfPoint
from runner.modes import MODES
from runner.records import Mode
from tests.analysis_factories import analysed_cell, estimate, headline_runs, loss
from tests.factories import cell

ONE = Estimate.exact(1.0)


def model(*points: WhatIfPoint, **changes: Any) -> WhatIf:
    """99 tasks of 10 ms on four CPUs, which they keep busy, one in each chunk."""
    facts: dict[str, Any] = {
        "cells": ("process2",),
        "workload": "work",
        "executor": "process",
        "items": 99,
        "task_s": 0.01,
        "cpu_share": 1.0,
        "usable_cpus": 4,
        "tasks_per_chunk": 1,
        "points": points or (point(2),),
    }
    return WhatIf(**{**facts, **changes})


def point(
    workers: int,
    once_s: float = 0.1,
    round_s: float = 0.001,
    slowdown: float = 1.0,
    *,
    uneven: float = 0.0,
    speedup: float = 1.53,
) -> WhatIfPoint:
    bounds = Estimate(value=slowdown, low=0.9 * slowdown, high=1.1 * slowdown)
    return WhatIfPoint(
        workers=workers,
        once_s=once_s,
        uneven=uneven,
        round_s=round_s,
        slowdown=bounds,
        speedup=estimate(speedup),
    )


@pytest.mark.parametrize(
    ("items", "task_s", "time_s"),
    [
        (100, 0.01, 0.1 + 50 * 0.011),
        (101, 0.01, 0.1 + 51 * 0.011),  # one worker runs one more
        (100, 0.02, 0.1 + 50 * 0.021),
        (1, 0.01, 0.1 + 0.011),
        (1000, 0.01, 0.1 + 500 * 0.011),
    ],
)
def test_a_bag_takes_its_rounds_and_what_is_around_them(items: int, task_s: float, time_s: float) -> None:
    told = predict(model(), items, task_s, 2)
    assert told.time_s == pytest.approx(time_s)
    assert told.loop_s == items * task_s
    assert told.speedup.value == pytest.approx(items * task_s / time_s)


def test_chunks_are_the_rounds() -> None:
    told = predict(model(tasks_per_chunk=30), 100, 0.01, 2)  # four chunks, two for each worker
    assert told.time_s == pytest.approx(0.1 + 2 * (30 * 0.01 + 0.001))


def test_workers_cannot_use_more_than_the_cpus() -> None:
    told = predict(model(point(2, 0.0, 0.0), usable_cpus=2), 100, 0.01, 8)
    assert told.time_s == pytest.approx(0.5)
    assert told.most == 2.0


def test_tasks_that_wait_need_few_cpus() -> None:
    told = predict(model(point(2, 0.0, 0.0), usable_cpus=2, cpu_share=0.1), 100, 0.01, 10)
    assert told.time_s == pytest.approx(0.1)
    assert told.most == 10.0


def test_threads_under_a_gil_gain_nothing_from_workers_that_were_not_measured() -> None:
    gil = model(point(2, 0.0, 0.0, 2.0), point(4, 0.0, 0.0, 4.0))
    assert predict(gil, 96, 0.01, 16).speedup.value == pytest.approx(1.0)
    assert predict(gil, 96, 0.01, 3).speedup.value == pytest.approx(1.0)


def test_start_up_is_interpolated_and_continued() -> None:
    measured = model(point(2, 0.1, 0.0), point(4, 0.3, 0.0), usable_cpus=64)
    times = [predict(measured, 64, 0.01, workers).time_s - 0.64 / workers for workers in (2, 4, 8)]
    assert times == pytest.approx([0.1, 0.3, 0.7])


def test_the_interval_is_that_of_the_slowdown() -> None:
    told = predict(model(point(2, 0.0, 0.0, 1.2)), 100, 0.01, 2).speedup
    assert (told.low, told.value, told.high) == pytest.approx((2 / 1.32, 2 / 1.2, 2 / 1.08))


def test_uneven_tasks_cost_in_proportion_to_their_length() -> None:
    uneven = model(point(2, 0.0, 0.0, uneven=3.0))
    times = [predict(uneven, 100, task_s, 2).time_s for task_s in (0.01, 0.001)]
    assert times == pytest.approx([0.53, 0.053])


def test_a_chunk_is_no_larger_than_the_bag() -> None:
    told = predict(model(tasks_per_chunk=1000), 100, 0.01, 4)
    assert told.time_s == pytest.approx(0.1 + 100 * 0.01 + 0.001)


def test_no_prediction_exceeds_what_is_possible() -> None:
    quick = model(point(2, 0.0, 0.0, 0.8))
    told = predict(quick, 200, 0.01, 2)
    assert (told.speedup.value, told.speedup.high, told.most) == (2.0, 2.0, 2.0)
    measured = predict(model(point(2, speedup=2.5)), 99, 0.01, 2)  # noise made it faster than that
    assert measured.most == measured.speedup.value == 2.5


def test_a_slowdown_that_falls_is_not_continued_to_zero() -> None:
    falling = model(point(2, 0.0, 0.0, 1.5), point(4, 0.0, 0.0, 1.2), usable_cpus=None, cpu_share=0.0)
    assert predict(falling, 128, 0.01, 128).speedup.value == pytest.approx(128.0)


@pytest.mark.parametrize(
    ("items", "task_s", "workers", "is_extrapolated"),
    [(99, 0.01, 2, False), (200, 0.01, 2, True), (99, 0.02, 2, True), (99, 0.01, 3, True)],
)
def test_what_was_not_measured_is_marked(
    items: int, task_s: float, workers: int, *, is_extrapolated: bool
) -> None:
    assert predict(model(), items, task_s, workers).is_extrapolated is is_extrapolated


# --- from cells ---------------------------------------------------------------------------------------


def explained(workers: int, wall_s: float = 1.0, **changes: Any) -> CellAnalysis:
    """A pool of two tasks that take a quarter longer than in the loop, with 0.2 s around them."""
    runs = tuple(replace(run, start_s=0.15, end_s=0.05) for run in headline_runs([wall_s] * 7, 1.0, workers))
    ones = dict.fromkeys(Factors.__dataclass_fields__, ONE)
    factors = Factors(**{**ones, "computation_scaling": Estimate.exact(0.8)})
    facts: dict[str, Any] = {"runs": runs, "factors": factors, "wall_s": wall_s, "speedup": 1.0 / wall_s}
    return analysed_cell("process", workers, **{**facts, **changes})


def models(*pools: CellAnalysis, mode: Mode = Mode.tasks) -> list[WhatIf]:
    loop = analysed_cell("serial", wall_s=1.0)  # two tasks of half a second
    return list(analyse_what_if({cell.cell.id: cell for cell in (loop, *pools)}, MODES[mode]))


def test_the_rest_of_the_measured_time_is_dispatch() -> None:
    (made,) = models(explained(2))
    assert (made.items, made.task_s, made.cpu_share) == (2, 0.5, 1.0)
    (measured,) = made.points
    assert measured.once_s == pytest.approx(0.2)
    assert measured.slowdown.value == pytest.approx(1.25)
    assert measured.round_s == pytest.approx(1.0 - 0.2 - 0.5 * 1.25)


def test_what_uneven_tasks_cost_is_in_lengths_of_a_task() -> None:
    (made,) = models(explained(2, losses=(loss(0.1, UNEVEN_TASKS),)))
    assert made.points[0].uneven == pytest.approx(0.1 / 0.5)
    assert made.points[0].round_s == pytest.approx(0.075)


def test_what_each_worker_prepares_costs_once() -> None:
    (made,) = models(explained(2, losses=(loss(0.1, INITIALIZER),)))
    assert made.points[0].once_s == pytest.approx(0.3)
    assert made.points[0].round_s == pytest.approx(0.075)


def test_pools_that_need_fewer_cpus_than_the_loop_bound_its_share() -> None:
    greedy = analysed_cell("serial", wall_s=1.0, cpu_s=estimate(1.9))  # its native threads spin
    pool = explained(2, wall_s=0.7)
    (made,) = analyse_what_if({cell.cell.id: cell for cell in (greedy, pool)}, MODES[Mode.tasks])
    assert predict(made, 2, made.task_s, 2).time_s == pytest.approx(0.7)


def test_sizes_of_chunks_that_depend_on_the_workers_have_no_model() -> None:
    assert models(explained(2, tasks_per_chunk=1), explained(4, tasks_per_chunk=2)) == []


def test_a_baseline_with_workers_is_no_loop() -> None:
    base = cell("process", 2)
    base = replace(base, baseline=base.id)
    pools = {"process2": analysed_cell(cell=base), "process4": explained(4)}
    other = replace(pools["process4"], cell=replace(pools["process4"].cell, baseline="process2"))
    assert list(analyse_what_if({**pools, "process4": other}, MODES[Mode.tasks])) == []


def test_tasks_that_are_quicker_than_their_slowdown_says_have_less_of_it() -> None:
    (made,) = models(explained(2, wall_s=0.75))
    assert made.points[0].round_s == 0.0
    assert made.points[0].slowdown.value == pytest.approx(0.55 / 0.5)


@pytest.mark.parametrize("wall_s", [0.75, 1.0, 3.0])
def test_the_model_gives_the_times_that_were_measured(wall_s: float) -> None:
    (made,) = models(explained(2, wall_s), explained(4, 0.9))
    for workers, measured_s in ((2, wall_s), (4, 0.9)):
        assert predict(made, 2, made.task_s, workers).time_s == pytest.approx(measured_s)


@pytest.mark.parametrize(
    "changes", [{"factors": None}, {"shares_event_loop": True}, {"runs": ()}, {"tasks": None}]
)
def test_a_pool_that_was_not_explained_has_no_model(changes: dict[str, Any]) -> None:
    assert models(explained(2, **changes)) == []


@pytest.mark.parametrize("mode", [Mode.weak, Mode.throughput])
def test_other_modes_have_no_model(mode: Mode) -> None:
    assert models(explained(2), mode=mode) == []
