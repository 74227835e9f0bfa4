"""The clocks of other hosts: what their workers stamped, put on ours.

Two hosts' clocks have nothing in common but their pace. A task ran between its submission and the arrival of
its result, both read here: that bounds by how much its host's stamps must be shifted. One shift for all
stamps of a host leaves durations, and the order of its workers, as they were.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    #: host; submitted and received (None: not asked) on our clock; started and ended on the host's. All in ns
    Moments = tuple[str, int, int | None, int, int]


def shifts_ns(moments: Iterable[Moments], here: str) -> dict[str, int]:
    """Find what to add to the stamps of every host but ours: the middle of what all its tasks allow.

    Where no arrival is known, its first task counts as started when it was submitted.
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
