"""What is sent between processes, and how much of the losses it explains, in exact figures."""

from dataclasses import replace
from typing import Any

import pytest

from runner.analysis.explain.causes import DISPATCH, EMPTY_QUEUE, POOL_END
from runner.analysis.explain.start_up import POOL_START
from runner.analysis.explain.transfer import (
    FUNCTION,
    ITEMS,
    RESULTS,
    Transfer,
    transfer_losses,
    with_transfer_facts,
)
from runner.estimate import Estimate
from runner.facts import Cause, Loss, Payload, Pickled, Sent

TINY = Pickled(mean_bytes=0, largest_bytes=0, repeated_bytes=0, pickle_s=1e-6, unpickle_s=1e-6)


def takes(seconds: float, **changes: Any) -> Pickled:
    """Make an object that takes these seconds to pickle and to unpickle together."""
    return replace(TINY, pickle_s=seconds / 2, unpickle_s=seconds / 2, **changes)


def transfer(
    function: Pickled | None = TINY,
    items: Pickled | None = TINY,
    results: Pickled | None = TINY,
    chunk_size: int = 1,
    *,
    is_function_kept: bool = False,
    method: str | None = "fork",
) -> Transfer:
    """Send ten tasks to two workers."""
    return Transfer(
        payload=Payload(function=function, items=items, results=results),
        tasks=10,
        chunk_size=chunk_size,
        workers=2,
        is_function_kept=is_function_kept,
        method=method,
    )


def split(by_cause: dict[Cause, float], sent: Transfer | None) -> dict[Cause, Any]:
    split_losses = transfer_losses(by_cause, sent, (DISPATCH, EMPTY_QUEUE), (POOL_START, POOL_END))
    assert sum(split_losses.values()) == pytest.approx(sum(by_cause.values()))
    return {cause: pytest.approx(seconds) for cause, seconds in split_losses.items() if abs(seconds) > 1e-9}


@pytest.mark.parametrize("seconds", [0.25, 0.5])
def test_both_workers_wait_for_every_function_that_is_sent(seconds: float) -> None:
    sent = transfer(function=takes(seconds))
    assert split({DISPATCH: 15.0}, sent) == {FUNCTION: 20 * seconds, DISPATCH: 15 - 20 * seconds}


def test_a_chunk_takes_the_function_once_and_an_item_for_each_task() -> None:
    assert split({DISPATCH: 4.0}, transfer(function=takes(0.25), chunk_size=5)) == {
        FUNCTION: 1.0,
        DISPATCH: 3.0,
    }
    assert split({DISPATCH: 8.0}, transfer(items=takes(0.25), chunk_size=5)) == {ITEMS: 5.0, DISPATCH: 3.0}


def test_an_executor_that_keeps_the_function_sends_it_once_to_each_worker() -> None:
    sent = transfer(function=takes(0.25), is_function_kept=True)
    assert split({DISPATCH: 4.0}, sent) == {FUNCTION: 1.0, DISPATCH: 3.0}


def test_items_and_results_share_what_is_lost_by_what_they_take() -> None:
    sent = transfer(items=takes(0.75), results=takes(0.25))
    assert split({DISPATCH: 8.0}, sent) == {ITEMS: 6.0, RESULTS: 2.0}
    assert split({DISPATCH: 4.0, EMPTY_QUEUE: 4.0}, sent) == {ITEMS: 6.0, RESULTS: 2.0}


def test_the_first_items_delay_the_start_and_the_last_results_the_end() -> None:
    # Each of two workers waits for what is sent to both, which is a fifth of all.
    split_losses = split({DISPATCH: 0.0, POOL_START: 3.0, POOL_END: 2.0}, transfer(items=takes(0.25)))
    assert split_losses == {ITEMS: 1.0, POOL_START: 2.4, POOL_END: 1.6}


def test_what_takes_little_is_dispatch() -> None:
    assert split({DISPATCH: 15.0}, transfer()) == {DISPATCH: 15.0}
    assert split({DISPATCH: 15.0}, transfer(items=takes(0.1))) == {DISPATCH: 15.0}  # less than a fifth
    assert split({DISPATCH: 0.001}, transfer(items=takes(0.0001))) == {DISPATCH: 0.001}  # as any task takes


def test_nothing_is_sent_within_a_process_and_what_cannot_be_pickled_is_unknown() -> None:
    assert split({DISPATCH: 15.0}, None) == {DISPATCH: 15.0}
    assert split({DISPATCH: 15.0}, transfer(None, None, None)) == {DISPATCH: 15.0}


def test_bytes_that_take_no_time_to_pickle_are_copied_through_a_pipe() -> None:
    assert replace(TINY, mean_bytes=1e9).send_s == pytest.approx(5.0, rel=1e-3)


def loss(cause: Cause) -> Loss:
    return Loss(cause=cause, share=Estimate.exact(0.5))


@pytest.mark.parametrize(
    ("cause", "sent", "remedy"),
    [
        (
            FUNCTION,
            transfer(takes(1.0)),
            "as a global of the module, which forked workers inherit; or bigger chunks",
        ),
        (
            FUNCTION,
            transfer(takes(1.0), chunk_size=5),
            "as a global of the module, which forked workers inherit",
        ),
        (
            FUNCTION,
            transfer(takes(1.0), method="spawn", chunk_size=5),
            "from an initializer, once in each worker",
        ),
        (ITEMS, transfer(items=takes(1.0, mean_bytes=1e6)), "send a path or an index"),
        (ITEMS, transfer(items=takes(1.0, mean_bytes=1e6, repeated_bytes=9e5)), "that every item contains"),
        (RESULTS, transfer(results=takes(1.0)), "return less"),
    ],
)
def test_remedies_fit_what_is_sent(cause: Cause, sent: Transfer, remedy: str) -> None:
    split_losses = with_transfer_facts(loss(cause), sent)
    assert remedy in split_losses.cause.remedy
    assert ("bigger chunks" in split_losses.cause.remedy) == ("bigger chunks" in remedy)
    assert isinstance(split_losses.detail, Sent)


def test_other_losses_stay_as_they_are() -> None:
    assert with_transfer_facts(loss(DISPATCH), transfer(takes(1.0))) == loss(DISPATCH)
    assert with_transfer_facts(loss(FUNCTION), None) == loss(FUNCTION)
