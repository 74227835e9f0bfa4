"""The start of workers, before their first task: start-up, import of the workload and its initializer.

The duration of an initializer is known from the loop, which runs it, too; that of the imports, from the
interpreters that load the workload before their clock starts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from runner.analysis.explain.attribution import Budget, TracedRun, budget, restart_count
from runner.analysis.explain.first_tasks import FIRST_TASKS, first_tasks
from runner.facts import Cause, InEachWorker, LossDetail, Restarts

_SHORTEST_IMPORT_S = 0.05  # shorter ones are mostly of modules that the worker of any pool imports itself

POOL_START = Cause(
    code="pool_start",
    name="starting the pool",
    short="pool start",
    remedy="keep one pool open and use it again",
)
LATE_WORKERS = Cause(
    code="late_workers",
    name="workers that start late",
    short="late workers",
    remedy="fewer workers, or a quicker start method",
)
INITIALIZER = Cause(
    code="initializer",
    name="the initializer, which every worker runs",
    short="initializer",
    remedy="fewer workers, or memory-map what it loads",
)
MODULE_IMPORT = Cause(
    code="module_import",
    name="importing the workload's module in each worker",
    short="imports",
    remedy="import less when the module is loaded, or use fewer workers and keep the pool open",
)
RESTARTS = Cause(
    code="worker_restarts",
    name="starting new workers between tasks",
    short="restarts",
    remedy="let each worker run more tasks before it is replaced, or bigger chunks",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerStart:
    """How the workers of a cell start."""

    has_initializer: bool = False  #: that the baseline's loop runs as well
    import_s: float = 0.0  #: time in each worker to import the workload; 0 if they inherit it
    shares_interpreter: bool = False  #: the workers are threads of one interpreter with a GIL
    method: str | None = None  #: of multiprocessing; None: threads, or processes of another library


def start_up_losses(serial: TracedRun, spent: Budget, start: WorkerStart, cpus: float) -> dict[Cause, float]:
    """Divide the start-up of a pool and the delays of its late workers by cause, in worker-seconds.

    The initializer and the imports cost every worker their time, more where there are fewer CPUs than
    workers; the rest is the pool itself.
    """
    left_s = {POOL_START: spent.pool_start, LATE_WORKERS: spent.late_workers}
    known_s = {
        INITIALIZER: spent.workers * initializer_s(serial, spent.workers, start, cpus),
        MODULE_IMPORT: spent.workers * _import_s(start) * max(1.0, spent.workers / cpus),
    }
    by_cause: dict[Cause, float] = {}
    for cause, most_s in known_s.items():
        of_start_s = min(left_s[POOL_START], most_s)
        late_s = min(left_s[LATE_WORKERS], most_s - of_start_s)
        left_s[POOL_START] -= of_start_s
        left_s[LATE_WORKERS] -= late_s
        by_cause[cause] = of_start_s + late_s
    return {**left_s, **by_cause, RESTARTS: spent.restarts}


def initializer_s(serial: TracedRun, workers: int, start: WorkerStart, cpus: float) -> float:
    """Return the time of the initializer in a worker, if all workers run it at the same time."""
    if not start.has_initializer:
        return 0.0
    at_once = 1.0 if start.shares_interpreter else cpus
    return serial.lead_s * max(1.0, _initializer_cpu_share(serial) * workers / at_once)


def _initializer_cpu_share(serial: TracedRun) -> float:
    """Return the CPUs that the initializer keeps busy in the loop, at most one; 0 if unknown."""
    if serial.process_cpu_s is None or serial.lead_s <= 0:
        return 0.0
    of_tasks = serial.busy_s if serial.cpu_s is None else serial.cpu_s
    return min(1.0, max(0.0, serial.process_cpu_s - of_tasks) / serial.lead_s)


def _import_s(start: WorkerStart) -> float:
    return start.import_s if start.import_s >= _SHORTEST_IMPORT_S else 0.0


def start_detail(
    cause: Cause, pairs: Sequence[tuple[TracedRun, TracedRun]], start: WorkerStart
) -> LossDetail | None:
    """Return the figures that explain a loss to what each worker does first: medians over pairs of runs."""
    if cause == INITIALIZER:
        return InEachWorker(seconds=float(np.median([serial.lead_s for serial, _ in pairs])))
    if cause == MODULE_IMPORT:
        return InEachWorker(seconds=start.import_s)
    if cause == FIRST_TASKS:
        found = (first_tasks(serial, run) for serial, run in pairs)
        return InEachWorker(seconds=float(np.median([first.each_s for first in found if first])))
    if cause == RESTARTS:
        counts = [restart_count(run) for _, run in pairs]
        each_s = [
            budget(serial, run, run.lanes).restarts / count
            for count, (serial, run) in zip(counts, pairs, strict=True)
            if count
        ]
        return Restarts(count=float(np.median(counts)), seconds=float(np.median(each_s)))
    return None


def with_start_remedy(cause: Cause, start: WorkerStart, pool: Mapping[str, Any]) -> Cause:
    """Give a cause the remedy that fits how the workers of a cell start.

    Args:
        cause: of a loss
        start: of the workers
        pool: settings of the cell's pool
    """
    remedy = cause.remedy
    if cause == INITIALIZER and start.shares_interpreter:
        remedy = "load it once, before the pool opens: threads share it"
    elif cause == INITIALIZER and start.method == "fork":
        remedy = "load it before the pool opens, as a global of the module: forked workers inherit it"
    elif cause == FIRST_TASKS and start.method == "fork":
        remedy = "do it before the pool opens, when the module is imported: forked workers inherit it"
    elif cause == MODULE_IMPORT and start.method in _FRESH:
        remedy = "import less when the module is loaded, or executor.start_method=fork, which imports nothing"
    elif cause == RESTARTS:
        setting = next((key for key in _REPLACING if pool.get(key)), None)
        keeps = _KEEPS_WORKERS.get(str(pool.get("_target_")).rpartition(".")[2])
        if keeps:
            remedy = f"a pool that keeps its workers (executor={keeps}), or bigger chunks"
        elif setting:
            remedy = f"let each worker run more tasks (a larger {setting}), or bigger chunks"
    return replace(cause, remedy=remedy)


_FRESH = ("spawn", "forkserver")
_REPLACING = ("max_tasks_per_child", "maxtasksperchild")
_KEEPS_WORKERS = {"ProcessPerTask": "process", "ThreadPerTask": "thread"}
