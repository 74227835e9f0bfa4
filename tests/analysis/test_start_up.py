"""The start of workers, injected into runs whose every figure is known."""

from typing import Any

import pytest

from runner.analysis.explain import causes
from runner.analysis.explain.attribution import TracedRun
from runner.analysis.explain.causes import Setting, losses
from runner.analysis.explain.first_tasks import FIRST_TASKS
from runner.analysis.explain.start_up import (
    INITIALIZER,
    LATE_WORKERS,
    MODULE_IMPORT,
    POOL_START,
    RESTARTS,
    WorkerStart,
    start_detail,
    with_start_remedy,
)
from runner.facts import Cause, InEachWorker, Restarts
from tests.analysis.traced_runs import TracedTask, traced_run, traced_task


def loop(initializer_s: float = 0.0, process_cpu_s: float | None = None) -> TracedRun:
    """Eight tasks of a second, after an initializer."""
    return traced_run(-initializer_s, 8.0, [traced_task(0, float(i)) for i in range(8)], process_cpu_s)


def two_lanes(gap: float = 0.0, late: float = 0.0) -> list[TracedTask]:
    return [traced_task(i % 2, i // 2 * (1 + gap) + i % 2 * late) for i in range(8)]


def lost(serial: TracedRun, parallel: TracedRun, workers: int = 2, **start: Any) -> dict[Cause, float]:
    setting = Setting(workers=workers, cpus=2, threads=False, start=WorkerStart(**start))
    by_cause = losses(serial, parallel, setting)
    assert sum(by_cause.values()) == pytest.approx(workers * parallel.wall_s - serial.busy_s)
    return {cause: seconds for cause, seconds in by_cause.items() if abs(seconds) > 1e-9}


@pytest.mark.parametrize("seconds", [0.5, 2.0])
def test_the_initializer_costs_every_worker_what_it_takes_in_the_loop(seconds: float) -> None:
    pool = traced_run(-seconds - 0.25, 4.0, two_lanes())
    assert lost(loop(seconds), pool, has_initializer=True) == {INITIALIZER: 2 * seconds, POOL_START: 0.5}


def test_without_an_initializer_the_time_before_the_tasks_of_the_loop_is_not_attributed_to_one() -> None:
    assert lost(loop(0.5), traced_run(-0.5, 4.0, two_lanes())) == {POOL_START: 1.0}


def test_workers_that_start_one_after_another_run_the_initializer_late() -> None:
    pool = traced_run(-0.5, 4.25, two_lanes(late=0.25))
    by_cause = lost(loop(0.5), pool, has_initializer=True)
    assert by_cause[INITIALIZER] == 1.0
    assert by_cause[LATE_WORKERS] == 0.25
    by_cause = lost(loop(0.625), pool, has_initializer=True)
    assert by_cause[INITIALIZER] == 1.25
    assert LATE_WORKERS not in by_cause


@pytest.mark.parametrize(("cpu_s", "initializer", "rest"), [(0.5, 4.0, 0.0), (0.0, 2.0, 2.0)])
def test_an_initializer_that_computes_takes_longer_where_cpus_are_few(
    cpu_s: float, initializer: float, rest: float
) -> None:
    tasks = [traced_task(i % 4, i // 4 * 2.0, 2.0, cpu=1.0, run_delay=1.0) for i in range(8)]
    by_cause = lost(loop(0.5, 8.0 + cpu_s), traced_run(-1.0, 4.0, tasks), 4, has_initializer=True)
    assert by_cause[INITIALIZER] == initializer
    assert by_cause.get(POOL_START, 0.0) == rest


def test_threads_that_share_a_gil_run_an_initializer_that_computes_one_after_another() -> None:
    pool = traced_run(-1.0, 4.0, two_lanes())
    by_cause = lost(loop(0.5, 8.5), pool, has_initializer=True, shares_interpreter=True)
    assert by_cause == {INITIALIZER: 2.0}


@pytest.mark.parametrize("seconds", [0.25, 1.0])
def test_workers_that_inherit_nothing_import_the_module(seconds: float) -> None:
    pool = traced_run(-seconds - 0.25, 4.0, two_lanes())
    assert lost(loop(), pool, import_s=seconds) == {MODULE_IMPORT: 2 * seconds, POOL_START: 0.5}


def test_imports_that_the_pool_itself_needs_belong_to_its_start() -> None:
    assert lost(loop(), traced_run(-0.25, 4.0, two_lanes()), import_s=0.04) == {POOL_START: 0.5}


def test_no_more_time_is_attributed_than_was_lost() -> None:
    pool = traced_run(-1.0, 4.0, two_lanes())
    by_cause = lost(loop(0.75), pool, has_initializer=True, import_s=5.0)
    assert by_cause == {INITIALIZER: 1.5, MODULE_IMPORT: 0.5}


def replaced(gaps: tuple[float, ...], each: int) -> list[TracedTask]:
    """One lane whose worker is replaced after a number of tasks; the other lane has a worker of its own."""
    tasks, started = [traced_task(1, float(i), thread=99) for i in range(8 - len(gaps))], 0.0
    for task, gap in enumerate(gaps):
        started += gap
        tasks.append(traced_task(0, started, thread=task // each))
        started += 1
    return tasks


@pytest.mark.parametrize("gap", [0.5, 2.0])
def test_the_gap_before_a_replaced_worker_is_its_restart(gap: float) -> None:
    pool = traced_run(0.0, 4 + gap, replaced((0.0, 0.0, gap, 0.0), 2))
    assert lost(loop(), pool)[RESTARTS] == pytest.approx(gap)


def test_the_usual_gap_between_tasks_is_dispatch() -> None:
    pool = traced_run(0.0, 6.0, replaced((0.0, 0.25, 1.25, 0.25), 2))
    by_cause = lost(loop(), pool)
    assert by_cause[RESTARTS] == pytest.approx(1.25)  # the median of the other gaps is that of both lanes
    assert by_cause[causes.DISPATCH] == pytest.approx(0.5)


def test_a_pool_with_a_worker_for_each_task_restarts_before_every_one() -> None:
    pool = traced_run(0.0, 5.5, replaced((0.0, 0.5, 0.5, 0.5), 1))
    assert lost(loop(), pool)[RESTARTS] == pytest.approx(1.5)


def test_figures_of_losses_at_the_start() -> None:
    pair = loop(0.5), traced_run(0.0, 5.5, replaced((0.0, 0.5, 0.5, 0.5), 1))
    start = WorkerStart(has_initializer=True, import_s=0.75)
    assert start_detail(INITIALIZER, [pair], start) == InEachWorker(seconds=0.5)
    assert start_detail(MODULE_IMPORT, [pair], start) == InEachWorker(seconds=0.75)
    assert start_detail(RESTARTS, [pair], start) == Restarts(count=3, seconds=0.5)
    assert start_detail(POOL_START, [pair], start) is None


@pytest.mark.parametrize(
    ("cause", "start", "pool", "remedy"),
    [
        (INITIALIZER, {"shares_interpreter": True}, {}, "threads share it"),
        (INITIALIZER, {"method": "fork"}, {}, "forked workers inherit it"),
        (INITIALIZER, {"method": "spawn"}, {}, "fewer workers, or memory-map"),
        (FIRST_TASKS, {"method": "fork"}, {}, "forked workers inherit it"),
        (FIRST_TASKS, {"method": "spawn"}, {}, "keep one pool open"),
        (MODULE_IMPORT, {"method": "spawn"}, {}, "executor.start_method=fork"),
        (MODULE_IMPORT, {}, {}, "keep the pool open"),
        (RESTARTS, {}, {"max_tasks_per_child": 25}, "a larger max_tasks_per_child"),
        (RESTARTS, {}, {"_target_": "a.ProcessPerTask"}, "executor=process"),
        (POOL_START, {"method": "fork"}, {}, "keep one pool open"),
    ],
)
def test_remedies_fit_how_workers_start(
    cause: Cause, start: dict[str, Any], pool: dict[str, Any], remedy: str
) -> None:
    fitting = with_start_remedy(cause, WorkerStart(**start), pool)
    assert remedy in fitting.remedy
    assert fitting.code == cause.code
