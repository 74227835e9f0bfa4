"""`concurrent.futures.InterpreterPoolExecutor`, of Python 3.14 and later."""

from __future__ import annotations

import pickle
import platform
import sys
from concurrent import futures

from runner_probe.targets import TargetError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class InterpreterPool:
    """Interpreters within this process, each with a GIL and modules of its own.

    Args:
        workers: interpreters
        initializer: called once in each

    Raises:
        TargetError: this Python has no such executor
    """

    has_interpreters = True  # though its threads share a process, each has a GIL of its own

    def __init__(self, workers: int, initializer: Callable[[], object] | None = None) -> None:
        make = getattr(futures, "InterpreterPoolExecutor", None)
        if make is None:
            raise TargetError(
                f"Python {platform.python_version()} has no concurrent.futures.InterpreterPoolExecutor; "
                "it needs 3.14 or later: python=python3.14"
            )
        self._pool: futures.Executor = make(workers, initializer=exec, initargs=(_begin(initializer),))

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        """Run it in an interpreter."""
        return self._pool.submit(function, *args, **kwargs)

    def shutdown(self, *, wait: bool = True) -> None:
        """End the interpreters after what was submitted."""
        self._pool.shutdown(wait=wait)


def _begin(initializer: Callable[[], object] | None) -> str:
    """Write what an interpreter runs first; a new one knows nothing of changes to the path."""
    lines = ["import pickle, sys, threading", f"sys.path[:] = {sys.path!r}"]
    if initializer is not None:
        lines.append(f"pickle.loads({pickle.dumps(initializer)!r})()")
    return "\n".join(lines)
