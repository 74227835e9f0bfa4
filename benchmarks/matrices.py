"""Work for BLAS, which starts native threads: a cause that `benchmarks.causes` injects."""

import numpy as np


def multiply(size: int) -> float:
    """Multiply matrices, four times in a row."""
    matrix = np.ones((size, size))
    for _ in range(4):
        matrix = matrix @ matrix / size
    return float(matrix[0, 0])
