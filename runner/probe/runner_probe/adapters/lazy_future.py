"""Futures of pools that work in the caller's thread, while it waits for a result.

Such a pool queues what is submitted. Without threads of its own it costs nothing beside what it is there for,
and it may fork.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class DrivenFuture:
    """A future whose pool goes on whenever someone waits.

    Args:
        go_on: let the pool work until some future is done
    """

    def __init__(self, go_on: Callable[[], object]) -> None:
        self.is_running = False
        self.is_done = False
        self._go_on = go_on
        self._value: Any = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[DrivenFuture], object]] = []

    def result(self) -> Any:
        """Let the pool work until the value is there; return it, or raise what went wrong."""
        while not self.is_done:
            self._go_on()
        if self._error is not None:
            raise self._error
        return self._value

    def cancel(self) -> bool:
        """Have it never run, if it does not run yet."""
        if self.is_running or self.is_done:
            return False
        self.fail(RuntimeError("cancelled before it ran"))
        return True

    def add_done_callback(self, callback: Callable[[DrivenFuture], object]) -> None:
        """Call back when done."""
        if self.is_done:
            callback(self)
        else:
            self._callbacks.append(callback)

    def finish(self, value: Any) -> None:
        """Hold a value."""
        self._value = value
        self._end()

    def fail(self, error: BaseException) -> None:
        """Hold an exception."""
        self._error = error
        self._end()

    def _end(self) -> None:
        self.is_done = True
        for callback in self._callbacks:
            callback(self)
        self._callbacks.clear()
