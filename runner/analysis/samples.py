"""One row an iteration, and the times of cells that may make a claim."""

from collections.abc import Iterable
from dataclasses import asdict

import pandas as pd

from runner.analysis.identity import Identities, identity_columns, typed
from runner.analysis.intervals import Level
from runner.analysis.times import Times
from runner.folder.results import Results
from runner.modes import bags_of, unit_s
from runner.records import Cell, Sample

#: What blocks every claim of a cell, and of those relative to it. An interruption does not.
FAILED = ("failed", "crashed", "timeout", "wrong_result")

_OWN_COLUMNS = tuple(name for name in Sample.__slots__ if name != "cell")


def tabulate_samples(results: Results, identities: Identities) -> pd.DataFrame:
    """Lay out every sample, behind the columns that name its cell; `unit_s` is what cells are compared by."""
    cells = {cell.id: cell for cell in results.cells}
    rows = [
        {**asdict(sample), **identities[sample.cell], "unit_s": unit_s(cells[sample.cell], sample)}
        for sample in results.samples
    ]
    return typed(pd.DataFrame(rows, columns=[*identity_columns(results), *_OWN_COLUMNS, "unit_s"]))


def is_headline(samples: pd.DataFrame) -> "pd.Series[bool]":
    """Tell the cold runs that ended well; repetition 0 is the reference."""
    return samples["repetition"].gt(0) & samples["iteration"].eq(0) & samples["status"].eq("ok")


def cold_times(samples: pd.DataFrame, column: str, level: Level) -> Times:
    """Give a time of the cold runs; that by which cells are compared is `unit_s`."""
    claiming = _claiming(samples)
    return _times(claiming[is_headline(claiming)], column, level)


def warm_times(samples: pd.DataFrame, cells: Iterable[Cell], level: Level) -> Times:
    """Give the times of a bag's tasks alone on a pool that is warm, the median within an invocation."""
    bags = samples["cell"].map({cell.id: bags_of(cell) for cell in cells})
    samples = samples.assign(work_s=samples["work_s"] / bags)
    claiming = _claiming(samples)
    is_warm = claiming["repetition"].gt(0) & claiming["iteration"].gt(0)
    is_warm &= ~claiming["warmup"] & ~claiming["tracing"]
    return _times(claiming[is_warm & claiming["status"].eq("ok")], "work_s", level)


def _claiming(samples: pd.DataFrame) -> pd.DataFrame:
    """Leave out the cells that did not always end well."""
    return samples[~samples["cell"].isin(samples[samples["status"].isin(FAILED)]["cell"])]


def _times(rows: pd.DataFrame, column: str, level: Level) -> Times:
    by_cell = {
        str(cell): own.groupby("repetition")[column].median().dropna()
        for cell, own in rows.groupby("cell", sort=False)
    }
    return Times(by_cell, level)
