"""A thread for each submission: the cost of not pooling threads."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import BrokenExecutor, Future

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    _Submission = tuple[Future[Any], Callable[..., Any], tuple[Any, ...], dict[str, Any]]

CODE = """
{prepare}
# A pool does the same with less overhead than a thread for each task.
with {concurrent.futures.ThreadPoolExecutor}(max_workers={workers}, {initializer=}) as pool:
    {results} = list(pool.map({map_arguments}))
"""


class BrokenThread(BrokenExecutor):
    """A thread could not run its initializer."""


class ThreadPerTask:
    """Threads that are started and joined for one submission each.

    Threads run in lanes, one at a time in each lane: before a thread ends it starts the next one, which first
    joins it.

    Args:
        workers: largest number of threads that run at the same time
        initializer: called first in each thread
    """

    def __init__(self, workers: int, initializer: Callable[[], object] | None = None) -> None:
        self.workers, self.initializer = workers, initializer
        self._lock = threading.Lock()
        self._waiting: deque[_Submission] = deque()
        self._idle = list(range(workers))
        self._last: list[threading.Thread | None] = [None] * workers  #: the latest thread of each lane

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Start a thread, or queue the function if all lanes are busy."""
        future: Future[Any] = Future()
        submission = future, function, args, kwargs
        with self._lock:
            if not self._idle:
                self._waiting.append(submission)
                return future
            lane = self._idle.pop()
        self._start(lane, submission)
        return future

    def shutdown(self, *, wait: bool = True) -> None:
        """Wait until the queue is empty and every thread has ended."""
        for lane in range(len(self._last) if wait else 0):
            joined, thread = None, self._latest(lane)
            while thread is not None and thread is not joined:
                thread.join()
                joined, thread = thread, self._latest(lane)  # the ended thread may have started another

    def _start(self, lane: int, submission: _Submission | None) -> None:
        while submission is not None:
            try:
                with self._lock:  # nobody can join a thread before it has started
                    thread = threading.Thread(target=self._run, args=(lane, self._last[lane], submission))
                    thread.start()
                    self._last[lane] = thread
            except RuntimeError as error:  # the system has no more threads
                submission[0].set_exception(error)
                submission = self._next(lane)
            else:
                return

    def _latest(self, lane: int) -> threading.Thread | None:
        with self._lock:
            return self._last[lane]

    def _next(self, lane: int) -> _Submission | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._idle.append(lane)
        return None

    def _run(self, lane: int, previous: threading.Thread | None, submission: _Submission) -> None:
        future, function, args, kwargs = submission
        if previous is not None:
            previous.join()
        if future.set_running_or_notify_cancel():
            try:
                self._initialize()
                value = function(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(value)
        self._start(lane, self._next(lane))

    def _initialize(self) -> None:
        if self.initializer is not None:
            try:
                self.initializer()
            except Exception as error:
                raise BrokenThread(f"the initializer raised {type(error).__name__}: {error}") from error
