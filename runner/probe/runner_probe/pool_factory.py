"""Executors: what a YAML names, made ready to be opened, and adapters for what lacks the common face.

The face is `submit(function, *args, **kwargs)`, a future with `result`, `cancel` and `add_done_callback`, and
`shutdown(wait=True)`.
"""

from __future__ import annotations

from runner_probe.targets import build, locate_callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Factory:
    """Opens one pool after another from the same settings; all that it imports is imported when it is made.

    Args:
        pool: the executor's `_target_` and arguments, from its YAML
        initializer: called once in each worker; None for none
    """

    def __init__(self, pool: dict[str, Any], initializer: Callable[[], object] | None) -> None:
        self.make = locate_callable(pool["_target_"])
        self.arguments = {key: value for key, value in pool.items() if key != "_target_"}
        self.start_method: str | None = None
        if isinstance(self.arguments.get("mp_context", ...), (str, type(None))):
            self.arguments["mp_context"] = self._context(self.arguments["mp_context"])
        self.arguments = {
            key: build(value) if isinstance(value, (dict, list)) else value
            for key, value in self.arguments.items()
        }
        if initializer is not None:
            self.arguments["initializer"] = initializer

    def open(self) -> Any:
        """Make a pool."""
        return self.make(**self.arguments)

    def _context(self, start_method: str | None) -> Any:
        """Make the context; it is always passed, since the default differs between versions of Python."""
        import multiprocessing  # noqa: PLC0415 - only executors of processes pay for it

        self.start_method = start_method or multiprocessing.get_start_method()
        there = multiprocessing.get_all_start_methods()
        if self.start_method not in there:
            known = ", ".join(there)
            raise ValueError(f"there is no start method '{start_method}' here; there are {known}")
        return multiprocessing.get_context(self.start_method)
