"""The work in the code to paste: the function that an executor calls with an item or a batch of items."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.codegen.expressions import call, fit, keyword_arguments, partial, spec
from runner.codegen.imports import Names


@dataclass(frozen=True, kw_only=True)
class Job:
    """The settings of a cell from which the code is written."""

    workload: Mapping[str, Any]
    pool: Mapping[str, Any]  #: the executor's `_target_` and its arguments
    chunk_size: int | None  #: None: all items in one chunk
    is_async: bool  #: whether the function makes coroutines
    names: Names


@dataclass(frozen=True, kw_only=True)
class WorkCode:
    """The function that an executor calls, and its arguments."""

    call: list[str]  #: a function, and any arguments before the item or the batch
    in_batches: bool
    assigned: list[str] = field(default_factory=list)  #: statements that assign what the call needs
    definitions: list[list[str]] = field(default_factory=list)
    awaited: str = ""  #: the expression that runs one item or batch in an event loop

    @property
    def item(self) -> str:
        """Name the argument of one call."""
        return "batch" if self.in_batches else "item"

    @property
    def items(self) -> str:
        """Name the arguments of all calls."""
        return "batches" if self.in_batches else "items"

    def map_arguments(self, names: Names) -> list[str]:
        """Write the arguments of a `map`."""
        function = self.call[0] if len(self.call) == 1 else partial(self.call, names)
        return [function, self.items]


def function_work(job: Job, *, has_chunks: bool, room: int) -> WorkCode:
    """Have workers call the workload's function.

    Args:
        job: the settings of the cell
        has_chunks: the executor makes chunks of the cell's size itself; others get batches
        room: columns for the function where it is used; a function with arguments that does not fit gets a
            short name
    """
    if job.is_async:
        return _async_work(job)
    if job.chunk_size != 1 and not has_chunks:
        assigned, function = task(job)
        return WorkCode(
            call=["run_batch", function],
            in_batches=True,
            assigned=[*batches(job.chunk_size), *assigned],
            definitions=[["def run_batch(call, batch):", "    return [call(item) for item in batch]"]],
        )
    assigned, function = task(job, room=room)
    return WorkCode(call=[function], in_batches=False, assigned=assigned)


def _async_work(job: Job) -> WorkCode:
    """Have workers run an event loop for each chunk."""
    job.names.module("asyncio")
    if job.chunk_size == 1:
        return work_in_function(job, "asyncio.run({task}(item))")
    definition = ["def run_batch(batch):", "    return asyncio.run(run_all(batch))"]
    return WorkCode(
        call=["run_batch"],
        in_batches=True,
        assigned=batches(job.chunk_size),
        definitions=[*define_run_all(job), definition],
    )


def work_in_function(job: Job, returned: str) -> WorkCode:
    """Have workers call a function that the script defines.

    Args:
        job: the settings of the cell
        returned: the expression that the function returns, with `{task}` and `item`
    """
    assigned, function = task(job)
    definition = ["def run_item(item):", f"    return {returned.format(task=function)}"]
    return WorkCode(
        call=["run_item"], in_batches=False, definitions=[part for part in (assigned, definition) if part]
    )


def awaited_work(job: Job) -> WorkCode:
    """Have one event loop run a coroutine for each item or batch; plain functions are called in it."""
    assigned, function = task(job)
    awaited = f"{'await ' * job.is_async}{function}(item)"
    in_batches = job.chunk_size != 1
    return WorkCode(
        call=["run_batch" if in_batches else "run_item"],
        in_batches=in_batches,
        assigned=batches(job.chunk_size) if in_batches else [],
        definitions=[assigned] if assigned else [],
        awaited=f"[{awaited} for item in batch]" if in_batches else awaited,
    )


def define_run_all(job: Job) -> list[list[str]]:
    """Define the coroutine that awaits one task after another, as a worker does with a chunk."""
    assigned, function = task(job)
    definition = ["async def run_all(items):", f"    return [await {function}(item) for item in items]"]
    return [part for part in (assigned, definition) if part]


def batches(size: int | None) -> list[str]:
    """Write the statement that divides the items into batches."""
    slices = f"items[start : start + {size}] for start in range(0, len(items), {size})"
    return fit("batches = [", ["items" if size is None else slices], "]")


def chunk_length(job: Job) -> str:
    """Write the number of tasks in a chunk."""
    return "len(items)" if job.chunk_size is None else str(job.chunk_size)


def task(job: Job, room: int = 0) -> tuple[list[str], str]:
    """Write the function of one item, and the statement that names it if it does not fit where it is used.

    Args:
        job: the settings of the cell
        room: columns for the function where it is used
    """
    function = job.names.name(job.workload["function"])
    if not job.workload["arguments"]:
        return [], function
    arguments = [function, *keyword_arguments(job.workload["arguments"], job.names)]
    inline = partial(arguments, job.names)
    if len(inline) <= room:
        return [], inline
    return fit(f"task = {job.names.name('functools.partial')}(", arguments, ")"), "task"


def call_initializer(job: Job) -> list[str]:
    """Write the call of the initializer, if there is one."""
    return [call(spec(job.workload["initializer"]), job.names)] if job.workload.get("initializer") else []
