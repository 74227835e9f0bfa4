"""The plain loop as an executor."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Serial:
    """The plain loop: every submission runs at once, in the caller's thread."""

    workers = 1

    def __init__(self, initializer: Callable[[], object] | None = None) -> None:
        if initializer is not None:
            initializer()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Done:
        """Run now."""
        return Done(function(*args, **kwargs))

    def shutdown(self, *, wait: bool = True) -> None:
        """Nothing is left to wait for."""


class Done:
    """A future that has its result; `concurrent.futures` would cost a plain loop 15 ms of imports."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def result(self) -> Any:
        """Return the value."""
        return self.value

    def cancel(self) -> bool:
        """Too late."""
        return False

    def add_done_callback(self, callback: Callable[[Done], object]) -> None:
        """Call back now."""
        callback(self)
