"""Which cells may be compared with each other, and which of them are the best."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from runner.analysis.alike import alike_but_for
from runner.analysis.headline import CellTimes
from runner.analysis.intervals import among_best
from runner.records import Cell


def groups_of(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    """Group cells by their baseline, in the order of the grid."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.baseline, []).append(cell)
    return groups


def next_fewer_workers(cells: Iterable[Cell]) -> dict[str, str]:
    """Find, by cell, the cell of its group with the next smaller number of workers, all else being equal."""
    fewer: dict[str, str] = {}
    for group in groups_of(cell for cell in cells if cell.workers is not None).values():
        for curve in alike_but_for(group, "workers"):
            by_workers = sorted(curve, key=lambda cell: cell.workers or 0)
            fewer |= {cell.id: smaller.id for smaller, cell in pairwise(by_workers)}
    return fewer


def best_baselines(cells: Sequence[Cell], times: CellTimes) -> dict[str, str]:
    """Find, by cell, the fastest baseline that does the same work, whatever its interpreter."""
    works = _works(cells)
    best: dict[str, str] = {}
    for cell in cells:
        if cell.is_baseline and times.of(cell.id):
            rival = best.setdefault(works[cell.id], cell.id)
            best[works[cell.id]] = min(
                rival, cell.id, key=lambda baseline: (times.middle(baseline), baseline)
            )
    return {cell.id: best[works[cell.id]] for cell in cells if works[cell.id] in best}


def _works(cells: Iterable[Cell]) -> dict[str, str]:
    """Return `Cell.work` by cell. Cells of one workload share its settings, whose text may be long."""
    texts: dict[int, str] = {}
    works = {}
    for cell in cells:
        settings = id(cell.settings["workload"])
        if settings not in texts:
            texts[settings] = cell.work
        works[cell.id] = texts[settings]
    return works


def best_of_groups(groups: Mapping[str, Sequence[Cell]], times: CellTimes) -> dict[str, bool]:
    """Tell which cells are not shown to be slower than the best of those with their baseline; by id.

    A group with too few repetitions to compare so many cells is left out.
    """
    best: dict[str, bool] = {}
    for group in groups.values():
        timed = [cell.id for cell in group if times.of(cell.id)]
        complete = times.together(timed)
        level = times.level.to_compare(len(timed))
        if len(timed) == 1 or (complete.size and complete.shape[1] >= level.fewest_blocks):
            best |= zip(timed, among_best(complete, *times.level), strict=True)
    return best
