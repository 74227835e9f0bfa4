"""What the system allows this process to use: its CPUs and its memory.

Every function takes the root of the file system that it reads, so that tests can simulate other machines.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
NumberT = TypeVar("NumberT", int, float)

ROOT = Path("/")
# cgroup v1 writes "no limit" as the largest multiple of the page size below 2**63 bytes.
UNLIMITED_BYTES = 2**62


def usable_cpus(root: Path = ROOT) -> int:
    """Return how many CPUs this process may use, at least 1: its affinity, limited by its cgroup quota."""
    affinity = known(allowed_cpus)
    cpus = len(affinity) if affinity else os.cpu_count() or 1
    quota = cpu_quota(root)
    # Rounded down: under a quota of 2.5 CPUs, three busy workers are all throttled a sixth of the time.
    return cpus if quota is None else min(cpus, max(1, int(quota)))


def cpu_quota(root: Path = ROOT) -> float | None:
    """Return the CPU time that the cgroups grant, in CPUs; None when unlimited or unknown.

    It is the tightest quota of the process's cgroup and all its ancestors, in cgroup v2 (`cpu.max`) or v1
    (`cpu.cfs_quota_us`). Ancestors outside a container are not visible from inside it.
    """
    return known(_tightest, _quota_of, "cpu", root)


def allowed_cpus() -> list[int]:
    """Return the numbers of the CPUs in this process's affinity; raises where the system has none."""
    return sorted(os.sched_getaffinity(0))


def memory_limit_bytes(root: Path = ROOT) -> int | None:
    """Return the memory that the cgroups grant; None when unlimited."""
    return _tightest(_memory_limit_of, "memory", root)


def known(read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Return what `read` returns, or None if it fails: a missing fact must not stop a measurement."""
    with contextlib.suppress(Exception):
        return read(*args, **kwargs)
    return None


def text_of(path: Path) -> str:
    """Return the text of a small file, without the white space around it."""
    return path.read_text(encoding="utf-8", errors="replace").strip()


def _tightest(limit_of: Callable[[Path], NumberT | None], controller: str, root: Path) -> NumberT | None:
    limits = [known(limit_of, directory) for directory in _cgroups(controller, root)]
    return min((limit for limit in limits if limit is not None), default=None)


def _cgroups(controller: str, root: Path) -> Iterator[Path]:
    """Yield the directories of this process's cgroups for `controller`, and of all their ancestors.

    A host may mount v1 and v2 side by side, with each controller in one of them; both are read.
    """
    memberships = {}  # type of file system → path of this process's cgroup in that hierarchy
    for line in text_of(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            memberships["cgroup2"] = PurePosixPath(path)
        elif controller in controllers.split(","):
            memberships["cgroup"] = PurePosixPath(path)

    for line in text_of(root / "proc/self/mountinfo").splitlines():
        mount, _, file_system = line.partition(" - ")
        kind, _, options = file_system.split(" ", 2)
        if kind not in memberships or (kind == "cgroup" and controller not in options.split(",")):
            continue
        # The mount shows the hierarchy from mount_root on: in a container often /docker/<id>.
        mount_root, mount_point = mount.split()[3:5]
        if memberships[kind].is_relative_to(mount_root):
            below = memberships[kind].relative_to(mount_root)
            yield from (root / mount_point.lstrip("/") / path for path in (below, *below.parents))


def _quota_of(directory: Path) -> float | None:
    """Return the quota of one cgroup in CPUs, None if unlimited; raises if the file is missing."""
    if (directory / "cpu.max").exists():
        quota, period = text_of(directory / "cpu.max").split()
    else:
        quota = text_of(directory / "cpu.cfs_quota_us")
        period = text_of(directory / "cpu.cfs_period_us")
    return None if quota in ("max", "-1") else int(quota) / int(period)


def _memory_limit_of(directory: Path) -> int | None:
    """Return the memory limit of one cgroup in bytes, None if unlimited; raises if the file is missing."""
    v2 = directory / "memory.max"
    limit = text_of(v2 if v2.exists() else directory / "memory.limit_in_bytes")
    return None if limit == "max" or int(limit) >= UNLIMITED_BYTES else int(limit)
