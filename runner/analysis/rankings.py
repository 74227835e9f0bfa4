"""Rankings beside that of executors: of snippets, and of interpreters that run the same work."""

from collections.abc import Sequence

import pandas as pd

from runner.analysis.estimate import Estimate
from runner.analysis.identity import label
from runner.analysis.intervals import Level
from runner.analysis.times import Times
from runner.analysis.units import bounds
from runner.units import seconds, three_digits

_MOST_NAMED = 3


def quickest_snippet(tasks: pd.DataFrame, repetitions: int, level: Level) -> str:
    """Name the quickest snippet of one cell, and how far the next one is; empty without two snippets."""
    snippets = tasks[tasks["relative"].notna()].sort_values("time_s")
    if len(snippets) < 2:
        return ""
    first, second = snippets.iloc[0], snippets.iloc[1]
    told = f"'{first['label']}' is the quickest snippet, {seconds(first['time_s'])} a call"
    rivals = snippets[snippets["among_best"].eq(other=True)].iloc[1:]
    if len(rivals):
        names = _listed([repr(name) for name in rivals["label"]])
        return f"{told}, but not distinguishable from {names}"
    relative = Estimate(
        value=float(second["relative"]),
        low=float(second["relative_low"]),
        high=float(second["relative_high"]),
        is_range=repetitions < level.fewest_blocks,
    )
    needed = level.to_compare(len(snippets)).fewest_blocks
    few = f"; {needed} repetitions are needed to rank {len(snippets)}" if repetitions < needed else ""
    return f"{told}; the next, '{second['label']}', takes {_times_as_long(relative, level)}{few}"


def fastest_group(groups: Sequence[tuple[str, str]], summary: pd.DataFrame, times: Times) -> str:
    """Compare the recommended cells of groups that do the same work; empty for one group.

    Args:
        groups: what tells each from the others, such as `python=3.13.0`, and the id of its recommended cell
        summary: one row a cell
        times: headline times
    """
    if len(groups) < 2:
        return ""
    names = {str(row["cell"]): label(row) for _, row in summary.iterrows()}
    ranked = sorted(groups, key=lambda group: float(times.of(group[1]).median()))
    (best_name, best), (next_name, second) = ranked[:2]
    told = f"{best_name} is fastest: {names[best]} takes {seconds(float(times.of(best).median()))}"
    ratio = times.ratio(second, best)
    if ratio is None:
        return told
    how = f"{names[second]} takes {_times_as_long(ratio, times.level)}"
    if ratio.is_range or ratio.excludes(1):
        return f"{told}; on {next_name}, {how}"
    return f"{told}, but it is not distinguishable from {next_name}, where {how}"


def _times_as_long(ratio: Estimate, level: Level) -> str:
    return f"{three_digits(ratio.value)} times as long ({bounds(ratio, level.confidence)})"


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        shown[-1] = f"{len(names) - _MOST_NAMED + 1} others"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
