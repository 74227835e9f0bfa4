"""Requests to stop: what a signal does while a study is measured, and that its handler is restored."""

import os
import signal

import pytest

from runner.session.signals import StopRequests, on_stop_signal


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_signal_that_asks_to_stop_calls_the_function(number: signal.Signals) -> None:
    calls: list[None] = []
    inherited = signal.signal(number, signal.SIG_DFL)  # nohup ignores one of them
    try:
        with on_stop_signal(lambda: calls.append(None)):
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)
        assert len(calls) == 2
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, inherited)


def test_a_hang_up_that_is_ignored_stays_ignored() -> None:
    ignored = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with on_stop_signal(lambda: pytest.fail("a study under nohup must not stop")):
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, ignored)


def test_each_request_interrupts_and_the_second_one_skips_the_report() -> None:
    interrupts: list[None] = []
    stops = StopRequests(lambda: interrupts.append(None))
    assert not stops.skip_report
    stops.add()
    assert (len(interrupts), stops.skip_report) == (1, False)
    stops.add()
    assert (len(interrupts), stops.skip_report) == (2, True)
