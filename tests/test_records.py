"""Cells and their names."""

from runner.records import names
from tests.made import make_cell

POOL = {"executor": {"name": "process", "pool": {"_target_": "pools.Process"}}, "workload": {}}


def test_a_cell_is_named_by_executor_and_workers() -> None:
    loop, pool = make_cell("a"), make_cell("b", executor="process", workers=4, settings=POOL)
    assert names([loop, pool]) == {"a": "serial", "b": "process × 4"}


def test_settings_that_differ_tell_cells_apart_and_those_that_do_not_reach_a_cell_are_left_out() -> None:
    loop = make_cell("loop", chunk_size=None, swept={"workload.items.count": None})
    pools = [
        make_cell(
            str(size),
            executor="process",
            workers=2,
            chunk_size=size,
            swept={"workload.items.count": 6.0},
            settings=POOL,
        )
        for size in (1, None)
    ]
    assert names([loop, *pools]) == {
        "loop": "serial",
        "1": "process × 2 (chunk_size=1)",
        "None": "process × 2 (chunk_size=all)",
    }
