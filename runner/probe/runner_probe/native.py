"""Threads that libraries below Python start by themselves: BLAS and OpenMP, as a worker sees them."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: libraries by a part of their file's name, with the variable that limits each, before the one of OpenMP
_LIBRARIES = {
    "openblas": "OPENBLAS_NUM_THREADS",
    "mkl_rt": "MKL_NUM_THREADS",
    "blis": "BLIS_NUM_THREADS",
    "libgomp": "OMP_NUM_THREADS",
    "libiomp": "OMP_NUM_THREADS",
    "libomp": "OMP_NUM_THREADS",
}
_NAME = re.compile("|".join(_LIBRARIES))


def native_threads(_call: Callable[..., Any] | None = None) -> dict[str, int]:
    """Tell, by library that is loaded here, how many threads it may start.

    Run in a worker; its argument is what the tasks call, given only so that their module is imported.
    `threadpoolctl` knows best, where it is installed; otherwise the environment and the CPUs tell.
    """
    loaded = _loaded_libraries()
    if not loaded:
        return {}
    try:
        from threadpoolctl import threadpool_info  # noqa: PLC0415 - only where such a library is loaded
    except ImportError:
        return {name: _by_environment(name) for name in loaded}
    return {str(pool["internal_api"]): int(pool["num_threads"]) for pool in threadpool_info()}


def _loaded_libraries(maps: str = "/proc/self/maps") -> list[str]:
    try:
        with open(maps, encoding="utf-8", errors="replace") as file:
            files = {os.path.basename(line.rstrip("\n")) for line in file if ".so" in line}
    except OSError:
        return []  # not Linux: nothing is known
    return sorted({found[0] for name in files if (found := _NAME.search(name))})


def _by_environment(library: str) -> int:
    for variable in (_LIBRARIES.get(library, ""), "OMP_NUM_THREADS"):
        value = os.environ.get(variable, "")
        if value.isdigit() and int(value):
            return int(value)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
