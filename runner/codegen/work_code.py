"""The work in the code to paste: what is called with an item or a batch of items, by whatever runs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runner.codegen.expressions import WIDTH, call, fit, named, partial, spec
from runner.codegen.imports import Names


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be written."""

    workload: Mapping[str, Any]
    pool: Mapping[str, Any]  #: the executor's `_target_` and its arguments
    chunk_size: int | None  #: None: all items in one chunk
    is_async: bool  #: whether the function makes coroutines
    names: Names


@dataclass(frozen=True, kw_only=True)
class Work:
    """What an executor is given to do."""

    call: list[str]  #: a function, and its first arguments if it has any before the item or the batch
    in_batches: bool
    chunks: list[str] = field(default_factory=list)  #: how `map` is told to send several items at a time
    assigned: list[str] = field(default_factory=list)  #: the statements that the call needs
    definitions: list[list[str]] = field(default_factory=list)

    @property
    def one(self) -> str:
        """Name what one call gets."""
        return "batch" if self.in_batches else "item"

    @property
    def all(self) -> str:
        """Name what all the calls get."""
        return "batches" if self.in_batches else "items"

    def mapped(self, names: Names) -> list[str]:
        """Write the arguments of a `map`."""
        function = self.call[0] if len(self.call) == 1 else partial(self.call, names)
        return [function, self.all, *self.chunks]

    def gathered(self, head: str, parts: Sequence[str], tail: str) -> list[str]:
        """Write the statements that keep the results, which a bracket with these parts makes."""
        if not self.in_batches:
            return fit(f"results = {head}", parts, tail, indent=8)
        flat = "results = [result for batch in done for result in batch]"
        return [*fit(f"done = {head}", parts, tail, indent=8), flat]


def sync_or_async(job: Job, *, heeds_chunks: bool = False, around: str = "") -> Work:
    """Let workers call the function, on chunks of the size of the cell.

    Args:
        job: what is to be written
        heeds_chunks: whether the executor's `map` sends `chunksize` items at a time
        around: the one line that has a place for the function; without it, the function needs a short name
    """
    if job.is_async:
        return _awaited(job)
    if job.chunk_size != 1 and not heeds_chunks:
        assigned, function = task(job)
        return Work(
            call=["run_batch", function],
            in_batches=True,
            assigned=[*batches(job.chunk_size), *assigned],
            definitions=[["def run_batch(call, batch):", "    return [call(item) for item in batch]"]],
        )
    chunks = []
    if job.chunk_size != 1:
        chunks = [f"chunksize={'len(items)' if job.chunk_size is None else job.chunk_size}"]
    taken = len(f"        results = {', '.join([around, *chunks])}")
    assigned, function = task(job, room=WIDTH - taken if around else 0)
    return Work(call=[function], in_batches=False, chunks=chunks, assigned=assigned)


def _awaited(job: Job) -> Work:
    """Let workers run an event loop for each chunk."""
    job.names.module("asyncio")
    if job.chunk_size == 1:
        return in_function(job, "asyncio.run({task}(item))")
    running = ["def run_batch(batch):", "    return asyncio.run(run_all(batch))"]
    return Work(
        call=["run_batch"],
        in_batches=True,
        assigned=batches(job.chunk_size),
        definitions=[*awaiting_all(job), running],
    )


def in_function(job: Job, returned: str) -> Work:
    """Let workers call a function of the script's own, which returns this of `{task}` and `item`."""
    assigned, function = task(job)
    running = ["def run_item(item):", f"    return {returned.format(task=function)}"]
    return Work(
        call=["run_item"], in_batches=False, definitions=[part for part in (assigned, running) if part]
    )


def awaiting_all(job: Job) -> list[list[str]]:
    """Define what awaits one task after another, as the runner does with a chunk."""
    assigned, function = task(job)
    looping = ["async def run_all(items):", f"    return [await {function}(item) for item in items]"]
    return [part for part in (assigned, looping) if part]


def batches(size: int | None) -> list[str]:
    """Write the statement that cuts the items into batches."""
    cut = f"items[start : start + {size}] for start in range(0, len(items), {size})"
    return fit("batches = [", ["items" if size is None else cut], "]")


def task(job: Job, room: int = 0) -> tuple[list[str], str]:
    """Write what is called with an item, and the statement that it needs where there is no room for it.

    Args:
        job: what is to be written
        room: columns
    """
    function = job.names.name(job.workload["function"])
    if not job.workload["arguments"]:
        return [], function
    given = [function, *named(job.workload["arguments"], job.names)]
    inline = partial(given, job.names)
    if len(inline) <= room:
        return [], inline
    return fit(f"task = {job.names.name('functools.partial')}(", given, ")"), "task"


def initialized(job: Job) -> list[str]:
    """Write the call of the initializer, if there is one."""
    return [call(spec(job.workload["initializer"]), job.names)] if job.workload.get("initializer") else []
