"""Explanations of the failure of a pool; tests/faults.yaml has the same with real workers."""

import signal
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace
from typing import Any

import pytest

from runner_probe.adapters.multiprocessing_pool import BrokenPool
from runner_probe.iteration import PoolFailed
from runner_probe.pool_failure import explain
from runner_probe.workload import Workload

TERMINATED_BY_THE_POOL = -signal.SIGTERM


def fail(
    error: Exception, *exit_codes: int | None, items: Any = (1, 2, 3), bag: Any = None, chunk_size: int = 1
) -> Any:
    workers = {number: SimpleNamespace(exitcode=code) for number, code in enumerate(exit_codes)}
    workload = Workload({"function": "bag.square", "items": [1, 2, 3]}, None)
    workload.items, workload.bag = list(items), list(bag or workload.bag)
    chunk = chunk_size, workload.items[chunk_size : 2 * chunk_size]  # the second one
    return explain(PoolFailed(error, chunk, SimpleNamespace(_processes=workers)), workload)


@pytest.mark.parametrize("exit_code", [3, 0, -signal.SIGKILL])
def test_the_worker_that_died_by_itself_explains_the_failure(exit_code: int) -> None:
    explanation = fail(BrokenProcessPool("broken"), TERMINATED_BY_THE_POOL, exit_code, TERMINATED_BY_THE_POOL)
    assert explanation == ("crashed", "BrokenProcessPool: broken", exit_code)


def test_if_the_pool_terminated_all_its_workers_two_causes_are_possible() -> None:
    explanation = fail(BrokenProcessPool("broken"), TERMINATED_BY_THE_POOL, TERMINATED_BY_THE_POOL)
    two = "a worker left its pool but did not exit, or was killed by SIGTERM"
    assert explanation == ("crashed", f"{two}: BrokenProcessPool: broken", None)


def test_errors_of_adapters_have_the_exit_code_of_the_worker() -> None:
    explanation = fail(BrokenPool(TERMINATED_BY_THE_POOL))
    error = "BrokenPool: the task of the dead worker is lost"
    assert explanation == ("crashed", error, TERMINATED_BY_THE_POOL)


def test_a_result_that_cannot_be_unpickled_breaks_a_pool_with_healthy_workers() -> None:
    broken = BrokenProcessPool("broken")
    broken.__cause__ = Exception("\n'''\nTraceback (most recent call last):\nValueError: no\n'''")
    explanation = fail(broken, TERMINATED_BY_THE_POOL)
    error = "a result was pickled, but cannot be unpickled: ValueError: no"
    assert explanation == ("failed", error, None)


@pytest.mark.parametrize(
    ("items", "chunk_size", "subject"),
    [
        ([1, 2, 3], 1, "the result of items[1] = 2"),
        ([1, 2, 3, 4], 2, "a result of tasks 2 to 3"),
    ],
)
def test_a_result_that_cannot_be_pickled_is_named(items: list[Any], chunk_size: int, subject: str) -> None:
    explanation = fail(TypeError("cannot pickle it"), items=items, chunk_size=chunk_size)
    assert explanation[0] == "failed"
    assert explanation[1].startswith(subject)
    assert explanation[1].endswith("cannot be pickled: TypeError: cannot pickle it")


def test_with_several_bags_a_task_is_named_by_its_position_in_its_bag() -> None:
    explanation = fail(TypeError("cannot pickle it"), items=[7, 1, 7, 1], bag=[7])
    assert explanation[1].startswith("the result of items[0] = 7 cannot be pickled")


def test_an_item_that_cannot_be_pickled_is_not_reported_as_a_result() -> None:
    explanation = fail(TypeError("cannot pickle it"), items=[1, lambda: 2, 3])
    assert explanation[1].startswith("the function or an item of items[1] = ")


def test_other_errors_of_a_pool_are_reported_unchanged() -> None:
    assert fail(OSError("no more processes")) == ("failed", "OSError: no more processes", None)
