"""How the figures of a mode are told."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from runner.folder.store import Results
from runner.modes import lasts_s, mode_of
from runner.records import Mode
from runner.units import seconds, three_digits


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a study compares, and in which words."""

    mode: Mode
    window_s: float = 0.0

    @property
    def preamble(self) -> str:
        """Say, before the sentence that answers, what it is about; nothing of a single bag."""
        if self.mode is Mode.weak:
            return "weak scaling, one bag per worker: "
        return f"throughput over {seconds(self.window_s)}: " if self.mode is Mode.throughput else ""

    def fastest_first(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Sort rows of the summary by what cells are compared by."""
        if self.mode is Mode.throughput:
            return rows.sort_values("tasks_per_s", ascending=False)
        return rows.sort_values("bag_s" if self.mode is Mode.weak else "wall_s")

    def told(self, row: "pd.Series[Any]") -> str:
        """Tell that of one row."""
        if self.mode is Mode.throughput:
            return f"{three_digits(row['tasks_per_s'])} tasks a second"
        return f"{seconds(row['bag_s'])} a bag" if self.mode is Mode.weak else seconds(row["wall_s"])


def terms_of(results: Results) -> Terms:
    """Tell which terms a study is told in."""
    return Terms(mode=mode_of(results.study), window_s=lasts_s(results.cells))
