"""Adapters, one module each: they give other executors the interface of `concurrent.futures`.

**The interface.** The probe uses only the following of a pool, so most executors need no adapter:

- `submit(function, *args, **kwargs)` returns a future with `result()`, `cancel()` and
  `add_done_callback(callback)`.
- `shutdown(wait=True)` returns when everything submitted has run and every worker has ended.
- The constructor takes the arguments in the executor's YAML and, if the pool can call one in each of its
  workers, `initializer`, a function without arguments.
- An error that says that workers died derives from `concurrent.futures.BrokenExecutor`. If the exit code of
  the dead worker is known, it is a `runner_probe.adapters.worker_died.WorkerDied`.

**What an adapter declares.** Its class has

- `traits`, a `Traits`, if any trait differs from its default; a class of this package may inherit it. Its
  arguments are literals, because the runner reads them from the source: the engine need not be installed
  where a report is made;
- `workers`, an attribute of each pool: the number of its workers, or None if the engine decides.

Its module has `CODE`, a literal string: the Python that a user would write to do the same without the
adapter. The runner reads this from the source too. `runner/codegen/template.py` describes the fields in it.

**To add an executor:** `conf/executor/NAME.yaml`, the adapter's module here, and a row in
`tests/adapters/test_contract.py`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
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
