"""The bound of a bag against known answers, brute force, and what must hold of any bound."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.analysis.explain.bounds import longest_first_makespan, shortest_makespan, speedup_bound

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
def test_no_assignment_beats_the_bound(times: list[int], workers: int) -> None:
    assert shortest_makespan(times, workers) <= optimum(times, workers) + 1e-9


@given(lengths, workers)
def test_the_bound_is_not_looser_than_the_longest_task_and_an_even_share(
    times: list[int], workers: int
) -> None:
    assert shortest_makespan(times, workers) >= max(*times, sum(times) / workers) - 1e-9


@given(st.integers(1, 30), st.integers(1, 10))
def test_equal_tasks_give_whole_rounds(tasks: int, workers: int) -> None:
    assert shortest_makespan([2.0] * tasks, workers) == pytest.approx(2.0 * -(-tasks // workers))


@given(lengths, workers, st.floats(0.01, 1000))
def test_scaling_all_times_scales_the_bound(times: list[int], workers: int, factor: float) -> None:
    scaled = shortest_makespan([t * factor for t in times], workers)
    assert scaled == pytest.approx(factor * shortest_makespan(times, workers))


@given(lengths, workers, st.randoms())
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


def test_one_long_task_among_many_bounds_the_speedup_by_its_length() -> None:
    assert speedup_bound([10.0] + [1.0] * 10, 20.0, 8, 8) == 2.0


def test_cpu_work_is_bounded_by_the_cpus_and_waiting_is_not() -> None:
    tasks = [1.0] * 8
    assert speedup_bound(tasks, cpu_s=8.0, workers=8, cpus=2) == 2.0
    assert speedup_bound(tasks, cpu_s=0.0, workers=8, cpus=2) == 8.0


def test_more_workers_do_not_shorten_the_initializer_of_each() -> None:
    assert speedup_bound([1.0] * 3, 3.0, 3, 3, each_worker_s=1.0) == 2.0


def test_a_bag_for_each_worker_has_the_initializer_of_a_loop_for_each_bag() -> None:
    assert speedup_bound([2.0] * 3, 6.0, 3, 3, each_worker_s=1.0, loops=3) == 3.0


@pytest.mark.parametrize(
    ("workers", "bound"), [(1, 1.0), (2, 1.78), (3, 2.67), (4, 2.67), (5, 4.07), (6, 5.26)]
)
def test_the_bounds_of_the_primes_in_the_documentation(workers: int, bound: float) -> None:
    found = sum(PRIMES) / shortest_makespan(PRIMES, workers)

    assert found == pytest.approx(bound, abs=0.01)
