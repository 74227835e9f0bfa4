"""`joblib.Parallel` as an executor."""

from __future__ import annotations

from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor

from runner_probe.adapters.lazy_future import LazyFuture

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CODE = """
if __name__ == "__main__":  # unless backend=threading
    {initialize}  # if workers=1
    {prepare}
    parallel = {joblib.Parallel}(n_jobs=1, {backend=}, batch_size=1)  # if workers=1
    parallel = {joblib.Parallel}(  # unless workers=1
        n_jobs={workers}, {backend=}, batch_size=1, {initializer=}
    )
    {results} = parallel({joblib.delayed}({function})({arguments}) for {item} in {items})
"""


class JoblibParallel:
    """A `joblib.Parallel` that receives everything submitted when the caller waits for the first result.

    It is then entered as by a `with` statement, so that its workers stay warm until `shutdown`.

    Args:
        workers: its `n_jobs`; if 1, joblib runs the tasks in the caller's thread
        backend: loky, threading or multiprocessing
        initializer: called once in each worker

    Raises:
        ValueError: the backend does not exist or takes no initializer
    """

    def __init__(
        self, workers: int, backend: str = "loky", initializer: Callable[[], object] | None = None
    ) -> None:
        self.workers, self.backend, self.initializer = workers, backend, initializer
        if initializer is not None and backend == "threading":
            raise ValueError("joblib's threads take no initializer; use executor.pool.backend=loky")
        options = {} if initializer is None else {"initializer": initializer}
        # The probe makes the chunks; joblib must not batch them again.
        self._parallel = Parallel(n_jobs=workers, backend=backend, batch_size=1, **options)
        self._is_open = False
        self._submitted: list[tuple[LazyFuture, Any]] = []

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> LazyFuture:
        """Queue the call."""
        future = LazyFuture(self._run)
        self._submitted.append((future, delayed(function)(*args, **kwargs)))
        return future

    def shutdown(self, *, wait: bool = True) -> None:
        """Run the queue, then end the workers."""
        if wait:
            self._run()
        if self._is_open:
            self._parallel.__exit__(None, None, None)
            if self.backend == "loky" and self.workers != 1:
                get_reusable_executor(reuse=True).shutdown(wait=True)  # joblib would keep the workers

    def _run(self) -> None:
        """Run everything that is queued and was not cancelled."""
        submitted = [(future, call) for future, call in self._submitted if not future.is_done]
        self._submitted.clear()
        if not submitted:
            return
        try:
            values = self._call([call for _, call in submitted])
        except Exception as error:
            for future, _ in submitted:
                future.set_exception(error)
        else:
            for (future, _), value in zip(submitted, values, strict=True):
                future.set_result(value)

    def _call(self, calls: list[Any]) -> list[Any]:
        if not self._is_open:
            self._parallel.__enter__()
            self._is_open = True
            if self.workers == 1 and self.initializer is not None:
                self.initializer()
        values: list[Any] = self._parallel(calls)
        return values
