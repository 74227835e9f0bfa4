"""`concurrent.futures.InterpreterPoolExecutor`, of Python 3.14 and later."""

from __future__ import annotations

import pickle
import platform
import sys
from concurrent import futures

from runner_probe.pools import Traits
from runner_probe.targets import TargetError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CODE = """
if __name__ == "__main__":
    {prepare}
    with {concurrent.futures.InterpreterPoolExecutor}(max_workers={workers}, {initializer=}) as pool:
        {results} = list(pool.map({map_arguments}))
"""


class InterpreterPool:
    """Interpreters in this process, each with its own GIL and modules.

    Args:
        workers: number of interpreters
        initializer: called once in each interpreter

    Raises:
        TargetError: this Python has no such executor
    """

    traits = Traits(has_interpreters=True)

    def __init__(self, workers: int, initializer: Callable[[], object] | None = None) -> None:
        make = getattr(futures, "InterpreterPoolExecutor", None)
        if make is None:
            raise TargetError(
                f"Python {platform.python_version()} has no concurrent.futures.InterpreterPoolExecutor; "
                "it needs 3.14 or later: python=python3.14"
            )
        self.workers = workers
        self._pool: futures.Executor = make(
            workers, initializer=exec, initargs=(_first_statements(initializer),)
        )

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        """Run the function in one of the interpreters."""
        return self._pool.submit(function, *args, **kwargs)

    def shutdown(self, *, wait: bool = True) -> None:
        """End the interpreters when everything submitted has run."""
        self._pool.shutdown(wait=wait)


def _first_statements(initializer: Callable[[], object] | None) -> str:
    """Write the statements that a new interpreter runs first; otherwise it has the default `sys.path`."""
    lines = ["import pickle, sys, threading", f"sys.path[:] = {sys.path!r}"]
    if initializer is not None:
        lines.append(f"pickle.loads({pickle.dumps(initializer)!r})()")
    return "\n".join(lines)
