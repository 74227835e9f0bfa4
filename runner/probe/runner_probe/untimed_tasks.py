"""The untimed run of a cell's tasks: to measure its memory, or to profile it."""

from __future__ import annotations

from runner_probe.iteration import ChunkedTasks, run_cold, run_untraced
from runner_probe.worker import is_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from runner_probe.pools import Factory
    from runner_probe.wire import UntimedSpecification
    from runner_probe.workload import Workload


def run_untimed(workload: Workload, factory: Factory, specification: UntimedSpecification) -> None:
    """Run the tasks as a user's own code would: no records and no digests of results take up memory."""
    folder, chunk_size = specification["allocations"], specification["chunk_size"]
    if folder is None:
        _run_tasks(workload, factory, chunk_size, workload.call)
        return
    from runner_probe.allocations import tracer, with_tracing  # noqa: PLC0415 - only a memory profile needs it

    process_tracer = tracer(folder)
    _run_tasks(workload, factory, chunk_size, with_tracing(folder, workload.call))
    process_tracer.sample()
    process_tracer.write()


def _run_tasks(
    workload: Workload, factory: Factory, chunk_size: int | None, call: Callable[[Any], Any]
) -> None:
    tasks = ChunkedTasks(call, workload.items, chunk_size, per_task=False)
    if is_async(call):
        run_cold(tasks, factory.open)
    else:
        run_untraced(tasks, factory.open)
