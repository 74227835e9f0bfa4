"""The work of a serial loop, and the bound that it sets for every pool.

The bound is computed from noisy times, so it has an interval: that of the same block bootstrap as all others.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from runner.analysis.explain.attribution import TracedRun
from runner.analysis.explain.bounds import shortest_makespans
from runner.analysis.explain.trace import TraceRecords
from runner.analysis.intervals import Level, Values, draw_blocks, expanded_tail
from runner.estimate import Estimate
from runner.facts import BoundLimit

_MOST_OVERHEAD = 0.1  # of the time within tasks: a loop that takes more in addition to them has no bound
_PIECES = 1000  # that the tasks of one record may be divided into
_MOST_DRAWS = 1000
_FEWEST_DRAWS = 100
_MOST_TIMES = 2_000_000  # to resample for one loop: the bound of very many tasks hardly varies
_MOST_CPUS = 1024  # that are tried to reach a speedup
_NEARLY = 1 - 1e-9
_CPUS_PER_TASK = 1.1  # if the tasks of all workers keep busier than that, CPUs are what they lack


@dataclass(frozen=True, kw_only=True)
class Bound:
    """What no executor can exceed, and why."""

    speedup: Estimate
    limit: BoundLimit


@dataclass(frozen=True, kw_only=True, eq=False)
class SerialWork:
    """The tasks of a loop as they were in each resample of its repetitions; the first row is all of them."""

    task_s: Values  #: resamples by tasks: the median time of every task
    cpu_share: Values  #: of the time within tasks, in the drawn run that waited for a CPU the least
    initializer_s: Values  #: median
    is_range: bool  #: too few repetitions for an interval
    tail: float  #: to cut at each end
    has_each_task: bool  #: a column for every task, in the order of the items

    def in_chunks(self, size: int | None) -> "SerialWork | None":
        """Return the same work with chunks as its indivisible tasks; None where single tasks are unknown.

        Args:
            size: of a chunk, in tasks; the last chunk has what is left. None: all tasks are one chunk
        """
        if not self.has_each_task:
            return None
        tasks = self.task_s.shape[1]
        starts = np.arange(0, tasks, size or tasks)
        return replace(self, task_s=np.add.reduceat(self.task_s, starts, axis=1))

    def bound(self, workers: int, cpus: float, bags: int = 1) -> Bound:
        """Bound the speedup of a bag, or of one bag for each worker.

        A(P) = (b * i + sum(s)) / (i + max(M*(s, P), U / min(P, CPUs))): docs/method.md, The bound.

        Args:
            workers: P
            cpus: usable CPUs, or the quota in CPUs
            bags: b; with several, nothing is quicker than each worker doing one, however uneven its tasks are
        """
        busy_s = self.task_s.sum(axis=1)
        task_s = self.task_s if bags == 1 else np.repeat(busy_s[:, np.newaxis], bags, axis=1)
        makespan_s = shortest_makespans(task_s, workers)
        cpu_s = bags * self.cpu_share * busy_s / min(workers, cpus)
        quickest_s = np.maximum(makespan_s, cpu_s)
        speedups = bags * (self.initializer_s + busy_s) / (self.initializer_s + quickest_s)
        limit = BoundLimit.WORKERS
        if cpu_s[0] > makespan_s[0] and (cpus < workers or cpu_s[0] > _CPUS_PER_TASK * makespan_s[0]):
            limit = BoundLimit.CPUS
        elif makespan_s[0] * _NEARLY <= task_s[0].max() > task_s[0].sum() / workers / _NEARLY:
            limit = BoundLimit.LONGEST_TASK
        return Bound(speedup=self._estimate(speedups), limit=limit)

    def event_loop_bound(self, workers: int, held_share: float | None, bags: int = 1) -> Bound:
        """Bound the speedup of coroutines that share one thread; a blocking call holds it as work does.

        Args:
            workers: P, that run concurrently
            held_share: of their time, in which they hold the thread; None: as long as they need a CPU
            bags: as for `bound`
        """
        work = self
        if held_share is not None:
            work = replace(self, cpu_share=np.full_like(self.cpu_share, held_share))
        bound = work.bound(workers, 1.0, bags)
        return replace(bound, limit=BoundLimit.EVENT_LOOP) if bound.limit is BoundLimit.CPUS else bound

    def cpus_for(self, speedup: float) -> int | None:
        """Return the fewest CPUs, with a worker each, whose bound reaches a speedup; None: no number does."""
        once = self._whole()
        enough = speedup * _NEARLY
        if once.bound(_MOST_CPUS, _MOST_CPUS).speedup.value < enough:
            return None
        counts = range(max(math.ceil(enough), 1), _MOST_CPUS + 1)
        return next(count for count in counts if once.bound(count, count).speedup.value >= enough)

    def _whole(self) -> "SerialWork":
        """Return the loop without the resamples."""
        return replace(
            self,
            task_s=self.task_s[:1],
            cpu_share=self.cpu_share[:1],
            initializer_s=self.initializer_s[:1],
        )

    def _estimate(self, values: Values) -> Estimate:
        value, resampled = float(values[0]), values[1:] if len(values) > 1 else values
        if np.ptp(values) <= value * (1 - _NEARLY):
            return Estimate.exact(value)
        tail = 0.0 if self.is_range else self.tail
        low, high = (float(bound) for bound in np.quantile(resampled, [tail, 1 - tail]))
        return Estimate(value=value, low=min(low, value), high=max(high, value), is_range=self.is_range)


def serial_work(
    records: TraceRecords, runs: Mapping[int, TracedRun], level: Level, *, has_initializer: bool
) -> SerialWork | None:
    """Compose a loop from the medians of its tasks and of its initializer; None if it bounds nothing.

    Disturbances of single tasks lengthen neither. The CPU time that the tasks need comes from the run that
    waited for a CPU the least: time stolen from the loop is not waiting that workers could share. Overhead of
    the loop, such as reading clocks, occurs in the workers of a pool too, at the same time.

    Args:
        records: task records of the loop's traced runs
        runs: the same, by repetition
        level: of the interval of the bound
        has_initializer: whether the loop, and so every worker, ran one
    """
    if not runs or records.worker.max() > 0:
        return None
    leads = np.array([run.lead_s if has_initializer else 0.0 for run in runs.values()])
    overheads = np.array([run.wall_s - run.busy_s for run in runs.values()])
    shares = np.array([_cpu_share(run) for run in runs.values()])
    times, pieces = _task_times(records, list(runs))
    busy_s = float((np.median(times, axis=0) * pieces).sum())
    if float(np.median(overheads)) - float(np.median(leads)) > _MOST_OVERHEAD * busy_s:
        return None  # workers could not share the overhead of the loop itself
    draws = _draws(len(times), times.size, level)
    parts = np.array_split(draws, math.ceil(draws.size * times.shape[1] / _MOST_TIMES))
    task_s = np.concatenate([np.median(times[part], axis=1) for part in parts])
    is_range = len(times) < level.fewest_blocks
    return SerialWork(
        task_s=np.repeat(task_s, pieces, axis=1),
        cpu_share=shares[draws].max(axis=1),
        initializer_s=np.median(leads[draws], axis=1),
        is_range=is_range,
        tail=0.0 if is_range else expanded_tail(len(times), level.confidence),
        has_each_task=bool((pieces == 1).all()),
    )


def _draws(blocks: int, times: int, level: Level) -> NDArray[np.int64]:
    """Return the resamples of the blocks, after the blocks themselves."""
    whole = np.arange(blocks)[np.newaxis, :]
    if blocks == 1:
        return whole
    draws = max(_FEWEST_DRAWS, min(_MOST_DRAWS, _MOST_TIMES // times))
    return np.concatenate([whole, draw_blocks(blocks, level.seed, draws)])


def _task_times(records: TraceRecords, repetitions: list[int]) -> tuple[Values, NDArray[np.int64]]:
    """Return the time of every task, by repetition and task, and the number of pieces of that length.

    The durations of the tasks in one record are unknown: they count as one task that can be divided anywhere.
    A task that a repetition lacks, because its records start at other tasks, has the median of the others.
    """
    _, task = np.unique(np.stack([records.task, records.tasks]), axis=1, return_inverse=True)
    task = task.reshape(-1)
    row = np.searchsorted(np.array(repetitions), records.repetition)
    times = np.full((len(repetitions), int(task.max()) + 1), np.nan)
    times[row, task] = records.busy
    missing = np.isnan(times)
    if missing.any():
        times = np.where(missing, np.nanmedian(times, axis=0), times)
    tasks = np.zeros(times.shape[1], dtype=np.int64)
    tasks[task] = records.tasks
    pieces = np.where(tasks > 1, _PIECES, 1)
    return times / pieces, pieces


def _cpu_share(run: TracedRun) -> float:
    """Return the share of a run's time within tasks in which they were on a CPU, or ready for one."""
    if run.cpu_s is not None:
        return (run.cpu_s + (run.run_delay_s or 0.0)) / run.busy_s
    # Tasks too short for a reading: the CPU time of the whole loop.
    return min((run.process_cpu_s or 0.0) / run.busy_s, 1.0)
