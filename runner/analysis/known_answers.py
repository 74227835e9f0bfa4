"""What a workload's author knows beforehand, against what was measured: the rows of known_answers.csv."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from runner.analysis.identity import label
from runner.analysis.machine import Machine
from runner.analysis.sample_size import fewest_blocks
from runner.folder.store import Results
from runner.modes import mode_of

COLUMNS = (
    *("workload", "cell", "figure", "expected", "measured", "low", "high", "outcome"),
    *("disturbed", "repetitions", "because"),
)

HOLDS, CANNOT_TELL, DOES_NOT_HOLD, NOT_RUN = "holds", "cannot tell", "does not hold", "not run"

Answer = Mapping[str, Any]  # an entry of a workload's `known_answers`, with the workload's name


@dataclass(frozen=True, kw_only=True)
class _Figure:
    """A measured figure; its bounds are itself where it has none."""

    value: float
    low: float
    high: float


def compare(results: Results, summary: pd.DataFrame, fits: pd.DataFrame, machine: Machine) -> pd.DataFrame:
    """Compare every known answer of the study's workloads with the cells it speaks of."""
    by_id = {cell.id: cell for cell in results.cells}
    rows, fewest = [], fewest_blocks(float(results.study["confidence"]))
    for answer in results.study.get("known_answers", ()):
        cells = _cells_of(answer, summary)
        if cells.empty:
            rows.append(_unmeasured(answer, "no such cell was asked for"))
        for _, cell in cells.iterrows():
            lacking = _other_mode(results) or _lacking(answer, machine, by_id[cell["cell"]]) or _failed(cell)
            if lacking:
                rows.append(_unmeasured(answer, lacking))
                continue
            found = _figure(answer["figure"], cell, fits)
            judged = _judge(answer, found, is_range=cell["repetitions"] < fewest)
            rows.append({**_named(answer, label(cell)), **judged, **_load(cell)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _cells_of(answer: Answer, summary: pd.DataFrame) -> pd.DataFrame:
    """Choose the cells that an answer speaks of; of an answer on a curve, its first one."""
    chosen = summary[summary["workload"].eq(answer["workload"]) & summary["executor"].eq(answer["executor"])]
    if answer["workers"] is not None:
        return chosen[chosen["workers"].eq(answer["workers"]).fillna(value=False)]
    return chosen.head(1)


def _lacking(answer: Answer, machine: Machine, cell: Any) -> str:
    """Say what an answer needs that is not there."""
    if answer["not_run"]:
        return str(answer["not_run"])
    if answer["needs_gil"] and not machine.has_gil(cell):
        return "it speaks of a GIL, and there is none"
    if (answer["needs_cpus"] or 0) > machine.cpus(cell):
        return f"it needs {answer['needs_cpus']:g} CPUs, and there are {machine.cpus(cell):g}"
    quota = answer["needs_quota"]
    if quota is not None and machine.quota != quota:
        return f"it needs a quota of {quota:g} CPUs: a cgroup with that cpu.max, which root can make"
    return ""


def _other_mode(results: Results) -> str:
    """Say that an answer is about one bag, where something else was measured."""
    mode = mode_of(results.study)
    return "" if mode.is_strong_scaling else f"it speaks of mode=tasks, and this is mode={mode.mode}"


def _failed(cell: "pd.Series[Any]") -> str:
    """Say why a cell has no figure."""
    return "" if cell["status"] == "ok" else f"its cell did not end well: {cell['note']}"


def _figure(name: str, cell: "pd.Series[Any]", fits: pd.DataFrame) -> _Figure | None:
    """Look a figure up: a column of the summary, or LAW_PARAMETER of the fits."""
    row, column = cell, name
    law, _, parameter = name.partition("_")
    if law in ("amdahl", "usl"):
        keys = [key for key in fits.columns[: list(fits).index("law")] if pd.notna(cell[key])]
        alike = fits["law"].eq(law)
        for key in keys:
            alike &= fits[key].eq(cell[key])
        if not alike.any():
            return None
        row, column = fits[alike].iloc[0], parameter
    value = row.get(column)
    if value is None or pd.isna(value):
        return None
    bounds = (row.get(f"{column}_low"), row.get(f"{column}_high"))
    low, high = (float(value if bound is None or pd.isna(bound) else bound) for bound in bounds)
    return _Figure(value=float(value), low=low, high=high)


def _judge(answer: Answer, found: _Figure | None, *, is_range: bool) -> dict[str, Any]:
    if found is None:
        return {"outcome": CANNOT_TELL}
    least, most = _range(answer)
    if answer["contains"] is not None:
        is_told, is_possible = (found.low <= answer["contains"] <= found.high,) * 2
    else:
        is_told = least <= found.value <= most
        is_possible = found.low <= most and found.high >= least
    # Few repetitions tell nothing apart.
    outcome = HOLDS if is_told else CANNOT_TELL if is_possible or is_range else DOES_NOT_HOLD
    return {"measured": found.value, "low": found.low, "high": found.high, "outcome": outcome}


def _range(answer: Answer) -> tuple[float, float]:
    """Give the range in which a figure is as expected."""
    if answer["about"] is not None:
        return answer["about"] * (1 - answer["within"]), answer["about"] * (1 + answer["within"])
    least, most = answer["at_least"], answer["at_most"]
    return -math.inf if least is None else least, math.inf if most is None else most


def _named(answer: Answer, cell: str) -> dict[str, Any]:
    return {
        "workload": answer["workload"],
        "cell": cell,
        "figure": answer["figure"],
        "expected": _expected(answer),
        "because": answer["because"],
    }


def _expected(answer: Answer) -> str:
    if answer["contains"] is not None:
        return f"interval holds {answer['contains']:g}"
    if answer["about"] is not None:
        return f"{answer['about']:g} ± {answer['within']:.0%}"
    limits: Iterable[tuple[str, float | None]] = (("≥", answer["at_least"]), ("≤", answer["at_most"]))
    return ", ".join(f"{sign} {limit:g}" for sign, limit in limits if limit is not None)


def _load(cell: "pd.Series[Any]") -> dict[str, Any]:
    """Say how the host's load enters: how many of a cell's runs others disturbed."""
    return {"disturbed": int(cell["noisy"]), "repetitions": int(cell["repetitions"])}


def _unmeasured(answer: Answer, reason: str) -> dict[str, Any]:
    workers = "" if answer["workers"] is None else f" × {answer['workers']}"
    named = _named(answer, f"{answer['executor']}{workers}")
    return {**named, "outcome": NOT_RUN, "because": f"not run, because {reason}"}
