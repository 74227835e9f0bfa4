"""Tasks whose speedup is known in advance; `experiment=known_answers` measures them."""

import hashlib
import os
import threading
import time
import zlib

_lock = threading.Lock()
_noise = os.urandom(1 << 16)


def wait(seconds: float) -> float:
    """Sleep. Any number of these calls overlap on every executor."""
    time.sleep(seconds)
    return seconds


def wait_alone(seconds: float) -> float:
    """Sleep while holding a lock that all threads of a process share, so threads never overlap here."""
    with _lock:
        time.sleep(seconds)
    return seconds


def count_down(steps: int) -> int:
    """Compute in pure Python. With a GIL, only one thread at a time can do so."""
    while steps:
        steps -= 1
    return steps


def digest(megabytes: int) -> str:
    """Hash buffers. `hashlib` releases the GIL for more than 2 KiB."""
    block, hasher = bytes(1 << 20), hashlib.sha256()
    for _ in range(megabytes):
        hasher.update(block)
    return hasher.hexdigest()


def compress(times: int) -> int:
    """Compress random bytes. `zlib` releases the GIL."""
    return sum(len(zlib.compress(_noise, 6)) for _ in range(times))


def size(data: bytes) -> int:
    """Take a large argument and do almost nothing with it."""
    return len(data)


def large(count: int, megabytes: int) -> list[bytes]:
    """Make `count` large arguments, each a separate object."""
    return [bytes([number]) * (megabytes << 20) for number in range(count)]


def nothing(item: int) -> int:
    """Do nothing."""
    return item


def many(count: int) -> list[int]:
    """Number `count` tasks."""
    return list(range(count))
