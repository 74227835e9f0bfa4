"""Factors and budget on runs whose every figure is known, and what must hold of any run."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.analysis.explain.attribution import Factors, Run, Work, attribute, budget, total


def work(
    worker: int, started: float, ended: float, *, submitted: float = 0.0, cpu: float | None = None
) -> Work:
    return Work(
        worker=worker,
        submitted=submitted,
        started=started,
        ended=ended,
        busy=ended - started,
        cpu=ended - started if cpu is None else cpu,
        run_delay=0.0,
    )


SERIAL = Run(opened=0.0, closed=8.0, work=[work(0, float(i), i + 1.0) for i in range(8)])
PERFECT = Run(opened=0.0, closed=4.0, work=[work(i % 2, i // 2 * 1.0, i // 2 + 1.0) for i in range(8)])


def product_of(factors: Factors) -> float:
    names = ("serial_overhead", "computation_scaling", "granularity", "placement", "dispatch_efficiency")
    parts = [float(getattr(factors, name)) for name in names]
    return factors.workers * factors.pool_efficiency * math.prod(parts)


def test_a_perfect_run_has_all_factors_one() -> None:
    factors = attribute(SERIAL, PERFECT, 2)
    assert factors.speedup == 2.0
    assert (factors.serial_overhead, factors.computation_scaling, factors.granularity) == (1.0, 1.0, 1.0)
    assert (factors.placement, factors.dispatch_efficiency, factors.pool_efficiency) == (1.0, 1.0, 1.0)
    assert (factors.cpu_scaling, factors.on_cpu) == (1.0, 1.0)


def test_the_start_of_the_pool_moves_its_own_factor_alone() -> None:
    late = Run(opened=-1.0, closed=4.0, work=PERFECT.work)
    factors = attribute(SERIAL, late, 2)
    assert factors.pool_efficiency == 4 / 5
    assert (factors.computation_scaling, factors.granularity, factors.placement) == (1.0, 1.0, 1.0)
    assert factors.dispatch_efficiency == 1.0
    assert budget(SERIAL, late, 2).pool_start == 2.0


def test_a_run_that_is_repeated_does_as_much_again_behind_itself() -> None:
    thrice = SERIAL.repeated(3)
    assert (thrice.wall, thrice.busy, thrice.cpu) == (24.0, 24.0, 24.0)
    assert [one.started for one in thrice.work] == [float(start) for start in range(24)]


def test_a_bag_for_each_worker_explains_the_scaled_speedup() -> None:
    parallel = Run(opened=-1.0, closed=8.0, work=[work(i % 2, i // 2, i // 2 + 1.0) for i in range(16)])
    factors = attribute(SERIAL.repeated(2), parallel, 2)
    assert factors.speedup == 2 * 8 / 9
    assert product_of(factors) == pytest.approx(2 * 8 / 9)
    assert factors.pool_efficiency == 8 / 9
    assert factors.computation_scaling == 1.0


def test_tasks_that_wait_for_a_lock_lose_time_on_the_cpu() -> None:
    slow = Run(
        opened=0.0,
        closed=8.0,
        work=[work(i % 2, i // 2 * 2.0, i // 2 * 2.0 + 2.0, cpu=1.0) for i in range(8)],
    )
    factors = attribute(SERIAL, slow, 2)
    assert (factors.computation_scaling, factors.cpu_scaling, factors.on_cpu) == (0.5, 1.0, 0.5)
    assert factors.speedup == 1.0
    assert budget(SERIAL, slow, 2).slower_tasks == 8.0


def test_one_long_task_is_named_by_granularity() -> None:
    serial = Run(opened=0.0, closed=8.0, work=[work(0, 0.0, 6.0), work(0, 6.0, 7.0), work(0, 7.0, 8.0)])
    parallel = Run(opened=0.0, closed=6.0, work=[work(0, 0.0, 6.0), work(1, 0.0, 1.0), work(1, 1.0, 2.0)])
    factors = attribute(serial, parallel, 2)
    assert factors.granularity == 8 / 12
    assert (factors.placement, factors.dispatch_efficiency) == (1.0, 1.0)
    assert budget(serial, parallel, 2).idle_end == 4.0


def test_all_tasks_on_one_worker_are_named_by_placement() -> None:
    crowded = Run(opened=0.0, closed=8.0, work=SERIAL.work)
    factors = attribute(SERIAL, crowded, 2)
    assert (factors.granularity, factors.placement, factors.dispatch_efficiency) == (1.0, 0.5, 1.0)
    assert budget(SERIAL, crowded, 2).idle_end == 8.0


def test_gaps_between_tasks_are_named_by_dispatch_and_split_by_the_submission() -> None:
    parallel = Run(
        opened=0.0,
        closed=6.0,
        work=[work(0, 0.0, 2.0), work(0, 5.0, 6.0, submitted=4.0), work(1, 0.0, 3.0), work(1, 3.0, 5.0)],
    )
    serial = Run(opened=0.0, closed=8.0, work=[work(0, 0.0, 8.0)])
    found = budget(serial, parallel, 2)
    assert (found.starved, found.dispatch, found.idle_end) == (2.0, 1.0, 1.0)


def test_a_worker_that_starts_late_is_not_pool_start() -> None:
    parallel = Run(opened=0.0, closed=5.0, work=[work(0, 1.0, 5.0), work(1, 3.0, 5.0)])
    found = budget(SERIAL, parallel, 2)
    assert (found.pool_start, found.late_workers) == (2.0, 2.0)


tasks = st.lists(
    st.tuples(st.integers(0, 3), st.floats(0.0, 1.0), st.floats(0.01, 2.0), st.floats(0.0, 1.0)),
    min_size=1,
    max_size=12,
)


def run_of(spans: list[tuple[int, float, float, float]], start: float, end: float) -> Run:
    """Lay tasks on lanes one after the other: (worker, gap before, length, share of the CPU)."""
    clocks: dict[int, float] = {}
    laid = []
    for worker, gap, length, share in spans:
        begun = clocks.get(worker, start) + gap
        clocks[worker] = begun + length
        laid.append(work(worker, begun, begun + length, submitted=begun - gap / 2, cpu=length * share))
    return Run(opened=0.0, closed=max(clocks.values()) + end, work=laid)


@given(tasks, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_factors_multiply_to_the_speedup_of_the_pair(
    spans: list[tuple[int, float, float, float]], start: float, end: float
) -> None:
    factors = attribute(SERIAL, run_of(spans, start, end), 4)
    assert product_of(factors) == pytest.approx(factors.speedup)


@given(tasks, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_the_budget_sums_to_workers_times_wall_time(
    spans: list[tuple[int, float, float, float]], start: float, end: float
) -> None:
    parallel = run_of(spans, start, end)
    assert total(budget(SERIAL, parallel, 4)) == pytest.approx(4 * parallel.wall)


@given(tasks, st.permutations(range(4)))
def test_renaming_workers_changes_nothing(
    spans: list[tuple[int, float, float, float]], names: list[int]
) -> None:
    parallel = run_of(spans, 0.1, 0.1)
    renamed = replace(parallel, work=[replace(one, worker=names[one.worker]) for one in parallel.work])
    assert attribute(SERIAL, renamed, 4) == attribute(SERIAL, parallel, 4)
    assert total(budget(SERIAL, renamed, 4)) == pytest.approx(total(budget(SERIAL, parallel, 4)))


@given(tasks, st.sampled_from([0.5, 2.0, 1024.0]))
def test_scaling_all_times_changes_no_factor(
    spans: list[tuple[int, float, float, float]], factor: float
) -> None:
    def scaled(run: Run) -> Run:
        return Run(
            opened=run.opened * factor,
            closed=run.closed * factor,
            work=[
                Work(
                    worker=one.worker,
                    submitted=one.submitted * factor,
                    started=one.started * factor,
                    ended=one.ended * factor,
                    busy=one.busy * factor,
                    cpu=(one.cpu or 0.0) * factor,
                )
                for one in run.work
            ],
        )

    parallel = run_of(spans, 0.1, 0.1)
    before, after = attribute(SERIAL, parallel, 4), attribute(scaled(SERIAL), scaled(parallel), 4)
    assert product_of(after) == pytest.approx(product_of(before))
    assert after.granularity == pytest.approx(before.granularity)
    assert after.placement == pytest.approx(before.placement)


@given(tasks)
def test_factors_of_sharing_out_never_exceed_one(spans: list[tuple[int, float, float, float]]) -> None:
    factors = attribute(SERIAL, run_of(spans, 0.1, 0.1), 4)
    for name in ("granularity", "placement", "dispatch_efficiency", "pool_efficiency"):
        assert getattr(factors, name) <= 1 + 1e-9
