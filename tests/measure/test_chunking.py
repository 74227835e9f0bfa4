"""The chunk size for `chunk_size: auto`, by the formula of docs/method.md."""

from math import ceil, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.measure.chunking import DispatchCost, auto_chunk_size

US = 1e-6


def chosen(lengths: list[tuple[int, float]], workers: int, chunk_s: float) -> int:
    return auto_chunk_size(lengths, DispatchCost(chunk_s=chunk_s, workers=workers))


def equal(tasks: int, task_s: float) -> list[tuple[int, float]]:
    return [(1, task_s)] * tasks


@pytest.mark.parametrize(
    ("tasks", "task_s", "workers", "chunk_s", "size"),
    [
        # Chunks of 8, 4, 3, 2 and 1 wait for 8, 4, 2.875, 2 and 1 seconds: a quarter of the last chunk's.
        (16, 4.0, 2, 4.0, 8),
        (16, 4.0, 2, 1.0, 4),
        (16, 4.0, 2, 0.25, 2),
        (16, 4.0, 2, 0.01, 1),
        (16, 4.0, 2, 100.0, 8),
        (1000, 10_000 * US, 2, 50 * US, 4),
        (1000, 100 * US, 1, 50 * US, 1000),  # one worker waits for no other
        (3, 1 * US, 8, 1.0, 1),  # fewer tasks than workers
        (10, 1 * US, 6, 1.0, 1),  # in chunks of 2, one worker would get nothing
        (1, 1.0, 1, 1.0, 1),
        (100, 0.0, 4, 1.0, 25),  # too short for the clock
    ],
)
def test_the_chunk_size_has_the_least_cost(
    tasks: int, task_s: float, workers: int, chunk_s: float, size: int
) -> None:
    assert chosen(equal(tasks, task_s), workers, chunk_s) == size


def test_equal_tasks_are_near_the_square_root_that_balances_both_costs() -> None:
    tasks, task_s, workers, chunk_s = 100_000, 20 * US, 4, 60 * US
    root = sqrt(2 * tasks * chunk_s / (task_s * (1 - 1 / workers)))
    assert chosen([(tasks, tasks * task_s)], workers, chunk_s) == pytest.approx(root, rel=0.25)


def test_tasks_that_share_a_record_count_equally() -> None:
    assert chosen([(400, 0.4), (600, 0.6)], 4, 0.002) == chosen(equal(1000, 0.001), 4, 0.002)


def test_clustered_long_tasks_need_smaller_chunks_than_the_same_tasks_spread_out() -> None:
    gathered = equal(900, 1e-4) + equal(100, 1e-2)
    spread = [(1, 1e-2 if task % 10 == 0 else 1e-4) for task in range(1000)]
    assert chosen(gathered, 2, 1e-3) < chosen(spread, 2, 1e-3)


seconds = st.floats(min_value=0, max_value=100, allow_subnormal=False)
bags = st.lists(st.tuples(st.integers(1, 50), seconds), min_size=1, max_size=40)
costs = st.floats(min_value=1e-7, max_value=10)


@given(lengths=bags, workers=st.integers(1, 64), chunk_s=costs)
@pytest.mark.slow
def test_a_chunk_is_within_the_tasks_and_every_worker_gets_one(
    lengths: list[tuple[int, float]], workers: int, chunk_s: float
) -> None:
    tasks = sum(count for count, _ in lengths)
    size = chosen(lengths, workers, chunk_s)
    assert 1 <= size <= tasks
    assert ceil(tasks / size) >= min(workers, tasks)


@given(lengths=bags, workers=st.integers(1, 64), chunk_s=costs, times=st.integers(1, 12))
@pytest.mark.slow
def test_longer_tasks_never_get_larger_chunks(
    lengths: list[tuple[int, float]], workers: int, chunk_s: float, times: int
) -> None:
    longer = [(count, seconds * 2**times) for count, seconds in lengths]
    assert chosen(longer, workers, chunk_s) <= chosen(lengths, workers, chunk_s)


def test_threads_that_share_a_gil_do_not_wait_for_computing_threads() -> None:
    dispatch = DispatchCost(chunk_s=1e-5, workers=2, shares_gil=True)
    lengths = [(1000, 0.1)]
    assert auto_chunk_size(lengths, dispatch, cpu_share=1.0) == 500
    assert auto_chunk_size(lengths, dispatch, cpu_share=1.2) == 500
    waiting = auto_chunk_size(lengths, dispatch, cpu_share=0.0)
    assert waiting == auto_chunk_size(lengths, DispatchCost(chunk_s=1e-5, workers=2), cpu_share=1.0)
    assert waiting < 500
