"""The items of a workload, made as its YAML describes them. Items that are made one by one have limits."""

from __future__ import annotations

import os
import time
from itertools import islice

from runner_probe.targets import call_target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

MAX_ITEMS = 10_000_000
_MEMORY_SHARE = 0.5  # of the memory that is available before the first item
_CHECK_NS = 5_000_000
_MAX_BLOCK = 10_000


def make_items(settings: Any) -> Sequence[Any]:
    """Make items from a `_target_` that returns them, `lines` of a file or a `glob` of paths.

    Raises:
        ValueError: the settings are wrong, or there are too many items
    """
    if isinstance(settings, dict) and "_target_" in settings:
        return take(call_target(settings))
    if isinstance(settings, dict) and set(settings) == {"lines"}:
        path = os.path.abspath(os.path.expanduser(settings["lines"]))
        if not os.path.isfile(path):
            raise ValueError(f"there is no file {path}; set items.lines to the name of a text file")
        with open(path, encoding="utf-8") as file:
            # `splitlines` also splits at form feeds.
            return take(line.removesuffix("\n") for line in file)
    if isinstance(settings, dict) and set(settings) == {"glob"}:
        import glob  # noqa: PLC0415

        pattern = os.path.abspath(os.path.expanduser(settings["glob"]))
        paths = sorted(glob.glob(os.path.expanduser(settings["glob"]), recursive=True))
        if not paths:
            raise ValueError(f"no file matches {pattern}; set items.glob to a pattern of paths")
        return paths
    raise ValueError(
        f"they are of type {type(settings).__name__}; give a list, a dictionary with _target_, "
        "{lines: FILE} or {glob: PATTERN}"
    )


def take(
    items: Iterable[Any],
    limit: int = MAX_ITEMS,
    memory: tuple[Callable[[], int | None], Callable[[], int | None]] | None = None,
) -> list[Any]:
    """Make a list of items. Items that are not in memory yet are taken until a limit is reached.

    The supervisor limits the time, so an item that is never completed does not block for ever.

    Args:
        items: a collection or an iterator
        limit: largest number of items, unless their number is known beforehand
        memory: functions that return how many bytes this process uses, and how many are available

    Raises:
        ValueError: a limit was reached
    """
    if isinstance(items, (list, tuple)):
        return list(items)
    used_bytes, available_bytes = memory or (_used_bytes, _available_bytes)
    is_sized = hasattr(items, "__len__")
    before, available = used_bytes() or 0, available_bytes()
    limit_bytes = None if available is None else int(available * _MEMORY_SHARE)
    taken: list[Any] = []
    iterator, block = iter(items), 1
    checked_ns = time.perf_counter_ns()
    while True:
        count = len(taken)
        taken.extend(islice(iterator, block))
        if len(taken) < count + block:
            return taken
        if not is_sized and len(taken) > limit:
            remedy = "end it, for example with itertools.islice; if there really are more, return a list"
            raise ValueError(
                f"there are more than {limit:,} of them, and this {_kind(items)} may never end; {remedy}"
            )
        now_ns = time.perf_counter_ns()
        # Blocks grow while they take little time, so that most items are taken at the speed of a list.
        block = min(2 * block, _MAX_BLOCK) if now_ns - checked_ns < _CHECK_NS else 1
        checked_ns = now_ns
        if limit_bytes is not None and (used_bytes() or 0) - before > limit_bytes:
            remedy = "take fewer, or give names (paths, indices) from which each task loads its own data"
            raise ValueError(
                f"{len(taken):,} of them take {_size(limit_bytes)}, half of the memory that was available, "
                f"and {_kind(items)} has more; {remedy}"
            )


def _kind(items: object) -> str:
    kind = type(items)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _used_bytes() -> int | None:
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def _available_bytes() -> int | None:
    """Read how much memory is available, to the machine and within the limit of the control group."""
    amounts = []
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            amounts += [int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable:")]
    except (OSError, ValueError):
        pass
    try:
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            group = next(line[3:].strip() for line in file if line.startswith("0::"))
        folder = f"/sys/fs/cgroup{group}"
        with open(f"{folder}/memory.max", "rb") as limit, open(f"{folder}/memory.current", "rb") as current:
            amounts.append(int(limit.read()) - int(current.read()))
    except (OSError, ValueError, StopIteration):  # no limit, or another kind of control group
        pass
    return min(amounts, default=None)
