"""One event loop for all tasks: what `asyncio` gives functions that are `async def`.

Plain functions run on it too, as they would in a user's own coroutine: one after another, for they never
give way.
"""

from __future__ import annotations

import asyncio
import time
import types
from collections import deque

from runner_probe.adapters.lazy_future import DrivenFuture
from runner_probe.worker import describe, end_the_rest, is_async, run_chunk, worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Sequence
    from typing import Any

    from runner_probe.worker import Report, Stamp

    _Work = tuple[DrivenFuture, Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class AsyncioLoop:
    """An event loop in the caller's thread, which runs while a result is waited for.

    Args:
        workers: chunks that are awaited at a time
        initializer: called once
    """

    no_loops = "all its workers share one event loop, and none can wait for the others"

    def __init__(self, workers: int, initializer: Callable[[], object] | None = None) -> None:
        self.workers = workers
        self._waiting: deque[_Work] = deque()
        self._loop = asyncio.new_event_loop()
        if initializer is not None:
            initializer()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> DrivenFuture:
        """Queue it."""
        future = DrivenFuture(self._run)
        self._waiting.append((future, function, args, kwargs))
        return future

    def shutdown(self, *, wait: bool = True) -> None:
        """Run what is queued, and leave nothing behind, as `asyncio.run` does."""
        if wait:
            self._run()
        try:
            self._loop.run_until_complete(end_the_rest(self._loop))
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
                future.finish(report)
                if report[3] is not None:  # otherwise the whole queue would run before anyone learns of it
                    self._cancel()
            else:
                _call(future, function, args, kwargs)

    def _cancel(self) -> None:
        for future, *_ in self._waiting:
            future.cancel()


def _call(
    future: DrivenFuture, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    try:
        value = function(*args, **kwargs)
    except Exception as error:
        future.fail(error)
    else:
        future.finish(value)


async def _await_chunk(
    lane: int, call: Callable[[Any], Any], first: int, items: Sequence[Any], *, each: bool
) -> Report:
    """As `run_chunk`; the lane is the worker, and other lanes run while a task waits."""
    values: list[Any] = []
    stamps: list[Stamp] = []
    failure = None
    task = first
    chunk_started = time.perf_counter_ns()
    try:
        for task, item in enumerate(items, first):
            if each:
                stamps.append(await _await_stamped(call, task, item, values))
            else:
                values.append(await call(item))
    except BaseException as error:
        failure = describe(error, task)
    if not each and failure is None:
        stamps.append((first, len(items), chunk_started, time.perf_counter_ns(), None, None))
    host, process, _, gil_enabled = worker()
    return values, stamps, (host, process, lane, gil_enabled), failure


async def _await_stamped(call: Callable[[Any], Any], task: int, item: Any, values: list[Any]) -> Stamp:
    spent = [0]
    started = time.perf_counter_ns()
    values.append(await _metered(call(item), spent))
    return task, 1, started, time.perf_counter_ns(), spent[0], None


@types.coroutine
def _metered(coroutine: Coroutine[Any, Any, Any], spent: list[int]) -> Generator[Any, Any, Any]:
    """Await, and add up the CPU time in nanoseconds of its own steps: those of other lanes lie between."""
    step: Callable[[Any], Any] = coroutine.send
    sent: Any = None
    while True:
        before = time.process_time_ns()
        try:
            awaited = step(sent)
        except StopIteration as end:
            return end.value
        finally:
            spent[0] += time.process_time_ns() - before
        try:
            sent = yield awaited
            step = coroutine.send
        except BaseException as error:
            step, sent = coroutine.throw, error
