"""The trace of a study → the runs that explain each cell: its own and its baseline's."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from runner.analysis.attribution import Factors, Run, Work, attribute
from runner.analysis.bounds import speedup_bound
from runner.analysis.causes import Loss, named
from runner.records import Cell
from runner.store import Results

_NS = 1e9


class Traces:
    """The traced headline runs of a study.

    Args:
        results: the study
        walls: by cell: wall_s by repetition, of those that ended well
    """

    def __init__(self, results: Results, walls: Mapping[str, "pd.Series[float]"]) -> None:
        trace = results.trace().to_pandas()
        trace = trace[(trace["repetition"] > 0) & (trace["iteration"] == 0)]
        self._by_cell = {str(cell): own for cell, own in trace.groupby("cell", sort=False)}
        headlines = [
            one for one in results.samples if one.status == "ok" and one.iteration == 0 and one.repetition > 0
        ]
        self._starts = {(one.cell, one.repetition): one.start_s for one in headlines}
        # Of the whole loop, for short tasks, which have no readings of their own.
        self._cpu_s = {
            cell: float(np.median([one.cpu_s for one in headlines if one.cell == cell]))
            for cell in {one.cell for one in headlines}
        }
        self._walls = walls

    def records(self, cell: str) -> pd.DataFrame | None:
        """Give the task records of a cell's headline runs."""
        return self._by_cell.get(cell)

    def factors(self, cell: Cell, speedup_low: float, speedup_high: float) -> Factors | None:
        """Explain a cell by the run of median duration of it and of its baseline (the lower one of two).

        None where it cannot be explained: no workers, no trace, or a pair of runs whose own ratio lies
        outside the interval of the speedup that it should explain.
        """
        serial, parallel = self.median_run(cell.baseline), self.median_run(cell.id)
        if cell.workers is None or serial is None or parallel is None:
            return None
        found = attribute(serial, parallel, cell.workers)
        return found if speedup_low <= found.speedup <= speedup_high else None

    def bound(self, cell: Cell, cpus: float) -> float | None:
        """Bound the speedup of a cell's bag, from the tasks of its baseline."""
        records, walls = self.records(cell.baseline), self._walls.get(cell.baseline)
        if cell.workers is None or records is None or walls is None or records["worker"].max() > 0:
            return None
        share = records["busy_ns"] / records["tasks"] / _NS
        lengths = share.groupby([records["task"], records["tasks"]]).median()
        each = np.repeat(lengths.to_numpy(), lengths.index.get_level_values("tasks").to_numpy())
        by_repetition = records.groupby("repetition")[["busy_ns", "cpu_ns"]].sum(min_count=1).median() / _NS
        cpu_s = by_repetition["cpu_ns"]
        if pd.isna(cpu_s):  # the whole loop's CPU time holds more than its tasks
            cpu_s = min(self._cpu_s[cell.baseline], by_repetition["busy_ns"])
        return speedup_bound(float(walls.median()), each.tolist(), float(cpu_s), cell.workers, cpus)

    def losses(self, cell: Cell, cpus: float, level: tuple[float, int]) -> list[Loss]:
        """Name what a cell loses, from every repetition in which it and its baseline ended well."""
        records = self.records(cell.id)
        if cell.workers is None or records is None:
            return []
        both = sorted(set(self._repetitions(cell.id)) & set(self._repetitions(cell.baseline)))
        pairs = [(self._run(cell.baseline, one), self._run(cell.id, one)) for one in both]
        complete = [(serial, parallel) for serial, parallel in pairs if serial and parallel]
        threads = (
            bool((records.groupby("repetition")["process_id"].nunique() == 1).all()) and cell.workers > 1
        )
        return named(complete, cell.workers, cpus, threads=threads, level=level)

    def median_run(self, cell: str) -> Run | None:
        """Give the traced run whose duration is the median of its cell."""
        walls = self._walls.get(cell)
        if walls is None or walls.empty:
            return None
        return self._run(cell, int(walls.sort_values(kind="stable").index[(len(walls) - 1) // 2]))

    def _repetitions(self, cell: str) -> list[int]:
        return [int(one) for one in self._walls[cell].index] if cell in self._walls else []

    def _run(self, cell: str, repetition: int) -> Run | None:
        records, start = self._by_cell.get(cell), self._starts.get((cell, repetition))
        if records is None or start is None:
            return None
        rows = records[records["repetition"] == repetition]
        if rows.empty:
            return None
        opened = rows["started_ns"].min() / _NS - start
        wall = float(self._walls[cell].loc[repetition])
        return Run(opened=opened, closed=opened + wall, work=_work(rows))


def _work(rows: pd.DataFrame) -> list[Work]:
    return [
        Work(
            worker=int(row["worker"]),
            submitted=row["submitted_ns"] / _NS,
            started=row["started_ns"] / _NS,
            ended=row["ended_ns"] / _NS,
            busy=row["busy_ns"] / _NS,
            cpu=_seconds(row["cpu_ns"]),
            run_delay=_seconds(row["run_delay_ns"]),
        )
        for row in rows.to_dict("records")
    ]


def _seconds(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None or pd.isna(nanoseconds) else nanoseconds / _NS
