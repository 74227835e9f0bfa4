"""Matrix products, which a BLAS computes on all CPUs; and tasks with threads of their own."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

_BLOB = b"x" * 20_000_000


def multiply(size: int) -> float:
    """Multiply matrices, which a BLAS computes on all CPUs."""
    rng = np.random.default_rng(size)
    left, right = rng.random((size, size)), rng.random((size, size))
    for _ in range(4):
        left = left @ right / size
    return float(left[0, 0])


def hash_in_threads(count: int) -> int:
    """Hash in a pool of threads within the task."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return len(list(pool.map(lambda _: hashlib.sha256(_BLOB).hexdigest(), range(count))))
