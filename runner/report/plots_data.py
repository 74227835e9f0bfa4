"""What the figures are drawn from: one record a cell, made from the tables once."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from statistics import median
from typing import Any

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the tables do not tell and a reader must know."""

    title: str  #: of the study
    usable_cpus: int
    confidence: float  #: of the intervals, such as 0.95
    interval_method: str  #: as the caption should name it
    is_range: bool  #: too few repetitions for an interval: low and high are the extremes
    host: str  #: such as "Intel Xeon Gold 6240, 2 CPUs"
    swept: tuple[str, ...] = ()  #: keys of further swept settings, which are columns of the tables


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
class Phases:
    """Median seconds that a run spends before, in and after its tasks."""

    start_s: float
    work_s: float
    end_s: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One cell with its repetitions."""

    id: str
    baseline: str  #: id of the cell that its speedup is relative to
    workload: str
    executor: str
    workers: int | None
    settings: Mapping[str, object]  #: interpreter, chunk size and further swept settings, by key
    status: str
    wall_s: Interval
    speedup: Interval
    speedup_bound: float  #: what no executor can exceed; NaN where unknown
    walls_s: Mapping[int, float]  #: seconds by repetition
    speedups: Mapping[int, float]  #: by repetition, relative to the baseline in the same one
    phases: Phases | None

    @property
    def is_baseline(self) -> bool:
        """Whether speedups are relative to this cell."""
        return self.id == self.baseline

    @property
    def label(self) -> str:
        """Executor and number of workers."""
        return (
            self.executor
            if self.workers is None
            else f"{self.executor} \N{MULTIPLICATION SIGN} {self.workers}"
        )

    @property
    def efficiency(self) -> Interval:
        """Speedup per worker."""
        return self.speedup.over(self.workers) if self.workers else Interval()

    @property
    def efficiencies(self) -> Mapping[int, float]:
        """Speedup per worker, by repetition."""
        workers = self.workers
        return {at: speedup / workers for at, speedup in self.speedups.items()} if workers else {}

    @property
    def trouble(self) -> str:
        """Why there is no speedup to trust, in a word or two; empty if there is one."""
        if self.status != "ok":
            return self.status.replace("_", " ")
        return "" if self.speedup.is_known else "no baseline"


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Cells that agree in every setting but executor and workers, and the baselines they refer to."""

    label: str
    cells: Sequence[Measured]

    @property
    def baselines(self) -> list[Measured]:
        """The cells that speedups are relative to."""
        return [cell for cell in self.cells if cell.is_baseline]


def measured_cells(samples: pd.DataFrame, summary: pd.DataFrame, facts: Facts) -> list[Measured]:
    """Join the rows of the summary with their repetitions, in the order of the summary."""
    runs = _headline_runs(samples)
    walls = {
        str(cell): dict(zip(of_cell["repetition"].astype(int), of_cell["wall_s"].astype(float), strict=True))
        for cell, of_cell in runs.groupby("cell")
    }
    phases = {
        str(cell): Phases(**{name: median(of_cell[name].dropna()) for name in ("start_s", "work_s", "end_s")})
        for cell, of_cell in runs.dropna(subset=["start_s", "work_s", "end_s"]).groupby("cell")
    }
    keys = dict.fromkeys(("python", "chunk_size", *facts.swept))
    return [_measured(row, keys, walls, phases) for row in summary.to_dict("records")]


def panels_of(cells: Sequence[Measured], keys: Sequence[str]) -> list[Panel]:
    """Divide cells by the values of `keys`, in order of appearance."""
    by_id = {cell.id: cell for cell in cells}
    groups: dict[tuple[str, ...], list[Measured]] = {}
    for cell in cells:
        # A serial loop has no chunk size, for example, and is the baseline of every chunk size.
        if cell.is_baseline and any(cell.settings.get(key) is None for key in keys):
            continue
        groups.setdefault(tuple(shown(cell.settings.get(key)) for key in keys), []).append(cell)
    return [
        Panel(
            label=", ".join(f"{short(key)} = {value}" for key, value in zip(keys, values, strict=True)),
            cells=_with_baselines(group, by_id),
        )
        for values, group in groups.items()
    ]


def varying_keys(cells: Sequence[Measured], facts: Facts) -> list[str]:
    """Settings that tell cells apart where executor and workers do not."""
    keys = [
        key
        for key in dict.fromkeys(("python", *facts.swept))
        if len({shown(cell.settings[key]) for cell in cells if cell.settings.get(key) is not None}) > 1
    ]
    told_apart = {(cell.label, *(shown(cell.settings.get(key)) for key in keys)) for cell in cells}
    if len(told_apart) < len(cells) and "chunk_size" not in keys:
        keys.append("chunk_size")
    return keys


def numeric_axis(cells: Iterable[Measured], keys: Sequence[str]) -> str | None:
    """Return the first key with so many numeric values that it deserves an axis of its own."""
    for key in keys:
        values = {cell.settings.get(key) for cell in cells} - {None}
        if len(values) > 4 and all(
            isinstance(value, (int, float)) and value is not True and value is not False for value in values
        ):
            return key
    return None


def shown(value: object) -> str:
    """Return a setting's value for a label, on one line."""
    if value is None:
        return "not set"
    if isinstance(value, float):
        return f"{value:g}"
    return one_line(str(value))


def short(key: str) -> str:
    """Return the last part of a setting's key."""
    return key.rsplit(".", maxsplit=1)[-1]


def one_line(text: str, limit: int = 40) -> str:
    """Return a text of the user's without line breaks, and not endless."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _with_baselines(group: list[Measured], by_id: Mapping[str, Measured]) -> list[Measured]:
    inside = {cell.id for cell in group}
    others = dict.fromkeys(cell.baseline for cell in group if cell.baseline not in inside)
    return [by_id[baseline] for baseline in others if baseline in by_id] + group


def _headline_runs(samples: pd.DataFrame) -> pd.DataFrame:
    """Keep the cold runs that ended well; repetition 0 is the reference."""
    if samples.empty:
        return pd.DataFrame(columns=["cell", "repetition", "start_s", "work_s", "end_s", "wall_s"])
    is_headline = (samples["iteration"] == 0) & (samples["repetition"] >= 1) & ~samples["warmup"].astype(bool)
    return samples[is_headline & (samples["status"] == "ok") & samples["wall_s"].notna()]


def _measured(
    row: Mapping[Hashable, Any],
    keys: Iterable[str],
    walls: Mapping[str, Mapping[int, float]],
    phases: Mapping[str, Phases],
) -> Measured:
    own, base = walls.get(row["cell"], {}), walls.get(row["baseline"], {})
    workers = _known(row["workers"])
    return Measured(
        id=row["cell"],
        baseline=row["baseline"],
        workload=str(row["workload"]),
        executor=one_line(str(row["executor"]), limit=30),
        workers=None if workers is None else int(workers),
        settings={key: _known(row[key]) for key in keys if key in row},
        status=str(row["status"]),
        wall_s=_interval(row, "wall_s"),
        speedup=_interval(row, "speedup"),
        speedup_bound=_number(row.get("speedup_bound")),
        walls_s=own,
        speedups={
            repetition: base[repetition] / wall for repetition, wall in own.items() if repetition in base
        },
        phases=phases.get(row["cell"]),
    )


def _interval(row: Mapping[Hashable, Any], name: str) -> Interval:
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


def times_per_call(tasks: pd.DataFrame) -> dict[str, dict[str, Interval]]:
    """Return the times of snippets by cell and label, in the order given."""
    times: dict[str, dict[str, Interval]] = {}
    for row in tasks.to_dict("records"):
        if row.get("per_call"):
            times.setdefault(row["cell"], {})[str(row["label"])] = _interval(row, "time_s")
    return times
