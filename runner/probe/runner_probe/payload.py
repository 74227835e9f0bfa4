"""The data that a process pool pickles: the function, the items and the results of a workload.

It is measured once, in the reference run, after the clock has stopped. A sample of the items and results is
pickled, and large objects are not unpickled. The first object of a kind may take a tenth of a second; all
others together take as long at most.
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

_FIRST_LIMIT_NS = 100_000_000  # for the first object, whose size must not be cut off
_FUNCTION_LIMIT_NS = 40_000_000
_LIMIT_NS = 10_000_000  # for the items, for the results, and for the repeated parts of each
_MAX_SAMPLED = 16  # items, or results
_MAX_KEPT_BYTES = 8 << 20  # larger data is counted, but not kept
_COPY_S_PER_BYTE = 1.5e-9  # added for data that is counted but not kept, and so not copied in memory


class _TooLong(Exception):  # noqa: N818 - it ends the pickling
    """The time limit was reached."""


class _Counter(io.RawIOBase):
    """A file that counts its bytes, and keeps them up to a limit.

    Args:
        until_ns: time on the clock after which writing raises _TooLong
        clock: returns nanoseconds
    """

    def __init__(self, until_ns: int, clock: Callable[[], int]) -> None:
        super().__init__()
        self.bytes = 0
        self.is_truncated = False  #: there was no time for the rest
        self.parts: list[bytes] = []
        self._until_ns, self._clock = until_ns, clock

    def write(self, data: Any) -> int:
        """Count the data."""
        size = memoryview(data).nbytes  # bytes, or a buffer of an array
        self.bytes += size
        if self.bytes <= _MAX_KEPT_BYTES:
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
    """Measure the pickled data of a workload; None for objects that cannot be pickled."""
    return {
        "function": _measure([call], _FUNCTION_LIMIT_NS, clock),
        "items": _measure(_sample(items), _LIMIT_NS, clock),
        "results": _measure(_sample(results), _LIMIT_NS, clock),
    }


def _sample(objects: Sequence[Any]) -> list[Any]:
    """Choose objects at equal distances."""
    step = -(-len(objects) // _MAX_SAMPLED) or 1
    return list(objects[::step])


def _measure(objects: Sequence[Any], limit_ns: int, clock: Callable[[], int]) -> PickledReply | None:
    """Pickle objects while there is time; None if there are none, or if one cannot be pickled."""
    started_ns = clock()
    until_ns, first_until_ns = started_ns + limit_ns, started_ns + max(limit_ns, _FIRST_LIMIT_NS)
    sizes: list[int] = []
    pickle_ns = unpickle_s = 0.0
    try:
        for sampled in objects:
            if sizes and clock() > until_ns:
                break
            size, took_ns, loading_s = _pickle(sampled, until_ns if sizes else first_until_ns, clock)
            sizes.append(size)
            pickle_ns += took_ns
            unpickle_s += loading_s
        combined = _count(list(objects[: len(sizes)]), clock() + limit_ns, clock) if len(sizes) > 1 else None
    except Exception:
        return None
    if not sizes:
        return None
    count = len(sizes)
    repeated = 0.0 if combined is None or combined.is_truncated else max(0.0, sum(sizes) - combined.bytes)
    return {
        "mean_bytes": sum(sizes) / count,
        "largest_bytes": max(sizes),
        "repeated_bytes": repeated / max(count - 1, 1),
        "pickle_s": pickle_ns / 1e9 / count,
        "unpickle_s": unpickle_s / count,
    }


def _pickle(sampled: Any, until_ns: int, clock: Callable[[], int]) -> tuple[int, float, float]:
    """Pickle an object; return its bytes, nanoseconds to pickle it, and seconds to unpickle it."""
    started_ns = clock()
    counter = _count(sampled, until_ns, clock)
    took_ns = clock() - started_ns
    if counter.bytes <= _MAX_KEPT_BYTES and not counter.is_truncated:
        started_ns = clock()
        pickle.loads(b"".join(counter.parts))  # noqa: S301 - it was pickled just before
        return counter.bytes, took_ns, (clock() - started_ns) / 1e9
    copied_s = counter.bytes * _COPY_S_PER_BYTE
    return counter.bytes, took_ns + copied_s * 1e9, took_ns / 1e9 + copied_s


def _count(sampled: Any, until_ns: int, clock: Callable[[], int]) -> _Counter:
    """Pickle an object into a counter, which is truncated when the time is over."""
    counter = _Counter(until_ns, clock)
    try:
        pickle.Pickler(counter, protocol=pickle.HIGHEST_PROTOCOL).dump(sampled)
    except _TooLong:
        counter.is_truncated = True
    return counter
