"""Processes with an asyncio event loop each, which runs its share of the tasks concurrently.

Services are deployed in this way: an event loop has a single thread, and so uses at most one CPU.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait

from runner_probe.adapters.asyncio_loop import AsyncioLoop
from runner_probe.adapters.lazy_future import LazyFuture
from runner_probe.pools import Traits, worker_processes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from multiprocessing.context import BaseContext
    from typing import Any

    _Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
    _Result = tuple[Exception | None, Any]

CODE = """
import asyncio


async def run_share({items}):
    semaphore = asyncio.Semaphore({concurrency})

    async def {awaiting_function}({item}):
        async with semaphore:
            return {awaited}

    return await asyncio.gather(*map({awaiting_function}, {items}))


def run_loop({items}):
    return asyncio.run(run_share({items}))


if __name__ == "__main__":
    context = {mp_context}
    {prepare}
    shares = [{items}[first::{workers}] for first in range({workers})]
    with {concurrent.futures.ProcessPoolExecutor}(
        max_workers={workers}, mp_context=context, {initializer=}
    ) as pool:
        loops = list(pool.map(run_loop, shares))
    {results} = [loops[i % {workers}][i // {workers}] for i in range(len({items}))]
"""


class AsyncioProcess:
    """Deals submissions out to processes, in shares of equal size, once the caller waits for a result.

    Args:
        workers: number of processes
        concurrency: number of chunks that run concurrently in each process
        mp_context: starts the processes
        initializer: called first in each process
    """

    traits = Traits(
        no_window="each of its workers runs many tasks at a time",
        concurrent_tasks=True,
    )

    def __init__(
        self,
        workers: int,
        concurrency: int,
        mp_context: BaseContext,
        initializer: Callable[[], object] | None = None,
    ) -> None:
        self.workers, self.concurrency = workers, concurrency
        self._pool = ProcessPoolExecutor(workers, mp_context=mp_context, initializer=initializer)
        self._waiting: list[tuple[LazyFuture, _Call]] = []
        self._running: dict[Future[list[_Result]], list[LazyFuture]] = {}  #: by share: its submissions

    @property
    def _processes(self) -> dict[int, Any]:
        """The worker processes by id, under the name of the standard library's pool."""
        return {process.pid: process for process in worker_processes(self._pool)}

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> LazyFuture:
        """Queue the function."""
        future = LazyFuture(self._advance)
        self._waiting.append((future, (function, args, kwargs)))
        return future

    def shutdown(self, *, wait: bool = True) -> None:
        """Run what is queued, then wait until every process has ended."""
        self._deal_out()
        while wait and self._running:
            self._advance()
        self._pool.shutdown(wait=wait)

    def _deal_out(self) -> None:
        waiting = [entry for entry in self._waiting if not entry[0].is_done]  # the others were cancelled
        self._waiting.clear()
        for first in range(min(self.workers, len(waiting))):
            futures, calls = map(list, zip(*waiting[first :: self.workers], strict=True))
            for future in futures:
                future.is_running = True
            try:
                share = self._pool.submit(run_share, self.concurrency, calls)
            except Exception as error:  # the pool is broken
                for future in futures:
                    future.set_exception(error)
            else:
                self._running[share] = futures

    def _advance(self) -> None:
        """Deal out what is queued, then wait for one share."""
        self._deal_out()
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        for share in done:
            _complete(share, self._running.pop(share))


def _complete(share: Future[list[_Result]], futures: list[LazyFuture]) -> None:
    try:
        results = share.result()
    except Exception as error:  # a worker died, or something cannot be pickled
        for future in futures:
            future.set_exception(error)
        return
    for future, (own_error, value) in zip(futures, results, strict=True):
        if own_error is None:
            future.set_result(value)
        else:
            future.set_exception(own_error)


def run_share(concurrency: int, calls: Sequence[_Call]) -> list[_Result]:
    """Run calls on an event loop of this process; return the error of each, or its value."""
    loop = AsyncioLoop(concurrency)
    futures = [loop.submit(function, *args, **kwargs) for function, args, kwargs in calls]
    try:
        return [_result(future) for future in futures]
    finally:
        loop.shutdown()


def _result(future: LazyFuture) -> _Result:
    try:
        return None, future.result()
    except Exception as error:
        return error, None
