"""Groups of cells that differ in one setting only."""

from collections.abc import Iterable

from runner.records import Cell


def alike_but_for(cells: Iterable[Cell], setting: str) -> list[tuple[Cell, ...]]:
    """Group the cells of one workload that differ in nothing but one setting.

    Groups and their cells are in the order of the cells. Cells of one group may have different baselines,
    where these too depend on the setting.

    Args:
        cells: cells of any workloads
        setting: `executor`, `workers`, `chunk_size`, `python` or the key of another swept setting
    """
    groups: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells:
        others = (repr(value) for key, value in cell.naming.items() if key != setting)
        groups.setdefault(tuple(others), []).append(cell)
    return [tuple(group) for group in groups.values()]
