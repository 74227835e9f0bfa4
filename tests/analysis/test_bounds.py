"""The bound of a bag against known answers, brute force, and what must hold of any bound."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.analysis.explain.bounds import longest_first_makespan, shortest_makespan, shortest_makespans
from runner.analysis.explain.serial_work import SerialWork
from runner.estimate import Estimate
from runner.facts import BoundLimit

#: Inner-loop iterations of the six numbers of the concurrent.futures documentation.
PRIMES = [5_297_936, 5_305_249, 5_297_936, 5_368_427, 5_380_469, 1_653_045]

lengths = st.lists(st.integers(1, 50), min_size=1, max_size=7)
workers = st.integers(1, 4)


def optimum(times: list[int], workers: int) -> int:
    """Try every assignment of tasks to workers."""
    return min(
        max(sum(t for t, w in zip(times, assigned, strict=True) if w == lane) for lane in range(workers))
        for assigned in product(range(workers), repeat=len(times))
    )


@given(lengths, workers)
@pytest.mark.slow
def test_no_assignment_beats_the_bound(times: list[int], workers: int) -> None:
    assert shortest_makespan(times, workers) <= optimum(times, workers) + 1e-9


@given(lengths, workers)
@pytest.mark.slow
def test_the_bound_is_not_looser_than_the_longest_task_and_an_even_share(
    times: list[int], workers: int
) -> None:
    assert shortest_makespan(times, workers) >= max(*times, sum(times) / workers) - 1e-9


@given(st.integers(1, 30), st.integers(1, 10))
def test_equal_tasks_give_whole_rounds(tasks: int, workers: int) -> None:
    assert shortest_makespan([2.0] * tasks, workers) == pytest.approx(2.0 * -(-tasks // workers))


@given(lengths, workers, st.floats(0.01, 1000))
@pytest.mark.slow
def test_scaling_all_times_scales_the_bound(times: list[int], workers: int, factor: float) -> None:
    scaled = shortest_makespan([t * factor for t in times], workers)
    assert scaled == pytest.approx(factor * shortest_makespan(times, workers))


@given(lengths, workers, st.randoms())
@pytest.mark.slow
def test_the_order_of_tasks_does_not_matter(times: list[int], workers: int, chance: object) -> None:
    shuffled = list(times)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert shortest_makespan(shuffled, workers) == pytest.approx(shortest_makespan(times, workers))


@given(lengths, workers)
def test_one_more_worker_never_raises_the_bound(times: list[int], workers: int) -> None:
    assert shortest_makespan(times, workers + 1) <= shortest_makespan(times, workers) + 1e-9


def test_an_empty_bag_takes_no_time() -> None:
    assert shortest_makespan([], 3) == 0.0


def test_the_bag_of_graham_for_two_workers() -> None:
    assert shortest_makespan([3, 3, 2, 2, 2], 2) == 6.0
    assert longest_first_makespan([3, 3, 2, 2, 2], 2) == 7.0


@given(lengths, workers)
def test_longest_first_is_within_the_ratio_of_graham_of_the_optimum(times: list[int], workers: int) -> None:
    best = optimum(times, workers)
    assert best <= longest_first_makespan(times, workers) <= (4 / 3 - 1 / (3 * workers)) * best + 1e-9


def test_longest_first_without_tasks_takes_no_time() -> None:
    assert longest_first_makespan([], 3) == 0.0


def work(
    *task_s: list[float], cpu_share: float = 1.0, initializer_s: float = 0.0, is_range: bool = False
) -> SerialWork:
    """Make a loop; the first row is the loop itself, the others are its resamples."""
    return SerialWork(
        task_s=np.array(task_s),
        cpu_share=np.full(len(task_s), cpu_share),
        initializer_s=np.full(len(task_s), initializer_s),
        is_range=is_range,
        tail=0.0,
        has_each_task=True,
    )


@pytest.mark.parametrize(
    ("size", "speedup"),
    [
        (1, 2.0),
        (2, 2.0),  # 6, 6, 2 and 2 seconds on two workers
        (3, 16 / 9),  # 9, 5 and 2
        (4, 16 / 12),
        (100, 1.0),
    ],
)
def test_a_chunk_is_as_indivisible_as_a_task(size: int, speedup: float) -> None:
    chunked = work([3.0] * 4 + [1.0] * 4).in_chunks(size)
    assert chunked is not None
    assert chunked.bound(2, 2).speedup == Estimate.exact(speedup)


def test_merged_tasks_have_no_chunks() -> None:
    assert replace(work([1.0] * 4), has_each_task=False).in_chunks(2) is None


@pytest.mark.parametrize(
    ("loop", "workers", "cpus", "bags", "speedup", "limit"),
    [
        (work([10.0] + [1.0] * 10), 8, 8, 1, 2.0, BoundLimit.LONGEST_TASK),
        (work([7.0]), 2, 2, 1, 1.0, BoundLimit.LONGEST_TASK),
        (work([1.0] * 8), 8, 2, 1, 2.0, BoundLimit.CPUS),
        (work([1.0] * 8), 2, 1, 1, 1.0, BoundLimit.CPUS),
        (work([1.0] * 8, cpu_share=1.9), 4, 2, 1, 8 / 7.6, BoundLimit.CPUS),
        (work([1.0] * 8, cpu_share=0.0), 4, 2, 1, 4.0, BoundLimit.WORKERS),
        (work([1.0] * 8), 1, 2, 1, 1.0, BoundLimit.WORKERS),
        (work([1.0] * 3, initializer_s=1.0), 3, 3, 1, 2.0, BoundLimit.WORKERS),
        (work([2.0], initializer_s=1.0), 3, 3, 3, 3.0, BoundLimit.WORKERS),
    ],
)
def test_a_loop_bounds_the_speedup_of_every_pool(  # noqa: PLR0917 - one row of the table
    loop: SerialWork, workers: int, cpus: int, bags: int, speedup: float, limit: BoundLimit
) -> None:
    bound = loop.bound(workers, cpus, bags)
    assert bound.speedup.is_exact
    assert bound.speedup.value == pytest.approx(speedup)
    assert bound.limit is limit


def test_a_bound_has_the_interval_of_its_resamples() -> None:
    bound = work([2.0, 1.0, 1.0], [2.0, 1.0, 1.0], [3.0, 1.0, 1.0], [2.0, 1.5, 1.0]).bound(2, 2).speedup
    assert (bound.value, bound.low, bound.high) == pytest.approx((2.0, 5 / 3, 2.0))
    assert not bound.is_range


@pytest.mark.parametrize(
    ("task_s", "speedup", "cpus"),
    [([1.0] * 24, 3.43, 4), ([1.0] * 6, 3.0, 3), ([1.0] * 6, 4.0, 6), ([4.0, 1.0, 1.0], 1.6, None)],
)
def test_the_cpus_that_a_speedup_needs_follow_from_the_tasks(
    task_s: list[float], speedup: float, cpus: int | None
) -> None:
    assert work(task_s).cpus_for(speedup) == cpus


@given(st.lists(st.lists(st.floats(0.1, 10.0), min_size=5, max_size=5), min_size=1, max_size=4))
def test_rows_of_lengths_have_the_makespan_of_each(rows: list[list[float]]) -> None:
    makespans = shortest_makespans(np.array(rows), 2)
    assert makespans.tolist() == [shortest_makespan(row, 2) for row in rows]


@pytest.mark.parametrize(
    ("workers", "bound"), [(1, 1.0), (2, 1.78), (3, 2.67), (4, 2.67), (5, 4.07), (6, 5.26)]
)
def test_the_bounds_of_the_primes_in_the_documentation(workers: int, bound: float) -> None:
    ratio = sum(PRIMES) / shortest_makespan(PRIMES, workers)

    assert ratio == pytest.approx(bound, abs=0.01)
