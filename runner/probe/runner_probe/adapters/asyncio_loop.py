"""One asyncio event loop for all tasks.

Tasks that are `async def` functions run concurrently. Plain functions run one after another, as they would in
a user's own coroutine, since they never yield to the loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

from runner_probe.adapters.lazy_future import LazyFuture
from runner_probe.coroutine_loop import end_remaining_tasks
from runner_probe.coroutine_steps import timed_steps
from runner_probe.pools import Traits
from runner_probe.worker import describe_error, is_async, run_chunk, worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from runner_probe.worker import Report, Timing

    _Submission = tuple[LazyFuture, Callable[..., Any], tuple[Any, ...], dict[str, Any]]

CODE = """
import asyncio


async def main({items}):
    semaphore = asyncio.Semaphore({workers})

    async def {awaiting_function}({item}):
        async with semaphore:
            return {awaited}

    return await asyncio.gather(*map({awaiting_function}, {items}))


{initialize}
{prepare}
{results} = asyncio.run(main({items}))
"""


class AsyncioLoop:
    """An event loop in the caller's thread, which runs while the caller waits for a result.

    Args:
        workers: chunks that run concurrently
        initializer: called once
    """

    traits = Traits(
        no_window="all its workers share one event loop, so none can wait for the others",
        one_event_loop=True,
    )

    def __init__(self, workers: int, initializer: Callable[[], object] | None = None) -> None:
        self.workers = workers
        self._waiting: deque[_Submission] = deque()
        self._loop = asyncio.new_event_loop()
        if initializer is not None:
            initializer()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> LazyFuture:
        """Queue the function."""
        future = LazyFuture(self._run)
        self._waiting.append((future, function, args, kwargs))
        return future

    def shutdown(self, *, wait: bool = True) -> None:
        """Run the queue, then cancel the remaining tasks and close the loop, as `asyncio.run` does."""
        if wait:
            self._run()
        try:
            self._loop.run_until_complete(end_remaining_tasks(self._loop))
        finally:
            self._loop.close()

    def _run(self) -> None:
        self._loop.run_until_complete(self._run_lanes())

    async def _run_lanes(self) -> None:
        lanes = range(1, min(self.workers, len(self._waiting)) + 1)
        await asyncio.gather(*map(self._run_lane, lanes))

    async def _run_lane(self, lane: int) -> None:
        while self._waiting:
            future, function, args, kwargs = self._waiting.popleft()
            if future.is_done:  # it was cancelled
                continue
            if function is run_chunk and is_async(args[0]):
                report = await _await_chunk(lane, *args, **kwargs)
                future.set_result(report)
                if report[3] is not None:  # a task failed: the rest of the queue must not run first
                    self._cancel()
            else:
                _call(future, function, args, kwargs)

    def _cancel(self) -> None:
        for future, *_ in self._waiting:
            future.cancel()


def _call(
    future: LazyFuture, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    try:
        value = function(*args, **kwargs)
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(value)


async def _await_chunk(
    lane: int, call: Callable[[Any], Any], first: int, items: Sequence[Any], *, per_task: bool
) -> Report:
    """Like `run_chunk`, but other lanes run while a task waits. The lane counts as the worker."""
    values: list[Any] = []
    timings: list[Timing] = []
    failure = None
    task = first
    chunk_started = time.perf_counter_ns()
    try:
        for task, item in enumerate(items, first):
            if per_task:
                timings.append(await _await_timed(call, task, item, values))
            else:
                values.append(await call(item))
    except BaseException as error:
        failure = describe_error(error, task)
    if not per_task and failure is None:
        timings.append((first, len(items), chunk_started, time.perf_counter_ns(), None, None))
    host, process, _, gil_enabled = worker()
    return values, timings, (host, process, lane, gil_enabled), failure


async def _await_timed(call: Callable[[Any], Any], task: int, item: Any, values: list[Any]) -> Timing:
    cpu_ns = [0]
    started = time.perf_counter_ns()
    values.append(await timed_steps(call(item), cpu_ns, time.process_time_ns))
    return task, 1, started, time.perf_counter_ns(), cpu_ns[0], None
