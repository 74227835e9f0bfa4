"""Tasks that open a pool of processes of their own."""

import os
from concurrent.futures import ProcessPoolExecutor

from benchmarks.injected import compute


def compute_in_processes(steps: int) -> int:
    """Compute on all CPUs."""
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers) as pool:
        return sum(pool.map(compute, [steps // workers] * workers))
