"""The cost of dispatching a chunk, on a clock that the pool advances, and on real pools."""

from collections.abc import Callable
from typing import Any

import pytest

from runner_probe.dispatch import measure_dispatch
from runner_probe.pools import CompletedFuture
from tests.probe.probing import SERIAL, THREAD, dispatching, process_pool, run, specify


class Pool:
    """Runs every submission at once and advances the clock by a known time."""

    def __init__(self, chunk_ns: Callable[[int], int], workers: int = 2) -> None:
        self.workers, self._chunk_ns = workers, chunk_ns
        self.now, self.chunks, self.is_closed = 0, 0, False

    def clock(self) -> int:
        return self.now

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> CompletedFuture:
        self.chunks += 1
        self.now += self._chunk_ns(self.chunks)
        return CompletedFuture(function(*args, **kwargs))

    def shutdown(self, *, wait: bool = True) -> None:
        self.is_closed = wait


def measured(pool: Pool) -> dict[str, Any]:
    return dict(measure_dispatch(lambda: pool, _never, pool.clock))


def _never(_: object) -> object:
    raise AssertionError("an empty chunk runs no task")


def test_the_cost_is_the_mean_of_a_row_of_chunks_and_the_pool_is_closed() -> None:
    pool = Pool(lambda _: 700)
    assert measured(pool) == {"chunk_ns": 700.0, "workers": 2, "shares_gil": True}
    assert pool.is_closed


def test_the_start_of_the_workers_and_a_disturbed_row_do_not_count() -> None:
    warm_up = 4 * 3
    pool = Pool(lambda chunk: 10**8 if chunk <= warm_up or chunk == warm_up + 100 else 700, workers=3)
    assert measured(pool)["chunk_ns"] == 700.0


def test_slow_chunks_are_dispatched_in_one_row_only() -> None:
    pool = Pool(lambda _: 50_000_000)
    assert measured(pool)["chunk_ns"] == 50_000_000.0
    assert pool.chunks == 2 * 4 + 64


@pytest.mark.parametrize("function", ["bag.square", "later.square"])
@pytest.mark.parametrize("pool", [SERIAL, THREAD])
def test_dispatch_on_a_real_pool_is_measured_without_running_a_task(
    pool: dict[str, Any], function: str
) -> None:
    reply = run(dispatching(specify(pool, function=function)))
    assert reply["status"] == "ok", reply["traceback"]
    assert reply["dispatch"]["chunk_ns"] > 0
    assert reply["dispatch"]["workers"] == (1 if pool is SERIAL else 2)
    assert reply["iterations"] == []


@pytest.mark.slow
def test_dispatch_to_processes_is_measured() -> None:
    reply = run(dispatching(specify(process_pool("fork"))))
    assert reply["dispatch"]["workers"] == 2


def test_a_pool_that_cannot_be_opened_is_a_failure() -> None:
    reply = run(dispatching(specify({**THREAD, "max_workers": 0})))
    assert (reply["status"], reply["error"]) == (
        "failed",
        "ValueError: max_workers must be greater than 0",
    )
