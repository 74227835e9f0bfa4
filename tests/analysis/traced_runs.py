"""Traced runs made of tasks that a test chooses."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from runner.analysis.explain.attribution import TracedRun


@dataclass(frozen=True, kw_only=True)
class TracedTask:
    """One record of a task, or of several that were merged."""

    worker: int
    submitted: float
    started: float
    ended: float
    busy: float
    cpu: float | None
    run_delay: float | None = 0.0
    tasks: int = 1
    thread: int | None = None  #: None: that of its worker


def traced_task(
    worker: int,
    started: float,
    length: float = 1.0,
    *,
    submitted: float = 0.0,
    cpu: float | None = None,
    run_delay: float = 0.0,
    thread: int | None = None,
) -> TracedTask:
    """Make the record of one task that is on the CPU all the time, unless `cpu` says otherwise."""
    return TracedTask(
        worker=worker,
        submitted=submitted,
        started=started,
        ended=started + length,
        busy=length,
        cpu=length if cpu is None else cpu,
        run_delay=run_delay,
        thread=thread,
    )


def traced_run(
    opened: float, closed: float, tasks: Iterable[TracedTask], process_cpu_s: float | None = None
) -> TracedRun:
    """Make a run of some tasks."""
    tasks = list(tasks)
    cpu = [task.cpu for task in tasks]
    run_delay = [task.run_delay for task in tasks]
    return TracedRun(
        opened=opened,
        closed=closed,
        worker=np.array([task.worker for task in tasks]),
        submitted=np.array([task.submitted for task in tasks]),
        started=np.array([task.started for task in tasks]),
        ended=np.array([task.ended for task in tasks]),
        busy=np.array([task.busy for task in tasks]),
        cpu=None if None in cpu else np.array(cpu, dtype=float),
        run_delay=None if None in run_delay else np.array(run_delay, dtype=float),
        tasks=np.array([task.tasks for task in tasks]),
        thread=np.array([task.worker if task.thread is None else task.thread for task in tasks]),
        process_cpu_s=process_cpu_s,
    )
