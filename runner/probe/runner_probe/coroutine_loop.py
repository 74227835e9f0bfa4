"""The event loop in which a worker runs its coroutines, one after another."""

from __future__ import annotations

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class EventLoop:
    """Runs one coroutine after another; like `asyncio.run`, it leaves nothing behind."""

    def __init__(self, call: Callable[[Any], Any]) -> None:
        self.call, self.loop = call, asyncio.new_event_loop()

    def __enter__(self) -> Callable[[Any], Any]:
        return lambda item: self.loop.run_until_complete(self.call(item))

    def __exit__(self, *_: object) -> None:
        try:
            self.loop.run_until_complete(end_remaining_tasks(self.loop))
        finally:
            self.loop.close()


async def end_remaining_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel the remaining tasks of an event loop, as `asyncio.run` does."""
    remaining = asyncio.all_tasks() - {asyncio.current_task()}
    for task in remaining:
        task.cancel()
    await asyncio.gather(*remaining, return_exceptions=True)
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()
