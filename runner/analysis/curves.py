"""Which cells form a scaling curve, and the laws fitted to each: the rows of fits.csv."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from runner.analysis.estimate import Estimate
from runner.analysis.laws import Fit, fit
from runner.analysis.machine import Machine
from runner.analysis.times import Times
from runner.folder.store import Results
from runner.modes import ModeSpec, mode_of

COLUMNS = [
    "law",
    "levels",
    *(f"{name}{end}" for name in ("alpha", "beta", "peak_workers") for end in ("", "_low", "_high")),
    "note",
]
_LITTLE_CPU = 0.1  # tasks that use less CPU than this share of their time wait: more workers than CPUs help


@dataclass(frozen=True, kw_only=True)
class Law:
    """A law that could be identified, and the cells it was fitted to."""

    fit: Fit
    workload: str
    name: str  #: of the cells, without their workers
    workers: Sequence[int]  #: one a row of the curve's measured points


def fits(
    results: Results, summary: pd.DataFrame, times: Times, machine: Machine
) -> tuple[pd.DataFrame, list[Law]]:
    """Fit both laws to every curve: cells that differ in nothing but the number of workers."""
    keys = ["workload", "executor", "chunk_size", "python", *results.swept]
    cpus = {cell.id: machine.cpus(cell) for cell in results.cells}
    rows: list[dict[str, Any]] = []
    laws: list[Law] = []
    pooled = summary[summary["workers"].notna()]
    mode = mode_of(results.study)
    for _, curve in pooled.groupby(keys, sort=False, dropna=False):
        own = _counted(curve, summary, min(cpus[cell] for cell in curve["cell"]))
        named = {key: curve[key].iloc[0] for key in keys}
        untold = int(curve["granularity"].isna().sum()) if mode.is_strong_scaling else 0
        for law, found in _both_laws(own, times, mode):
            columns = _columns(found)
            if isinstance(found, str) and untold:
                columns["note"] += f" ({untold} of the {len(curve)} measured have no attribution)"
            rows.append({**named, "law": law, "levels": len(own), **columns})
            if isinstance(found, Fit):
                workers = [int(count) for count in sorted(own["workers"])]
                name = ", ".join(str(value) for value in named.values() if not pd.isna(value))
                laws.append(Law(fit=found, workload=str(named["workload"]), name=name, workers=workers))
    return pd.DataFrame(rows, columns=[*keys, *COLUMNS]), laws


def _counted(curve: pd.DataFrame, summary: pd.DataFrame, cpus: float) -> pd.DataFrame:
    """Leave out failed cells, and CPU work on more workers than CPUs."""
    own = curve[(curve["status"] == "ok") & curve["granularity"].notna()]
    baseline = summary[summary["cell"] == curve["baseline"].iloc[0]].iloc[0]
    waits = baseline["cpu_s"] < _LITTLE_CPU * baseline["wall_s"]
    return own if waits else own[own["workers"] <= cpus]


def _both_laws(curve: pd.DataFrame, times: Times, mode: ModeSpec) -> Iterator[tuple[str, Fit | str]]:
    curve = curve.sort_values("workers")
    blocks = times.together(curve["cell"])
    repetitions = blocks.shape[1] if len(curve) else 0
    for law in ("amdahl", "usl"):
        needed = times.level.fewest_blocks
        if not mode.is_strong_scaling:
            law_of = "the law is of one bag on more workers"
            found: Fit | str = f"not identifiable: {law_of}, not of mode={mode.mode}"
        elif repetitions < needed:
            found = f"not identifiable: {repetitions} repetitions, and {needed} are needed"
        else:
            counts = [int(count) for count in curve["workers"]]
            even = blocks * curve["granularity"].to_numpy(dtype=np.float64)[:, np.newaxis]
            found = fit(law, counts, even, *times.level)
        yield law, found


def _columns(found: Fit | str) -> dict[str, Any]:
    if isinstance(found, str):
        return {"note": found}
    no_peak = found.law == "usl" and found.peak_workers is None
    most = found.curve.workers[-1]
    columns: dict[str, Any] = {"note": f"no peak is shown up to {most:g} workers" if no_peak else ""}
    for name, estimate in (
        ("alpha", found.alpha),
        ("beta", found.beta),
        ("peak_workers", found.peak_workers),
    ):
        columns |= _bounds(name, estimate)
    return columns


def _bounds(name: str, estimate: Estimate | None) -> dict[str, float]:
    if estimate is None:
        return {}
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
