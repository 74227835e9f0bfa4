"""The answer: one sentence for every group of cells with a common baseline."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from runner.analysis.code import code_to_paste
from runner.analysis.statistics import FEWEST_BLOCKS, Estimate
from runner.analysis.tables import Tables, compare, label
from runner.analysis.units import seconds, text
from runner.store import Results


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What may be said of the cells with one baseline."""

    workload: str
    where: str  #: the interpreter and the swept settings that tell this group from others; may be empty
    fastest: str  #: cell
    recommended: str  #: cell: the one with fewest workers that is not shown slower than the best
    sentence: str
    why: str  #: what it loses most to, and what would help; empty where nothing is shown
    code: str  #: Python that runs the workload as the recommended cell does


def judge(results: Results, tables: Tables) -> list[Verdict]:
    """Judge every group that has a cell to speak of."""
    verdicts = []
    for baseline, group in tables.summary.groupby("baseline", sort=False):
        measured = group[group["wall_s"].notna() & (group["status"] == "ok")]
        if len(measured):
            verdicts.append(_judge(results, tables, str(baseline), measured))
    return verdicts


def _judge(results: Results, tables: Tables, baseline: str, group: pd.DataFrame) -> Verdict:
    told = _Told(results, tables, group)
    fastest = group.sort_values("wall_s").iloc[0]
    recommended = cheapest_among_best(group)
    sentence = f"{told.name(fastest)} is fastest, {seconds(fastest['wall_s'])}"
    if fastest["cell"] == baseline:
        sentence += _beside_the_next(told, fastest)
    else:
        sentence += _beside_its_baseline(told, fastest) + _beside_fewer_workers(told, fastest)
    if recommended["cell"] != fastest["cell"]:
        sentence += f". Use {told.name(recommended)}: it is not shown to be slower, and needs less"
    return Verdict(
        workload=str(fastest["workload"]),
        where=_where(tables.summary, group, results.swept),
        fastest=str(fastest["cell"]),
        recommended=str(recommended["cell"]),
        sentence=sentence,
        why=_why(told, recommended),
        code=code_to_paste(next(cell for cell in results.cells if cell.id == recommended["cell"])),
    )


class _Told:
    """One group of cells with a common baseline, with names that tell its cells apart."""

    def __init__(self, results: Results, tables: Tables, group: pd.DataFrame) -> None:
        self.tables, self.group, self._results = tables, group, results
        pools = group[group["workers"].notna()]
        self.keys = [key for key in ("chunk_size", *results.swept) if pools[key].nunique(dropna=False) > 1]

    def name(self, row: "pd.Series[Any]") -> str:
        """Name a cell: `process × 4`, and the settings that differ within the group."""
        settings = ", ".join(f"{key}={text(row[key])}" for key in self.keys if pd.notna(row[key]))
        return f"{label(row)} ({settings})" if settings else label(row)

    def times_as_long(self, slower: "pd.Series[Any]", faster: "pd.Series[Any]") -> Estimate | None:
        """Estimate how many times as long one cell takes as another."""
        return compare(self._results, self.tables, str(slower["cell"]), str(faster["cell"]))

    def bounds(self, ratio: Estimate) -> str:
        """Tell the bounds of a ratio, and what they are."""
        confidence = f"{float(self._results.study['confidence']):.0%} interval"
        kind = f"range of fewer than {FEWEST_BLOCKS} repetitions" if ratio.is_range else confidence
        return f"{kind} {ratio.low:.2f} to {ratio.high:.2f}"


def _beside_the_next(told: _Told, fastest: "pd.Series[Any]") -> str:
    """Compare a baseline that is fastest with the next cell."""
    others = told.group[told.group["cell"] != fastest["cell"]]
    if others.empty:
        return "; there is nothing else to compare it with"
    second = others.sort_values("wall_s").iloc[0]
    ratio = told.times_as_long(second, fastest)
    if ratio is None:
        return ""
    times = f"{ratio.value:.2f} times as long"
    if _is_told_apart(ratio) or ratio.is_range:
        return f"; the next, {told.name(second)}, takes {times} ({told.bounds(ratio)}){_unsure(ratio)}"
    return f", but not distinguishable from {told.name(second)} ({times}, {told.bounds(ratio)})"


def _beside_its_baseline(told: _Told, fastest: "pd.Series[Any]") -> str:
    """Compare a pool that is fastest with its baseline."""
    baseline = told.tables.summary[told.tables.summary["cell"] == fastest["baseline"]].iloc[0]
    ratio = told.times_as_long(baseline, fastest)
    if ratio is None:
        return f"; its baseline {label(baseline)} has no time to compare with"
    told_as = f": {ratio.value:.2f} times as fast as {label(baseline)} ({told.bounds(ratio)}){_unsure(ratio)}"
    if _is_told_apart(ratio) or ratio.is_range:
        return told_as
    return f"{told_as}, which is not distinguishable from no gain"


def _beside_fewer_workers(told: _Told, fastest: "pd.Series[Any]") -> str:
    """Say whether fewer workers, all else being the same, would do."""
    group = told.group
    if pd.isna(fastest["workers"]) or int(group["repetitions"].min()) < FEWEST_BLOCKS:
        return ""
    alike = (group["executor"] == fastest["executor"]) & (group["workers"] < fastest["workers"])
    for key in told.keys:
        alike &= group[key].eq(fastest[key]) | (group[key].isna() & pd.isna(fastest[key]))
    fewer = group[alike.fillna(value=False)].sort_values("workers")
    for _, row in fewer.iterrows():
        ratio = told.times_as_long(row, fastest)
        if ratio is not None and not _is_told_apart(ratio):
            return f"; {row['workers']} of its workers are not distinguishably slower"
    return "" if fewer.empty else "; fewer of its workers are distinguishably slower"


def _is_told_apart(ratio: Estimate) -> bool:
    """Whether the interval excludes 1; a range of few repetitions tells nothing apart."""
    return not ratio.is_range and not ratio.low <= 1 <= ratio.high


def _unsure(ratio: Estimate) -> str:
    return f"; too few repetitions to tell more: {FEWEST_BLOCKS} are needed" if ratio.is_range else ""


def _where(summary: pd.DataFrame, group: pd.DataFrame, swept: tuple[str, ...]) -> str:
    """Name what this group has in common and other groups have not."""
    pools = group[group["workers"].notna()] if group["workers"].notna().any() else group
    keys = [
        key
        for key in ("python", *swept)
        if summary[key].nunique(dropna=True) > 1 and pools[key].nunique(dropna=False) == 1
    ]
    return ", ".join(f"{key}={text(pools[key].iloc[0])}" for key in keys if pd.notna(pools[key].iloc[0]))


def _why(told: _Told, recommended: "pd.Series[Any]") -> str:
    """Tell the main loss of the recommended cell or, where that is the loop, of the fastest pool."""
    cell = recommended
    if pd.isna(cell["workers"]):
        pools = told.group[told.group["workers"].notna()]
        if pools.empty:
            return ""
        cell = pools.sort_values("wall_s").iloc[0]
    if cell["speedup_high"] >= _AT_THE_BOUND * cell["speedup_bound"]:
        bound = f"what the CPUs and these tasks allow ({cell['speedup_bound']:.2f})"
        return f"{told.name(cell)} is not distinguishable from {bound}"
    losses = told.tables.losses.get(str(cell["cell"]), [])
    if not losses:
        return ""
    parts = [f"{loss.share.value:.0%} to {loss.cause.name}" for loss in losses[:_MOST_CAUSES]]
    lost = f"{told.name(cell)} loses, of its workers' time, {', '.join(parts)}"
    return f"{lost}; most likely to help: {losses[0].cause.remedy}"


_MOST_CAUSES = 2
_AT_THE_BOUND = 0.98  # of the bound, for the upper end of the interval


def cheapest_among_best(group: pd.DataFrame) -> "pd.Series[Any]":
    """Choose, of the cells that are not shown slower than the best, the one with fewest workers.

    Too few repetitions show nothing, so then it is the fastest; or the baseline, if that was ever as fast.
    """
    if group["repetitions"].min() < FEWEST_BLOCKS:
        fastest = group.sort_values("wall_s").iloc[0]
        baselines = group[group["is_baseline"]]
        return baselines.iloc[0] if len(baselines) and fastest["speedup_low"] <= 1 else fastest
    best = group[group["among_best"].eq(other=True)]
    workers = best["workers"].fillna(0)  # the plain loop needs none
    return best.assign(_workers=workers).sort_values(["_workers", "wall_s"]).iloc[0]
