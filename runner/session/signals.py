"""The handling of Ctrl-C, SIGTERM and a closed terminal while a study is measured or reported."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def on_stop_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` for every signal that asks to stop, instead of terminating this process.

    Args:
        stop: called by the signal handler, in which it must be safe
    """
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it
        numbers.append(signal.SIGHUP)
    previous = {number: signal.signal(number, lambda *_: stop()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class StopRequests:
    """Counts the requests to stop while a study is measured. The second one also skips the report.

    Args:
        interrupt: ends the invocation in progress; safe in a signal handler
    """

    def __init__(self, interrupt: Callable[[], None]) -> None:
        self._interrupt = interrupt
        self._count = 0

    def add(self) -> None:
        """Count one request, and end the invocation in progress."""
        self._count += 1
        self._interrupt()

    @property
    def skip_report(self) -> bool:
        """Whether the user asked to stop more than once."""
        return self._count > 1
