"""Tasks whose speedup is known beforehand: what `experiment=known_answers` measures."""

import hashlib
import os
import threading
import time
import zlib

_lock = threading.Lock()
_noise = os.urandom(1 << 16)


def wait(seconds: float) -> float:
    """Sleep: any number of these overlap, whatever runs them."""
    time.sleep(seconds)
    return seconds


def wait_alone(seconds: float) -> float:
    """Sleep while holding a lock that all threads of a process share: these never overlap."""
    with _lock:
        time.sleep(seconds)
    return seconds


def count_down(steps: int) -> int:
    """Compute in pure Python: a GIL lets one thread do so at a time."""
    while steps:
        steps -= 1
    return steps


def digest(megabytes: int) -> str:
    """Hash buffers: `hashlib` lets go of the GIL for more than 2 KiB."""
    block, found = bytes(1 << 20), hashlib.sha256()
    for _ in range(megabytes):
        found.update(block)
    return found.hexdigest()


def compress(times: int) -> int:
    """Compress what cannot be compressed: `zlib` lets go of the GIL."""
    return sum(len(zlib.compress(_noise, 6)) for _ in range(times))


def size(data: bytes) -> int:
    """Take a large argument and do next to nothing with it."""
    return len(data)


def large(count: int, megabytes: int) -> list[bytes]:
    """Make `count` arguments, each its own object."""
    return [bytes([number]) * (megabytes << 20) for number in range(count)]


def nothing(item: int) -> int:
    """Do nothing at all."""
    return item


def many(count: int) -> list[int]:
    """Number `count` tasks."""
    return list(range(count))
