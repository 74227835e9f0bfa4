"""The cost of dispatching a chunk on an executor: empty chunks, submitted and collected like tasks."""

from __future__ import annotations

import time

from runner_probe.cpu import usable_cpus
from runner_probe.pools import traits_of, worker_count
from runner_probe.worker import in_one_interpreter, is_async, run_chunk, run_lean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from runner_probe.wire import DispatchReply
    from runner_probe.worker import Worker

_WARM_UP = 4  # chunks per worker, during which the pool starts its workers and they import the workload
_CHUNKS = 64  # in a row
_ROWS = 5  # the median row counts
_LONG_ENOUGH_NS = 1_000_000_000  # no further row starts after this time: a process for each chunk takes long


def measure_dispatch(
    open_pool: Callable[[], Any],
    call: Callable[[Any], Any],
    clock: Callable[[], int] = time.perf_counter_ns,
) -> DispatchReply:
    """Open a pool, let its workers start, and time rows of empty chunks on it."""
    pool = open_pool()
    try:
        workers = worker_count(pool) or usable_cpus()
        dispatched_to = _dispatch(pool, call, _WARM_UP * workers)
        rows_ns: list[int] = []
        while len(rows_ns) < _ROWS and sum(rows_ns) < _LONG_ENOUGH_NS:
            started_ns = clock()
            _dispatch(pool, call, _CHUNKS)
            rows_ns.append(clock() - started_ns)
    finally:
        pool.shutdown(wait=True)
    return {
        "chunk_ns": sorted(rows_ns)[len(rows_ns) // 2] / _CHUNKS,
        "workers": workers,
        "shares_gil": in_one_interpreter(dispatched_to, traits_of(pool))
        and any(worker[3] for worker in dispatched_to),
    }


def _dispatch(pool: Any, call: Callable[[Any], Any], chunks: int) -> list[Worker]:
    """Submit and collect empty chunks; return the worker of each."""
    if is_async(call):  # each chunk opens an event loop
        futures = [pool.submit(run_chunk, call, 0, [], per_task=False) for _ in range(chunks)]
    else:
        futures = [pool.submit(run_lean, call, 0, []) for _ in range(chunks)]
    futures.reverse()
    reports = []
    while futures:
        reports.append(futures.pop().result())
    return [report[2] for report in reports]
