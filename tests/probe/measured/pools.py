"""Valid and invalid pools for the preflight check: imported by measured interpreters, from Python 3.10 on."""

from __future__ import annotations

import functools
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def retrying(function: Callable[..., Any]) -> Callable[..., Any]:
    """Take one more argument than the function that it wraps."""

    @functools.wraps(function)
    def call(*arguments: Any, retries: int = 0, **named: Any) -> Any:
        return [function(*arguments, **named) for _ in range(retries + 1)][-1]

    return call


@retrying
def persistent(number: int) -> int:
    return number


def two() -> dict[str, int]:
    return {"retries": 2}


class Loop:
    """A pool without workers, and so without an initializer."""

    def __init__(self, number: int) -> None:
        self.number = number

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(function(*arguments))
        return done

    def shutdown(self, *, wait: bool) -> None:
        pass


class OpenLoop(Loop):
    """Takes any arguments."""

    def __init__(self, **_: object) -> None:
        super().__init__(0)


class Endless:
    """Not an executor; only `terminate` ends its thread."""

    submit = 3  # which cannot be called

    def __init__(self) -> None:
        self._told = threading.Event()
        self._thread = threading.Thread(target=self._told.wait, name="endless")
        self._thread.start()

    def terminate(self) -> None:
        self._told.set()
        self._thread.join()


async def scaled_later(number: int, factor: int) -> int:
    return number * factor
