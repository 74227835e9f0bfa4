"""The plain loop as an executor."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


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
