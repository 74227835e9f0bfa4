"""Conversion of times from the clocks of other hosts to ours.

The clocks of two hosts run at the same rate, but start at different times. A task ran between its submission
and the arrival of its result, both read on our clock: that bounds the shift between the clocks. One shift for
all times of a host leaves durations, and the order of its tasks, as they were.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    #: host; submitted and received (None: not recorded) on our clock; started and ended on the host's; in ns
    Moments = tuple[str, int, int | None, int, int]


def shifts_ns(moments: Iterable[Moments], here: str) -> dict[str, int]:
    """Compute what to add to the times of each other host: the middle of the interval that its tasks allow.

    Where no arrival was recorded, it assumes that the first task started when it was submitted.
    """
    least: dict[str, int] = {}
    most: dict[str, int] = {}
    for host, submitted, received, started, ended in moments:
        if host == here:
            continue
        least[host] = max(least.get(host, submitted - started), submitted - started)
        if received is not None:
            most[host] = min(most.get(host, received - ended), received - ended)
    return {host: (shift + most.get(host, shift)) // 2 for host, shift in least.items()}
