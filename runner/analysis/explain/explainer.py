"""Explanations of cells from the traced runs of a study: bound, factors and losses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from runner.adapter_source import declared_traits
from runner.analysis.explain.attribution import PairFactors, TracedRun, attribute
from runner.analysis.explain.causes import (
    SEVERAL_CPUS,
    SHARED_CORES,
    Setting,
    TogetherSpeed,
    busy_cpus,
    shown_losses,
    task_cpus,
)
from runner.analysis.explain.serial_work import Bound, SerialWork, serial_work
from runner.analysis.explain.start_up import WorkerStart, start_detail, with_start_remedy
from runner.analysis.explain.tiny_tasks import UntracedRuns, tiny_task_losses, with_tiny_task_remedy
from runner.analysis.explain.trace import Trace
from runner.analysis.explain.transfer import Transfer, with_transfer_facts
from runner.analysis.headline import CellTimes
from runner.analysis.intervals import medians
from runner.analysis.machine import Machine
from runner.estimate import Estimate
from runner.facts import MOST_SLOWED_BY_TRACING, CpusTogether, Factors, Loss, Unexplained
from runner.modes import bags_of, has_window
from runner.records import AUTO, Cell

#: The factors that every pair of runs has, in the order in which `_bounded` takes them.
_ALWAYS: tuple[Callable[[PairFactors], float], ...] = (
    lambda pair: pair.speedup,
    lambda pair: pair.serial_overhead,
    lambda pair: pair.computation_scaling,
    lambda pair: pair.granularity,
    lambda pair: pair.placement,
    lambda pair: pair.dispatch_efficiency,
    lambda pair: pair.pool_efficiency,
)


@dataclass(frozen=True, kw_only=True)
class TraceFacts:
    """The facts about a cell that follow from traced runs."""

    bound: Bound | None = None
    chunk_bound: Estimate | None = None
    factors: Factors | None = None
    losses: tuple[Loss, ...] = ()
    unexplained: Unexplained | None = None
    native_threads: int = 1  #: that are used in each worker


class Explainer:
    """Explains cells by their traced runs and those of their baselines.

    Args:
        trace: the traced runs of the study
        wall_times: wall times of the headline runs of the cells that never failed
        machine: what the study ran on
        cells: of the study
    """

    def __init__(
        self, trace: Trace, wall_times: CellTimes, machine: Machine, cells: Sequence[Cell] = ()
    ) -> None:
        self._trace, self._times, self._machine = trace, wall_times, machine
        self._plain_loops = {cell.id for cell in cells if cell.is_loop}
        self._comparable: dict[tuple[str, int | None], list[Cell]] = {}  # by baseline and workers
        for cell in cells:
            self._comparable.setdefault((cell.baseline, cell.workers), []).append(cell)
        self._growths: dict[tuple[str, int | None], float | None] = {}
        self._runs: dict[str, dict[int, TracedRun]] = {}
        self._added_s: dict[str, Estimate | None] = {}
        self._work: dict[tuple[str, bool], SerialWork | None] = {}
        self._bounds: dict[tuple[object, ...], Bound | None] = {}

    def explain(self, cell: Cell, speedup: Estimate | None, tasks_per_chunk: int | None = 1) -> TraceFacts:
        """Explain the speedup of a cell, as far as its traced runs tell.

        Args:
            cell: of the study
            speedup: None if it has none
            tasks_per_chunk: that it sends to a worker at a time; None: all
        """
        pairs = self._pairs(cell)
        unexplained = self._why_unexplained(cell)
        of_tiny_tasks = self._tiny_task_losses(cell, unexplained)
        bounded = TraceFacts(bound=self._bound(cell), chunk_bound=self._chunk_bound(cell, tasks_per_chunk))
        if of_tiny_tasks:
            return replace(bounded, losses=of_tiny_tasks)
        unexplained = unexplained or self._why_no_losses(cell, pairs)
        losses = () if unexplained else self._losses(cell, pairs)
        is_without_loss = not (losses or unexplained or cell.id in self._plain_loops)
        return replace(
            bounded,
            factors=self._factors(cell, speedup, pairs) if speedup else None,
            losses=losses,
            unexplained=Unexplained.NO_LARGE_LOSS if is_without_loss else unexplained,
            native_threads=self._used_native_threads(cell),
        )

    def _runs_of(self, cell: str) -> dict[int, TracedRun]:
        """Return the traced runs of a cell that never failed, by repetition."""
        if cell not in self._runs:
            self._runs[cell] = self._trace.runs(cell, self._times.of(cell))
        return self._runs[cell]

    def _pairs(self, cell: Cell) -> list[tuple[TracedRun, TracedRun]]:
        """Pair the runs of the baseline and of the cell; those of the baseline count for each bag."""
        serial, bags = self._runs_of(cell.baseline), bags_of(cell)
        return [
            (serial[repetition].repeated(bags), run)
            for repetition, run in self._runs_of(cell.id).items()
            if repetition in serial
        ]

    def _factors(
        self, cell: Cell, speedup: Estimate, pairs: list[tuple[TracedRun, TracedRun]]
    ) -> Factors | None:
        """Return the factors of the run of median duration and of its baseline's (the lower one of two).

        None where the cell cannot be explained: no workers, no trace, no bag but a window, or a pair of runs
        whose ratio lies outside the interval of the speedup that it should explain.
        """
        serial, parallel = self._median_run(cell.baseline), self._median_run(cell.id)
        if cell.workers is None or has_window(cell) or serial is None or parallel is None:
            return None
        if parallel.lanes > cell.workers:
            return None  # records of several workers were merged, or more workers ran than requested
        if any(self._is_slowed(traced, self._times.middle(traced)) for traced in (cell.id, cell.baseline)):
            return None
        if self._blocks_event_loop(cell):
            return None
        median = attribute(serial.repeated(bags_of(cell)), parallel, cell.workers)
        if self._has_hidden_threads(cell):
            median = replace(median, cpu_scaling=None, on_cpu=None)
        if not pairs or not speedup.low <= median.speedup <= speedup.high:
            return None
        return self._bounded(median, [attribute(base, run, cell.workers) for base, run in pairs])

    def _bounded(self, median: PairFactors, pairs: list[PairFactors]) -> Factors:
        """Give the factors of the median pair the bounds of the medians over all pairs."""
        speedup, serial, computation, granularity, placement, dispatch, pool = self._medians(
            [[get(pair) for pair in pairs] for get in _ALWAYS], [get(median) for get in _ALWAYS]
        )
        return Factors(
            attributed_speedup=speedup,
            serial_overhead=serial,
            computation_scaling=computation,
            cpu_scaling=self._median(median.cpu_scaling, [pair.cpu_scaling for pair in pairs]),
            on_cpu=self._median(median.on_cpu, [pair.on_cpu for pair in pairs]),
            granularity=granularity,
            placement=placement,
            dispatch_efficiency=dispatch,
            pool_efficiency=pool,
        )

    def _medians(self, rows: Sequence[Sequence[float]], values: Sequence[float]) -> list[Estimate]:
        """Give values the bounds of the medians of rows."""
        spreads = medians(np.array(rows), *self._times.level)
        return [replace(spread, value=value) for spread, value in zip(spreads, values, strict=True)]

    def _median(self, value: float | None, row: Sequence[float | None]) -> Estimate | None:
        """Give a value the bounds of the median of a row; None where one is unknown."""
        known = [one for one in row if one is not None]
        return self._medians([known], [value])[0] if value is not None and len(known) == len(row) else None

    def cpus_for(self, cell: Cell, speedup: float) -> int | None:
        """Return how many CPUs, with a worker each, allow a speedup of a cell's bag; None: no number does."""
        work = self._work_of(cell)
        return None if work is None else work.cpus_for(speedup)

    def _bound(self, cell: Cell, tasks_per_chunk: int | None = 1) -> Bound | None:
        """Bound the speedup of a cell's bag, from the tasks of its baseline, or from chunks of them."""
        work = self._work_of(cell)
        if work is None or cell.workers is None:
            return None
        cpus, bags = min(self._machine.cpus(cell), cell.workers), bags_of(cell)
        at_once = cell.workers * _tasks_per_worker(cell)  # processes compute, but more tasks wait at a time
        key = (*_work_key(cell), at_once, cpus, bags, is_event_loop(cell), tasks_per_chunk)
        if key not in self._bounds:
            pieces = work if tasks_per_chunk == 1 else work.in_chunks(tasks_per_chunk)
            if pieces is None:
                self._bounds[key] = None
            elif is_event_loop(cell):
                self._bounds[key] = pieces.event_loop_bound(
                    cell.workers, self._machine.held_share(cell), bags
                )
            else:
                self._bounds[key] = pieces.bound(at_once, cpus, bags)
        return self._bounds[key]

    def _chunk_bound(self, cell: Cell, tasks_per_chunk: int | None) -> Estimate | None:
        """Bound the speedup of a cell whose chunks are indivisible; None where they are single tasks.

        A chunk of coroutines is not indivisible for an event loop, which runs others while a task waits.
        """
        is_concurrent = is_event_loop(cell) or _tasks_per_worker(cell) > 1
        if tasks_per_chunk == 1 or is_concurrent or bags_of(cell) > 1:
            return None
        bound = self._bound(cell, tasks_per_chunk)
        return None if bound is None else bound.speedup

    def _work_of(self, cell: Cell) -> SerialWork | None:
        """Return the work of a cell's loop; None without workers, within a window or where it is unknown."""
        if cell.workers is None or has_window(cell):
            return None
        key = baseline, has_initializer = _work_key(cell)
        if key not in self._work:
            records, runs = self._trace.records(baseline), self._runs_of(baseline)
            self._work[key] = None
            if records is not None:
                self._work[key] = serial_work(
                    records, runs, self._times.level, has_initializer=has_initializer
                )
        return self._work[key]

    def _losses(self, cell: Cell, pairs: list[tuple[TracedRun, TracedRun]]) -> tuple[Loss, ...]:
        """Return the losses of a cell, from every repetition in which it and its baseline succeeded."""
        runs = list(self._runs_of(cell.id).values())
        if cell.workers is None:
            return ()
        in_threads = self._is_in_threads(cell) and not is_event_loop(cell)
        has_gil = self._machine.has_gil(cell)
        is_free_threaded = in_threads and not has_gil
        setting = Setting(
            workers=cell.workers,
            cpus=self._machine.cpus(cell),
            threads=in_threads,
            event_loop=is_event_loop(cell),
            has_gil=has_gil,
            native_threads=self._machine.native_threads(cell),
            task_cpus=self._task_cpus(cell),
            busy_cpus=busy_cpus(runs),
            start=self._worker_start(cell),
            transfer=self._transfer(cell),
            one_task_chunks=self._has_one_task_chunks(cell),
            forked=self._machine.is_forked(cell),
            together=self._together(cell),
            cpu_growth_of_processes=self._cpu_growth_of_processes(cell) if is_free_threaded else None,
            held_share=self._machine.held_share(cell),
        )
        shown = shown_losses(pairs, setting, self._times.level)
        return tuple(self._detailed(loss, cell, pairs, setting) for loss in shown)

    def _has_one_task_chunks(self, cell: Cell) -> bool:
        """Whether every task of a cell was submitted by itself."""
        traced = self._runs_of(cell.id)
        return bool(traced) and self._trace.sample(cell.id, next(iter(traced))).tasks_per_chunk == 1

    def _worker_start(self, cell: Cell) -> WorkerStart:
        has_initializer = bool(cell.settings["workload"].get("initializer"))
        return WorkerStart(
            has_initializer=has_initializer and cell.baseline in self._plain_loops,
            import_s=self._machine.import_s(cell),
            shares_interpreter=self._is_in_threads(cell) and self._machine.has_gil(cell),
            method=self._machine.start_method(cell),
        )

    def _detailed(
        self, loss: Loss, cell: Cell, pairs: list[tuple[TracedRun, TracedRun]], setting: Setting
    ) -> Loss:
        """Add the figures that a loss is explained with, and the remedy that fits the cell."""
        pool = cell.settings["executor"]["pool"]
        detail = start_detail(loss.cause, pairs, setting.start)
        if loss.cause is SHARED_CORES and setting.together is not None:
            cpus = int(min(setting.workers, setting.cpus))
            detail = CpusTogether(cpus=cpus, delivered=cpus * setting.together.value)
        cause = with_start_remedy(loss.cause, setting.start, pool)
        return with_transfer_facts(replace(loss, cause=cause, detail=detail), setting.transfer)

    def _transfer(self, cell: Cell) -> Transfer | None:
        """Return what is sent between the processes of a cell; None if unknown, or there is only one."""
        payload, traced = self._machine.payload(cell), self._runs_of(cell.id)
        if payload is None or not traced or cell.workers is None:
            return None
        sample = self._trace.sample(cell.id, next(iter(traced)))
        traits = declared_traits(cell.settings["executor"]["pool"].get("_target_", ""))
        return Transfer(
            payload=payload,
            tasks=sample.tasks,
            chunk_size=sample.tasks_per_chunk or sample.tasks,
            workers=cell.workers,
            is_function_kept=bool(traits.get("shares_call")),
            method=self._machine.start_method(cell),
        )

    def _tiny_task_losses(self, cell: Cell, unexplained: Unexplained | None) -> tuple[Loss, ...]:
        """Explain a pool by its untraced runs, where traced ones do not: they are slower, or were omitted."""
        traced, workers = self._runs_of(cell.id), cell.workers
        is_traced = len(traced) == len(self._times.of(cell.id)) and not unexplained
        is_other = cell.baseline not in self._plain_loops or has_window(cell) or is_event_loop(cell)
        if is_other or is_traced or not traced or workers is None:
            return ()
        loop_s, pool_s = self._times.together([cell.baseline, cell.id])
        samples = [self._trace.sample(cell.id, repetition) for repetition in traced]
        tasks = samples[0].tasks
        runs = UntracedRuns(
            loop_s=loop_s * bags_of(cell),
            pool_s=pool_s,
            start_s=float(np.median([sample.start_s or 0.0 for sample in samples])),
            end_s=float(np.median([sample.end_s or 0.0 for sample in samples])),
            tasks=tasks,
            chunk_size=samples[0].tasks_per_chunk or tasks,
            workers=workers,
            shares_gil=self._is_in_threads(cell) and self._machine.has_gil(cell),
            transfer=self._transfer(cell),
        )
        losses = tiny_task_losses(runs, self._times.level)
        return tuple(
            with_transfer_facts(with_tiny_task_remedy(loss, is_auto=cell.chunk_size == AUTO), runs.transfer)
            for loss in losses
        )

    def _why_unexplained(self, cell: Cell) -> Unexplained | None:
        """Return the reason why the traced runs of a cell explain nothing; None if they do."""
        if cell.workers is None or has_window(cell) or not self._runs_of(cell.id):
            return None
        if self._blocks_event_loop(cell):
            return Unexplained.BLOCKS_EVENT_LOOP
        wall_s = self._times.middle(cell.id)
        # Only the tasks of the loop enter, as a part of the workers' time: an empty loop may be slowed.
        if self._is_slowed(cell.id, wall_s) or self._is_slowed(cell.baseline, cell.workers * wall_s):
            return Unexplained.SLOWED_BY_TRACING
        return None

    def _why_no_losses(self, cell: Cell, pairs: Sequence[tuple[TracedRun, TracedRun]]) -> Unexplained | None:
        """Return what is missing to find the losses of a pool; None if nothing is, or for the plain loop."""
        if cell.id in self._plain_loops:
            return None
        runs, workers = self._runs_of(cell.id).values(), cell.workers or 0
        reasons = {
            Unexplained.NOT_MEASURED: not self._times.of(cell.id),
            Unexplained.UNKNOWN_WORKERS: not workers,
            Unexplained.WINDOW: has_window(cell),
            Unexplained.NO_TRACE: not runs,
            Unexplained.MORE_LANES: any(run.lanes > workers for run in runs),
            Unexplained.TOO_FEW_PAIRS: len(pairs) < self._times.level.fewest_blocks,
        }
        return next((reason for reason, holds in reasons.items() if holds), None)

    def _blocks_event_loop(self, cell: Cell) -> bool:
        """Whether its tasks run on an event loop and never yield to each other."""
        return is_event_loop(cell) and not self._machine.is_async(cell)

    def _is_slowed(self, cell: str, explained_s: float) -> bool:
        """Whether tracing measurably lengthens a cell's runs by too much of the time to be explained."""
        if cell not in self._added_s:
            times = self._times.of(cell)
            added = [run.wall_s - times[repetition] for repetition, run in self._runs_of(cell).items()]
            self._added_s[cell] = medians(np.array([added]), *self._times.level)[0] if added else None
        added_s = self._added_s[cell]
        return (
            added_s is not None and added_s.low > 0 and added_s.value > MOST_SLOWED_BY_TRACING * explained_s
        )

    def _has_hidden_threads(self, cell: Cell) -> bool:
        """Whether other threads compute for tasks that run in threads: the tasks' clocks miss them."""
        return self._is_in_threads(cell) and self._task_cpus(cell) > SEVERAL_CPUS

    def _task_cpus(self, cell: Cell) -> float:
        """Count the CPUs that a task of the baseline keeps busy."""
        runs = list(self._runs_of(cell.baseline).values())
        return task_cpus(runs, self._machine.native_threads(cell))

    def _used_native_threads(self, cell: Cell) -> int:
        """Count the native threads that a worker may start, if the tasks are seen to use them; else 1."""
        return self._machine.native_threads(cell) if self._task_cpus(cell) > SEVERAL_CPUS else 1

    def _together(self, cell: Cell) -> TogetherSpeed | None:
        """Return the speed of a CPU while as many are busy as the cell's workers can use."""
        speed = self._machine.together(min(cell.workers or 1, self._machine.cpus(cell)))
        return None if speed is None else TogetherSpeed(**speed)

    def _cpu_growth_of_processes(self, cell: Cell) -> float | None:
        """Compare the CPU time of tasks with the loop's in cells with as many workers that are processes.

        None where there is no such cell, or a run has no reading.
        """
        key = cell.baseline, cell.workers
        if key not in self._growths:
            growths = [
                parallel.cpu_s / serial.cpu_s
                for other in self._comparable.get(key, ())
                if not has_window(other) and self._machine.workers_share_a_process(other) is False
                for serial, parallel in self._pairs(other)
                if serial.cpu_s and parallel.cpu_s is not None
            ]
            self._growths[key] = float(np.median(growths)) if growths else None
        return self._growths[key]

    def _is_in_threads(self, cell: Cell) -> bool:
        """Whether the workers of a cell share one process."""
        records = self._trace.records(cell.id)
        if records is None or (cell.workers or 1) < 2:
            return False
        known = self._machine.workers_share_a_process(cell)
        if known is not None:
            return known
        return all((rows.process_id == rows.process_id[0]).all() for rows in records.by_repetition().values())

    def _median_run(self, cell: str) -> TracedRun | None:
        """Return the traced run whose duration is the median of its cell."""
        runs = sorted(self._runs_of(cell).values(), key=lambda run: run.wall_s)
        return runs[(len(runs) - 1) // 2] if runs else None


def _work_key(cell: Cell) -> tuple[str, bool]:
    """Return the loop of a cell, and whether every worker has an initializer to run."""
    return cell.baseline, bool(cell.settings["workload"].get("initializer"))


def _tasks_per_worker(cell: Cell) -> int:
    """Return how many tasks each worker of a cell runs at a time."""
    pool = cell.settings["executor"]["pool"]
    if not declared_traits(pool.get("_target_", "")).get("concurrent_tasks"):
        return 1
    return int(pool["concurrency"])


def is_event_loop(cell: Cell) -> bool:
    """Whether the workers of a cell are tasks of one event loop."""
    return bool(declared_traits(cell.settings["executor"]["pool"].get("_target_", "")).get("one_event_loop"))
