"""Sentences about break-evens in the data frames."""

from collections.abc import Sequence
from typing import Any

from runner.analysis.frames import describe
from runner.analysis.tables import tabulate
from runner.folder.results import Results
from tests.made import MakeResults, Walls, cell

COUNT = "workload.items.count"
NOISE = (1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01)


def sized(
    make_results: MakeResults, walls: Sequence[tuple[int, float, float]], noise: Sequence[float] = NOISE
) -> Results:
    """Make a study of one pool at several sizes: size, seconds of the loop, seconds of the pool."""
    cells: Walls = {}
    for size, serial_s, pool_s in walls:
        loop = cell("serial", None, id=f"serial{size}", baseline=f"serial{size}", swept={COUNT: size})
        pool = cell("process", 2, id=f"pool{size}", baseline=loop.id, swept={COUNT: size})
        cells |= {loop: [serial_s * n for n in noise], pool: [pool_s * n for n in reversed(noise)]}
    return make_results(cells, swept=(COUNT,))


def found(results: Results) -> dict[str, Any]:
    (row,) = tabulate(results).break_even.to_dict("records")
    return {str(key): value for key, value in row.items()}


def test_a_pool_that_wins_everywhere_has_none_above_the_smallest_size(make_results: MakeResults) -> None:
    results = sized(make_results, [(10, 2.0, 1.0), (1000, 2.0, 1.0)])
    assert found(results)["break_even"] == 0
    assert list(describe(tabulate(results).break_even, "work")) == [
        f"work: process × 2: faster than its baseline at every size, from 10 on ({COUNT})"
    ]


def test_sizes_of_thousands_have_no_exponent(make_results: MakeResults) -> None:
    results = sized(make_results, [(1000, 1.0, 2.0), (5000, 2.0, 1.0)])
    (told,) = describe(tabulate(results).break_even, "work")
    assert f" is faster than its baseline from {COUNT} = 22" in told
    assert "e+" not in told


def test_it_is_told_in_a_sentence(make_results: MakeResults) -> None:
    table = tabulate(sized(make_results, [(10, 1.0, 2.0), (1000, 2.0, 1.0)])).break_even
    (sentence,) = describe(table, "work")
    assert sentence.startswith(f"work: process × 2 is faster than its baseline from {COUNT} = 1")
    assert "interval" in sentence


def test_what_the_interval_leaves_open_is_not_claimed(make_results: MakeResults) -> None:
    noisy = (0.8, 1.2, 0.9, 1.1, 0.7, 1.3, 1.0)
    row = found(sized(make_results, [(10, 1.01, 1.0), (1000, 1.01, 1.0)], noise=noisy))
    assert row["break_even"] == 0
    assert row["break_even_high"] > 0
    assert row["note"].endswith("; another repetition may tell otherwise")
