"""Causes of lost speedup, to be injected one at a time: tasks and pools that lose a known time."""

import asyncio
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

_lock = threading.Lock()
_workers = itertools.count()
_first_calls = itertools.count()


def wait(seconds: float) -> float:
    """Sleep: the task into which nothing is injected."""
    time.sleep(seconds)
    return seconds


def wait_longer_at_first(seconds: float, more_s: float) -> float:
    """Sleep, and longer in the first call of a process, as if it loaded something."""
    time.sleep(seconds + (0 if next(_first_calls) else more_s))
    return seconds


def compute_more_at_first(steps: int, more: int) -> int:
    """Count down, and from a larger number in the first call of a process."""
    return compute(steps + (0 if next(_first_calls) else more))


def wait_alone(seconds: float) -> float:
    """Sleep while holding a lock that all threads share."""
    with _lock:
        time.sleep(seconds)
    return seconds


def compute(steps: int) -> int:
    """Count down in pure Python."""
    while steps:
        steps -= 1
    return steps


class Account:
    """An object whose attributes and elements tasks use."""

    def __init__(self) -> None:
        self.entries = [(number,) for number in range(8)]
        self.latest: tuple[int] | None = None


_SHARED = Account()


def use_objects(steps: int, shared_percent: int) -> int:
    """Use an object of the task's own, and in this share of the steps one that all tasks share."""
    own = Account()
    for step in range(steps):
        account = _SHARED if step % 100 < shared_percent else own
        account.latest = account.entries[step & 7]
    return steps


def allocate(objects: int) -> int:
    """Allocate objects, and so cause page faults, in any process."""
    return len([[number] for number in range(objects)])


async def work_between_awaits(seconds: float) -> float:
    """Wait, and compute for a fifth of that time, as the handler of a request does."""
    await asyncio.sleep(seconds)
    used = time.thread_time() + seconds / 5
    while time.thread_time() < used:
        pass
    return seconds


async def sleep_without_await(seconds: float) -> float:
    """Block the event loop."""
    time.sleep(seconds)  # noqa: ASYNC251 - it blocks the event loop on purpose
    return seconds


def measure_size(data: bytes) -> int:
    """Take a large argument."""
    return len(data)


def measure_argument(item: int, data: bytes) -> int:
    """Take an item, and a large argument that is the same for all."""
    return item + len(data)


def payload(megabytes: float) -> bytes:
    """Create a large argument or result."""
    return bytes(int(megabytes * (1 << 20)))


def payloads(count: int, megabytes: float) -> list[bytes]:
    """Create large arguments."""
    return [bytes([number]) * int(megabytes * (1 << 20)) for number in range(count)]


def delay_every_second_worker(seconds: float) -> None:
    """Sleep in every second worker of a process."""
    if next(_workers) % 2:
        time.sleep(seconds)


class SlowSubmit(ThreadPoolExecutor):
    """A pool that pauses between submissions."""

    def __init__(self, max_workers: int, seconds: float) -> None:
        super().__init__(max_workers)
        self._seconds = seconds

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit, then pause."""
        future = super().submit(fn, *args, **kwargs)
        time.sleep(self._seconds)
        return future


class SlowShutdown(ThreadPoolExecutor):
    """A pool that is slow to shut down."""

    def __init__(self, max_workers: int, seconds: float) -> None:
        super().__init__(max_workers)
        self._seconds = seconds

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - as the base
        """Shut down, then pause."""
        super().shutdown(wait=wait, cancel_futures=cancel_futures)
        time.sleep(self._seconds)


class Inline(Executor):
    """The plain loop as a pool of one worker: it measures the baseline again."""

    def __init__(self, max_workers: int) -> None:
        self.max_workers = max_workers

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run now."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future
