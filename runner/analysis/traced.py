"""The trace of a study → the runs that explain each cell: its own and its baseline's.

The headline runs are traced themselves, unless their tasks are too short for it; then a run apart is, which
must not take much longer.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from runner.adapter_source import declared_traits
from runner.analysis.estimate import Estimate
from runner.analysis.explain.attribution import Factors, Run, Work, attribute
from runner.analysis.explain.bounds import speedup_bound
from runner.analysis.explain.causes import Setting, busy_cpus, named
from runner.analysis.facts import Loss
from runner.analysis.intervals import medians
from runner.analysis.machine import Machine
from runner.analysis.times import Times
from runner.folder.results import Results
from runner.modes import bags_of, has_window
from runner.records import Cell

_NS = 1e9


_MOST_BESIDE = 0.1  # of the time within tasks
_PIECES = 1000
_MOST_SLOWED = 0.05  # by being traced, of what is to be explained: beyond that a run explains nothing


class Traces:
    """The traced runs of a study.

    Args:
        results: the study
        times: wall times of the cells that may make a claim
        machine: what it ran on
    """

    def __init__(self, results: Results, times: Times, machine: Machine) -> None:
        self.times, self.machine = times, machine
        trace = results.trace().to_pandas()
        self._traced = {
            (one.cell, one.repetition): one
            for one in results.samples
            if one.status == "ok" and one.repetition > 0 and (one.iteration == 0 or one.tracing)
        }  # a run apart comes after its headline, and takes its place
        keys = pd.MultiIndex.from_frame(trace[["cell", "repetition", "iteration"]])
        chosen = [(*key, one.iteration) for key, one in self._traced.items()]
        trace = trace[keys.isin(chosen)]
        self._records = {str(cell): own for cell, own in trace.groupby("cell", sort=False)}
        self._runs: dict[str, dict[int, Run]] = {}
        self._added: dict[str, Estimate | None] = {}
        self._factors: dict[str, list[Factors]] = {}  # by cell: of the pairs of all repetitions

    def records(self, cell: str) -> pd.DataFrame | None:
        """Give the task records of a cell's traced runs."""
        return self._records.get(cell)

    def runs(self, cell: str) -> dict[int, Run]:
        """Give the traced runs of a cell that may make a claim, by repetition."""
        if cell not in self._runs:
            records = self._records.get(cell)
            known = [] if records is None else records.groupby("repetition")
            times = self.times.of(cell)
            self._runs[cell] = {
                int(repetition): self._run(cell, int(repetition), rows)
                for repetition, rows in known
                if repetition in times.index
            }
        return self._runs[cell]

    def factors(self, cell: Cell, speedup_low: float, speedup_high: float) -> Factors | None:
        """Explain a cell by the run of median duration of it and of its baseline (the lower one of two).

        None where it cannot be explained: no workers, no trace, no bag but a window, or a pair of runs whose
        own ratio lies outside the interval of the speedup that it should explain. Of a bag for each worker,
        the baseline's run counts as many times.
        """
        serial, parallel = self._median_run(cell.baseline), self._median_run(cell.id)
        if cell.workers is None or serial is None or parallel is None:
            return None
        if len(parallel.lanes()) > cell.workers:
            return None  # records of several workers were merged, or more worked than were asked for
        if any(self._is_slowed(one, beside_s=self._wall_s(one)) for one in (cell.id, cell.baseline)):
            return None
        if has_window(cell) or self._blocks_a_loop(cell):
            return None
        found = attribute(serial.repeated(bags_of(cell)), parallel, cell.workers)
        if self._has_hidden_threads(cell):
            found = replace(found, cpu_scaling=None, on_cpu=None)
        return found if speedup_low <= found.speedup <= speedup_high else None

    def factor_estimate(self, cell: Cell, name: str) -> Estimate | None:
        """Estimate a factor's median over the pairs of all repetitions; of a cell that has factors."""
        if cell.id not in self._factors:
            pairs = self._pairs(cell)
            self._factors[cell.id] = [attribute(one, other, cell.workers or 1) for one, other in pairs]
        values = [getattr(factors, name) for factors in self._factors[cell.id]]
        return None if None in values else medians(np.array([values]), *self.times.level)[0]

    def _pairs(self, cell: Cell) -> list[tuple[Run, Run]]:
        """Pair the runs of its baseline and its own; the former count for each bag."""
        own, serial, bags = self.runs(cell.id), self.runs(cell.baseline), bags_of(cell)
        return [(serial[one].repeated(bags), run) for one, run in own.items() if one in serial]

    def bound(self, cell: Cell) -> float | None:
        """Bound the speedup of a cell's bag, from the tasks of its baseline.

        What the loop takes is put together from the medians of its tasks and of its initializer, so that what
        disturbed single tasks lengthens neither. The tasks' need of a CPU is taken from the run that waited
        for one the least: time stolen from the loop is no waiting that workers could share. What the loop
        takes beside them, such as the stamps between tasks, a pool's workers take too, at the same time.
        """
        records, runs = self.records(cell.baseline), list(self.runs(cell.baseline).values())
        if cell.workers is None or records is None or not runs or records["worker"].max() > 0:
            return None
        if has_window(cell):
            return None
        share = records["busy_ns"] / records["tasks"] / _NS
        lengths = share.groupby([records["task"], records["tasks"]]).median()
        counts = lengths.index.get_level_values("tasks").to_numpy()
        # How long the tasks of one record were is not known: they count as one that can be cut anywhere.
        pieces = np.where(counts > 1, _PIECES, 1)
        tasks_s = np.repeat(lengths.to_numpy() * counts / pieces, pieces)
        beside_s = float(np.median([run.wall - run.busy for run in runs]))
        has_initializer = bool(cell.settings["workload"].get("initializer"))
        initializer_s = float(np.median([run.lead for run in runs])) if has_initializer else 0.0
        needed = max(self._cpu_share(cell.baseline, repetition) for repetition in self.runs(cell.baseline))
        busy_s = float(tasks_s.sum())
        if beside_s - initializer_s > _MOST_BESIDE * busy_s:
            return None  # what the loop itself costs is no work that workers could share
        cpus, bags = self.machine.cpus(cell), bags_of(cell)
        # A bag for each worker: nothing is quicker than each doing one, however uneven its tasks are.
        bag_s = tasks_s.tolist() if bags == 1 else [busy_s] * bags
        cpu_s = bags * needed * busy_s
        return speedup_bound(bag_s, cpu_s, cell.workers, cpus, each_worker_s=initializer_s, loops=bags)

    def losses(self, cell: Cell) -> list[Loss]:
        """Name what a cell loses, from every repetition in which it and its baseline ended well."""
        records, own = self.records(cell.id), self.runs(cell.id)
        if cell.workers is None or records is None or not own or has_window(cell):
            return []
        if any(len(run.lanes()) > cell.workers for run in own.values()):
            return []
        if self.why_unexplained(cell):
            return []
        setting = Setting(
            workers=cell.workers,
            cpus=self.machine.cpus(cell),
            threads=self._is_in_threads(cell) and not _is_one_loop(cell),
            one_loop=_is_one_loop(cell),
            has_gil=self.machine.has_gil(cell),
            native_threads=self.machine.native_threads(cell),
            busy_cpus=busy_cpus(own.values()),
        )
        return named(self._pairs(cell), setting, self.times.level)

    def why_unexplained(self, cell: Cell) -> str:
        """Say why the recorded runs of a cell explain nothing: they are slowed, or its workers are none."""
        if cell.workers is None or has_window(cell) or not self.runs(cell.id):
            return ""
        if self._blocks_a_loop(cell):
            return "the function is not async def, so its tasks block the event loop one after another"
        wall_s = self._wall_s(cell.id)
        # Of the loop only its tasks enter, as a part of the workers' time: a loop of nothing may be slowed.
        if self._is_slowed(cell.id, wall_s) or self._is_slowed(cell.baseline, cell.workers * wall_s):
            return f"recording its tasks makes it over {_MOST_SLOWED:.0%} slower, so it is not explained"
        return ""

    def _blocks_a_loop(self, cell: Cell) -> bool:
        """Whether its tasks run on an event loop, and never give way to each other."""
        return _is_one_loop(cell) and not self.machine.is_async(cell)

    def _is_slowed(self, cell: str, beside_s: float) -> bool:
        """Whether being traced lengthens the runs of a cell by too much, beside what they are to explain.

        Both times of a repetition vary: what may as well be chance is not laid to the tracing.
        """
        added_s = self._added_s(cell)
        return added_s is not None and added_s.low > 0 and added_s.value > _MOST_SLOWED * beside_s

    def _added_s(self, cell: str) -> Estimate | None:
        """Estimate how much longer the traced runs of a cell take; None without any."""
        if cell not in self._added:
            times = self.times.of(cell)
            added_s = [run.wall - times.loc[repetition] for repetition, run in self.runs(cell).items()]
            self._added[cell] = medians(np.array([added_s]), *self.times.level)[0] if added_s else None
        return self._added[cell]

    def _wall_s(self, cell: str) -> float:
        """Give the median of the headline times of a cell that has traced runs."""
        return float(self.times.of(cell).median())

    def _has_hidden_threads(self, cell: Cell) -> bool:
        """Whether threads of a library compute for tasks that run in threads: the tasks' clocks miss them."""
        return self._is_in_threads(cell) and self.machine.native_threads(cell) > 1

    def _is_in_threads(self, cell: Cell) -> bool:
        """Whether a cell's workers share one process."""
        records = self.records(cell.id)
        if records is None or (cell.workers or 1) < 2:
            return False
        known = self.machine.workers_share_a_process(cell)
        if known is not None:
            return known
        return bool((records.groupby("repetition")["process_id"].nunique() == 1).all())

    def _cpu_share(self, cell: str, repetition: int) -> float:
        """Give the share of a run's time within tasks in which they were on a CPU, or ready for one."""
        run = self.runs(cell)[repetition]
        if run.cpu is not None:
            return (run.cpu + (run.run_delay or 0.0)) / run.busy
        cpu_s = self._traced[cell, repetition].cpu_s or 0.0  # of the whole loop: tasks too short to ask
        return min(cpu_s / run.busy, 1.0)

    def _median_run(self, cell: str) -> Run | None:
        """Give the traced run whose duration is the median of its cell."""
        runs = sorted(self.runs(cell).values(), key=lambda run: run.wall)
        return runs[(len(runs) - 1) // 2] if runs else None

    def _run(self, cell: str, repetition: int, rows: pd.DataFrame) -> Run:
        traced = self._traced[cell, repetition]
        opened = float(rows["started_ns"].min()) / _NS - (traced.start_s or 0.0)
        closed = opened + (traced.wall_s or 0.0)
        return Run(opened=opened, closed=closed, work=_work(rows), spent=traced.cpu_s)


def _is_one_loop(cell: Cell) -> bool:
    """Whether a cell's workers are tasks of one event loop."""
    return "one_event_loop" in declared_traits(cell.settings["executor"]["pool"].get("_target_", ""))


_WORK_COLUMNS = ("submitted_ns", "started_ns", "ended_ns", "busy_ns", "cpu_ns", "run_delay_ns")


def _work(rows: pd.DataFrame) -> list[Work]:
    known = ((rows[column] / _NS).astype(object) for column in _WORK_COLUMNS)
    seconds = [column.where(column.notna(), None) for column in known]
    return [
        Work(
            worker=int(worker),
            submitted=submitted,
            started=started,
            ended=ended,
            busy=busy,
            cpu=cpu,
            run_delay=run_delay,
            tasks=int(tasks),
        )
        for worker, tasks, submitted, started, ended, busy, cpu, run_delay in zip(
            rows["worker"], rows["tasks"], *seconds, strict=True
        )
    ]
