"""A process for each submission: the cost of not pooling processes."""

from __future__ import annotations

from collections import deque
from multiprocessing import connection
from multiprocessing.reduction import ForkingPickler

from runner_probe.adapters.lazy_future import LazyFuture
from runner_probe.adapters.worker_died import WorkerDied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess
    from typing import Any

    _Submission = tuple[LazyFuture, Callable[..., Any], tuple[Any, ...], dict[str, Any]]

CODE = """
if __name__ == "__main__":
    context = {mp_context}
    {prepare}
    # A pool does the same with less overhead than a process for each task.
    with {concurrent.futures.ProcessPoolExecutor}(
        max_workers={workers}, mp_context=context, {initializer=}
    ) as pool:
        {results} = list(pool.map({map_arguments}, {chunksize=}))
"""


class BrokenProcess(WorkerDied):
    """A process ended without returning a result."""

    def __init__(self, exit_code: int | None) -> None:
        super().__init__("the process ended before it returned a result", exit_code)


class ProcessPerTask:
    """Processes that the caller's thread starts and joins, one for each submission.

    Args:
        workers: largest number of processes that live at the same time
        mp_context: starts the processes
        initializer: called first in each process
    """

    def __init__(
        self, workers: int, mp_context: BaseContext, initializer: Callable[[], object] | None = None
    ) -> None:
        self.workers, self.context, self.initializer = workers, mp_context, initializer
        self._waiting: deque[_Submission] = deque()
        self._running: dict[Connection, tuple[LazyFuture, BaseProcess]] = {}  #: by the pipe for the result
        self._ending: dict[int, BaseProcess] = {}  #: processes that have sent their result, by sentinel

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> LazyFuture:
        """Start a process, or queue the function if `workers` processes are alive."""
        future = LazyFuture(self._step)
        self._waiting.append((future, function, args, kwargs))
        self._fill()
        return future

    def shutdown(self, *, wait: bool = True) -> None:
        """Run the queue, then wait until every process has ended."""
        self._fill()
        while wait and (self._running or self._ending):
            self._step()

    def _fill(self) -> None:
        while self._waiting and len(self._running) + len(self._ending) < self.workers:
            work = self._waiting.popleft()
            if not work[0].is_done:  # it was not cancelled
                self._start(*work)

    def _start(
        self,
        future: LazyFuture,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        reader, writer = self.context.Pipe(duplex=False)
        call = (writer, self.initializer, function, args, kwargs)
        process: BaseProcess = self.context.Process(target=_send_result, args=call)  # type: ignore[attr-defined]
        future.is_running = True
        try:
            process.start()
        except Exception as error:  # the call cannot be pickled, or the system has no more processes
            reader.close()
            future.set_exception(error)
        else:
            self._running[reader] = future, process
        finally:
            writer.close()  # so that the process holds the only writer, and the reader notices its end

    def _step(self) -> None:
        """Wait for a result or the end of a process, then start processes for queued submissions."""
        for ready in connection.wait([*self._running, *self._ending]):
            if ready in self._ending:
                self._join(self._ending.pop(ready))
            else:
                self._receive(ready)  # type: ignore[arg-type]
        self._fill()

    def _receive(self, reader: Connection) -> None:
        future, process = self._running.pop(reader)
        try:
            pickled = reader.recv_bytes()
        except (EOFError, OSError):
            process.join()
            error = BrokenProcess(process.exitcode)
            process.close()
            future.set_exception(error)
        else:
            self._ending[process.sentinel] = process
            _complete(pickled, future)
        finally:
            reader.close()

    def _join(self, process: BaseProcess) -> None:
        process.join()
        process.close()


def _complete(pickled: bytes, future: LazyFuture) -> None:
    try:
        error, value = ForkingPickler.loads(pickled)
    except Exception as unpickling_error:
        future.set_exception(unpickling_error)
    else:
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)


def _send_result(
    writer: Connection,
    initializer: Callable[[], object] | None,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    """Run in the process: call the function and send its result; nothing if the initializer raises."""
    if initializer is not None:
        initializer()
    try:
        writer.send((None, function(*args, **kwargs)))  # sends nothing if pickling fails
    except Exception as error:
        writer.send((error, None))
