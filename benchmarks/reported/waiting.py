"""Tasks that wait, and what a worker prepares; more of both are in `benchmarks.injected`."""

import asyncio
import subprocess
import sys
import time

from benchmarks.injected import compute

_model: dict[int, int] = {}


def run_program(seconds: float) -> int:
    """Wait for another program."""
    script = f"import time; time.sleep({seconds})"
    return subprocess.run([sys.executable, "-S", "-c", script], check=True).returncode


async def fetch_only(seconds: float) -> float:
    """Wait for an answer."""
    await asyncio.sleep(seconds)
    return seconds


async def compute_in_thread(steps: int) -> int:
    """Compute in another thread, so that the event loop stays free."""
    return await asyncio.to_thread(compute, steps)


def load_model() -> None:
    """Prepare a worker for half a second."""
    until = time.thread_time() + 0.5
    number = 0
    while time.thread_time() < until:
        _model[number % 1000] = number
        number += 1
