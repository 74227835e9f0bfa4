"""One time a repetition of every cell, and how cells compare by them."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from runner.analysis.estimate import Estimate
from runner.analysis.intervals import Level, Values, medians, ratio_of_medians


class Times:
    """Times of cells in seconds, by repetition; only of cells that may make a claim.

    Args:
        by_cell: one series a cell, indexed by repetition
        level: of every interval
    """

    def __init__(self, by_cell: Mapping[str, "pd.Series[float]"], level: Level) -> None:
        self._by_cell, self.level = by_cell, level

    def of(self, cell: str) -> "pd.Series[float]":
        """Give a cell's times; none if it makes no claim."""
        return self._by_cell.get(cell, pd.Series(dtype="float64"))

    def median(self, cell: str) -> Estimate | None:
        """Estimate what a cell takes."""
        times = self.of(cell).to_numpy(dtype=np.float64)
        return medians(times.reshape(1, -1), *self.level)[0] if len(times) else None

    def ratio(self, numerator: str, denominator: str) -> Estimate | None:
        """Estimate how many times as long one cell takes as another; None if they share no repetition."""
        both = self.together([numerator, denominator])
        return ratio_of_medians(both[0], both[1], *self.level) if both.shape[1] else None

    def together(self, cells: Iterable[str]) -> Values:
        """Give the times of cells, one a row, in the repetitions in which all of them ended well."""
        rows = [self.of(cell) for cell in cells]
        complete = pd.concat(rows, axis=1, join="inner") if rows else pd.DataFrame()
        times: Values = complete.to_numpy(dtype=np.float64).T
        return times
