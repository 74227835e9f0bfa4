"""The tables of a study, as data frames: samples, one row a cell, one row a task."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from runner.analysis.causes import Loss
from runner.analysis.fits import fits
from runner.analysis.statistics import (
    Estimate,
    Values,
    among_best,
    medians,
    ratio_of_medians,
    relative_half_width,
)
from runner.analysis.traced import Traces
from runner.records import Cell, Sample
from runner.store import Results

#: Columns of the summary that explain a speedup: B, K with its two parts, G, Q, D and L of docs/method.md.
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


MOST_TASKS = 10_000  #: beyond that the records of an iteration are merged


@dataclass(frozen=True, kw_only=True)
class Tables:
    """All that a report is made of. The columns are those of docs/reference.md."""

    samples: pd.DataFrame  #: one row an iteration
    summary: pd.DataFrame  #: one row a cell
    tasks: pd.DataFrame  #: one row a cell and task
    fits: pd.DataFrame  #: one row a scaling curve and law
    losses: Mapping[str, list[Loss]]  #: by cell: what it loses, the largest first
    walls: Mapping[str, "pd.Series[float]"]  #: by cell: wall_s by repetition, of those that ended well


def tabulate(results: Results) -> Tables:
    """Make the tables of a result folder."""
    samples = _samples(results)
    claiming = samples[~samples["cell"].isin(_failed(samples)) & (samples["repetition"] > 0)]
    walls = _by_cell(claiming[claiming["iteration"] == 0], "wall_s")
    warm = _by_cell(claiming[(claiming["iteration"] > 0) & ~claiming["warmup"]], "work_s")
    traces = Traces(results, walls)
    summary = _summary(results, samples, walls, warm, traces)
    return Tables(
        samples=samples,
        summary=summary,
        tasks=_tasks(results, traces),
        fits=fits(results, summary, walls, _cpus(results)),
        losses={cell.id: traces.losses(cell, _cpus(results), _level(results)) for cell in results.cells},
        walls=walls,
    )


def compare(results: Results, tables: Tables, slower: str, faster: str) -> Estimate | None:
    """Estimate how many times as long one cell takes as another; None if they share no repetition."""
    return _ratio(tables.walls, slower, faster, results)


def label(cell: "pd.Series[Any]") -> str:
    """Name a cell by its executor and workers: `process × 4`."""
    workers = cell["workers"]
    return str(cell["executor"]) if workers is None or pd.isna(workers) else f"{cell['executor']} × {workers}"


def _samples(results: Results) -> pd.DataFrame:
    by_id = {cell.id: cell for cell in results.cells}
    rows = [
        {**_identity(by_id[sample.cell], results), **_without(asdict(sample), "cell")}
        for sample in results.samples
    ]
    columns = [*_identity_columns(results), *(name for name in Sample.__slots__ if name != "cell")]
    return _typed(pd.DataFrame(rows, columns=columns))


def _identity(cell: Cell, results: Results) -> dict[str, Any]:
    return {
        "cell": cell.id,
        "workload": cell.workload,
        "executor": cell.executor,
        "workers": cell.workers,
        "chunk_size": cell.chunk_size,
        "python": _version(cell, results),
        **{key: _number(cell.swept[key]) for key in results.swept},
    }


def _version(cell: Cell, results: Results) -> str:
    """Name an interpreter by its version, or as the user did where versions do not tell them apart."""
    interpreters = results.environment.get("interpreters", {})
    names = {
        path: f"{facts['version']}{'t' if facts.get('free_threaded') else ''}"
        for path, facts in interpreters.items()
        if "version" in facts
    }
    name = names.get(cell.settings.get("python", ""))
    return cell.python if name is None or list(names.values()).count(name) > 1 else name


def _identity_columns(results: Results) -> list[str]:
    return ["cell", "workload", "executor", "workers", "chunk_size", "python", *results.swept]


#: What blocks every claim of a cell, and of those relative to it. An interruption does not.
_FAILED = ("failed", "crashed", "timeout", "wrong_result")


def _is_headline(samples: pd.DataFrame) -> "pd.Series[bool]":
    return samples["repetition"].gt(0) & samples["iteration"].eq(0) & samples["status"].eq("ok")


def _failed(samples: pd.DataFrame) -> set[str]:
    """Name the cells that did not always end well."""
    return set(samples[samples["status"].isin(_FAILED)]["cell"])


def _summary(
    results: Results,
    samples: pd.DataFrame,
    walls: Mapping[str, "pd.Series[float]"],
    warm: Mapping[str, "pd.Series[float]"],
    traces: Traces,
) -> pd.DataFrame:
    best = _best_baselines(results, walls)
    usable_cpus = _usable_cpus(results)
    best_of_group = _among_best(results, walls)
    rows = []
    for cell in results.cells:
        own = samples[samples["cell"] == cell.id]
        headline = own[_is_headline(own)]
        row: dict[str, Any] = {
            **_identity(cell, results),
            "baseline": cell.baseline,
            "is_baseline": cell.is_baseline,
            "repetitions": len(walls.get(cell.id, ())),
            "noisy": int(headline["noisy"].ne("").sum()),
            "status": _status(own),
            **_estimate("wall_s", _median_of(walls.get(cell.id), results)),
            **_estimate("speedup", _ratio(walls, cell.baseline, cell.id, results)),
            **_estimate("warm_speedup", _ratio(warm, cell.baseline, cell.id, results)),
        }
        row["speedup_of_best"] = _divide(best.get(cell.workload), row["wall_s"])
        row["efficiency"] = _divide(row["speedup"], cell.workers)
        row["cpu_s"] = headline["cpu_s"].median() if len(headline) else np.nan
        row["among_best"] = best_of_group.get(cell.id)
        row |= _estimate("marginal_speedup", _marginal(cell, results, walls))
        row["speedup_bound"] = traces.bound(cell, _cpus(results)) or np.nan
        factors = traces.factors(cell, row["speedup_low"], row["speedup_high"])
        row |= {column: getattr(factors, name, None) for column, name in _FACTOR_COLUMNS.items()}
        row["note"] = "; ".join([*_notes(cell, own, row["repetitions"], usable_cpus), *_missed(row, results)])
        rows.append(row)
    return _typed(pd.DataFrame(rows))


def _by_cell(rows: pd.DataFrame, column: str) -> dict[str, "pd.Series[float]"]:
    """Give every cell one value a repetition, of those that ended well."""
    good = rows[rows["status"] == "ok"]
    return {
        str(cell): own.groupby("repetition")[column].median()
        for cell, own in good.groupby("cell", sort=False)
    }


def _median_of(walls: "pd.Series[float] | None", results: Results) -> Estimate | None:
    if walls is None or walls.empty:
        return None
    return medians(walls.to_numpy(dtype=np.float64).reshape(1, -1), *_level(results))[0]


def _ratio(
    walls: Mapping[Any, "pd.Series[float]"], numerator: str, denominator: str, results: Results
) -> Estimate | None:
    """Compare two cells over the repetitions in which both ended well."""
    if numerator not in walls or denominator not in walls:
        return None
    both = pd.concat([walls[numerator], walls[denominator]], axis=1, join="inner")
    if both.empty:
        return None
    values: Values = both.to_numpy(dtype=float)
    return ratio_of_medians(values[:, 0], values[:, 1], *_level(results))


def _level(results: Results) -> tuple[float, int]:
    return float(results.study["confidence"]), int(results.study["seed"])


def _best_baselines(results: Results, walls: Mapping[Any, "pd.Series[float]"]) -> dict[str, float]:
    """Find the fastest baseline of every workload, whatever its interpreter."""
    best: dict[str, float] = {}
    for cell in results.cells:
        if cell.is_baseline and cell.id in walls and not walls[cell.id].empty:
            best[cell.workload] = min(best.get(cell.workload, np.inf), float(walls[cell.id].median()))
    return best


def _among_best(results: Results, walls: Mapping[str, "pd.Series[float]"]) -> dict[str, bool]:
    """Tell which cells are not shown to be slower than the best of those with their baseline."""
    found: dict[str, bool] = {}
    for baseline in dict.fromkeys(cell.baseline for cell in results.cells):
        own = [cell.id for cell in results.cells if cell.baseline == baseline and cell.id in walls]
        complete = pd.concat([walls[cell] for cell in own], axis=1, join="inner") if own else pd.DataFrame()
        if len(complete):
            found |= zip(own, among_best(complete.to_numpy().T, *_level(results)), strict=True)
    return found


def _marginal(cell: Cell, results: Results, walls: Mapping[str, "pd.Series[float]"]) -> Estimate | None:
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
    if not fewer:
        return None
    return _ratio(walls, max(fewer, key=lambda other: other.workers or 0).id, cell.id, results)


def _estimate(name: str, estimate: Estimate | None) -> dict[str, float]:
    if estimate is None:
        return {name: np.nan, f"{name}_low": np.nan, f"{name}_high": np.nan}
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _status(own: pd.DataFrame) -> str:
    """Give a cell the status of the first of its samples that did not end well."""
    bad = own[own["status"].isin(_FAILED)]["status"]
    if len(bad):
        return str(bad.iloc[0])
    return "ok" if (own["repetition"].gt(0) & own["status"].eq("ok")).any() else "interrupted"


def _notes(cell: Cell, own: pd.DataFrame, repetitions: int, usable_cpus: int | None) -> Iterator[str]:
    bad = own[own["status"].isin(_FAILED)]
    if len(bad):
        yield f"{bad['status'].iloc[0]}: {bad['error'].iloc[0]}"
    elif not repetitions:
        yield "not measured"
    elif repetitions < 6:
        yield f"bounds are the range of {repetitions} repetitions; an interval needs 6"
    if own["tasks"].max() > MOST_TASKS:
        yield f"no times by task: there are more than {MOST_TASKS}"
    if cell.workers and usable_cpus and cell.workers > usable_cpus:
        yield f"{cell.workers} workers on {usable_cpus} CPUs"


def _missed(row: Mapping[str, Any], results: Results) -> Iterator[str]:
    """Say that a cell missed the precision that was asked for."""
    asked = results.study.get("precision")
    if asked and not np.isnan(row["speedup"]):
        reached = relative_half_width(row["speedup"], row["speedup_low"], row["speedup_high"])
        if reached > asked:
            yield f"precision {asked:g} not reached: {reached:.2g}"


def _usable_cpus(results: Results) -> int | None:
    cpu = results.environment.get("start", {}).get("cpu", {})
    usable: int | None = cpu.get("usable_cpus")
    return usable


def _cpus(results: Results) -> float:
    """Give the CPUs' worth of time that a study may use: a quota counts with its fraction."""
    cpu = results.environment.get("start", {}).get("cpu", {})
    return float(min(cpu.get("cpu_quota") or np.inf, len(cpu.get("affinity") or ()) or np.inf))


def _tasks(results: Results, traces: Traces) -> pd.DataFrame:
    columns = [*_identity_columns(results), "per_call", "task", "label", "calls"]
    columns += ["time_s", "time_s_low", "time_s_high", "differing"]
    rows: list[dict[str, Any]] = []
    for cell in results.cells:
        records = traces.records(cell.id)
        if records is not None:
            rows += _tasks_of(cell, records, results)
    return _typed(pd.DataFrame(rows, columns=columns))


def _tasks_of(cell: Cell, records: pd.DataFrame, results: Results) -> Iterator[dict[str, Any]]:
    """Summarise the tasks (or the records that merge several) that every repetition has."""
    time_s = records["busy_ns"] / records["tasks"] / records["calls"] / 1e9
    times = (
        records.assign(time_s=time_s)
        .pivot_table(index="task", columns="repetition", values="time_s", aggfunc="mean")
        .dropna()
    )
    if times.empty or len(times) < records["task"].nunique():
        return  # merged records begin at other tasks in every repetition: see the note of the cell
    facts = records.groupby("task").agg(
        label=("label", "first"), calls=("calls", "first"), differing=("differs", "sum")
    )
    estimates = medians(times.to_numpy(dtype=float), *_level(results))
    per_call = bool(cell.settings["workload"]["snippets"])
    for task, estimate in zip(times.index, estimates, strict=True):
        yield {
            **_identity(cell, results),
            "per_call": per_call,
            "task": task,
            **facts.loc[task].to_dict(),
            **_estimate("time_s", estimate),
        }


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Give columns that may hold nothing a type that can."""
    whole = {column: "Int64" for column in ("workers", "chunk_size") if column in frame}
    times = [column for column in frame if str(column).endswith("_s")]
    return frame.astype({**whole, **dict.fromkeys(times, "float64")})


def _number(text: Any) -> Any:
    """Read a swept value as the number it is, so that it sorts and plots as one."""
    try:
        number = float(text)
    except (TypeError, ValueError):
        return text
    return int(number) if number.is_integer() else number


def _divide(numerator: float | None, denominator: float | None) -> float:
    return (
        np.nan if numerator is None or not denominator or np.isnan(denominator) else numerator / denominator
    )


def _without(row: dict[str, Any], key: str) -> dict[str, Any]:
    del row[key]
    return row
