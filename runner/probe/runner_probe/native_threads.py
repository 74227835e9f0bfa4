"""Threads that native libraries such as BLAS and OpenMP start by themselves."""

from __future__ import annotations

import os
import re

from runner_probe.cpu import usable_cpus

#: Part of a library's file name → the variable that limits its threads and takes precedence over OpenMP's.
_LIBRARIES = {
    "openblas": "OPENBLAS_NUM_THREADS",
    "mkl_rt": "MKL_NUM_THREADS",
    "blis": "BLIS_NUM_THREADS",
    "gomp": "OMP_NUM_THREADS",
    "iomp": "OMP_NUM_THREADS",
    "omp": "OMP_NUM_THREADS",
}
_NAME = re.compile(rf"lib(?:\w+_)?({'|'.join(_LIBRARIES)})(?![a-z])")


def native_threads() -> dict[str, int]:
    """Count the threads that each library loaded in this process may start.

    Libraries that the workload's module imports are loaded here and in every worker. Libraries that only a
    task imports are found only if tasks run in this process, as in the plain loop. The numbers come from
    `threadpoolctl` if it is installed, otherwise from the environment and the number of CPUs.
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
        return []  # not Linux: unknown
    return sorted({match[1] for name in files if (match := _NAME.match(name))})


def _by_environment(library: str) -> int:
    for variable in (_LIBRARIES.get(library, ""), "OMP_NUM_THREADS"):
        value = os.environ.get(variable, "")
        if value.isdigit() and int(value):
            return int(value)
    return usable_cpus()
