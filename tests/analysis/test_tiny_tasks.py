"""Tasks far shorter than their dispatch, explained by untraced runs whose every figure is known."""

from dataclasses import replace

import numpy as np
import pytest

from runner.analysis.explain.causes import DISPATCH, POOL_END
from runner.analysis.explain.start_up import POOL_START
from runner.analysis.explain.tiny_tasks import (
    UntracedRuns,
    tiny_task_losses,
    tiny_tasks,
    with_tiny_task_remedy,
)
from runner.analysis.explain.transfer import ITEMS, Transfer
from runner.analysis.intervals import Level
from runner.facts import Payload, Pickled, TinyTasks
from runner.records import ChunkSize

LEVEL = Level(0.95, 1)
#: 1000 tasks of 1 ms of work; each takes the pool another 7.5 ms. 1 s to start, 0.5 s to shut down.
RUNS = UntracedRuns(
    loop_s=np.full(7, 1.0),
    pool_s=np.full(7, 9.5),
    start_s=1.0,
    end_s=0.5,
    tasks=1000,
    chunk_size=1,
    workers=2,
    shares_gil=False,
)


def test_time_that_is_neither_work_nor_start_up_is_dispatch() -> None:
    shares = {loss.cause: loss.share.value for loss in tiny_task_losses(RUNS, LEVEL)}
    assert shares == {
        DISPATCH: pytest.approx(7.5 / 9.5),
        POOL_START: pytest.approx(1.0 / 9.5),
        POOL_END: pytest.approx(0.5 / 9.5),
    }
    assert list(shares) == [DISPATCH, POOL_START, POOL_END]
    assert sum(shares.values()) == pytest.approx(1 - 1.0 / (2 * 9.5))  # the rest is work


def test_the_work_and_dispatch_of_a_task_and_its_break_even_are_known() -> None:
    tiny = tiny_tasks(replace(RUNS, loop_s=np.full(7, 10.0), pool_s=np.full(7, 26.5), tasks=1000))
    assert tiny.work_s == pytest.approx(0.01)
    assert tiny.dispatch_s == pytest.approx(0.02)
    assert tiny.break_even_s == pytest.approx(
        0.04
    )  # the loop's 0.04 are half of that on two workers, and 0.02
    assert tiny.chunk_size == 4
    assert tiny.all_work_s == 10.0


def test_no_chunk_size_pays_where_all_tasks_save_less_than_the_pool_costs() -> None:
    assert tiny_tasks(RUNS).chunk_size is None  # half a second is saved at best


def test_collecting_results_is_no_shutdown() -> None:
    runs = replace(RUNS, start_s=0.5, end_s=1.0)
    shares = {loss.cause: loss.share.value for loss in tiny_task_losses(runs, LEVEL)}
    assert shares[POOL_END] == pytest.approx(0.5 / 9.5)
    assert shares[DISPATCH] == pytest.approx(8.0 / 9.5)


def test_what_is_sent_with_each_task_is_not_its_dispatch() -> None:
    items = Pickled(mean_bytes=0, largest_bytes=0, repeated_bytes=0, pickle_s=0.005, unpickle_s=0)
    payload = Payload(function=None, items=items, results=None)
    sent = Transfer(payload=payload, tasks=1000, chunk_size=1, workers=2)
    shares = {loss.cause: loss.share.value for loss in tiny_task_losses(replace(RUNS, transfer=sent), LEVEL)}
    assert shares[ITEMS] == pytest.approx((10.0 - 0.006 + 0.006) / (2 * 9.5), rel=0.01)
    assert shares[DISPATCH] == pytest.approx(5.0 / (2 * 9.5), rel=0.01)


def test_chunks_are_compared_as_wholes() -> None:
    tiny = tiny_tasks(replace(RUNS, chunk_size=10))
    assert [tiny.tasks_per_chunk, tiny.work_s, tiny.dispatch_s] == pytest.approx([10, 0.01, 0.075])


def test_threads_that_share_a_gil_do_the_work_one_after_another() -> None:
    runs = replace(RUNS, shares_gil=True)
    tiny = tiny_tasks(runs)
    assert tiny.dispatch_s == pytest.approx(0.007)
    assert tiny.break_even_s is tiny.chunk_size is None
    assert tiny_task_losses(runs, LEVEL)[0].share.value == pytest.approx(7.0 / 9.5)


def test_tasks_longer_than_their_dispatch_are_not_explained() -> None:
    assert tiny_task_losses(replace(RUNS, loop_s=np.full(7, 9.0)), LEVEL) == ()


def test_few_repetitions_show_nothing() -> None:
    few = replace(RUNS, loop_s=np.full(5, 1.0), pool_s=np.full(5, 9.5))
    assert tiny_task_losses(few, LEVEL) == ()


@pytest.mark.parametrize(
    ("chunk_size", "setting", "remedy"),
    [(4, 1, "well over 4 tasks"), (4, "auto", "no pool;"), (None, 1, "no pool;")],
)
def test_bigger_chunks_are_advised_where_they_can_pay(
    chunk_size: int | None, setting: ChunkSize, remedy: str
) -> None:
    loss = tiny_task_losses(RUNS, LEVEL)[0]
    assert isinstance(loss.detail, TinyTasks)
    loss = replace(loss, detail=replace(loss.detail, chunk_size=chunk_size))
    assert remedy in with_tiny_task_remedy(loss, is_auto=setting == "auto").cause.remedy
