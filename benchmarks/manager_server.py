"""Tasks that use a dictionary, or an object that computes, in the server process of a Manager."""

import multiprocessing
from multiprocessing.managers import BaseManager, DictProxy, SyncManager
from typing import Any

from benchmarks.injected import compute

_opened: list[tuple[SyncManager, "DictProxy[int, int]"]] = []
_calculators: list[tuple[BaseManager, Any]] = []
_CALLS = 4


class Calculator:
    """Computes in the server, for one worker at a time: the server has a GIL."""

    def compute(self, steps: int) -> int:
        """Count down."""
        return compute(steps)


class _Calculators(BaseManager):
    pass


_Calculators.register("calculator", Calculator)


def open_dictionary() -> None:
    """Start the server before the pool."""
    manager = multiprocessing.Manager()
    _opened.append((manager, manager.dict({0: 1})))


def close_dictionary() -> None:
    """End the server."""
    _opened.pop()[0].shutdown()


def read_dictionary(times: int) -> int:
    """Read the dictionary this many times, each of which is a round trip."""
    _, dictionary = _opened[0]
    return sum(dictionary[0] for _ in range(times))


def open_calculator() -> None:
    """Start the server before the pool."""
    manager = _Calculators()
    manager.start()
    _calculators.append((manager, manager.calculator()))  # type: ignore[attr-defined]  # registered above


def close_calculator() -> None:
    """End the server."""
    manager, _ = _calculators.pop()
    manager.shutdown()


def compute_in_server(steps: int) -> int:
    """Let the server compute, in a few round trips."""
    _, calculator = _calculators[0]
    return sum(calculator.compute(steps // _CALLS) for _ in range(_CALLS))
