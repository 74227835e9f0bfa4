"""What workers load in their first task, injected into runs whose every figure is known."""

from dataclasses import replace
from typing import Any

import pytest

from runner.analysis.explain.attribution import TracedRun
from runner.analysis.explain.causes import COPIED_PAGES, OVERSUBSCRIBED, SLOWER_CPU, Setting, losses
from runner.analysis.explain.first_tasks import FIRST_TASKS
from runner.analysis.explain.start_up import WorkerStart, start_detail
from runner.facts import Cause, InEachWorker
from tests.analysis.traced_runs import traced_run, traced_task

EQUAL = [1.0] * 8
UNEVEN = [1.0, 2.0, 1.5, 0.5, 1.0, 1.0, 2.0, 1.0]
LONGEST_FIRST = [8.0, *[1.0] * 7]


def loading(
    seconds: float, workers: int, lengths: list[float], *, cpu_share: float = 1.0, slower: float = 1.0
) -> TracedRun:
    """Run tasks one after another in each worker; the first one of each loads something."""
    ends = dict.fromkeys(range(workers), 0.0)
    tasks = []
    for length in lengths:
        worker = min(ends, key=ends.__getitem__)
        took = slower * (length + (0.0 if ends[worker] else seconds))
        tasks.append(traced_task(worker, ends[worker], took, cpu=cpu_share * took))
        ends[worker] += took
    return traced_run(0.0, max(ends.values()), tasks)


def lost(serial: TracedRun, parallel: TracedRun, **setting: Any) -> dict[Cause, float]:
    workers = parallel.lanes
    facts = {"workers": workers, "cpus": workers, "threads": False, **setting}
    by_cause = losses(serial, parallel, Setting(**facts))
    assert sum(by_cause.values()) == pytest.approx(workers * parallel.wall_s - serial.busy_s)
    return {cause: seconds for cause, seconds in by_cause.items() if abs(seconds) > 1e-9}


@pytest.mark.parametrize("seconds", [3.0, 6.0])
@pytest.mark.parametrize("cpu_share", [1.0, 0.01], ids=["computing", "waiting"])
def test_what_each_worker_loads_in_its_first_task(seconds: float, cpu_share: float) -> None:
    serial, parallel = (loading(seconds, workers, EQUAL, cpu_share=cpu_share) for workers in (1, 2))
    assert lost(serial, parallel) == {FIRST_TASKS: pytest.approx(seconds)}


def test_uneven_tasks_load_in_the_first_one_as_well() -> None:
    serial, parallel = (loading(5.0, workers, UNEVEN) for workers in (1, 2))
    assert lost(serial, parallel)[FIRST_TASKS] == pytest.approx(5.0)


def test_workers_that_load_wait_for_the_same_cpus() -> None:
    tasks = [traced_task(worker, 0.0, 13.0, cpu=4.0, run_delay=9.0) for worker in range(4)]
    tasks += [traced_task(worker, 13.0 + number) for number in range(3) for worker in range(4)]
    by_cause = lost(loading(3.0, 1, [1.0] * 16), traced_run(0.0, 16.0, tasks), cpus=1)
    # Beside the loop's own task, three workers take 12 s more than usual; its own waits for 9 s.
    assert by_cause == {FIRST_TASKS: pytest.approx(3 * 12), OVERSUBSCRIBED: pytest.approx(9)}


def test_what_the_cpu_is_slower_at_is_no_part_of_it() -> None:
    parallel = loading(3.0, 8, [1.0] * 16, slower=1.5)
    by_cause = lost(loading(3.0, 1, [1.0] * 16), parallel)
    # Seven workers load 3 s at that speed. All that the loop does as well takes half more.
    assert by_cause == {FIRST_TASKS: pytest.approx(7 * 4.5), SLOWER_CPU: pytest.approx(19 / 2)}


@pytest.mark.parametrize(
    ("serial", "parallel"),
    [
        (loading(0.0, 1, EQUAL), loading(3.0, 2, EQUAL)),
        (loading(0.0, 1, LONGEST_FIRST), loading(1.5, 2, LONGEST_FIRST)),
        (loading(3.0, 1, EQUAL), loading(0.0, 2, [4.0, *EQUAL[1:]])),
        (loading(3.0, 1, EQUAL[:2]), loading(3.0, 2, EQUAL[:2])),
        (loading(0.5, 1, EQUAL), loading(0.5, 2, EQUAL)),
    ],
    ids=["not in the loop", "a long first task", "in one worker", "no other tasks", "short"],
)
def test_first_tasks_that_load_nothing(serial: TracedRun, parallel: TracedRun) -> None:
    assert FIRST_TASKS not in lost(serial, parallel)


def test_pages_that_first_tasks_copy_are_not_loaded() -> None:
    serial, parallel = (
        replace(
            loading(3.0, workers, EQUAL),
            minor_faults=faults,
            system_s=system_s,
            process_cpu_s=11.0 + system_s,
        )
        for workers, faults, system_s in ((1, 0, 0.0), (2, 100_000, 2.0))
    )
    by_cause = lost(serial, parallel, forked=True)
    assert COPIED_PAGES in by_cause
    assert FIRST_TASKS not in by_cause


def test_threads_load_it_once() -> None:
    assert FIRST_TASKS not in lost(loading(3.0, 1, EQUAL), loading(3.0, 2, EQUAL), threads=True)


@pytest.mark.parametrize("lengths", [EQUAL, UNEVEN])
def test_the_time_in_each_worker_is_that_of_its_first_task(lengths: list[float]) -> None:
    pair = loading(5.0, 1, lengths), loading(5.0, 2, lengths)
    detail = start_detail(FIRST_TASKS, [pair], WorkerStart())
    assert isinstance(detail, InEachWorker)
    assert detail.seconds == pytest.approx(5.0)
