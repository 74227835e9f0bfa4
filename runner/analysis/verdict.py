"""The answer: one sentence for every group of cells with a common baseline, and the code to paste."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from runner.analysis.statistics import FEWEST_BLOCKS, Estimate
from runner.analysis.tables import Tables, compare, label
from runner.analysis.units import seconds
from runner.records import Cell
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
    fastest = group.sort_values("wall_s").iloc[0]
    recommended = cheapest_among_best(group)
    confidence = f"{float(results.study['confidence']):.0%}"
    if fastest["cell"] == baseline:
        sentence = _baseline_is_fastest(results, tables, group, fastest, confidence)
    else:
        sentence = _another_is_fastest(results, tables, group, fastest, confidence)
    if recommended["cell"] != fastest["cell"]:
        sentence += f". Use {label(recommended)}: it is not shown to be slower, and needs less"
    return Verdict(
        workload=str(fastest["workload"]),
        where=_where(tables.summary, fastest, results.swept),
        fastest=str(fastest["cell"]),
        recommended=str(recommended["cell"]),
        sentence=sentence,
        why=_why(tables, group, recommended),
        code=code_to_paste(next(cell for cell in results.cells if cell.id == recommended["cell"])),
    )


def _baseline_is_fastest(
    results: Results, tables: Tables, group: pd.DataFrame, fastest: "pd.Series[Any]", confidence: str
) -> str:
    sentence = f"{label(fastest)} is fastest, {seconds(fastest['wall_s'])}"
    others = group[group["cell"] != fastest["cell"]]
    if others.empty:
        return f"{sentence}; there is nothing else to compare it with"
    second = others.sort_values("wall_s").iloc[0]
    ratio = compare(results, tables, str(second["cell"]), str(fastest["cell"]))
    if ratio is None:
        return sentence
    bounds = _bounds(ratio, confidence)
    if _includes_one(ratio):
        times = f"{ratio.value:.2f} times as long, {bounds}"
        return f"{sentence}, but not distinguishable from {label(second)} ({times})"
    return f"{sentence}; the next, {label(second)}, takes {ratio.value:.2f} times as long ({bounds})"


def _another_is_fastest(
    results: Results, tables: Tables, group: pd.DataFrame, fastest: "pd.Series[Any]", confidence: str
) -> str:
    sentence = f"{label(fastest)} is fastest, {seconds(fastest['wall_s'])}"
    baseline = tables.summary[tables.summary["cell"] == fastest["baseline"]].iloc[0]
    ratio = compare(results, tables, str(fastest["baseline"]), str(fastest["cell"]))
    if ratio is None:
        return f"{sentence}; its baseline {label(baseline)} has no time to compare with"
    sentence += f": {ratio.value:.2f} times as fast as {label(baseline)} ({_bounds(ratio, confidence)})"
    if _includes_one(ratio):
        sentence += ", which is not distinguishable from no gain"
    return sentence + _fewer_workers(results, tables, group, fastest)


def _fewer_workers(results: Results, tables: Tables, group: pd.DataFrame, fastest: "pd.Series[Any]") -> str:
    """Say whether fewer workers of the same executor would do."""
    if pd.isna(fastest["workers"]):
        return ""
    fewer = group[(group["executor"] == fastest["executor"]) & (group["workers"] < fastest["workers"])]
    fewer = fewer[fewer["chunk_size"].eq(fastest["chunk_size"]).fillna(value=True)]
    if fewer.empty:
        return ""
    for _, row in fewer.sort_values("workers").iterrows():
        ratio = compare(results, tables, str(row["cell"]), str(fastest["cell"]))
        if ratio is not None and _includes_one(ratio):
            return f"; {row['workers']} of its workers are not distinguishably slower"
    return "; fewer of its workers are distinguishably slower"


def _bounds(ratio: Estimate, confidence: str) -> str:
    kind = f"range of fewer than {FEWEST_BLOCKS} repetitions" if ratio.is_range else f"{confidence} interval"
    return f"{kind} {ratio.low:.2f} to {ratio.high:.2f}"


def _includes_one(ratio: Estimate) -> bool:
    return ratio.low <= 1 <= ratio.high


def _where(summary: pd.DataFrame, row: "pd.Series[Any]", swept: tuple[str, ...]) -> str:
    keys = [key for key in ("python", *swept) if summary[key].nunique(dropna=True) > 1 and pd.notna(row[key])]
    return ", ".join(f"{key}={row[key]}" for key in keys)


def _why(tables: Tables, group: pd.DataFrame, recommended: "pd.Series[Any]") -> str:
    """Tell the main loss of the recommended cell or, where that is the loop, of the fastest pool."""
    cell = recommended
    if pd.isna(cell["workers"]):
        pools = group[group["workers"].notna()]
        if pools.empty:
            return ""
        cell = pools.sort_values("wall_s").iloc[0]
    if cell["speedup_high"] >= _AT_THE_BOUND * cell["speedup_bound"]:
        return f"{label(cell)} reaches what the CPUs and these tasks allow: {cell['speedup_bound']:.2f}"
    losses = tables.losses.get(str(cell["cell"]), [])
    if not losses:
        return ""
    told = [
        f"{loss.share.value:.0%} of its workers' time to {loss.cause.name}"
        if rank == 0
        else f"{loss.share.value:.0%} to {loss.cause.name}"
        for rank, loss in enumerate(losses[:_MOST_CAUSES])
    ]
    return f"{label(cell)} loses {', '.join(told)}; most likely to help: {losses[0].cause.remedy}"


_MOST_CAUSES = 2
_AT_THE_BOUND = 0.98  # of the bound, for the upper end of the interval


def cheapest_among_best(group: pd.DataFrame) -> "pd.Series[Any]":
    """Choose, of the cells that are not shown slower than the best, the one with fewest workers.

    Too few repetitions show nothing, so then it is the fastest.
    """
    if group["repetitions"].min() < FEWEST_BLOCKS:
        return group.sort_values("wall_s").iloc[0]
    best = group[group["among_best"].eq(other=True)]
    workers = best["workers"].fillna(0)  # the plain loop needs none
    return best.assign(_workers=workers).sort_values(["_workers", "wall_s"]).iloc[0]


def code_to_paste(cell: Cell) -> str:
    """Write the Python that does what a cell does."""
    workload, pool = cell.settings["workload"], cell.settings["executor"]["pool"]
    if workload["snippets"]:
        return ""
    module, _, name = workload["function"].rpartition(".")
    imports = [f"from {module} import {name}"]
    call = name
    if workload["arguments"]:
        imports.insert(0, "from functools import partial")
        given = ", ".join(f"{key}={value!r}" for key, value in workload["arguments"].items())
        call = f"partial({name}, {given})"
    if cell.workers is None and pool["_target_"].startswith("runner_probe."):
        return "\n".join([*imports, "", f"results = list(map({call}, items))"])
    return "\n".join([*_pool_imports(pool), *imports, "", *_with_pool(cell, pool, call)])


def _pool_imports(pool: Mapping[str, Any]) -> list[str]:
    module, _, name = pool["_target_"].rpartition(".")
    lines = [f"from {module} import {name}"]
    if pool.get("mp_context") is not None:
        lines.append("from multiprocessing import get_context")
    return lines


def _with_pool(cell: Cell, pool: Mapping[str, Any], call: str) -> list[str]:
    given = {key: value for key, value in pool.items() if key != "_target_" and value is not None}
    arguments = [f"{key}={_argument(key, value)}" for key, value in given.items()]
    context = [f'context = get_context("{given["mp_context"]}")'] if "mp_context" in given else []
    if cell.settings["workload"].get("initializer"):
        arguments.append(f"initializer={json.dumps(cell.settings['workload']['initializer'])}")
    chunks = f", chunksize={cell.chunk_size}" if cell.chunk_size not in (None, 1) else ""
    name = pool["_target_"].rpartition(".")[2]
    return [
        *context,
        f"with {name}({', '.join(arguments)}) as pool:",
        f"    results = list(pool.map({call}, items{chunks}))",
    ]


def _argument(key: str, value: Any) -> str:
    return "context" if key == "mp_context" else repr(value)
