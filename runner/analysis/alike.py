"""Groups of cells that differ in one setting only."""

from collections.abc import Iterable

from runner.records import Cell


def alike_but_for(cells: Iterable[Cell], setting: str) -> list[tuple[Cell, ...]]:
    """Group the cells of one workload that differ in nothing but one setting.

    Groups and their cells keep the order of the cells. If the baseline depends on the setting too, the cells
    of a group have different baselines.

    Args:
        cells: cells of any workloads
        setting: `executor`, `workers`, `chunk_size`, `python` or the key of another swept setting
    """
    groups: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells:
        other_settings = (repr(value) for key, value in cell.naming.items() if key != setting)
        groups.setdefault(tuple(other_settings), []).append(cell)
    return [tuple(group) for group in groups.values()]
