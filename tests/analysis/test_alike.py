"""Cells that differ in one setting only."""

from runner.analysis.alike import alike_but_for
from runner.records import Cell
from tests.factories import cell

COUNT = "workload.items.count"


def ids(cells: list[Cell], setting: str) -> list[list[str]]:
    return [[cell.id for cell in group] for group in alike_but_for(cells, setting)]


def test_cells_with_different_workers_are_alike_but_for_them() -> None:
    cells = [
        cell("thread", 4),
        cell("process", 2),
        cell("thread", 2),
        cell("process", 2, id="other", python="3.13"),
    ]
    assert ids(cells, "workers") == [["thread4", "thread2"], ["process2"], ["other"]]


def test_a_swept_setting_is_a_setting() -> None:
    cells = [
        cell("process", workers, id=f"{workers} {size}", swept={COUNT: size, "env.X": "a"})
        for workers in (1, 2)
        for size in ("10", "20")
    ]
    assert ids(cells, COUNT) == [["1 10", "1 20"], ["2 10", "2 20"]]
    assert ids(cells, "workers") == [["1 10", "2 10"], ["1 20", "2 20"]]


def test_cells_of_different_workloads_are_never_alike() -> None:
    cells = [cell("process", 2), cell("process", 4, workload="other")]
    assert ids(cells, "workers") == [["process2"], ["process4"]]
