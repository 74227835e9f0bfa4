"""Factors and budget of runs whose every figure is known, and what must hold of any run."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.analysis.explain.attribution import PairFactors, TracedRun, attribute, budget
from tests.analysis.traced_runs import TracedTask, traced_run, traced_task

SERIAL_TASKS = [traced_task(0, float(i)) for i in range(8)]
TWO_LANES = [traced_task(i % 2, i // 2 * 1.0) for i in range(8)]
SERIAL = traced_run(0.0, 8.0, SERIAL_TASKS)


def product_of(factors: PairFactors) -> float:
    names = ("serial_overhead", "computation_scaling", "granularity", "placement", "dispatch_efficiency")
    parts = [float(getattr(factors, name)) for name in names]
    return factors.workers * factors.pool_efficiency * math.prod(parts)


def test_a_perfect_run_has_all_factors_one() -> None:
    factors = attribute(SERIAL, traced_run(0.0, 4.0, TWO_LANES), 2)
    assert factors.speedup == 2.0
    assert (factors.serial_overhead, factors.computation_scaling, factors.granularity) == (1.0, 1.0, 1.0)
    assert (factors.placement, factors.dispatch_efficiency, factors.pool_efficiency) == (1.0, 1.0, 1.0)
    assert (factors.cpu_scaling, factors.on_cpu) == (1.0, 1.0)


def test_pool_start_up_changes_only_pool_efficiency() -> None:
    late = traced_run(-1.0, 4.0, TWO_LANES)
    factors = attribute(SERIAL, late, 2)
    assert factors.pool_efficiency == 4 / 5
    assert (factors.computation_scaling, factors.granularity, factors.placement) == (1.0, 1.0, 1.0)
    assert factors.dispatch_efficiency == 1.0
    assert budget(SERIAL, late, 2).pool_start == 2.0


def test_a_repeated_run_does_the_same_again_after_itself() -> None:
    thrice = SERIAL.repeated(3)
    assert (thrice.wall_s, thrice.busy_s, thrice.cpu_s) == (24.0, 24.0, 24.0)
    assert thrice.started.tolist() == [float(start) for start in range(24)]


def test_a_bag_per_worker_explains_the_scaled_speedup() -> None:
    parallel = traced_run(-1.0, 8.0, [traced_task(i % 2, i // 2) for i in range(16)])
    factors = attribute(SERIAL.repeated(2), parallel, 2)
    assert factors.speedup == 2 * 8 / 9
    assert product_of(factors) == pytest.approx(2 * 8 / 9)
    assert factors.pool_efficiency == 8 / 9
    assert factors.computation_scaling == 1.0


def test_tasks_that_wait_for_a_lock_lose_time_on_the_cpu() -> None:
    slow = traced_run(0.0, 8.0, [traced_task(i % 2, i // 2 * 2.0, 2.0, cpu=1.0) for i in range(8)])
    factors = attribute(SERIAL, slow, 2)
    assert (factors.computation_scaling, factors.cpu_scaling, factors.on_cpu) == (0.5, 1.0, 0.5)
    assert factors.speedup == 1.0
    assert budget(SERIAL, slow, 2).slower_tasks == 8.0


def test_one_long_task_lowers_granularity() -> None:
    serial = traced_run(0.0, 8.0, [traced_task(0, 0.0, 6.0), traced_task(0, 6.0), traced_task(0, 7.0)])
    parallel = traced_run(0.0, 6.0, [traced_task(0, 0.0, 6.0), traced_task(1, 0.0), traced_task(1, 1.0)])
    factors = attribute(serial, parallel, 2)
    assert factors.granularity == 8 / 12
    assert (factors.placement, factors.dispatch_efficiency) == (1.0, 1.0)
    assert budget(serial, parallel, 2).idle_end == 4.0


def test_all_tasks_on_one_worker_lower_placement() -> None:
    crowded = traced_run(0.0, 8.0, SERIAL_TASKS)
    factors = attribute(SERIAL, crowded, 2)
    assert (factors.granularity, factors.placement, factors.dispatch_efficiency) == (1.0, 0.5, 1.0)
    assert budget(SERIAL, crowded, 2).idle_end == 8.0


def test_gaps_between_tasks_are_dispatch_or_missing_submissions() -> None:
    parallel = traced_run(
        0.0,
        6.0,
        [
            traced_task(0, 0.0, 2.0),
            traced_task(0, 5.0, submitted=4.0),
            traced_task(1, 0.0, 3.0),
            traced_task(1, 3.0, 2.0),
        ],
    )
    spent = budget(traced_run(0.0, 8.0, [traced_task(0, 0.0, 8.0)]), parallel, 2)
    assert (spent.starved, spent.dispatch, spent.idle_end) == (2.0, 1.0, 1.0)


def test_a_worker_that_starts_late_is_not_pool_start_up() -> None:
    parallel = traced_run(0.0, 5.0, [traced_task(0, 1.0, 4.0), traced_task(1, 3.0, 2.0)])
    spent = budget(SERIAL, parallel, 2)
    assert (spent.pool_start, spent.late_workers) == (2.0, 2.0)


Spans = list[tuple[int, float, float, float]]  #: worker, gap before, length, share of it on a CPU
spans_of_tasks = st.lists(
    st.tuples(st.integers(0, 3), st.floats(0.0, 1.0), st.floats(0.01, 2.0), st.floats(0.0, 1.0)),
    min_size=1,
    max_size=12,
)


def tasks_of(
    spans: Spans, start: float, names: tuple[int, ...] = (0, 1, 2, 3), scale: float = 1.0
) -> list[TracedTask]:
    """Place tasks on lanes one after the other."""
    ends: dict[int, float] = {}
    tasks = []
    for worker, gap, length, share in spans:
        begin = ends.get(worker, start) + gap
        ends[worker] = begin + length
        tasks.append(
            traced_task(
                names[worker],
                begin * scale,
                length * scale,
                submitted=(begin - gap / 2) * scale,
                cpu=length * share * scale,
            )
        )
    return tasks


def run_of(
    spans: Spans, start: float, end: float, names: tuple[int, ...] = (0, 1, 2, 3), scale: float = 1.0
) -> TracedRun:
    tasks = tasks_of(spans, start, names, scale)
    return traced_run(0.0, max(task.ended for task in tasks) + end * scale, tasks)


@given(spans_of_tasks, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
@pytest.mark.slow
def test_factors_multiply_to_the_speedup_of_the_pair(spans: Spans, start: float, end: float) -> None:
    factors = attribute(SERIAL, run_of(spans, start, end), 4)
    assert product_of(factors) == pytest.approx(factors.speedup)


@given(spans_of_tasks, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
@pytest.mark.slow
def test_the_budget_sums_to_workers_times_wall_time(spans: Spans, start: float, end: float) -> None:
    parallel = run_of(spans, start, end)
    assert budget(SERIAL, parallel, 4).total == pytest.approx(4 * parallel.wall_s)


@given(spans_of_tasks, st.permutations(range(4)))
@pytest.mark.slow
def test_renaming_workers_changes_nothing(spans: Spans, names: list[int]) -> None:
    parallel, renamed = run_of(spans, 0.1, 0.1), run_of(spans, 0.1, 0.1, tuple(names))
    assert attribute(SERIAL, renamed, 4) == attribute(SERIAL, parallel, 4)
    assert budget(SERIAL, renamed, 4).total == pytest.approx(budget(SERIAL, parallel, 4).total)


@given(spans_of_tasks, st.sampled_from([0.5, 2.0, 1024.0]))
@pytest.mark.slow
def test_scaling_all_times_changes_no_factor(spans: Spans, scale: float) -> None:
    serial = traced_run(0.0, 8.0 * scale, [traced_task(0, i * scale, scale) for i in range(8)])
    before = attribute(SERIAL, run_of(spans, 0.1, 0.1), 4)
    after = attribute(serial, run_of(spans, 0.1, 0.1, scale=scale), 4)
    assert product_of(after) == pytest.approx(product_of(before))
    assert after.granularity == pytest.approx(before.granularity)
    assert after.placement == pytest.approx(before.placement)


@given(spans_of_tasks)
@pytest.mark.slow
def test_factors_of_sharing_never_exceed_one(spans: Spans) -> None:
    factors = attribute(SERIAL, run_of(spans, 0.1, 0.1), 4)
    for name in ("granularity", "placement", "dispatch_efficiency", "pool_efficiency"):
        assert getattr(factors, name) <= 1 + 1e-9
