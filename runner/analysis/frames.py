"""Data frames and sentences about curves and known answers, until every output reads `facts`."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from runner.analysis.estimate import Estimate
from runner.analysis.facts import Hotspot, LawName, NotIdentifiable
from runner.analysis.identity import Identities, label
from runner.analysis.intervals import (
    Level,
    Values,
    columns_of,
    draw_blocks,
    expanded_tail,
)
from runner.analysis.laws import Fit, fit
from runner.analysis.machine import Machine
from runner.analysis.profiles import analyse_profiles
from runner.analysis.sample_size import fewest_blocks
from runner.analysis.times import Times
from runner.analysis.units import text
from runner.folder.results import Results
from runner.folder.study_description import StudyAnswer
from runner.modes import ModeSpec, mode_of
from runner.records import Cell, UntimedRun

_FIT_COLUMNS = [
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
    return pd.DataFrame(rows, columns=[*keys, *_FIT_COLUMNS]), laws


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
    laws: tuple[LawName, ...] = ("amdahl", "usl")
    for law in laws:
        needed = times.level.fewest_blocks
        if not mode.is_strong_scaling:
            law_of = "the law is of one bag on more workers"
            found: Fit | str = f"not identifiable: {law_of}, not of mode={mode.mode}"
        elif repetitions < needed:
            found = f"not identifiable: {repetitions} repetitions, and {needed} are needed"
        else:
            counts = [int(count) for count in curve["workers"]]
            even = blocks * curve["granularity"].to_numpy(dtype=np.float64)[:, np.newaxis]
            fitted = fit(law, counts, even, *times.level)
            found = fitted if isinstance(fitted, Fit) else _not_identifiable(fitted)
        yield law, found


def _not_identifiable(problem: NotIdentifiable) -> str:
    if problem.reason == "levels":
        return f"not identifiable: {problem.found:g} numbers of workers, and {problem.needed:g} are needed"
    return f"not identifiable: workers span a factor of {problem.found:g}, and {problem.needed:g} is needed"


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


_BREAK_EVEN_COLUMNS = ("size", "sizes", "break_even", "break_even_low", "break_even_high", "note")


def break_even(results: Results, identities: Identities, times: Times) -> pd.DataFrame:
    """Find it for every pool measured at several sizes, all else being the same."""
    rows = []
    for key in results.swept:
        if key.startswith("workload."):
            curves = _sized_curves(results.cells, identities, key)
            rows += [_row(key, cells, identities, times) for cells in curves]
    keys = ["workload", "executor", "workers", "chunk_size", "python", *results.swept]
    return pd.DataFrame(rows, columns=[*keys, *_BREAK_EVEN_COLUMNS])


def _sized_curves(cells: Iterable[Cell], identities: Identities, key: str) -> Iterator[list[Cell]]:
    """List the cells that differ in nothing but a numeric setting, in its order."""
    curves: dict[Any, list[tuple[float, Cell]]] = {}
    for cell in cells:
        size = identities[cell.id][key]
        if not cell.is_baseline and isinstance(size, int | float) and not isinstance(size, bool):
            others = tuple(str(value) for other, value in cell.swept.items() if other != key)
            alike = (cell.workload, cell.executor, cell.workers, cell.chunk_size, cell.python, *others)
            curves.setdefault(alike, []).append((size, cell))
    for sized in curves.values():
        if len(sized) > 1:
            yield [cell for _, cell in sorted(sized, key=lambda pair: pair[0])]


def _row(key: str, cells: Sequence[Cell], identities: Identities, times: Times) -> dict[str, Any]:
    named = {**identities[cells[0].id], key: None}
    del named["cell"]
    sizes = np.array([float(identities[cell.id][key]) for cell in cells])
    walls = times.together([one for cell in cells for one in (cell.baseline, cell.id)])
    row = {**named, "size": key, "sizes": len(sizes)}
    if sizes.min() <= 0:
        return row | {"note": "sizes must be positive"}
    if walls.shape[1] == 0:
        return row | {"note": "not every size has a time and a baseline"}
    speedups = np.median(walls[::2], axis=1) / np.median(walls[1::2], axis=1)
    found = _estimate(sizes, speedups, walls[::2], walls[1::2], times.level)
    return row | columns_of("break_even", found) | {"note": _note(found, sizes, speedups)}


def _estimate(sizes: Values, speedups: Values, serial: Values, pool: Values, level: Level) -> Estimate:
    """Estimate the break-even; rows are sizes, columns blocks. 0: wins at every size; infinite: at none."""
    blocks = serial.shape[1]
    value = _crossing(sizes, speedups)
    if blocks < level.fewest_blocks:
        within = [_crossing(sizes, serial[:, block] / pool[:, block]) for block in range(blocks)]
        return Estimate(value=value, low=min(*within, value), high=max(*within, value), is_range=True)
    drawn = draw_blocks(blocks, level.seed)
    ratios = np.median(serial[:, drawn], axis=2) / np.median(pool[:, drawn], axis=2)
    crossings = [_crossing(sizes, ratio) for ratio in ratios.T]
    tail = expanded_tail(blocks, level.confidence)
    low, high = np.quantile(crossings, [tail, 1 - tail], method="nearest")  # some lie at infinity
    return Estimate(value=value, low=float(low), high=float(high), is_range=False)


def _crossing(sizes: Values, speedups: Values) -> float:
    """Give the size from which on the speedup stays above 1, between two sizes by their logarithms."""
    losing = np.flatnonzero(speedups <= 1)
    if not losing.size:
        return 0.0
    last = losing[-1]
    if last == len(sizes) - 1:
        return float("inf")
    below, above = np.log(speedups[last]), np.log(speedups[last + 1])
    share = below / (below - above)
    return float(np.exp(np.log(sizes[last]) + share * np.log(sizes[last + 1] / sizes[last])))


def _note(found: Estimate, sizes: Values, speedups: Values) -> str:
    """Say what the figure alone does not: where it lies beyond what was measured, and how sure that is."""
    if 0 < found.value < np.inf:
        return "the bounds are a range of few repetitions" if found.is_range else ""
    if found.value == 0:
        shown = found.high == 0
        told = f"faster than its baseline at every size, from {sizes[0]:g} on"
    else:
        shown = found.low == np.inf
        told = f"not faster than its baseline at any size, up to {sizes[-1]:g}"
        if (speedups > 1).any():
            won = ", ".join(f"{size:g}" for size in sizes[speedups > 1])
            told = f"faster than its baseline at {won}, but not at the largest size, {sizes[-1]:g}"
    few = "; by few repetitions" if found.is_range else ""
    return f"{told}{few if shown else '; another repetition may tell otherwise'}"


def describe(rows: pd.DataFrame, workload: str) -> Iterator[str]:
    """Tell the break-even of a workload's pools, a sentence each; nothing of those without a figure."""
    own = rows[rows["workload"] == workload]
    settings = [
        key
        for key in own.columns[: -len(_BREAK_EVEN_COLUMNS)]
        if key not in ("workload", "executor", "workers")
    ]
    varying = [key for key in settings if own[key].nunique(dropna=False) > 1]
    for row in own[own["break_even"].notna()].to_dict("records"):
        told = ", ".join(f"{key}={text(row[key]) or 'all'}" for key in varying if key != row["size"])
        name = f"{workload}: {label(row)}{f' ({told})' if told else ''}"
        size, found = row["size"], row["break_even"]
        if 0 < found < np.inf:
            faster = "was faster, in few repetitions," if row["note"] else "is faster"
            told = f"its baseline from {size} = {_size_text(found)} on ({_bounds_of_size(row)})"
            yield f"{name} {faster} than {told}"
        else:
            yield f"{name}: {row['note']} ({size})"


def _size_text(size: float) -> str:
    """Show three digits of a size, with an exponent only of millions and of millionths."""
    return f"{float(f'{size:.3g}'):g}"


def _bounds_of_size(row: Mapping[Any, Any]) -> str:
    low = "below the smallest" if row["break_even_low"] == 0 else _size_text(row["break_even_low"])
    high = "beyond the largest" if np.isinf(row["break_even_high"]) else _size_text(row["break_even_high"])
    return f"{'range' if row['note'] else 'interval'} {low} to {high}"


_KNOWN_COLUMNS = (
    *("workload", "cell", "figure", "expected", "measured", "low", "high", "outcome"),
    *("disturbed", "repetitions", "because"),
)

HOLDS, CANNOT_TELL, DOES_NOT_HOLD, NOT_RUN = "holds", "cannot tell", "does not hold", "not run"


@dataclass(frozen=True, kw_only=True)
class _Figure:
    """A measured figure; its bounds are itself where it has none."""

    value: float
    low: float
    high: float


def compare(results: Results, summary: pd.DataFrame, fits: pd.DataFrame, machine: Machine) -> pd.DataFrame:
    """Compare every known answer of the study's workloads with the cells it speaks of."""
    by_id = {cell.id: cell for cell in results.cells}
    rows, fewest = [], fewest_blocks(results.study.confidence)
    for answer in results.study.known_answers:
        cells = _cells_of(answer, summary)
        if cells.empty:
            rows.append(_unmeasured(answer, "no such cell was asked for"))
        for _, cell in cells.iterrows():
            lacking = _other_mode(results) or _lacking(answer, machine, by_id[cell["cell"]]) or _failed(cell)
            if lacking:
                rows.append(_unmeasured(answer, lacking))
                continue
            found = _figure(answer.figure, cell, fits)
            judged = _judge(answer, found, is_range=cell["repetitions"] < fewest)
            rows.append({**_named(answer, label(cell)), **judged, **_load(cell)})
    return pd.DataFrame(rows, columns=list(_KNOWN_COLUMNS))


def _cells_of(answer: StudyAnswer, summary: pd.DataFrame) -> pd.DataFrame:
    """Choose the cells that an answer speaks of; of an answer on a curve, its first one."""
    chosen = summary[summary["workload"].eq(answer.workload) & summary["executor"].eq(answer.executor)]
    if answer.workers is not None:
        return chosen[chosen["workers"].eq(answer.workers).fillna(value=False)]
    return chosen.head(1)


def _lacking(answer: StudyAnswer, machine: Machine, cell: Any) -> str:
    """Say what an answer needs that is not there."""
    if answer.not_run:
        return str(answer.not_run)
    if answer.needs_gil and not machine.has_gil(cell):
        return "it speaks of a GIL, and there is none"
    if (answer.needs_cpus or 0) > machine.cpus(cell):
        return f"it needs {answer.needs_cpus:g} CPUs, and there are {machine.cpus(cell):g}"
    quota = answer.needs_quota
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


def _judge(answer: StudyAnswer, found: _Figure | None, *, is_range: bool) -> dict[str, Any]:
    if found is None:
        return {"outcome": CANNOT_TELL}
    least, most = _range(answer)
    if answer.contains is not None:
        is_told, is_possible = (found.low <= answer.contains <= found.high,) * 2
    else:
        is_told = least <= found.value <= most
        is_possible = found.low <= most and found.high >= least
    # Few repetitions tell nothing apart.
    outcome = HOLDS if is_told else CANNOT_TELL if is_possible or is_range else DOES_NOT_HOLD
    return {"measured": found.value, "low": found.low, "high": found.high, "outcome": outcome}


def _range(answer: StudyAnswer) -> tuple[float, float]:
    """Give the range in which a figure is as expected."""
    if answer.about is not None:
        return answer.about * (1 - answer.within), answer.about * (1 + answer.within)
    least, most = answer.at_least, answer.at_most
    return -math.inf if least is None else least, math.inf if most is None else most


def _named(answer: StudyAnswer, cell: str) -> dict[str, Any]:
    return {
        "workload": answer.workload,
        "cell": cell,
        "figure": answer.figure,
        "expected": _expected(answer),
        "because": answer.because,
    }


def _expected(answer: StudyAnswer) -> str:
    if answer.contains is not None:
        return f"interval holds {answer.contains:g}"
    if answer.about is not None:
        return f"{answer.about:g} ± {answer.within:.0%}"
    limits: Iterable[tuple[str, float | None]] = (("≥", answer.at_least), ("≤", answer.at_most))
    return ", ".join(f"{sign} {limit:g}" for sign, limit in limits if limit is not None)


def _load(cell: "pd.Series[Any]") -> dict[str, Any]:
    """Say how the host's load enters: how many of a cell's runs others disturbed."""
    return {"disturbed": int(cell["noisy"]), "repetitions": int(cell["repetitions"])}


def _unmeasured(answer: StudyAnswer, reason: str) -> dict[str, Any]:
    workers = "" if answer.workers is None else f" × {answer.workers}"
    named = _named(answer, f"{answer.executor}{workers}")
    return {**named, "outcome": NOT_RUN, "because": f"not run, because {reason}"}


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What one profiler found of one cell."""

    cell: Mapping[str, Any]  #: the columns that name it
    found: UntimedRun
    spots: tuple[Hotspot, ...]


def profiles(results: Results, identities: Identities) -> Iterator[Profile]:
    """Read what was found of every cell that was profiled."""
    runs = [run for run in results.untimed if run.purpose != "memory"]
    for run, profile in zip(runs, analyse_profiles(results), strict=True):
        yield Profile(cell=identities[run.cell], found=run, spots=profile.hotspots)
