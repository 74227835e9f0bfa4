"""The factory that opens the pools of an executor as its YAML declares them.

`runner_probe.adapters` documents the interface of a pool.
"""

from __future__ import annotations

from runner_probe.targets import build, locate_callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


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
