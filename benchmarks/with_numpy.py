"""Tasks in pure Python, in a module that imports NumPy: its BLAS starts native threads that nothing uses."""

import numpy as np

from benchmarks.injected import compute

LENGTH = int(np.ones(1)[0])


def compute_with_numpy(steps: int) -> int:
    """Count down in pure Python."""
    return compute(steps * LENGTH)
