"""One row a cell: the rows of summary.csv."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from runner.analysis.anomalies import flags
from runner.analysis.estimate import Estimate
from runner.analysis.identity import Identities, typed
from runner.analysis.intervals import among_best, columns_of, inverse, relative_half_width
from runner.analysis.machine import Machine
from runner.analysis.sample_size import fewest_blocks
from runner.analysis.samples import FAILED, is_headline
from runner.analysis.times import Times
from runner.analysis.traced import Traces
from runner.folder.results import Results
from runner.folder.study_description import StudyDescription
from runner.modes import ModeSpec, bags_of, has_window, mode_of
from runner.records import Cell, UntimedRun

MOST_TASKS = 10_000  #: beyond that the records of an iteration are merged

#: Columns that explain a speedup: B, K with its two parts, G, Q, D and L of docs/method.md.
_FACTOR_COLUMNS = {
    "attributed_speedup": "speedup",
    "serial_overhead": "serial_overhead",
    "computation_scaling": "computation_scaling",
    "cpu_scaling": "cpu_scaling",
    "on_cpu": "on_cpu",
    "granularity": "granularity",
    "placement": "placement",
    "dispatch_efficiency": "dispatch_efficiency",
    "pool_efficiency": "pool_efficiency",
}


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The times of the cells that may make a claim."""

    times: Times  #: that cells are compared by: of one bag, or of one task
    walls: Times  #: of whole runs
    warm: Times  #: of the tasks of one bag on a warm pool
    cpu: Times  #: CPU time of whole runs


def summarise(
    results: Results, identities: Identities, samples: pd.DataFrame, compared: Compared, traces: Traces
) -> pd.DataFrame:
    """Say of every cell what is known of it."""
    times, warm, mode = compared.times, compared.warm, mode_of(results.study)
    best, best_of_group = _best_baselines(results, times), _among_best(results, times)
    memory = {found.cell: found for found in results.untimed if found.purpose == "memory"}
    rows = []
    for cell in results.cells:
        own = samples[samples["cell"] == cell.id]
        row = {
            **identities[cell.id],
            **_facts(cell, own, times),
            **columns_of("wall_s", compared.walls.median(cell.id)),
            **_spread(compared.walls.of(cell.id)),
            **_of_mode(mode, cell, own, times),
            **columns_of("speedup", times.ratio(cell.baseline, cell.id)),
            **columns_of("warm_speedup", warm.ratio(cell.baseline, cell.id)),
            **columns_of("marginal_speedup", _marginal(cell, results, times)),
            **columns_of("speedup_of_best", times.ratio(best.get(cell.work, ""), cell.id)),
            **columns_of("cpu_s", compared.cpu.median(cell.id)),
            "peak_pss_bytes": memory[cell.id].peak_pss_bytes if cell.id in memory else None,
            "among_best": best_of_group.get(cell.id),
            "speedup_bound": traces.bound(cell) or np.nan,
        }
        for bound in ("", "_low", "_high"):
            row[f"efficiency{bound}"] = row[f"speedup{bound}"] / (cell.workers or np.nan)
        row |= _factors(cell, row, traces)
        notes = _notes(cell, own, row, results.study, traces.machine)
        why_empty = _why_no_memory(memory.get(cell.id))
        row["note"] = "; ".join([*notes, *_notes_of_window(cell, own, mode), *why_empty])
        rows.append(row)
    return typed(pd.DataFrame(rows))


def _spread(wall_s: "pd.Series[float]") -> dict[str, float]:
    """Give the least and the most, and what a tenth and nine tenths do not exceed: a median hides them."""
    quantiles = {"min": 0.0, "p10": 0.1, "p90": 0.9, "max": 1.0}
    return {f"wall_s_{name}": float(wall_s.quantile(part)) for name, part in quantiles.items()}


def _of_mode(mode: ModeSpec, cell: Cell, own: pd.DataFrame, times: Times) -> dict[str, Any]:
    """Give the columns that only a mode has."""
    if mode.bag_per_worker:
        return {"bags": bags_of(cell), **columns_of("bag_s", times.median(cell.id))}
    if mode.has_window:
        made = own[is_headline(own)]
        service = {name: made[name].median() for name in SERVICE}
        return {**columns_of("tasks_per_s", inverse(times.median(cell.id))), **service}
    return {}


#: Columns of what a task takes in a window.
SERVICE = ("service_p50_s", "service_p90_s", "service_p99_s")


def _facts(cell: Cell, own: pd.DataFrame, times: Times) -> dict[str, Any]:
    return {
        "baseline": cell.baseline,
        "is_baseline": cell.is_baseline,
        "tasks_per_chunk": own[own["repetition"].gt(0)]["tasks_per_chunk"].max(),
        "repetitions": len(times.of(cell.id)),
        "noisy": int(own[is_headline(own)]["noisy"].ne("").sum()),
        "status": _status(own),
        "flags": ", ".join(flags(times.of(cell.id).sort_index().to_numpy())),
    }


def _factors(cell: Cell, row: Mapping[str, Any], traces: Traces) -> dict[str, float | None]:
    """Give the factors of the median pair of runs, with their intervals over the pairs of all repetitions."""
    factors = traces.factors(cell, row["speedup_low"], row["speedup_high"])
    columns: dict[str, float | None] = {}
    for column, name in _FACTOR_COLUMNS.items():
        columns[column] = getattr(factors, name, None)
        spread = traces.factor_estimate(cell, name) if columns[column] is not None else None
        columns[f"{column}_low"] = spread.low if spread else None
        columns[f"{column}_high"] = spread.high if spread else None
    return columns


def _best_baselines(results: Results, times: Times) -> dict[str, str]:
    """Find the fastest baseline of the same work, whatever its interpreter."""
    best: dict[str, tuple[float, str]] = {}
    for cell in results.cells:
        if cell.is_baseline and len(times.of(cell.id)):
            own = float(times.of(cell.id).median()), cell.id
            best[cell.work] = min(best.get(cell.work, own), own)
    return {work: cell for work, (_, cell) in best.items()}


def _among_best(results: Results, times: Times) -> dict[str, bool]:
    """Tell which cells are not shown to be slower than the best of those with their baseline.

    Nothing is told where the repetitions are too few to tell so many cells apart.
    """
    found: dict[str, bool] = {}
    for baseline in dict.fromkeys(cell.baseline for cell in results.cells):
        own = [cell.id for cell in results.cells if cell.baseline == baseline and len(times.of(cell.id))]
        complete = times.together(own)
        level = times.level.to_compare(len(own))
        if len(own) == 1 or (complete.size and complete.shape[1] >= level.fewest_blocks):
            found |= zip(own, among_best(complete, *times.level), strict=True)
    return found


def _marginal(cell: Cell, results: Results, times: Times) -> Estimate | None:
    """Estimate the gain of a cell's workers over the next smaller number, all else being the same."""
    fewer = [
        other
        for other in results.cells
        if (other.baseline, other.executor, other.chunk_size, other.swept)
        == (cell.baseline, cell.executor, cell.chunk_size, cell.swept)
        and other.workers is not None
        and cell.workers is not None
        and other.workers < cell.workers
    ]
    return times.ratio(max(fewer, key=lambda other: other.workers or 0).id, cell.id) if fewer else None


def _status(own: pd.DataFrame) -> str:
    """Give a cell the status of the first of its samples that did not end well."""
    bad = own[own["status"].isin(FAILED)]["status"]
    if len(bad):
        return str(bad.iloc[0])
    return "ok" if (own["repetition"].gt(0) & own["status"].eq("ok")).any() else "interrupted"


def _notes(
    cell: Cell, own: pd.DataFrame, row: Mapping[str, Any], study: StudyDescription, machine: Machine
) -> Iterator[str]:
    """Say why something is empty, and what limits a claim."""
    bad, fewest = own[own["status"].isin(FAILED)], fewest_blocks(study.confidence)
    if len(bad):
        yield f"{bad['status'].iloc[0]}: {bad['error'].iloc[0]}"
    elif not row["repetitions"]:
        yield "not measured"
    elif row["repetitions"] < fewest:
        yield f"bounds are the range of {row['repetitions']} repetitions; an interval needs {fewest}"
    if own["tasks"].max() > MOST_TASKS:
        yield f"no times by task: there are more than {MOST_TASKS}"
    usable_cpus = machine.usable_cpus(cell)
    if cell.workers and usable_cpus and cell.workers > usable_cpus:
        yield f"{cell.workers} workers on {usable_cpus} CPUs"
    if crowding(cell, machine):
        yield describe_crowding(cell, machine)
    if row["speedup_low"] > row["speedup_bound"] * _BEYOND:
        yield "above its bound: a larger cache, a faster clock, or a disturbed baseline"
    if missed := missed_precision(row, study.precision):
        yield missed


def missed_precision(row: Mapping[Any, Any], precision: float | None) -> str:
    """Say that a speedup's interval is wider than was asked for; empty if it is not."""
    if not precision or np.isnan(row["speedup"]):
        return ""
    reached = relative_half_width(row["speedup"], row["speedup_low"], row["speedup_high"])
    return f"precision {precision:g} not reached: {reached:.2g}" if reached > precision else ""


def crowding(cell: Cell, machine: Machine) -> float:
    """Count the native threads of all workers for each CPU, where they are more than these; otherwise 0."""
    usable_cpus, native = machine.usable_cpus(cell), machine.native_threads(cell)
    if not cell.workers or not usable_cpus or native == 1 or cell.workers * native <= usable_cpus:
        return 0.0
    return cell.workers * native / usable_cpus


def describe_crowding(cell: Cell, machine: Machine) -> str:
    """Say how many native threads share the CPUs."""
    threads = f"{cell.workers} workers × up to {machine.native_threads(cell)} native threads (BLAS, OpenMP)"
    return f"{threads} on {machine.usable_cpus(cell)} CPUs"


def _why_no_memory(looked: UntimedRun | None) -> Iterator[str]:
    """Say why the invocation that looked at the memory gave no figure, where there was one."""
    if looked is not None and looked.peak_pss_bytes is None:
        yield f"memory: {looked.error}"


def _notes_of_window(cell: Cell, own: pd.DataFrame, mode: ModeSpec) -> Iterator[str]:
    """Say what a window leaves empty, and whether it holds too few tasks to count them."""
    if not has_window(cell):
        return
    if short := short_window(cell, own):
        yield describe_short_window(*short)
    yield mode.why_unexplained


def short_window(cell: Cell, own: pd.DataFrame) -> tuple[int, float] | None:
    """Tell the seconds that a window needs which held too few tasks to count, and how many it held."""
    made = own[is_headline(own)]
    if not has_window(cell) or made.empty:
        return None
    tasks, workers = float(made["tasks"].median()), cell.workers or 1
    if workers <= _UNCOUNTED * tasks:
        return None
    return ceil(cell.settings["duration_s"] * workers / tasks / _UNCOUNTED), tasks


def describe_short_window(needed_s: int, tasks: float) -> str:
    """Say what is too short, and what would do."""
    noun = "task" if tasks == 1 else "tasks"
    return f"a window held just {tasks:.0f} {noun}, too few to count: use duration_s={needed_s}"


_UNCOUNTED = 0.05  # of the tasks of a window: the one that each worker is at when it closes
_BEYOND = 1.01  # the bound is itself made of medians
