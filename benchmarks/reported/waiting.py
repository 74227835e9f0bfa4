"""Tasks that wait: for time, for a lock, for a subprocess, for a worker's preparation."""

import asyncio
import subprocess
import sys
import threading
import time

_lock = threading.Lock()
_model: dict[int, int] = {}


def sleep(seconds: float) -> float:
    """Wait, as for a server's answer."""
    time.sleep(seconds)
    return seconds


def sleep_locked(seconds: float) -> float:
    """Wait while holding a lock that all threads share."""
    with _lock:
        time.sleep(seconds)
    return seconds


def run_program(seconds: float) -> int:
    """Wait for another program."""
    script = f"import time; time.sleep({seconds})"
    return subprocess.run([sys.executable, "-S", "-c", script], check=True).returncode


async def sleep_blocking(seconds: float) -> float:
    """Wait without awaiting: the event loop stands still."""
    time.sleep(seconds)  # noqa: ASYNC251 - the mistake that is reported
    return seconds


async def fetch(seconds: float) -> float:
    """Wait for an answer, then compute for a fifth of that time."""
    await asyncio.sleep(seconds)
    until = time.thread_time() + seconds / 5
    while time.thread_time() < until:
        pass
    return seconds


async def fetch_only(seconds: float) -> float:
    """Wait for an answer."""
    await asyncio.sleep(seconds)
    return seconds


def load_model() -> None:
    """Prepare a worker for half a second."""
    until = time.thread_time() + 0.5
    number = 0
    while time.thread_time() < until:
        _model[number % 1000] = number
        number += 1


def predict(steps: int) -> int:
    """Use what the worker has prepared."""
    while steps:
        steps -= 1
    return steps + min(len(_model), 0)
