"""Pools: what the probe needs to know of one, the plain loop, and the factory that opens them.

`runner_probe.adapters` documents the interface of a pool. All this is in one module, since every measured
interpreter imports it, and each further module would cost 0.2 ms.
"""

from __future__ import annotations

from runner_probe.targets import build, locate_callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Traits:
    """The facts about an executor that probe and analysis need. The defaults fit `concurrent.futures`.

    Measured interpreters load this class, so it is not a dataclass, whose import would cost them
    milliseconds.

    Args:
        no_window: why its workers cannot all run tasks until a window closes (mode=throughput); empty if they
            can
        shares_call: every submission takes the same first argument, which workers receive once
        has_interpreters: each worker has its own interpreter, and so its own GIL, although all share a
            process
        one_event_loop: the workers are coroutines of a single event loop
        concurrent_tasks: each worker runs several tasks at a time, as its argument `concurrency` says
    """

    __slots__ = ("concurrent_tasks", "has_interpreters", "no_window", "one_event_loop", "shares_call")

    def __init__(
        self,
        *,
        no_window: str = "",
        shares_call: bool = False,
        has_interpreters: bool = False,
        one_event_loop: bool = False,
        concurrent_tasks: bool = False,
    ) -> None:
        self.no_window = no_window
        self.shares_call = shares_call
        self.has_interpreters = has_interpreters
        self.one_event_loop = one_event_loop
        self.concurrent_tasks = concurrent_tasks


_DEFAULTS = Traits()


def traits_of(pool: object) -> Traits:
    """Return the traits of a pool, or of the class or function that makes one."""
    traits = getattr(pool, "traits", _DEFAULTS)
    return traits if isinstance(traits, Traits) else _DEFAULTS  # another library's `traits` is something else


def worker_count(pool: object) -> int | None:
    """Return the number of workers of a pool; None if the pool does not say."""
    # Pools of the standard library have `_max_workers`.
    count = getattr(pool, "workers", None) or getattr(pool, "_max_workers", None)
    return count if isinstance(count, int) else None


def worker_processes(pool: object) -> list[Any]:
    """List the worker processes of a `ProcessPoolExecutor`, which forgets them when it is shut down."""
    processes = getattr(pool, "_processes", None)
    return list(processes.values()) if isinstance(processes, dict) else []


class Serial:
    """The plain loop: `submit` runs the function at once, in the caller's thread."""

    workers = 1

    def __init__(self, initializer: Callable[[], object] | None = None) -> None:
        if initializer is not None:
            initializer()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> CompletedFuture:
        """Run the function."""
        return CompletedFuture(function(*args, **kwargs))

    def shutdown(self, *, wait: bool = True) -> None:
        """Do nothing: there are no workers."""


class CompletedFuture:
    """A future that has its result. Importing `concurrent.futures` would cost a plain loop 15 ms."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def result(self) -> Any:
        """Return the value."""
        return self.value

    def cancel(self) -> bool:
        """Return False: the function has run."""
        return False

    def add_done_callback(self, callback: Callable[[CompletedFuture], object]) -> None:
        """Call back at once."""
        callback(self)


class Factory:
    """Opens pools with the same settings. Creating it imports everything, before any clock starts.

    Args:
        pool: the executor's `_target_` and arguments, from its YAML
        initializer: called once in each worker, if not None
    """

    def __init__(self, pool: dict[str, Any], initializer: Callable[[], object] | None) -> None:
        self.make = locate_callable(pool["_target_"])
        self.arguments = {key: value for key, value in pool.items() if key != "_target_"}
        self.start_method: str | None = None
        if isinstance(self.arguments.get("mp_context", ...), (str, type(None))):
            self.arguments["mp_context"] = self._context(self.arguments["mp_context"])
        elif self.arguments.get("backend") == "multiprocessing":  # joblib's, which takes no context
            self.start_method = self._context(None).get_start_method()
        self.arguments = {
            key: build(value) if isinstance(value, (dict, list)) else value
            for key, value in self.arguments.items()
        }
        if initializer is not None:
            self.arguments["initializer"] = initializer

    def open(self) -> Any:
        """Create a pool."""
        return self.make(**self.arguments)

    def _context(self, start_method: str | None) -> Any:
        """Return the context of a start method. A pool always gets one, since Python's default varies."""
        import multiprocessing  # noqa: PLC0415 - only process executors need it

        self.start_method = start_method or multiprocessing.get_start_method()
        available = multiprocessing.get_all_start_methods()
        if self.start_method not in available:
            known = ", ".join(available)
            raise ValueError(f"start method '{start_method}' does not exist here; use one of {known}")
        return multiprocessing.get_context(self.start_method)
