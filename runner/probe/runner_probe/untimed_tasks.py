"""The tasks of a cell, run once without a clock: for a look at the memory, or for a profiler."""

from __future__ import annotations

from runner_probe.iteration import Tasks, run_bare, run_cold
from runner_probe.worker import is_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from runner_probe.pool_factory import Factory
    from runner_probe.workload import Workload


def run_untimed(workload: Workload, factory: Factory, specification: dict[str, Any]) -> None:
    """Run the tasks as a user's own code does, and keep nothing: neither stamps nor digests take memory."""
    folder = specification.get("allocations")
    if folder is None:
        _run_alone(workload, factory, specification["chunk_size"], workload.call)
        return
    from runner_probe.allocations import watch, watched  # noqa: PLC0415 - only a memory profile needs it

    own = watch(folder)
    _run_alone(workload, factory, specification["chunk_size"], watched(folder, workload.call))
    own.look()
    own.write()


def _run_alone(
    workload: Workload, factory: Factory, chunk_size: int | None, call: Callable[[Any], Any]
) -> None:
    tasks = Tasks(call, workload.items, chunk_size, each=False)
    if is_async(call):
        run_cold(tasks, factory.open)
    else:
        run_bare(tasks, factory.open)
