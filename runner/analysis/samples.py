"""One row an iteration, and the times of cells that may make a claim."""

from dataclasses import asdict

import pandas as pd

from runner.analysis.identity import Identities, identity_columns, typed
from runner.analysis.statistics import Level
from runner.analysis.times import Times
from runner.records import Sample
from runner.store import Results

#: What blocks every claim of a cell, and of those relative to it. An interruption does not.
FAILED = ("failed", "crashed", "timeout", "wrong_result")

_OWN_COLUMNS = tuple(name for name in Sample.__slots__ if name != "cell")


def tabulate_samples(results: Results, identities: Identities) -> pd.DataFrame:
    """Lay out every sample, behind the columns that name its cell."""
    rows = [{**asdict(sample), **identities[sample.cell]} for sample in results.samples]
    return typed(pd.DataFrame(rows, columns=[*identity_columns(results), *_OWN_COLUMNS]))


def is_headline(samples: pd.DataFrame) -> "pd.Series[bool]":
    """Tell the cold runs that ended well; repetition 0 is the reference."""
    return samples["repetition"].gt(0) & samples["iteration"].eq(0) & samples["status"].eq("ok")


def headline_times(samples: pd.DataFrame, level: Level) -> Times:
    """Give the wall times of the cold runs."""
    claiming = _claiming(samples)
    return _times(claiming[is_headline(claiming)], "wall_s", level)


def warm_times(samples: pd.DataFrame, level: Level) -> Times:
    """Give the times of the tasks alone on a pool that is warm, the median within an invocation."""
    claiming = _claiming(samples)
    is_warm = claiming["repetition"].gt(0) & claiming["iteration"].gt(0)
    is_warm &= ~claiming["warmup"] & ~claiming["tracing"]
    return _times(claiming[is_warm & claiming["status"].eq("ok")], "work_s", level)


def _claiming(samples: pd.DataFrame) -> pd.DataFrame:
    """Leave out the cells that did not always end well."""
    return samples[~samples["cell"].isin(samples[samples["status"].isin(FAILED)]["cell"])]


def _times(rows: pd.DataFrame, column: str, level: Level) -> Times:
    by_cell = {
        str(cell): own.groupby("repetition")[column].median()
        for cell, own in rows.groupby("cell", sort=False)
    }
    return Times(by_cell, level)
