"""The checks made before anything is measured, in the interpreter that will measure."""

from __future__ import annotations

import difflib
import inspect
import os
import platform
import sys
import sysconfig

from runner_probe.adapters import traits_of
from runner_probe.cpu import usable_cpus
from runner_probe.pool_factory import Factory
from runner_probe.quick_json import dumps
from runner_probe.targets import TargetError, locate_callable
from runner_probe.worker import is_async
from runner_probe.workload import Workload, WorkloadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    #: number of tasks, whether they are coroutines, whether there is an initializer, problems as key and text
    _Loaded = tuple[int | None, bool, bool, list[list[str]]]


def check(specification: dict[str, Any]) -> dict[str, Any]:
    """Load every workload and every pool asked for; tell what is wrong with which key, and what this is."""
    workloads: dict[str, _Loaded] = {}
    pools: dict[str, str | None] = {}
    checked = []
    for one in specification["check"]:
        key = dumps(one["workload"])
        if key not in workloads:  # items may take a while to make
            workloads[key] = _load(one["workload"])
        tasks, is_coroutine, with_initializer, problems = workloads[key]
        pool = one["executor"]["pool"]
        key = dumps([pool, with_initializer])
        if key not in pools:
            pools[key] = _check_pool(pool, with_initializer=with_initializer)
        problem = pools[key]
        found = problems if problem is None else [*problems, ["executor.pool", problem]]
        if not found and one.get("in_window") and (reason := _why_no_window(pool)):
            found = [["executor.pool", f"mode=throughput cannot run there: {reason}; use mode=tasks"]]
        checked.append({"tasks": tasks, "is_async": is_coroutine, "problems": found})
    return {"interpreter": interpreter(), "checked": checked}


def _why_no_window(pool: dict[str, Any]) -> str:
    return traits_of(locate_callable(pool["_target_"])).no_window


def interpreter() -> dict[str, Any]:
    """Describe this interpreter."""
    gil_enabled = getattr(sys, "_is_gil_enabled", lambda: True)()
    return {
        "executable": sys.executable,
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "build": " ".join(platform.python_build()),
        "compiler": platform.python_compiler(),
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "gil_enabled": gil_enabled,
        "usable_cpus": usable_cpus(),
        "thread_counts": {name: os.environ[name] for name in _THREAD_COUNTS if name in os.environ},
        "packages": _packages(),
    }


#: What tells libraries, and Python itself, how many threads or processes to use.
_THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "PYTHON_CPU_COUNT",
)


def _packages() -> dict[str, str]:
    """List what is installed beside this interpreter."""
    from importlib import metadata  # noqa: PLC0415 - the slowest import of all

    found = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found[name] = distribution.version
    return dict(sorted(found.items()))


def _load(workload: dict[str, Any]) -> _Loaded:
    # Loops are not calibrated here: every count is 1.
    calls = dict.fromkeys(workload.get("snippets") or (), 1)
    try:
        loaded = Workload(workload, calls)
    except WorkloadError as error:
        return None, False, False, [[f"workload.{error.key}", str(error)]]
    problems = [["workload.arguments", wrong] for wrong in _wrong_arguments(workload, loaded.call)]
    return len(loaded.items), is_async(loaded.call), loaded.initializer is not None, problems


def _wrong_arguments(workload: dict[str, Any], call: Any) -> Iterator[str]:
    """Name the arguments that a function does not take, if it tells which it does."""
    arguments = getattr(call, "keywords", None)
    if not arguments:
        return
    try:
        # What a decorator itself takes, not what it says of the function that it wraps.
        signature = inspect.signature(call.func, follow_wrapped=False)
    except (TypeError, ValueError):  # a builtin, or a class, that does not tell
        return
    for name in arguments:
        if not _takes(signature, name):
            near = difflib.get_close_matches(name, signature.parameters, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"it takes {', '.join(signature.parameters)}"
            yield f"{workload['function']} takes no argument '{name}'; {hint}"


def _check_pool(pool: dict[str, Any], *, with_initializer: bool) -> str | None:
    try:
        make = locate_callable(pool["_target_"])
    except TargetError as error:
        return str(error)
    names = [name for name in pool if name != "_target_"]
    try:
        signature = inspect.signature(make)
    except (TypeError, ValueError):  # a builtin that does not tell
        signature = None
    if signature is not None:
        try:
            signature.bind(**dict.fromkeys(names))
        except TypeError as error:
            return f"{pool['_target_']}: {error}; it takes {', '.join(signature.parameters)}"
        if with_initializer and not _takes(signature, "initializer"):
            return f"{pool['_target_']} takes no initializer, so the workload's cannot run in its workers"
    return _open_once(pool)


def _open_once(pool: dict[str, Any]) -> str | None:
    try:
        opened = Factory(pool, None).open()
        lacking = [name for name in ("submit", "shutdown") if not callable(getattr(opened, name, None))]
        if lacking:
            return _no_executor(pool["_target_"], opened, lacking)
        opened.shutdown(wait=True)  # nothing was submitted, so no worker started
    except TargetError as error:
        return str(error)
    except Exception as error:  # of an argument's value, its own target, or the start method
        return f"{pool['_target_']}: {type(error).__name__}: {error}"
    return None


def _no_executor(target: str, made: object, lacking: list[str]) -> str:
    """Say what an executor needs; ends what was made instead if it is a pool that can be ended."""
    end = getattr(made, "terminate", None)
    if callable(end):
        end()
    kind = type(made)
    return (
        f"{target} makes a {kind.__module__}.{kind.__qualname__}, which has no {' and no '.join(lacking)}; "
        "an executor needs submit(function, *arguments), which returns a future, and shutdown(wait=True)"
    )


def _takes(signature: inspect.Signature, name: str) -> bool:
    return name in signature.parameters or any(
        parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in signature.parameters.values()
    )
