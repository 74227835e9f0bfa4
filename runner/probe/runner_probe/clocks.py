"""Conversion of times from the clocks of other hosts to this host's clock.

The clocks of two hosts run at the same rate, but start at different times. A task ran between its submission
and the arrival of its result, both read on this host's clock, which bounds the shift between the clocks. One
shift for all times of a host preserves durations and the order of its tasks.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    #: host; when submitted and received (None: unknown) by this clock, started and ended by the host's; in ns
    Moments = tuple[str, int, int | None, int, int]


def shifts_ns(moments: Iterable[Moments], this_host: str) -> dict[str, int]:
    """Compute the shift to add to the times of each other host: the middle of the possible interval.

    If no arrival was recorded, some task is assumed to have started as soon as it was submitted.
    """
    lowest: dict[str, int] = {}
    highest: dict[str, int] = {}
    for host, submitted, received, started, ended in moments:
        if host == this_host:
            continue
        lowest[host] = max(lowest.get(host, submitted - started), submitted - started)
        if received is not None:
            highest[host] = min(highest.get(host, received - ended), received - ended)
    return {host: (shift + highest.get(host, shift)) // 2 for host, shift in lowest.items()}
