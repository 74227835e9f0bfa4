"""Intervals: known answers, and what must hold of any."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.analysis.intervals import (
    among_best,
    expanded_tail,
    is_precise,
    medians,
    ratio_of_medians,
    resampled_medians,
)
from runner.analysis.sample_size import fewest_blocks, level_of_each, too_few_to_compare
from tests.factories import cell as make_cell

times = st.lists(st.floats(0.1, 10.0), min_size=6, max_size=31)


def test_the_tails_of_seven_blocks_are_those_of_the_expanded_percentile_interval() -> None:
    # t at 6 degrees of freedom is 2.4469; Phi(-2.4469 * sqrt(7 / 6)) = 0.00411.
    assert expanded_tail(7, 0.95) == pytest.approx(0.00411, abs=1e-5)


def test_many_blocks_need_no_expansion() -> None:
    assert expanded_tail(100_000, 0.95) == pytest.approx(0.025, abs=1e-4)


def test_a_cell_against_itself_is_exactly_one() -> None:
    walls = np.array([1.0, 1.2, 0.9, 1.1, 1.0, 1.3, 0.8])
    estimate = ratio_of_medians(walls, walls, 0.95, seed=1)
    assert (estimate.value, estimate.low, estimate.high) == (1.0, 1.0, 1.0)


def test_a_disturbance_of_a_whole_repetition_cancels_in_the_ratio() -> None:
    drift = np.array([1.0, 1.5, 0.7, 1.2, 1.1, 2.0, 0.9])
    estimate = ratio_of_medians(2.0 * drift, drift, 0.95, seed=1)
    assert (estimate.low, estimate.high) == (2.0, 2.0)


def test_below_six_repetitions_the_bounds_are_the_range_of_the_ratios() -> None:
    estimate = ratio_of_medians(np.array([2.0, 3.0, 2.2]), np.array([1.0, 1.0, 1.1]), 0.95, seed=1)
    assert estimate.is_range
    assert (estimate.low, estimate.high) == (2.0, 3.0)
    assert estimate.value == 2.2


def test_the_interval_of_seven_equal_blocks_is_the_value() -> None:
    (estimate,) = medians(np.full((1, 7), 3.0), 0.95, seed=1)
    assert (estimate.value, estimate.low, estimate.high, estimate.is_range) == (3.0, 3.0, 3.0, False)


@given(times, st.integers(0, 1000))
@pytest.mark.slow
def test_an_interval_contains_its_median_and_lies_within_the_data(values: list[float], seed: int) -> None:
    (estimate,) = medians(np.array([values]), 0.95, seed)
    assert min(values) <= estimate.low <= estimate.value <= estimate.high <= max(values)


@given(times, st.sampled_from([0.25, 8.0]))
@pytest.mark.slow
def test_the_unit_of_time_does_not_matter(values: list[float], factor: float) -> None:
    walls = np.array(values)
    other = walls[::-1]
    in_seconds, scaled = (
        ratio_of_medians(walls, other, 0.95, 1),
        ratio_of_medians(walls * factor, other * factor, 0.95, 1),
    )
    assert (scaled.value, scaled.low, scaled.high) == pytest.approx(
        (in_seconds.value, in_seconds.low, in_seconds.high)
    )


def test_the_same_seed_gives_the_same_interval() -> None:
    walls = np.random.default_rng(0).normal(1, 0.1, 9)
    assert ratio_of_medians(walls, walls[::-1], 0.95, 5) == ratio_of_medians(walls, walls[::-1], 0.95, 5)


def test_a_higher_confidence_is_never_narrower() -> None:
    walls = np.random.default_rng(0).normal(1, 0.1, 15)
    narrow, wide = (medians(walls[np.newaxis, :], level, 1)[0] for level in (0.8, 0.99))
    assert wide.low <= narrow.low <= narrow.high <= wide.high


def test_cells_that_are_clearly_slower_are_not_among_the_best() -> None:
    noise = np.random.default_rng(0).normal(1, 0.01, (3, 7))
    assert among_best(noise * np.array([[1.0], [1.001], [2.0]]), 0.95, 1) == [True, True, False]


def test_with_fewer_than_six_repetitions_no_cell_is_excluded() -> None:
    assert among_best(np.array([[1.0] * 5, [9.0] * 5]), 0.95, 1) == [True, True]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 9), st.integers(6, 16), st.sampled_from([0.0, 0.001, 0.02, 0.2]))
@pytest.mark.slow
def test_the_best_are_those_that_no_comparison_with_another_cell_excludes(
    seed: int, cells: int, blocks: int, spread: float
) -> None:
    random = np.random.default_rng(seed)
    walls = 1 + spread * random.random((cells, 1)) + 0.02 * np.round(random.random((cells, blocks)), 1)
    level = level_of_each(cells, 0.9)
    drawn = [resampled_medians(row, seed) for row in walls]
    tail = expanded_tail(blocks, level)
    slower = [any(np.quantile(cell / other, tail) > 1 for other in drawn) for cell in drawn]
    expected = [blocks < fewest_blocks(level) or not is_slower for is_slower in slower]
    assert among_best(walls, 0.9, seed) == expected


@given(st.integers(0, 50))
@pytest.mark.slow
def test_at_least_one_cell_is_among_the_best(seed: int) -> None:
    walls = np.random.default_rng(seed).lognormal(0, 0.3, (5, 9))
    assert any(among_best(walls, 0.95, seed))


def test_precision_is_half_the_width_of_every_interval_relative_to_its_ratio() -> None:
    exact, spread = [1.0] * 7, [0.9, 0.95, 1.0, 1.0, 1.0, 1.05, 1.1]
    ratio = ratio_of_medians(np.array(exact), np.array(spread), 0.95, 1)
    reached = (ratio.high - ratio.low) / 2 / ratio.value
    assert is_precise([(exact, exact), (exact, spread)], reached + 1e-9, 0.95, 1)
    assert not is_precise([(exact, exact), (exact, spread)], reached - 1e-9, 0.95, 1)


@pytest.mark.parametrize(("confidence", "blocks"), [(0.5, 6), (0.95, 6), (0.99, 8), (0.999, 11)])
def test_a_higher_confidence_needs_more_blocks(confidence: float, blocks: int) -> None:
    assert fewest_blocks(confidence) == blocks
    values = np.arange(1.0, blocks + 1)
    assert not medians(values.reshape(1, -1), confidence, 0)[0].is_range
    assert medians(values[1:].reshape(1, -1), confidence, 0)[0].is_range


@pytest.mark.parametrize(("cells", "blocks"), [(2, 6), (7, 7), (8, 8), (13, 8), (40, 10)])
def test_more_cells_need_more_blocks_to_be_compared(cells: int, blocks: int) -> None:
    times = np.linspace(1.0, 10.0, cells)[:, np.newaxis] * np.ones(blocks)
    assert among_best(times, 0.95, 0) == [True] + [False] * (cells - 1)
    assert among_best(times[:, 1:], 0.95, 0) == [True] * cells


@pytest.mark.slow
@pytest.mark.parametrize(("cells", "blocks"), [(5, 7), (7, 7), (20, 9)])
def test_the_best_of_equal_cells_is_excluded_no_more_often_than_promised(cells: int, blocks: int) -> None:
    chance = np.random.default_rng(7)
    studies = 300
    excluded = 0
    for seed in range(studies):
        drift = chance.lognormal(0.0, 0.1, blocks)
        times = drift * chance.lognormal(0.0, 0.01, (cells, blocks))
        excluded += not among_best(times, 0.95, seed)[0]
    assert excluded <= 0.05 * studies + 2 * math.sqrt(0.05 * 0.95 * studies)


@pytest.mark.parametrize(
    ("cells", "repetitions", "needed"), [(1, 1, None), (2, 5, 6), (7, 7, None), (8, 7, 8), (8, 8, None)]
)
def test_many_cells_need_more_repetitions(cells: int, repetitions: int, needed: int | None) -> None:
    grid = [make_cell(id=f"c{number}", baseline="c0") for number in range(cells)]
    few = too_few_to_compare(grid, repetitions, 0.95)
    assert (few and few.needed) == needed
