"""Tasks far shorter than their dispatch: the losses of a pool follow from the times of its untraced runs.

Tracing such tasks would take longer than running them. But if a task takes a tenth of a microsecond and its
dispatch fifty, arithmetic shows where the time goes.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from runner.analysis.explain.causes import DISPATCH, POOL_END
from runner.analysis.explain.start_up import POOL_START
from runner.analysis.explain.transfer import Transfer, transfer_losses
from runner.analysis.intervals import Level, Values, medians
from runner.facts import Loss, TinyTasks

_LEAST_SHARE = 0.01


@dataclass(frozen=True, kw_only=True, eq=False)
class UntracedRuns:
    """The headline runs of a cell and of its baseline in the same repetitions; times are seconds."""

    loop_s: Values  #: of the loop, with the tasks of all bags
    pool_s: Values  #: of the pool
    start_s: float  #: the part of the pool's until its first task starts, of the runs that were traced
    end_s: float  #: the part after its last task
    tasks: int
    chunk_size: int
    workers: int
    shares_gil: bool  #: the workers are threads, of which one computes at a time
    transfer: Transfer | None = None  #: what is sent to them and back

    @property
    def lanes(self) -> int:
        """Number of workers that can compute at a time."""
        return 1 if self.shares_gil else self.workers


def tiny_task_losses(runs: UntracedRuns, level: Level) -> tuple[Loss, ...]:
    """Divide the workers' time between work, start-up, dispatch and shutdown of a pool.

    Returns no losses unless a chunk takes less work than dispatch, and the repetitions show it.
    """
    if len(runs.pool_s) < level.fewest_blocks:
        return ()
    detail = tiny_tasks(runs)
    if detail.work_s > detail.dispatch_s:
        return ()
    by_run = [
        transfer_losses(
            {
                DISPATCH: dispatch_s,
                POOL_START: runs.workers * runs.start_s,
                POOL_END: runs.workers * _shutdown_s(runs),
            },
            runs.transfer,
            (DISPATCH,),
            (POOL_START, POOL_END),
        )
        for dispatch_s in (runs.workers * _dispatch_s(runs)).tolist()
    ]
    causes = list(dict.fromkeys(cause for by_cause in by_run for cause in by_cause))
    worker_s = runs.workers * runs.pool_s
    shares = np.array([[by_cause.get(cause, 0.0) for by_cause in by_run] for cause in causes]) / worker_s
    shown = [
        Loss(cause=cause, share=share, detail=detail if cause == DISPATCH else None)
        for cause, share in zip(causes, medians(shares, *level), strict=True)
        if share.low > _LEAST_SHARE
    ]
    return tuple(sorted(shown, key=lambda loss: -loss.share.value))


def tiny_tasks(runs: UntracedRuns) -> TinyTasks:
    """Compare the work of a chunk with its dispatch, and say from which size on a pool could pay."""
    chunks = math.ceil(runs.tasks / runs.chunk_size)
    loop_s = float(np.median(runs.loop_s))
    work_s = loop_s / chunks
    dispatch_s = float(np.median(_dispatch_s(runs))) / chunks
    # A chunk of this much work takes as long in the loop as in the pool.
    break_even_s = dispatch_s / (1 - 1 / runs.lanes) if runs.lanes > 1 else None
    return TinyTasks(
        tasks_per_chunk=min(runs.chunk_size, runs.tasks),
        work_s=work_s,
        dispatch_s=dispatch_s,
        break_even_s=break_even_s,
        chunk_size=None if break_even_s is None else _chunk_size(runs, loop_s, dispatch_s, break_even_s),
        all_work_s=loop_s,
    )


def _dispatch_s(runs: UntracedRuns) -> Values:
    """Return the rest of each run of the pool, without its start-up, its shutdown and the tasks."""
    return runs.pool_s - runs.start_s - _shutdown_s(runs) - runs.loop_s / runs.lanes


def _shutdown_s(runs: UntracedRuns) -> float:
    """Return the time to shut down: no longer than to start; the rest is to collect the last results."""
    return min(runs.start_s, runs.end_s)


def _chunk_size(runs: UntracedRuns, loop_s: float, dispatch_s: float, break_even_s: float) -> int | None:
    """Return the tasks in a chunk from which the pool could pay; None if it could not with one chunk each."""
    saved_s = loop_s * (1 - 1 / runs.lanes)
    if saved_s <= runs.start_s + _shutdown_s(runs) + runs.workers * dispatch_s:
        return None
    return math.ceil(break_even_s / (loop_s / runs.tasks))


def with_tiny_task_remedy(loss: Loss, *, is_auto: bool) -> Loss:
    """Give the loss of dispatch the remedy that fits tasks so short; others stay as they are.

    Args:
        loss: of a pool with such tasks
        is_auto: the runner chose the chunk size, so that another one would gain nothing
    """
    detail = loss.detail
    if not isinstance(detail, TinyTasks):
        return loss
    remedy = "no pool; or more work in a task, such as a whole list of items"
    if detail.chunk_size is not None and not is_auto:
        remedy = f"chunks of well over {detail.chunk_size} tasks (chunk_size=auto), or no pool"
    return replace(loss, cause=replace(loss.cause, remedy=remedy))
