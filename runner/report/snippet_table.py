"""The time per call of snippets, as the baselines run them: a ranking."""

import pandas as pd

from runner.analysis.tables import Tables
from runner.folder.results import Results
from runner.report.cell_table import kind_of_bounds, varying_settings
from runner.report.labels import one_line, short, shown
from runner.report.text_table import TextColumn as Column
from runner.units import seconds

_LONGEST_LABEL = 30


def snippet_columns(rows: pd.DataFrame, results: Results, tables: Tables) -> list[Column]:
    """Lay out the snippets of one workload, the fastest on the first baseline on top; empty if none."""
    of_snippets = tables.tasks[tables.tasks["per_call"].eq(other=True)]
    baselines = rows[rows["is_baseline"] & rows["cell"].isin(of_snippets["cell"])]
    if baselines.empty:
        return []
    times = [of_snippets[of_snippets["cell"] == cell].set_index("label") for cell in baselines["cell"]]
    first = times[0].sort_values("time_s")
    order = first.index.append([own.index for own in times[1:]]).unique()
    is_only = len(times) == 1
    headings = ["per call"] if is_only else _headings(baselines, results)
    fastest, *others = (
        Column(heading=heading, texts=_times(own.reindex(order)), drop=place)
        for place, (heading, own) in enumerate(zip(headings, times, strict=True))
    )
    names = [one_line(str(name), _LONGEST_LABEL) for name in order]
    ratios = first["relative"].reindex(order)
    return [
        Column(heading="snippet", texts=names, justify="left"),
        fastest,
        Column(heading="relative", texts=["" if pd.isna(ratio) else f"×{ratio:.2f}" for ratio in ratios]),
        *([Column(heading=kind_of_bounds(baselines, results), texts=_bounds(first))] if is_only else others),
    ]


def _headings(baselines: pd.DataFrame, results: Results) -> list[str]:
    """Name baselines by what tells them apart: interpreters by themselves, other settings with their key."""
    keys = varying_settings(baselines, results)
    return [
        ", ".join(shown(row[key]) if key == "python" else f"{short(key)}={shown(row[key])}" for key in keys)
        for row in baselines.to_dict("records")
    ]


def _times(rows: pd.DataFrame) -> list[str]:
    return ["" if pd.isna(time) else seconds(time) for time in rows["time_s"]]


def _bounds(rows: pd.DataFrame) -> list[str]:
    pairs = zip(rows["relative_low"], rows["relative_high"], strict=True)
    return ["" if pd.isna(low) or low == high else f"{low:.2f}–{high:.2f}" for low, high in pairs]
