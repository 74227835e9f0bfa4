"""What a user's own script does: a pool, `map`, one clock around it. Prints the seconds.

python benchmarks/bare.py serial|thread|process
"""

import sys
import time
from multiprocessing import get_context

from experiments.primes import is_prime

ITEMS = [
    112272535095293,
    112582705942171,
    112272535095293,
    115280095190773,
    115797848077099,
    1099726899285419,
]
WORKERS = 2

if __name__ == "__main__":
    kind = sys.argv[1]
    if kind == "serial":
        started = time.perf_counter()
        results = list(map(is_prime, ITEMS))
        ended = time.perf_counter()
    elif kind == "thread":
        from concurrent.futures import ThreadPoolExecutor

        started = time.perf_counter()
        with ThreadPoolExecutor(max_workers=WORKERS) as threads:
            results = list(threads.map(is_prime, ITEMS))
        ended = time.perf_counter()
    else:
        from concurrent.futures import ProcessPoolExecutor

        started = time.perf_counter()
        with ProcessPoolExecutor(max_workers=WORKERS, mp_context=get_context("fork")) as processes:
            results = list(processes.map(is_prime, ITEMS))
        ended = time.perf_counter()
    if results != [True, True, True, True, True, False]:
        sys.exit("wrong result")
    print(ended - started)
