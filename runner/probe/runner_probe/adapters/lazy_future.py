"""Futures of pools that work in the caller's thread, and only while it waits for a result.

Such a pool queues its submissions. It starts no threads, so it adds no cost to the measurement and may fork
safely.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class LazyFuture:
    """A future whose `result` makes the pool work until the future is done.

    Args:
        advance: makes the pool work until at least one more future is done
    """

    def __init__(self, advance: Callable[[], object]) -> None:
        self.is_running = False
        self.is_done = False
        self._advance = advance
        self._value: Any = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[LazyFuture], object]] = []

    def result(self) -> Any:
        """Make the pool work until this future is done; return its value or raise its error."""
        while not self.is_done:
            self._advance()
        if self._error is not None:
            raise self._error
        return self._value

    def cancel(self) -> bool:
        """Prevent the function from running, unless it runs or has run already."""
        if self.is_running or self.is_done:
            return False
        self.set_exception(RuntimeError("cancelled before it ran"))
        return True

    def add_done_callback(self, callback: Callable[[LazyFuture], object]) -> None:
        """Call back when the future is done."""
        if self.is_done:
            callback(self)
        else:
            self._callbacks.append(callback)

    def set_result(self, value: Any) -> None:
        """Complete the future with a value."""
        self._value = value
        self._complete()

    def set_exception(self, error: BaseException) -> None:
        """Complete the future with an error."""
        self._error = error
        self._complete()

    def _complete(self) -> None:
        self.is_done = True
        for callback in self._callbacks:
            callback(self)
        self._callbacks.clear()
