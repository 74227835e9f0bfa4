"""A process for each submission: the price of not pooling processes."""

from __future__ import annotations

from collections import deque
from concurrent.futures import BrokenExecutor
from multiprocessing import connection
from multiprocessing.reduction import ForkingPickler

from runner_probe.adapters.lazy_future import DrivenFuture

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess
    from typing import Any

    _Work = tuple[DrivenFuture, Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class BrokenProcess(BrokenExecutor):
    """A process ended without an answer."""

    def __init__(self, worker_exit_code: int | None) -> None:
        super().__init__("a process ended before it answered")
        self.worker_exit_code = worker_exit_code


class ProcessPerTask:
    """Processes that are started and joined for one submission each, by the caller's thread.

    Args:
        workers: processes that live at a time
        mp_context: starts them
        initializer: called first in each process
    """

    def __init__(
        self, workers: int, mp_context: BaseContext, initializer: Callable[[], object] | None = None
    ) -> None:
        self.workers, self.context, self.initializer = workers, mp_context, initializer
        self._waiting: deque[_Work] = deque()
        self._running: dict[Connection, tuple[DrivenFuture, BaseProcess]] = {}  #: by what tells their answers
        self._ending: dict[int, BaseProcess] = {}  #: those that have answered, by what tells their end

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> DrivenFuture:
        """Start a process, or queue while as many live as may."""
        future = DrivenFuture(self._step)
        self._waiting.append((future, function, args, kwargs))
        self._fill()
        return future

    def shutdown(self, *, wait: bool = True) -> None:
        """Run what is queued, and wait until every process has ended."""
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
        future: DrivenFuture,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        reader, writer = self.context.Pipe(duplex=False)
        call = (writer, self.initializer, function, args, kwargs)
        process: BaseProcess = self.context.Process(target=_answer, args=call)  # type: ignore[attr-defined]
        future.is_running = True
        try:
            process.start()
        except Exception as error:  # what it needs cannot be pickled, or the system has no more processes
            reader.close()
            future.fail(error)
        else:
            self._running[reader] = future, process
        finally:
            writer.close()  # so that the process's own is the last one, and its end is seen

    def _step(self) -> None:
        """Wait for an answer, or the end of a process, and start what may start then."""
        for ready in connection.wait([*self._running, *self._ending]):
            if ready in self._ending:
                self._join(self._ending.pop(ready))
            else:
                self._receive(ready)  # type: ignore[arg-type]
        self._fill()

    def _receive(self, reader: Connection) -> None:
        future, process = self._running.pop(reader)
        try:
            answer = reader.recv_bytes()
        except (EOFError, OSError):
            process.join()
            error = BrokenProcess(process.exitcode)
            process.close()
            future.fail(error)
        else:
            self._ending[process.sentinel] = process
            _hand_over(answer, future)
        finally:
            reader.close()

    def _join(self, process: BaseProcess) -> None:
        process.join()
        process.close()


def _hand_over(answer: bytes, future: DrivenFuture) -> None:
    try:
        error, value = ForkingPickler.loads(answer)
    except Exception as failed:  # it was pickled, but cannot be rebuilt
        future.fail(failed)
    else:
        if error is None:
            future.finish(value)
        else:
            future.fail(error)


def _answer(
    writer: Connection,
    initializer: Callable[[], object] | None,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    """Run in the process; an initializer that raises ends it without an answer."""
    if initializer is not None:
        initializer()
    try:
        writer.send((None, function(*args, **kwargs)))  # nothing is sent if pickling fails
    except Exception as error:
        writer.send((error, None))
