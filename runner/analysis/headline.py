"""One time per repetition of every cell, by which cells are compared."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from runner.analysis.intervals import Level, Values, medians, ratio_of_medians
from runner.estimate import Estimate
from runner.folder.results import Results
from runner.modes import bags_of
from runner.records import Cell, Sample

#: The samples of every cell, by cell id, in the order in which they were recorded.
SamplesByCell = Mapping[str, Sequence[Sample]]


def samples_by_cell(results: Results) -> SamplesByCell:
    """Group the samples of a study by cell; a cell without samples has an empty list."""
    samples: dict[str, list[Sample]] = {cell.id: [] for cell in results.cells}
    for sample in results.samples:
        samples[sample.cell].append(sample)
    return samples


class CellTimes:
    """One figure per repetition of every cell that never failed, and the comparisons of cells by it.

    Args:
        by_cell: the figure in seconds by repetition; cells without one may be absent
        level: of every interval
    """

    def __init__(self, by_cell: Mapping[str, Mapping[int, float]], level: Level) -> None:
        self._by_cell = {cell: dict(sorted(times.items())) for cell, times in by_cell.items()}
        self._values = {
            cell: np.array(list(times.values()), dtype=np.float64) for cell, times in self._by_cell.items()
        }
        self.level = level

    def of(self, cell: str) -> Mapping[int, float]:
        """Return the times of a cell by repetition, in order; empty if the cell failed."""
        return self._by_cell.get(cell, {})

    def values(self, cell: str) -> Values:
        """Return the times of a cell in the order of the repetitions."""
        return self._values.get(cell, _NO_VALUES)

    def median(self, cell: str) -> Estimate | None:
        """Estimate the median time of a cell; None without any time."""
        values = self.values(cell)
        return medians(values.reshape(1, -1), *self.level)[0] if values.size else None

    def middle(self, cell: str) -> float:
        """Return the median time of a cell without bounds, for sorting; infinite without any time."""
        values = self.values(cell)
        return float(np.median(values)) if values.size else math.inf

    def ratio(self, numerator: str, denominator: str) -> Estimate | None:
        """Estimate the ratio of two cells' median times; None if they share no repetition."""
        paired = self.together([numerator, denominator])
        return ratio_of_medians(paired[0], paired[1], *self.level) if paired.shape[1] else None

    def together(self, cells: Iterable[str]) -> Values:
        """Return the times of cells, one per row, in the repetitions in which all of them succeeded."""
        cells = list(cells)
        rows = [self.of(cell) for cell in cells]
        if not rows:
            return np.empty((0, 0))
        if all(row.keys() == rows[0].keys() for row in rows):
            return np.array([self.values(cell) for cell in cells])
        shared = [repetition for repetition in rows[0] if all(repetition in row for row in rows)]
        return np.array([[row[repetition] for repetition in shared] for row in rows], dtype=np.float64)


_NO_VALUES = np.empty(0)


def headline_times(
    cells: Iterable[Cell],
    samples: SamplesByCell,
    figure: Callable[[Cell, Sample], float | None],
    level: Level,
) -> CellTimes:
    """Collect a figure of the headline runs of all cells that never failed."""
    return _cell_times(cells, samples, lambda sample: sample.is_headline, figure, level)


def warm_times(cells: Iterable[Cell], samples: SamplesByCell, level: Level) -> CellTimes:
    """Collect the seconds that one bag's tasks take on a warm pool: the median of each invocation."""
    return _cell_times(cells, samples, _is_warm, _bag_work_s, level)


def _cell_times(
    cells: Iterable[Cell],
    samples: SamplesByCell,
    is_included: Callable[[Sample], bool],
    figure: Callable[[Cell, Sample], float | None],
    level: Level,
) -> CellTimes:
    by_cell: dict[str, dict[int, float]] = {}
    for cell in cells:
        cell_samples = samples[cell.id]
        if any(sample.has_failed for sample in cell_samples):
            continue
        values: dict[int, list[float]] = {}
        for sample in cell_samples:
            value = figure(cell, sample) if is_included(sample) else None
            if value is not None:
                values.setdefault(sample.repetition, []).append(value)
        by_cell[cell.id] = {
            repetition: figures[0] if len(figures) == 1 else float(np.median(figures))
            for repetition, figures in values.items()
        }
    return CellTimes(by_cell, level)


def _is_warm(sample: Sample) -> bool:
    is_timed = not sample.warmup and not sample.tracing and sample.status == "ok"
    return is_timed and sample.repetition > 0 and sample.iteration > 0


def _bag_work_s(cell: Cell, sample: Sample) -> float | None:
    return None if sample.work_s is None else sample.work_s / bags_of(cell)
