"""What a pool of processes has to pickle: the function, the items and the results of a workload.

Measured once, in the reference run, after its clock has stopped. It takes a tenth of a second at most: a few
items and results stand for all, and of what is large only the size is taken.
"""

from __future__ import annotations

import io
import pickle
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from runner_probe.wire import PayloadReply, PickledReply

_FUNCTION_LIMIT_NS = 40_000_000
_LIMIT_NS = 10_000_000  # for items and for results, each, and again for how much of them is the same
_MOST_SAMPLED = 16  # items, or results
_LONGEST_COPIED = 8 << 20  # bytes; more are counted, and not kept
_COPY_S_PER_BYTE = 0.5e-9  # a copy of memory, as of what is counted only


class _TooLong(Exception):  # noqa: N818 - it ends the pickling
    """The time is over."""


class _Counter(io.RawIOBase):
    """A file that counts its bytes, and keeps them while they are few.

    Args:
        until_ns: on the clock; to be written to later raises _TooLong
        clock: nanoseconds
    """

    def __init__(self, until_ns: int, clock: Callable[[], int]) -> None:
        super().__init__()
        self.bytes = 0
        self.is_cut = False  #: there was no time for the rest
        self.parts: list[bytes] = []
        self._until_ns, self._clock = until_ns, clock

    def write(self, data: Any) -> int:
        """Count the data."""
        size = data.nbytes if isinstance(data, memoryview) else len(data)
        self.bytes += size
        if self.bytes <= _LONGEST_COPIED:
            self.parts.append(bytes(data))
        if self._clock() > self._until_ns:
            raise _TooLong
        return size


def measure_payload(
    call: Callable[[Any], Any],
    items: Sequence[Any],
    results: Sequence[Any],
    clock: Callable[[], int] = time.perf_counter_ns,
) -> PayloadReply:
    """Measure what is pickled of a workload. What cannot be pickled is None."""
    return {
        "function": _measure([call], _FUNCTION_LIMIT_NS, clock),
        "items": _measure(_sample(items), _LIMIT_NS, clock),
        "results": _measure(_sample(results), _LIMIT_NS, clock),
    }


def _sample(objects: Sequence[Any]) -> list[Any]:
    """Choose objects at equal distances."""
    step = -(-len(objects) // _MOST_SAMPLED) or 1
    return list(objects[::step])


def _measure(objects: Sequence[Any], limit_ns: int, clock: Callable[[], int]) -> PickledReply | None:
    """Pickle as many of some objects as there is time for; None without any, or if one cannot be pickled."""
    until_ns = clock() + limit_ns
    sizes: list[int] = []
    pickle_ns = unpickle_s = 0.0
    try:
        for one in objects:
            if sizes and clock() > until_ns:
                break
            size, took_ns, loading_s = _pickle(one, until_ns, clock)
            sizes.append(size)
            pickle_ns += took_ns
            unpickle_s += loading_s
        together = _count(list(objects[: len(sizes)]), clock() + limit_ns, clock) if len(sizes) > 1 else None
    except Exception:
        return None
    if not sizes:
        return None
    count = len(sizes)
    repeated = 0.0 if together is None or together.is_cut else max(0.0, sum(sizes) - together.bytes)
    return {
        "mean_bytes": sum(sizes) / count,
        "largest_bytes": max(sizes),
        "repeated_bytes": repeated / max(count - 1, 1),
        "pickle_s": pickle_ns / 1e9 / count,
        "unpickle_s": unpickle_s / count,
    }


def _pickle(one: Any, until_ns: int, clock: Callable[[], int]) -> tuple[int, float, float]:
    """Return the bytes of an object, nanoseconds to pickle it and seconds to unpickle it."""
    started_ns = clock()
    counter = _count(one, until_ns, clock)
    took_ns = clock() - started_ns
    if counter.bytes <= _LONGEST_COPIED and not counter.is_cut:
        started_ns = clock()
        pickle.loads(b"".join(counter.parts))  # noqa: S301 - it was pickled just before
        return counter.bytes, took_ns, (clock() - started_ns) / 1e9
    copied_s = counter.bytes * _COPY_S_PER_BYTE
    return counter.bytes, took_ns + copied_s * 1e9, took_ns / 1e9 + copied_s


def _count(one: Any, until_ns: int, clock: Callable[[], int]) -> _Counter:
    """Pickle an object into a counter. Pickling that takes too long ends early: the rest is not counted."""
    counter = _Counter(until_ns, clock)
    try:
        pickle.Pickler(counter, protocol=pickle.HIGHEST_PROTOCOL).dump(one)
    except _TooLong:
        counter.is_cut = True
    return counter
