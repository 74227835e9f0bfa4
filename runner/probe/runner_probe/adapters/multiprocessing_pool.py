"""`multiprocessing.Pool` as an executor."""

from __future__ import annotations

import multiprocessing.pool
import time
from concurrent.futures import Future, wait
from functools import partial
from multiprocessing import connection
from threading import Lock, Thread

from runner_probe.adapters.worker_died import WorkerDied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess
    from typing import Any

CODE = """
if __name__ == "__main__":
    {prepare}
    with {mp_context}.Pool({workers}, {initializer=}, {maxtasksperchild=}) as pool:
        {results} = pool.map({map_arguments}, chunksize={chunksize})
"""

_PAUSE_S = 0.001  # between two checks whether another thread has collected the exit code
_REFRESH_S = 0.1  # as often as the pool replaces workers that have run their last task


class BrokenPool(WorkerDied):
    """A worker died, and the task that it ran is lost."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("the task of the dead worker is lost", exit_code)


class MultiprocessingPool:
    """A `multiprocessing.Pool`, opened by the first submission and ended as by a `with` statement.

    `multiprocessing.Pool` replaces a worker that dies and never reports that its task is lost, so a thread
    watches the workers.

    Args:
        workers: number of processes
        mp_context: starts the processes
        initializer: called once in each worker
        maxtasksperchild: chunks after which a worker is replaced; None: never
    """

    def __init__(
        self,
        workers: int,
        mp_context: BaseContext,
        initializer: Callable[[], object] | None = None,
        maxtasksperchild: int | None = None,
    ) -> None:
        self.workers = workers
        self._replaces_workers = maxtasksperchild is not None
        self._open = partial(
            _Pool, workers, initializer, maxtasksperchild=maxtasksperchild, context=mp_context
        )
        self._pool: _Pool | None = None
        self._lock = Lock()
        self._pending: set[Future[Any]] = set()
        self._lost_exit_code: int | None = None  #: of the worker that died

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Pass the call to the pool.

        Raises:
            BrokenPool: a worker has died
        """
        pool = self._start() if self._pool is None else self._pool
        future: Future[Any] = Future()
        with self._lock:
            if self._lost_exit_code is not None:
                raise BrokenPool(self._lost_exit_code)
            self._pending.add(future)
        pool.apply_async(function, args, kwargs, partial(self._finish, future), partial(self._fail, future))
        return future

    def shutdown(self, *, wait: bool = True) -> None:
        """Wait for everything that was submitted and not cancelled, then end the workers."""
        if self._pool is None:
            return
        if wait:
            self._wait()
        self._stop.send_bytes(b"")  # to close it would not do: workers that were forked later hold it open
        self._watcher.join()
        self._stop.close()
        self._stopped.close()
        self._pool.end(is_idle=self._lost_exit_code is None and not self._pending)
        self._pool = None

    def _start(self) -> _Pool:
        self._pool = self._open()
        self._stopped, self._stop = connection.Pipe(duplex=False)
        self._watcher = Thread(target=self._watch, args=(self._pool,), name="watcher")
        self._watcher.start()
        return self._pool

    def _finish(self, future: Future[Any], value: Any) -> None:
        if self._claim(future):
            future.set_result(value)

    def _fail(self, future: Future[Any], error: BaseException) -> None:
        if self._claim(future):
            future.set_exception(error)

    def _claim(self, future: Future[Any]) -> bool:
        """Return whether the future still waits for its result, and stop counting it as pending."""
        with self._lock:
            is_pending = future in self._pending
            self._pending.discard(future)
        return is_pending and future.set_running_or_notify_cancel()

    def _wait(self) -> None:
        with self._lock:
            pending = [future for future in self._pending if not future.cancelled()]
        wait(pending)

    def _watch(self, pool: _Pool) -> None:
        """Wait until a worker dies or the pool is shut down.

        If the pool replaces workers, those that have run their last task exit with code 0. A task that ends
        its worker with that code is not noticed then, so that the pool waits for its result.
        """
        refresh_s = _REFRESH_S if self._replaces_workers else None
        while True:
            workers = pool.started()
            ready = connection.wait([self._stopped, *(worker.sentinel for worker in workers)], refresh_s)
            if self._stopped in ready:
                return
            for worker in workers:
                if worker.sentinel in ready:
                    code = _exit_code(worker)
                    if code or not self._replaces_workers:
                        self._fail_all(code)
                        return
                    pool.workers.remove(worker)

    def _fail_all(self, exit_code: int) -> None:
        with self._lock:
            self._lost_exit_code = exit_code
            pending = list(self._pending)
            self._pending.clear()
        for future in pending:
            if future.set_running_or_notify_cancel():
                future.set_exception(BrokenPool(exit_code))


def _exit_code(worker: BaseProcess) -> int:
    """Wait until the pool's own thread has collected the exit code, which only one thread can get."""
    while worker._popen.returncode is None:  # type: ignore[attr-defined]  # noqa: SLF001
        time.sleep(_PAUSE_S)
    code: int = worker._popen.returncode  # type: ignore[attr-defined]  # noqa: SLF001
    return code


class _Pool(multiprocessing.pool.Pool):
    """A pool that knows all its workers, and that can be ended while they work or after some have died."""

    # Private attributes of the base class; they are the same from Python 3.10 to 3.14.
    _pool: list[BaseProcess]
    _inqueue: Any
    _outqueue: Any
    _change_notifier: Any
    _worker_handler: Any
    _task_handler: Thread
    _result_handler: Thread
    _terminate: Any
    _state: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.workers: list[BaseProcess] = []  #: also those that another thread starts to replace others
        super().__init__(*args, **kwargs)

    def Process(self, ctx: BaseContext, *args: Any, **kwargs: Any) -> BaseProcess:  # type: ignore[override]  # noqa: N802
        """Make a worker, which is started at once."""
        worker: BaseProcess = ctx.Process(*args, **kwargs)  # type: ignore[attr-defined]
        self.workers.append(worker)
        return worker

    def started(self) -> list[BaseProcess]:
        """Return the workers that have been started."""
        # `pid` is set before the sentinel.
        return [worker for worker in list(self.workers) if hasattr(worker, "_sentinel")]

    def end(self, *, is_idle: bool) -> None:
        """End the workers as a `with` statement does, and wait until they have ended."""
        if is_idle:
            self.terminate()
            self.join()
        else:
            self._kill()

    def _kill(self) -> None:
        """End without `terminate`, which may wait for ever for a dead worker's lock or a partial result."""
        self._outqueue.put = lambda _: None  # putting an end mark needs such a lock
        self._state = self._worker_handler._state = multiprocessing.pool.TERMINATE  # noqa: SLF001 - as above
        self._change_notifier.put(None)
        self._worker_handler.join()  # from here on no worker is replaced
        for worker in self._pool:
            worker.kill()
            worker.join()
        self._inqueue._reader.close()  # noqa: SLF001
        self._outqueue._writer.close()  # noqa: SLF001
        self._task_handler.join()
        self._result_handler.join()
        self._terminate.cancel()
