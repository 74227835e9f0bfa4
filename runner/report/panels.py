"""The panels of a figure: their cells, and the quantities that are drawn."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from runner.estimate import Estimate
from runner.facts import CellAnalysis, HeadlineRun
from runner.records import AUTO
from runner.report import wording
from runner.report.labels import ALL_TASKS, one_line, short, shown


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """What the y axis shows of a cell and of each of its runs."""

    estimate: Callable[[CellAnalysis], Estimate | None]
    of_run: Callable[[HeadlineRun], float | None]

    def values(self, cell: CellAnalysis) -> list[float]:
        """List the values that are drawn of a cell: runs, median and bounds."""
        runs = [value for run in cell.runs if (value := self.of_run(run)) is not None]
        estimate = self.estimate(cell)
        return runs if estimate is None else [*runs, estimate.value, estimate.low, estimate.high]


SPEEDUP = Quantity(estimate=lambda cell: cell.speedup, of_run=lambda run: run.speedup)
EFFICIENCY = Quantity(estimate=lambda cell: cell.efficiency, of_run=lambda run: run.efficiency)
TIME = Quantity(estimate=lambda cell: cell.wall_s, of_run=lambda run: run.wall_s)
RATE = Quantity(estimate=lambda cell: cell.tasks_per_s, of_run=lambda run: run.tasks_per_s)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Cells that agree in every setting but executor and workers, and the baselines they refer to."""

    labels: Sequence[str]  #: one for each setting, such as "count = 10"
    cells: Sequence[CellAnalysis]

    @property
    def baselines(self) -> list[CellAnalysis]:
        """The cells that speedups are relative to."""
        return [cell for cell in self.cells if cell.is_baseline]


def setting(cell: CellAnalysis, key: str) -> object:
    """Return the value of a setting; None where it does not reach the cell."""
    if key == "python":
        return cell.python
    if key == "chunk_size":
        size = cell.cell.chunk_size
        return None if cell.cell.is_loop else ALL_TASKS if size is None else size
    return cell.swept.get(key)


def number(cell: CellAnalysis, key: str) -> float | None:
    """Return a setting as a number if it is one; for a chunk size of `auto`, the chosen size."""
    value = cell.tasks_per_chunk if key == "chunk_size" and is_auto(cell) else setting(cell, key)
    return float(value) if isinstance(value, (int, float)) else None


def is_auto(cell: CellAnalysis) -> bool:
    """Whether the runner chose the chunk size."""
    return cell.cell.chunk_size == AUTO


def is_plain_loop(cell: CellAnalysis) -> bool:
    """Whether a cell is a baseline without workers: the line at 1 represents it."""
    return cell.is_baseline and cell.cell.workers is None


def why_missing(cell: CellAnalysis, quantity: Quantity = SPEEDUP) -> str:
    """Say in a word or two why a cell has no figure; empty if it has one."""
    return wording.missing(cell, quantity.estimate(cell))


def panels_of(cells: Sequence[CellAnalysis], keys: Sequence[str]) -> list[Panel]:
    """Divide cells by the values of `keys`, in order of appearance.

    A cell that a setting does not reach, such as a loop, which has no chunk size, is in every panel.
    """
    by_id = {cell.cell.id: cell for cell in cells}
    referred_to = {cell.cell.baseline for cell in cells if not cell.is_baseline}
    values = {cell.cell.id: tuple(setting(cell, key) for key in keys) for cell in cells}
    groups: dict[tuple[object, ...], list[CellAnalysis]] = {}
    for cell in cells:
        if None not in values[cell.cell.id]:
            groups.setdefault(values[cell.cell.id], []).append(cell)
    for cell in cells:
        of_cell = values[cell.cell.id]
        if None in of_cell and cell.cell.id not in referred_to:
            matching = [group for of_group, group in groups.items() if _agree(of_cell, of_group)]
            for group in matching or [groups.setdefault(of_cell, [])]:
                group.append(cell)
    return [
        Panel(
            labels=[
                f"{short(key)} = {one_line(shown(value)) or 'not set'}"
                for key, value in zip(keys, of_group, strict=True)
            ],
            cells=_with_baselines(group, by_id),
        )
        for of_group, group in groups.items()
    ]


def varying_keys(cells: Sequence[CellAnalysis], swept: Iterable[str]) -> list[str]:
    """List the settings that tell cells apart where executor and workers do not."""
    keys = [key for key in dict.fromkeys(("python", *swept)) if _varies(cells, key)]
    distinct = {(cell.cell.name, *(str(setting(cell, key)) for key in keys)) for cell in cells}
    if len(distinct) < len(cells) and "chunk_size" not in keys and _varies(cells, "chunk_size"):
        keys.append("chunk_size")
    return keys


def numeric_axis(cells: Iterable[CellAnalysis], keys: Sequence[str]) -> str | None:
    """Return the first setting with enough different numbers for an x axis; None if there is none.

    Five numbers are enough, or two if no executor has several numbers of workers.
    """
    compared = [cell for cell in cells if not is_plain_loop(cell)]
    counts = {(cell.cell.executor, cell.cell.workers) for cell in compared}
    fewest = 5 if len(counts) > len({cell.cell.executor for cell in compared}) else 2
    for key in keys:
        values = [number(cell, key) for cell in compared]
        if None not in values and len(set(values)) >= fewest:
            return key
    return None


def _varies(cells: Iterable[CellAnalysis], key: str) -> bool:
    return len({str(value) for cell in cells if (value := setting(cell, key)) is not None}) > 1


def _agree(of_cell: Iterable[object], of_group: Iterable[object]) -> bool:
    return all(value is None or value == other for value, other in zip(of_cell, of_group, strict=True))


def _with_baselines(group: Sequence[CellAnalysis], by_id: Mapping[str, CellAnalysis]) -> list[CellAnalysis]:
    inside = {cell.cell.id for cell in group}
    others = dict.fromkeys(cell.cell.baseline for cell in group if cell.cell.baseline not in inside)
    return [*(by_id[baseline] for baseline in others if baseline in by_id), *group]
