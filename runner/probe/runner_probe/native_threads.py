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
_LEAST_THREADS_S = 0.1  # CPU time of other threads than the main one that tells something
_NAME = re.compile(rf"lib(?:\w+_)?({'|'.join(_LIBRARIES)})(?![a-z])")


def native_threads(threads_s: float = 0.0) -> dict[str, int]:
    """Count the threads that each library loaded in this process may start.

    Libraries that the workload's module imports are loaded here and in every worker. Libraries that only a
    task imports are found only if tasks run in this process, as in the plain loop. The numbers come from
    `threadpoolctl` if it is installed, otherwise from the environment and the number of CPUs.

    Args:
        threads_s: CPU seconds of other threads than the main one, which ran the tasks meanwhile. If they were
            not those of the libraries, the tasks have threads of their own, and no library is reported
    """
    loaded = _loaded_libraries()
    if not loaded or _others_computed(threads_s, _living_s()):
        return {}
    try:
        from threadpoolctl import threadpool_info  # noqa: PLC0415 - only where such a library is loaded
    except ImportError:
        return {name: _by_environment(name) for name in loaded}
    return {str(pool["internal_api"]): int(pool["num_threads"]) for pool in threadpool_info()}


def _others_computed(threads_s: float, living_s: float | None) -> bool:
    """Whether threads that have ended computed for most of the time that was not the main thread's.

    A library keeps its threads.

    Args:
        threads_s: CPU seconds of all threads but the main one, while the tasks ran
        living_s: CPU seconds of those that still live, since they started; None: unknown
    """
    return living_s is not None and threads_s > _LEAST_THREADS_S and living_s < threads_s / 2


def _living_s(tasks: str = "/proc/self/task") -> float | None:
    """Add up the CPU seconds of the living threads of this process but the main one; None: unknown."""
    total_ns = 0
    try:
        threads = [thread for thread in os.listdir(tasks) if thread != str(os.getpid())]
    except OSError:  # not Linux
        return None
    for thread in threads:
        try:
            with open(f"{tasks}/{thread}/schedstat", encoding="ascii") as schedstat:
                total_ns += int(schedstat.read().split()[0])
        except FileNotFoundError:  # it has just ended
            continue
        except (OSError, ValueError, IndexError):
            return None
    return total_ns / 1e9


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
