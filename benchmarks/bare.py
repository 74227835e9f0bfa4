"""The script that a user would write: a pool and `map`, timed as a whole. Prints the seconds.

python benchmarks/bare.py serial|thread|process primes|COUNT
"""

import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from typing import Any

from experiments.primes import is_prime

#: They take a tenth of the time of the default study's: many short rounds show more than a few long ones.
PRIMES = [1000000000039, 1000000000061, 1000000000063, 1000000000091, 1000000000121, 9800000000009]
WORKERS = 2


def measure(kind: str, function: Callable[[Any], Any], items: Sequence[Any]) -> tuple[float, list[Any]]:
    """Run the items once; return seconds and results."""
    if kind == "serial":
        started = time.perf_counter()
        results = list(map(function, items))
        return time.perf_counter() - started, results
    if kind == "thread":
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - as a script would

        started = time.perf_counter()
        with ThreadPoolExecutor(max_workers=WORKERS) as threads:
            results = list(threads.map(function, items))
        return time.perf_counter() - started, results
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - as a script would

    context = get_context("fork")
    started = time.perf_counter()
    with ProcessPoolExecutor(max_workers=WORKERS, mp_context=context) as processes:
        results = list(processes.map(function, items))
    return time.perf_counter() - started, results


if __name__ == "__main__":
    if sys.argv[2] == "primes":
        seconds, results = measure(sys.argv[1], is_prime, PRIMES)
        expected = [True] * len(PRIMES)
    else:
        count = int(sys.argv[2])
        seconds, results = measure(sys.argv[1], is_prime, [0] * count)
        expected = [False] * count
    if results != expected:
        sys.exit("wrong result")
    print(seconds)
