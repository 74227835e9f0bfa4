"""What the figures are drawn from: one record a cell, made from the tables once."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from statistics import median
from typing import Any

import pandas as pd

from runner.modes import MODES, ModeSpec
from runner.records import AUTO, Mode
from runner.report.labels import one_line, short, shown

Row = Mapping[Hashable, Any]  # of a table, by column


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the tables do not tell and a reader must know."""

    usable_cpus: int
    confidence: float  #: of the intervals, such as 0.95
    is_range: bool  #: too few repetitions for an interval: low and high are the extremes
    host: str  #: such as "Intel Xeon Gold 6240, 2 CPUs"
    swept: tuple[str, ...] = ()  #: keys of further swept settings, which are columns of the tables
    mode: ModeSpec = MODES[Mode.tasks]
    window_s: float = 0.0  #: seconds that they ran tasks for, where that was given


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A median and its uncertainty; NaN where unknown."""

    mid: float = nan
    low: float = nan
    high: float = nan

    @property
    def is_known(self) -> bool:
        """Whether there is anything to draw."""
        return isfinite(self.mid)

    @property
    def has_width(self) -> bool:
        """Whether there is a bar to draw around the median."""
        return isfinite(self.low) and isfinite(self.high)

    def over(self, divisor: float) -> "Interval":
        """Return all three divided."""
        return Interval(mid=self.mid / divisor, low=self.low / divisor, high=self.high / divisor)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One cold run of a cell that ended well."""

    repetition: int
    wall_s: float
    unit_s: float  #: what cells are compared by: of one bag or, in a window, of one task
    speedup: float  #: relative to the baseline in the same repetition; NaN if that has no time
    is_noisy: bool  #: others used the machine meanwhile


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One cell with its runs."""

    id: str
    baseline: str  #: id of the cell that its speedup is relative to
    workload: str
    executor: str
    workers: int | None
    settings: Mapping[str, object]  #: interpreter, chunk size and further swept settings, by key
    tasks_per_chunk: int | None  #: what a chunk size of `auto` came to
    status: str
    wall_s: Interval
    speedup: Interval
    tasks_per_s: Interval  #: within a window
    speedup_bound: float  #: what no executor can exceed; NaN where unknown
    runs: Sequence[Run]
    phases_s: Sequence[float]  #: median seconds before, in and after the tasks; empty if unknown

    @property
    def is_baseline(self) -> bool:
        """Whether speedups are relative to this cell."""
        return self.id == self.baseline

    @property
    def is_loop(self) -> bool:
        """Whether this is a plain loop that others are compared with."""
        return self.is_baseline and self.workers is None

    @property
    def label(self) -> str:
        """Executor and number of workers."""
        if self.workers is None:
            return self.executor
        return f"{self.executor} \N{MULTIPLICATION SIGN} {self.workers}"

    @property
    def is_auto(self) -> bool:
        """Whether its chunk size was left to us."""
        return self.settings.get("chunk_size") == AUTO

    def number(self, key: str) -> float | None:
        """Give a setting as a number, if it is one; a chunk size of `auto` is what it came to."""
        value = self.tasks_per_chunk if key == "chunk_size" and self.is_auto else self.settings.get(key)
        return float(value) if isinstance(value, (int, float)) else None

    @property
    def trouble(self) -> str:
        """Why there is no speedup to trust, in a word or two; empty if there is one."""
        if self.status != "ok":
            return self.status.replace("_", " ")
        return "" if self.speedup.is_known else "no baseline"


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Cells that agree in every setting but executor and workers, and the baselines they refer to."""

    labels: Sequence[str]  #: such as "count = 10", one a setting
    cells: Sequence[Measured]

    @property
    def baselines(self) -> list[Measured]:
        """The cells that speedups are relative to."""
        return [cell for cell in self.cells if cell.is_baseline]


def measured_cells(samples: pd.DataFrame, summary: pd.DataFrame, facts: Facts) -> list[Measured]:
    """Join the rows of the summary with their runs, in the order of the summary."""
    rows: dict[str, list[Row]] = {}
    for row in _headline_runs(samples).to_dict("records"):
        rows.setdefault(row["cell"], []).append(row)
    keys = dict.fromkeys(("python", "chunk_size", *facts.swept))
    return [_measured(row, keys, rows) for row in summary.to_dict("records")]


def times_per_call(tasks: pd.DataFrame) -> dict[str, dict[str, Interval]]:
    """Return the times of snippets by cell and label, in the order given."""
    times: dict[str, dict[str, Interval]] = {}
    for row in tasks.to_dict("records"):
        if _known(row.get("per_call")):
            times.setdefault(row["cell"], {})[str(row["label"])] = _interval(row, "time_s")
    return times


def panels_of(cells: Sequence[Measured], keys: Sequence[str]) -> list[Panel]:
    """Divide cells by the values of `keys`, in order of appearance.

    A cell that a setting does not reach, such as a loop that has no chunk size, stands beside every value.
    """
    by_id = {cell.id: cell for cell in cells}
    referred_to = {cell.baseline for cell in cells if not cell.is_baseline}
    values = {cell.id: tuple(cell.settings.get(key) for key in keys) for cell in cells}
    groups: dict[tuple[object, ...], list[Measured]] = {}
    for cell in cells:
        if None not in values[cell.id]:
            groups.setdefault(values[cell.id], []).append(cell)
    for cell in cells:
        if None in values[cell.id] and cell.id not in referred_to:
            own = values[cell.id]
            homes = [group for of_group, group in groups.items() if _agree(own, of_group)]
            for group in homes or [groups.setdefault(own, [])]:
                group.append(cell)
    return [
        Panel(
            labels=[
                f"{short(key)} = {one_line(shown(value)) or 'not set'}"
                for key, value in zip(keys, of_group, strict=True)
            ],
            cells=_with_baselines(group, by_id),
        )
        for of_group, group in groups.items()
    ]


def varying_keys(cells: Sequence[Measured], facts: Facts) -> list[str]:
    """Return the settings that tell cells apart where executor and workers do not."""
    keys = [key for key in dict.fromkeys(("python", *facts.swept)) if _varies(cells, key)]
    told_apart = {(cell.label, *(str(cell.settings.get(key)) for key in keys)) for cell in cells}
    if len(told_apart) < len(cells) and "chunk_size" not in keys and _varies(cells, "chunk_size"):
        keys.append("chunk_size")
    return keys


def numeric_axis(cells: Iterable[Measured], keys: Sequence[str]) -> str | None:
    """Return the first key with so many numeric values that it deserves an axis of its own.

    Where no executor has several numbers of workers, any two values do.
    """
    compared = [cell for cell in cells if not cell.is_loop]
    counts = {(cell.executor, cell.workers) for cell in compared}
    fewest = 5 if len(counts) > len({cell.executor for cell in compared}) else 2
    for key in keys:
        values = [cell.number(key) for cell in compared]
        if None not in values and len(set(values)) >= fewest:
            return key
    return None


def _varies(cells: Iterable[Measured], key: str) -> bool:
    return len({str(cell.settings[key]) for cell in cells if cell.settings.get(key) is not None}) > 1


def _agree(own: Iterable[object], of_group: Iterable[object]) -> bool:
    return all(one is None or one == other for one, other in zip(own, of_group, strict=True))


def _with_baselines(group: list[Measured], by_id: Mapping[str, Measured]) -> list[Measured]:
    inside = {cell.id for cell in group}
    others = dict.fromkeys(cell.baseline for cell in group if cell.baseline not in inside)
    return [by_id[baseline] for baseline in others if baseline in by_id] + group


def _headline_runs(samples: pd.DataFrame) -> pd.DataFrame:
    """Keep the cold runs that ended well; repetition 0 is the reference."""
    if samples.empty:
        return samples
    is_headline = (samples["iteration"] == 0) & (samples["repetition"] >= 1) & ~samples["warmup"].astype(bool)
    return samples[is_headline & (samples["status"] == "ok") & samples["wall_s"].notna()]


def _measured(row: Row, keys: Iterable[str], rows: Mapping[str, Sequence[Row]]) -> Measured:
    own = rows.get(row["cell"], [])
    workers = _known(row["workers"])
    is_ok = row["status"] == "ok"  # of a cell that failed once the good runs are shown, but no median
    return Measured(
        id=row["cell"],
        baseline=row["baseline"],
        workload=str(row["workload"]),
        executor=str(row["executor"]),
        workers=None if workers is None else int(workers),
        settings={key: _known(row[key]) for key in keys if key in row},
        tasks_per_chunk=None if _known(row.get("tasks_per_chunk")) is None else int(row["tasks_per_chunk"]),
        status=str(row["status"]),
        wall_s=_interval(row, "wall_s") if is_ok else Interval(),
        speedup=_interval(row, "speedup") if is_ok else Interval(),
        tasks_per_s=_interval(row, "tasks_per_s") if is_ok and "tasks_per_s" in row else Interval(),
        speedup_bound=_number(row.get("speedup_bound")),
        runs=_runs(own, rows.get(row["baseline"], [])),
        phases_s=_phases_s(own),
    )


def _phases_s(runs: Iterable[Row]) -> list[float]:
    """Return the medians of the parts of runs; they are unknown where tasks were too short to be recorded."""
    parts = [[_number(run[name]) for name in ("start_s", "work_s", "end_s")] for run in runs]
    return [median(part) for part in zip(*(one for one in parts if all(map(isfinite, one))), strict=True)]


def _runs(own: Iterable[Row], of_baseline: Iterable[Row]) -> list[Run]:
    base_s = {run["repetition"]: run["unit_s"] for run in of_baseline}
    return [
        Run(
            repetition=int(run["repetition"]),
            wall_s=float(run["wall_s"]),
            unit_s=float(run["unit_s"]),
            speedup=float(base_s.get(run["repetition"], nan) / run["unit_s"]),
            is_noisy=bool(_known(run.get("noisy"))),
        )
        for run in own
    ]


def _interval(row: Row, name: str) -> Interval:
    mid, low, high = (_number(row[column]) for column in (name, f"{name}_low", f"{name}_high"))
    return Interval(mid=mid, low=low, high=high)


def _number(value: Any) -> float:
    known = _known(value)
    return nan if known is None else float(known)


def _known(value: Any) -> Any:
    """Return a plain Python value; None for each of pandas' ways to say that there is none."""
    if not pd.api.types.is_scalar(value):
        return value
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value
