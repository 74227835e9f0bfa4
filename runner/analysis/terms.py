"""How the figures of a mode are told."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from runner.folder.results import Results
from runner.modes import ModeSpec, mode_of, window_s


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a study compares, and in which words."""

    mode: ModeSpec
    window_s: float = 0.0

    @property
    def preamble(self) -> str:
        """Say, before the sentence that answers, what it is about; nothing of a single bag."""
        described = self.mode.described(self.window_s)
        return f"{described}: " if described else ""

    def fastest_first(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Sort rows of the summary by what cells are compared by."""
        figure = self.mode.figure
        return rows.sort_values(figure.column, ascending=not figure.higher_is_better)

    def told(self, row: "pd.Series[Any]") -> str:
        """Tell that of one row."""
        return self.mode.figure.text(row[self.mode.figure.column])


def terms_of(results: Results) -> Terms:
    """Tell which terms a study is told in."""
    return Terms(mode=mode_of(results.study), window_s=window_s(results.cells))
