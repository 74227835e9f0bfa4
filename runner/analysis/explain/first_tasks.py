"""What the first task in each worker loads or prepares: every process does it again, the loop only once.

A task may load a model, import a module or compile code when it is called first.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from runner.analysis.explain.attribution import TracedRun
from runner.analysis.intervals import Values
from runner.facts import Cause

_FEWEST_WORKERS, _FEWEST_OTHERS = 2, 2  # to compare first tasks with others
_LONG = 2.0  # times as long as the same task would usually be in its run
_WITHIN = 2.0  # factor between what workers and the loop load
_EVEN = 1.5  # upper over lower quartile of tasks that count as equal

FIRST_TASKS = Cause(
    code="first_tasks",
    name="what the first task in each worker loads or prepares",
    short="first tasks",
    remedy="fewer workers, or keep one pool open and use it again",
)


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class FirstTasks:
    """The time that only the first tasks of the workers of one run take."""

    more_s: Values  #: by task; 0 for the task with which the loop begins, since the loop loads in it, too
    each_s: float  #: in each worker: the median
    others: NDArray[np.bool_]  #: the tasks that are not the first in their worker

    @property
    def total_s(self) -> float:
        """Worker-seconds."""
        return float(self.more_s.sum())


def first_tasks(serial: TracedRun, parallel: TracedRun) -> FirstTasks | None:
    """Compare the first task in each worker with the others of its run; None if nothing shows that it loads.

    Usually a task takes its time in the loop, times the median of this ratio over the tasks that are not the
    first in their worker. First tasks load if they take at least twice as long, and if the loop's own first
    task has room for that. If the other tasks of the loop are equal, they also show what it loads: between
    half and twice as much.
    """
    is_alike = len(serial.busy) == len(parallel.busy) and bool((parallel.tasks == 1).all())
    if not is_alike or parallel.lanes < _FEWEST_WORKERS or not (serial.busy > 0).all():
        return None
    is_first = _is_first_in_worker(parallel)
    others, loading = ~is_first, is_first & (np.arange(len(is_first)) > 0)
    if others.sum() < _FEWEST_OTHERS or not loading.any():
        return None
    usual = serial.busy * float(np.median(parallel.busy[others] / serial.busy[others]))
    more = parallel.busy - usual
    each_s = float(np.median(more[loading]))
    waited_s = 0.0 if parallel.run_delay is None else parallel.run_delay  # all workers load at the same time
    running_s = float(np.median((more - waited_s)[loading]))
    if np.median((parallel.busy / usual)[loading]) < _LONG or not _loads_in_loop(serial, running_s):
        return None
    more_s = np.where(loading, np.clip(more, 0.0, _WITHIN * each_s), 0.0)
    return FirstTasks(more_s=more_s, each_s=each_s, others=others)


def without_first_tasks(parallel: TracedRun, found: FirstTasks) -> TracedRun:
    """Return a run in which first tasks take their usual time, with readings in proportion to the others'."""
    busy = parallel.busy - found.more_s
    return replace(
        parallel,
        busy=busy,
        cpu=_usual(parallel.cpu, busy, found),
        run_delay=_usual(parallel.run_delay, busy, found),
    )


def _usual(readings: Values | None, busy: Values, found: FirstTasks) -> Values | None:
    if readings is None:
        return None
    share = readings[found.others].sum() / busy[found.others].sum()
    return np.where(found.more_s > 0, share * busy, readings)


def _loads_in_loop(serial: TracedRun, each_s: float) -> bool:
    """Whether the first task of the loop may load as well what takes a worker this long, with a CPU."""
    first_s, others = float(serial.busy[0]), serial.busy[1:]
    lower, middle, upper = np.quantile(others, [0.25, 0.5, 0.75])
    if upper > _EVEN * lower:
        return first_s * _WITHIN >= each_s
    return bool(each_s / _WITHIN <= first_s - middle <= each_s * _WITHIN)


def _is_first_in_worker(run: TracedRun) -> NDArray[np.bool_]:
    """Mark the task that each thread or process ran first."""
    worker = run.worker if run.thread is None else run.thread
    order = np.lexsort((run.started, worker))
    is_first = np.zeros(len(worker), dtype=np.bool_)
    is_first[order[np.append(True, worker[order][1:] != worker[order][:-1])]] = True
    return is_first
