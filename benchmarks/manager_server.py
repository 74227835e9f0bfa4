"""Tasks that read a dictionary in the server process of a Manager."""

import multiprocessing
from multiprocessing.managers import DictProxy, SyncManager

_opened: list[tuple[SyncManager, "DictProxy[int, int]"]] = []


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
