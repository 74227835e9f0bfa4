"""Break-evens of a pool, for times that a test chooses."""

import math
from collections.abc import Sequence
from typing import Any

import pytest

from runner.analysis.break_even import analyse_break_evens
from runner.analysis.headline import CellTimes
from runner.analysis.intervals import Level
from runner.facts import BreakEven
from tests.analysis_factories import analysed_cell
from tests.factories import cell

COUNT = "workload.items.count"
NOISE = (1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01)


def break_evens(
    walls: Sequence[tuple[Any, float, float]], noise: Sequence[float] = NOISE
) -> tuple[BreakEven, ...]:
    """Analyse a pool at several sizes: size, seconds of the loop, seconds of the pool."""
    cells, times = [], {}
    for size, serial_s, pool_s in walls:
        loop = cell("serial", None, id=f"serial{size}", baseline=f"serial{size}", swept={COUNT: size})
        pool = cell("process", 2, id=f"pool{size}", baseline=loop.id, swept={COUNT: size})
        cells += [analysed_cell(cell=loop), analysed_cell(cell=pool)]
        times[loop.id] = dict(enumerate([serial_s * factor for factor in noise], 1))
        times[pool.id] = dict(enumerate([pool_s * factor for factor in reversed(noise)], 1))
    by_id = {analysis.cell.id: analysis for analysis in cells}
    return analyse_break_evens(by_id, (COUNT,), CellTimes(times, Level(0.95, 1)))


def break_even(walls: Sequence[tuple[Any, float, float]], noise: Sequence[float] = NOISE) -> BreakEven:
    (result,) = break_evens(walls, noise)
    return result


def test_the_break_even_is_between_the_last_size_at_which_the_pool_is_slower_and_the_next() -> None:
    # Half as fast at 10, twice as fast at 1000: equal at their geometric mean.
    result = break_even([(10, 1.0, 2.0), (1000, 2.0, 1.0)])
    assert result.size is not None
    assert result.size.value == pytest.approx(100, rel=0.1)
    assert 10 < result.size.low < result.size.value < result.size.high < 1000
    assert not result.size.is_range
    assert result.is_shown
    assert (result.setting, result.workload, result.name) == (COUNT, "work", "process × 2")
    assert (result.cells, result.sizes) == (("pool10", "pool1000"), (10, 1000))
    assert result.faster_at == (1000,)


def test_sizes_are_sorted_whatever_the_order_of_the_grid() -> None:
    result = break_even([(1000, 2.0, 1.0), (10, 1.0, 2.0)])
    assert result.sizes == (10, 1000)
    assert result == break_even([(10, 1.0, 2.0), (1000, 2.0, 1.0)])


def test_the_break_even_is_zero_for_a_pool_that_is_faster_at_every_size() -> None:
    result = break_even([(10, 2.0, 1.0), (1000, 2.0, 1.0)])
    assert result.size is not None
    assert (result.size.value, result.size.high) == (0, 0)
    assert result.is_shown
    assert result.faster_at == (10, 1000)


def test_the_break_even_is_infinite_for_a_pool_that_is_slower_at_the_largest_size() -> None:
    result = break_even([(10, 2.0, 1.0), (1000, 1.0, 2.0)])
    assert result.size is not None
    assert math.isinf(result.size.value)
    assert result.is_shown
    assert result.faster_at == (10,)


def test_a_break_even_that_the_interval_leaves_open_is_not_shown() -> None:
    noisy = (0.8, 1.2, 0.9, 1.1, 0.7, 1.3, 1.0)
    result = break_even([(10, 1.01, 1.0), (1000, 1.01, 1.0)], noise=noisy)
    assert result.size is not None
    assert result.size.value == 0
    assert result.size.high > 0
    assert not result.is_shown


def test_few_repetitions_give_a_range() -> None:
    result = break_even([(10, 1.0, 2.0), (1000, 2.0, 1.0)], noise=NOISE[:3])
    assert result.size is not None
    assert result.size.is_range
    assert result.size.low <= result.size.value <= result.size.high


def test_the_break_even_is_unknown_where_a_size_has_no_time() -> None:
    result = break_even([(10, 1.0, 2.0), (1000, 2.0, 1.0)], noise=())
    assert (result.size, result.problem) == (None, "times_missing")
    assert not result.is_shown


def test_sizes_must_be_positive() -> None:
    result = break_even([(0, 1.0, 2.0), (1000, 2.0, 1.0)])
    assert (result.size, result.problem) == (None, "sizes_not_positive")


def test_a_study_of_one_size_has_no_break_even() -> None:
    assert break_evens([(10, 1.0, 2.0)]) == ()


def test_settings_that_are_not_numbers_are_not_sizes() -> None:
    assert break_evens([("small", 1.0, 2.0), ("large", 2.0, 1.0)]) == ()
    assert break_evens([(True, 1.0, 2.0), (False, 2.0, 1.0)]) == ()
