"""Functions of `bag` as coroutines, for executors that run only those."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import Any, NoReturn

_arrived: list[asyncio.Event] = []


async def square(number: int) -> int:
    await asyncio.sleep(0)
    return number * number


async def fail_on(number: int, bad: int) -> int:
    await asyncio.sleep(0)
    if number == bad:
        raise ValueError(f"cannot take {number}")
    return number


async def meet(_: Any, count: int, **__: object) -> int:
    """Wait until `count` tasks wait at the same time; the last one releases the others."""
    arrived = asyncio.Event()
    _arrived.append(arrived)
    if len(_arrived) == count:
        for event in _arrived:
            event.set()
    await arrived.wait()
    return count


async def large(size: int) -> bytes:
    return b"x" * size


async def lock(_: Any) -> object:
    return threading.Lock()


async def ignore(number: int, **_: object) -> int:
    return number


async def leave(_: Any, code: int) -> NoReturn:
    os._exit(code)


async def burn(seconds: float) -> None:
    """Use CPU time in two parts, and let other tasks run in between."""
    for _ in range(2):
        started = time.process_time()
        while time.process_time() - started < seconds / 2:
            pass
        await asyncio.sleep(0)


async def leave_behind(_: Any) -> None:
    """Start a task that is never awaited."""
    task = asyncio.ensure_future(asyncio.Event().wait())
    task.set_name("left behind")
    await asyncio.sleep(0)


async def hold(seconds: float) -> float:
    time.sleep(seconds)  # noqa: ASYNC251 - it blocks the event loop on purpose
    return seconds


async def let_others_run(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds
