"""The answer for every group of cells with a common baseline: what to use, how sure that is, and why."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from runner.analysis.estimate import Estimate
from runner.analysis.explain.causes import OVERSUBSCRIBED, PLACEMENT, POOL_END, POOL_START
from runner.analysis.facts import Cause, Loss
from runner.analysis.frames import describe
from runner.analysis.identity import label, plain_loops
from runner.analysis.intervals import Level, ratio_of_medians
from runner.analysis.rankings import fastest_group, quickest_snippet
from runner.analysis.tables import Tables
from runner.analysis.terms import Terms
from runner.analysis.units import bounds, text
from runner.codegen.code import code_to_paste
from runner.folder.results import Results
from runner.records import Cell
from runner.units import three_digits

Answer = Literal["helps", "does not help", "cannot tell", ""]

_WORTH_IT = 1.05  # a gain that is shown to be smaller than this is no help
_MOST_MORE_REPETITIONS = 200  # an estimate of more than that says: not by repeating
_MOST_CAUSES = 2
_FEWEST_TO_SHARE = 2  # workers
_AT_THE_BOUND = 0.98  # of the bound, for the upper end of the interval


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What may be said of the cells with one baseline."""

    workload: str
    where: str  #: the interpreter and the swept settings that tell this group from others; may be empty
    answer: Answer  #: whether a pool helps; empty where there is none, or no baseline to compare with
    fastest: str  #: cell
    recommended: str  #: cell: the one with fewest workers that is not shown slower than the best
    sentence: str
    more_workers: str  #: what the next larger number of workers gains; empty without one
    more_repetitions: str  #: how many would tell; empty where the answer is told
    why: str  #: what it loses most to, and what would help; empty where nothing is shown
    snippets: str  #: which snippet is the quickest; empty for a function
    groups: str  #: on which interpreter the same work is fastest; empty if there is one
    break_even: tuple[str, ...]  #: from which size of the workload on a pool wins, where a size is swept
    code: str  #: Python that runs the workload as the recommended cell does


def judge(results: Results, tables: Tables) -> list[Verdict]:
    """Judge every group that has a cell to speak of."""
    verdicts = []
    for baseline, group in tables.summary.groupby("baseline", sort=False):
        measured = group[group["wall_s"].notna() & (group["status"] == "ok")]
        if len(measured):
            verdicts.append(_judge(results, tables, str(baseline), measured))
    return _with_groups_compared(verdicts, results, tables)


def _with_groups_compared(verdicts: list[Verdict], results: Results, tables: Tables) -> list[Verdict]:
    """Add where the same work is fastest."""
    work = {cell.id: cell.work for cell in results.cells}
    groups: dict[str, list[tuple[str, str]]] = {}
    for verdict in verdicts:
        groups.setdefault(work[verdict.recommended], []).append((verdict.where, verdict.recommended))
    compared = {key: fastest_group(own, tables.summary, tables.times) for key, own in groups.items()}
    return [replace(verdict, groups=compared[work[verdict.recommended]]) for verdict in verdicts]


def _judge(results: Results, tables: Tables, baseline: str, group: pd.DataFrame) -> Verdict:
    told = _Told(results, tables, group)
    fastest = tables.terms.fastest_first(group).iloc[0]
    recommended = cheapest_among_best(group, tables.terms)
    sentence = f"{told.name(fastest)} is fastest, {tables.terms.told(fastest)}"
    if fastest["cell"] == baseline:
        sentence += _beside_the_next(told, fastest)
    else:
        sentence += _beside_its_baseline(told, fastest) + _beside_fewer_workers(told, fastest)
    if recommended["cell"] != fastest["cell"]:
        few = told.repetitions < told.level.fewest_blocks
        until = "Until more is known, use" if few else "Use"
        use = f"{until} {told.name(recommended)}: it is not shown to be slower than {told.name(fastest)}"
        sentence = f"{use}, and needs less. {sentence}"
    answer = _answer(told)
    cell = next(cell for cell in results.cells if cell.id == recommended["cell"])
    return Verdict(
        workload=str(fastest["workload"]),
        where=_where(tables.summary, group, results.swept),
        answer=answer,
        fastest=str(fastest["cell"]),
        recommended=str(recommended["cell"]),
        sentence=f"{tables.terms.preamble}{sentence}",
        more_workers=_more_workers(told, recommended),
        more_repetitions=_more_repetitions(told) if answer == "cannot tell" else "",
        why=_why(told, recommended),
        snippets=quickest_snippet(
            tables.tasks[tables.tasks["cell"] == baseline], told.repetitions, tables.times.level
        ),
        groups="",
        break_even=tuple(describe(tables.break_even, str(fastest["workload"]))),
        code=_code(cell, recommended, tables),
    )


def _code(cell: Cell, row: "pd.Series[Any]", tables: Tables) -> str:
    size = row["tasks_per_chunk"]
    is_async = tables.machine.is_async(cell)
    return code_to_paste(cell, is_async=is_async, auto_chunk_size=1 if pd.isna(size) else int(size))


def _nothing(key: str) -> str:
    """Name a setting that is not set."""
    return "all" if key == "chunk_size" else "null"


class _Told:
    """One group of cells with a common baseline, with names that tell its cells apart."""

    def __init__(self, results: Results, tables: Tables, group: pd.DataFrame) -> None:
        self.tables, self.group = tables, group
        self._loops = plain_loops(results.cells)
        pools = group[group["workers"].notna()]
        #: in which all cells of the group ended well
        self.repetitions = tables.times.together(group["cell"]).shape[1]
        #: of each comparison with the best
        self.level: Level = tables.times.level.to_compare(len(group))
        self.keys = [key for key in ("chunk_size", *results.swept) if pools[key].nunique(dropna=False) > 1]

    def name(self, row: "pd.Series[Any]") -> str:
        """Name a cell: `process × 4`, and the settings that differ within the group."""
        settings = ", ".join(f"{key}={text(row[key]) or _nothing(key)}" for key in self.keys)
        return f"{label(row)} ({settings})" if settings and pd.notna(row["workers"]) else label(row)

    def times_as_long(self, slower: "pd.Series[Any]", faster: "pd.Series[Any]") -> Estimate | None:
        """Estimate how many times as long one cell takes as another."""
        return self.tables.times.ratio(str(slower["cell"]), str(faster["cell"]))

    def bounds(self, ratio: Estimate) -> str:
        """Tell the bounds of a ratio, and what they are."""
        return bounds(ratio, self.tables.times.level.confidence)

    def pools(self) -> pd.DataFrame:
        """Give the cells that are no plain loops and have a speedup over another cell."""
        has_pool = ~self.group["is_baseline"] & ~self.group["cell"].isin(self._loops)
        return self.group[has_pool & self.group["speedup"].notna()]

    def loop(self) -> "pd.Series[Any] | None":
        """Give the plain loop that speedups are relative to; None if that is something else."""
        loops = self.group[self.group["is_baseline"] & self.group["cell"].isin(self._loops)]
        return loops.iloc[0] if len(loops) else None

    def beside_loop(self, pool: "pd.Series[Any]") -> Estimate:
        """Compare a pool with its baseline at the level at which the best are told from the rest."""
        both = self.tables.times.together([str(pool["baseline"]), str(pool["cell"])])
        return ratio_of_medians(both[0], both[1], *self.level)


def _answer(told: _Told) -> Answer:
    """Tell whether a pool helps, from the comparisons of all cells together."""
    pools, loop = told.pools(), told.loop()
    if pools.empty or loop is None:
        return ""
    if told.repetitions < told.level.fewest_blocks:
        return "cannot tell"
    if not loop["among_best"]:
        is_worth_it = any(told.beside_loop(pool).high > _WORTH_IT for _, pool in pools.iterrows())
        return "helps" if is_worth_it else "does not help"
    return "cannot tell" if len(_rivals(told)) else "does not help"


def _rivals(told: _Told) -> pd.DataFrame:
    """Give the pools that are not shown to be slower than the loop, and may yet be worth it."""
    pools = told.pools()
    level = pools[pools["among_best"].eq(other=True)]
    return level[[told.beside_loop(pool).high > _WORTH_IT for _, pool in level.iterrows()]]


def _more_repetitions(told: _Told) -> str:
    """Estimate how many more repetitions would tell whether a pool beats the loop.

    An interval narrows with the square root of the repetitions. The study can tell as soon as that of one
    rival excludes 1, or those of all rivals exclude a gain that is worth it, if ratios stay where they are.
    """
    done, fewest = told.repetitions, told.level.fewest_blocks
    if done < fewest:
        more = f"{fewest - done} more {'is' if fewest - done == 1 else 'are'} needed"
        return f"too few repetitions to tell {len(told.group)} cells apart; {more}"
    gains, losses = [], []
    for _, rival in _rivals(told).iterrows():
        gain, loss = _times_narrower(told.beside_loop(rival))
        gains.append((gain, told.name(rival)))
        losses.append(loss)
    gain, best = min(gains)
    narrower = min(gain, max(losses))
    needed = done * narrower**2
    beside = f"whether a pool is faster than the loop ({best} is the nearest to it)"
    if needed - done > _MOST_MORE_REPETITIONS:
        return f"more than {_MOST_MORE_REPETITIONS} more repetitions would be needed to tell {beside}"
    total = max(math.ceil(needed) | 1, done + 2)  # odd, so that a median is a real run
    return f"about {total - done} more repetitions would tell {beside}: repetitions={total}"


def _times_narrower(ratio: Estimate) -> tuple[float, float]:
    """Tell by how much an interval has to narrow to exclude 1 from below, and every gain that is worth it."""
    value, low, high = (math.log(one) for one in (ratio.value, ratio.low, ratio.high))
    to_worth = math.log(_WORTH_IT) - value
    gain = (value - low) / value if value > 0 else math.inf
    return gain, (high - value) / to_worth if to_worth > 0 else math.inf


def _beside_the_next(told: _Told, fastest: "pd.Series[Any]") -> str:
    """Compare a baseline that is fastest with the next cell."""
    others = told.group[told.group["cell"] != fastest["cell"]]
    if others.empty:
        return "; there is nothing else to compare it with"
    second = told.tables.terms.fastest_first(others).iloc[0]
    ratio = told.times_as_long(second, fastest)
    if ratio is None:
        return ""
    times = f"{three_digits(ratio.value)} times as long"
    if ratio.excludes(1) or ratio.is_range:
        return f"; the next, {told.name(second)}, takes {times} ({told.bounds(ratio)})"
    return f", but not distinguishable from {told.name(second)} ({times}, {told.bounds(ratio)})"


def _beside_its_baseline(told: _Told, fastest: "pd.Series[Any]") -> str:
    """Compare a pool that is fastest with its baseline."""
    summary = told.tables.summary
    baseline = summary[summary["cell"] == fastest["baseline"]].iloc[0]
    ratio = told.times_as_long(baseline, fastest)
    if ratio is None:
        return f"; its baseline {label(baseline)} has no time to compare with"
    told_as = f": {three_digits(ratio.value)} times as fast as {label(baseline)} ({told.bounds(ratio)})"
    if ratio.excludes(1) or ratio.is_range:
        return told_as
    return f"{told_as}, which is not distinguishable from no gain"


def _beside_fewer_workers(told: _Told, fastest: "pd.Series[Any]") -> str:
    """Say whether fewer workers, all else being the same, would do."""
    if pd.isna(fastest["workers"]) or told.repetitions < told.tables.times.level.fewest_blocks:
        return ""
    fewer = _alike(told, fastest)
    fewer = fewer[(fewer["workers"] < fastest["workers"]).fillna(value=False)].sort_values("workers")
    for _, row in fewer.iterrows():
        ratio = told.times_as_long(row, fastest)
        if ratio is not None and not ratio.excludes(1):
            return f"; with {row['workers']} of its workers it is not distinguishably slower"
    return "" if fewer.empty else "; with fewer of its workers it is distinguishably slower"


def _alike(told: _Told, cell: "pd.Series[Any]") -> pd.DataFrame:
    """Give the cells that differ from one in nothing but the number of workers."""
    alike = told.group["executor"] == cell["executor"]
    for key in told.keys:
        alike &= told.group[key].eq(cell[key]) | (told.group[key].isna() & pd.isna(cell[key]))
    rows: pd.DataFrame = told.group[alike.fillna(value=False)]
    return rows


def _more_workers(told: _Told, recommended: "pd.Series[Any]") -> str:
    """Tell what the next larger number of workers gains."""
    if pd.isna(recommended["workers"]):
        return ""
    alike = _alike(told, recommended)
    larger = alike[(alike["workers"] > recommended["workers"]).fillna(value=False)].sort_values("workers")
    gain = told.times_as_long(recommended, larger.iloc[0]) if len(larger) else None
    if gain is None:
        return ""
    shown = "" if gain.is_range or gain.excludes(1) else ", not distinguishable from no change"
    times = f"{three_digits(gain.value)} times as fast"
    return f"{told.name(larger.iloc[0])} is {times} as {told.name(recommended)} ({told.bounds(gain)}){shown}"


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
    """Tell the main loss of the recommended cell or, if it shares nothing out, of the fastest that does."""
    cell = recommended
    if pd.isna(cell["workers"]) or cell["workers"] < _FEWEST_TO_SHARE:
        pools = told.group[told.group["workers"].notna()]
        sharing = pools[pools["workers"] >= _FEWEST_TO_SHARE]
        if pools.empty:
            return ""
        cell = told.tables.terms.fastest_first(pools if sharing.empty else sharing).iloc[0]
    losses = told.tables.losses.get(str(cell["cell"]), [])
    parts = [f"{loss.share.value:.0%} to {loss.cause.name}" for loss in losses[:_MOST_CAUSES]]
    lost = f"of its workers' time it loses {', '.join(parts)}" if losses else ""
    if cell["speedup_low"] <= cell["speedup_bound"] <= cell["speedup_high"] / _AT_THE_BOUND:
        bound = f"what the CPUs and these tasks allow ({cell['speedup_bound']:.2f})"
        lost = f"it is not distinguishable from {bound}{'; ' if lost else ''}{lost}"
    if not losses and (untold := told.tables.unexplained.get(str(cell["cell"]), "")):
        lost = f"{lost}{'; ' if lost else ''}{untold}"
    remedies = [_remedy(loss.cause, cell) for loss in losses if not _is_refuted(told, cell, loss.cause)]
    if _is_too_small(told, cell, losses):
        remedies = [f"more items: starting and ending the pool takes all that {cell['workers']} workers save"]
    helps = f"; most likely to help: {remedies[0]}" if remedies else ""
    return f"{told.name(cell)}: {lost}{helps}" if lost else ""


def _remedy(cause: Cause, cell: "pd.Series[Any]") -> str:
    """Say what helps against a cause; there are no smaller chunks than of one task."""
    if cause == PLACEMENT and cell["chunk_size"] == 1:
        return "submit the longest tasks first"
    return cause.remedy


def _is_too_small(told: _Told, cell: "pd.Series[Any]", losses: Sequence[Loss]) -> bool:
    """Whether what costs most is a pool's start or end, and both take what its workers could save at best."""
    loop, workers = told.loop(), cell["workers"]
    if loop is None or workers < _FEWEST_TO_SHARE or not losses or losses[0].cause not in _OF_THE_POOL:
        return False
    pool_share = sum(loss.share.value for loss in losses if loss.cause in _OF_THE_POOL)
    loop_s = loop["wall_s"] * cell.get("bags", 1)
    return bool(pool_share * cell["wall_s"] >= loop_s * (1 - 1 / workers))


_OF_THE_POOL = (POOL_START, POOL_END)


def _is_refuted(told: _Told, cell: "pd.Series[Any]", cause: Cause) -> bool:
    """Whether fewer workers would help against a cause, and were measured and are shown to be slower."""
    alike = _alike(told, cell)
    fewer = alike[(alike["workers"] < cell["workers"]).fillna(value=False)]
    if cause != OVERSUBSCRIBED or fewer.empty:
        return False
    is_best = pd.notna(cell["among_best"]) and bool(cell["among_best"])
    if is_best and fewer["among_best"].eq(other=False).all():
        return True
    ratios = [told.times_as_long(row, cell) for _, row in fewer.iterrows()]
    return all(ratio is not None and ratio.excludes(1) and ratio.value > 1 for ratio in ratios)


def cheapest_among_best(group: pd.DataFrame, terms: Terms) -> "pd.Series[Any]":
    """Choose, of the cells that are not shown slower than the best, the one with fewest workers.

    Too few repetitions show nothing, so then it is the fastest; or the baseline, if that was ever as fast, or
    may have been for all that a single repetition shows.
    """
    if group["among_best"].isna().any():
        fastest = terms.fastest_first(group).iloc[0]
        baselines = group[group["is_baseline"]]
        was_level = fastest["speedup_low"] <= 1 or group["repetitions"].min() == 1
        may_be_level = len(baselines) and was_level and pd.notna(fastest["workers"])
        return baselines.iloc[0] if may_be_level else fastest
    best = group[group["among_best"].eq(other=True)]
    workers = best["workers"].fillna(0)  # the plain loop needs none
    return terms.fastest_first(best[workers == workers.min()]).iloc[0]
