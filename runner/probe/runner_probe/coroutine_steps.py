"""The time of a coroutine's steps between awaits, during which it holds the thread of its event loop."""

from __future__ import annotations

import time
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from typing import Any


@types.coroutine
def timed_steps(
    coroutine: Coroutine[Any, Any, Any], steps_ns: list[int], clock: Callable[[], int]
) -> Generator[Any, Any, Any]:
    """Await a coroutine and add the time of its steps, by a clock of nanoseconds, to `steps_ns[0]`.

    The steps of other coroutines, which run in between, are not included.
    """
    step: Callable[[Any], Any] = coroutine.send
    sent: Any = None
    while True:
        before = clock()
        try:
            awaited = step(sent)
        except StopIteration as end:
            return end.value
        finally:
            steps_ns[0] += clock() - before
        try:
            sent = yield awaited
            step = coroutine.send
        except BaseException as error:
            step, sent = coroutine.throw, error


class HeldThread:
    """Measures the share of their time for which coroutines hold the thread of their event loop."""

    def __init__(self, call: Callable[[Any], Coroutine[Any, Any, Any]]) -> None:
        self._call = call
        self._held_ns = [0]
        self._total_ns = 0

    def measured(self) -> Callable[[Any], Coroutine[Any, Any, Any]]:
        """Return a function that measures every call of the original one."""

        async def measured(item: Any) -> Any:
            started = time.perf_counter_ns()
            try:
                return await timed_steps(self._call(item), self._held_ns, time.perf_counter_ns)
            finally:
                self._total_ns += time.perf_counter_ns() - started

        return measured

    def share(self) -> float | None:
        """Return the share; None if no call was made."""
        return self._held_ns[0] / self._total_ns if self._total_ns else None
