"""The checks before anything is measured, in the interpreter that will run the tasks."""

from __future__ import annotations

import difflib
import inspect
import os
import platform
import sys
import sysconfig

from runner_probe.channel import dumps
from runner_probe.cpu import usable_cpus
from runner_probe.pools import Factory, traits_of
from runner_probe.targets import TargetError, locate_callable
from runner_probe.worker import is_async
from runner_probe.workload import Workload, WorkloadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from runner_probe.wire import (
        CellReply,
        InterpreterFacts,
        PoolSettings,
        PreflightReply,
        PreflightSpecification,
        WorkloadSettings,
    )


class _LoadedWorkload:
    """The result of loading a workload."""

    def __init__(self, problems: list[list[str]], workload: Workload | None = None) -> None:
        self.problems = problems  #: pairs of setting and message
        self.tasks = None if workload is None else len(workload.items)
        self.is_async = workload is not None and is_async(workload.call)
        self.file = None if workload is None else _file_of(workload.call)
        self.has_initializer = workload is not None and workload.initializer is not None


def check(
    specification: PreflightSpecification, announce: Callable[[str], None] = lambda _: None
) -> PreflightReply:
    """Load the workload and the executor of every cell, and describe the interpreter.

    Args:
        specification: the cells
        announce: called with the next activity
    """
    workloads: dict[str, _LoadedWorkload] = {}
    pools: dict[str, str] = {}
    replies: list[CellReply] = []
    for cell in specification["cells"]:
        key = dumps(cell["workload"])
        if key not in workloads:  # items may take a while to make
            workloads[key] = _load(cell["workload"], announce)
        loaded, pool = workloads[key], cell["pool"]
        key = dumps([pool, loaded.has_initializer])
        if key not in pools:
            announce(f"importing {pool['_target_'].rpartition('.')[0]} and opening a pool")
            pools[key] = _check_pool(pool, has_initializer=loaded.has_initializer)
        problems = [*loaded.problems, ["executor.pool", pools[key]]] if pools[key] else loaded.problems
        if not problems and cell["in_window"] and (reason := _why_no_window(pool)):
            problems = [["executor.pool", f"mode=throughput cannot run on it: {reason}; use mode=tasks"]]
        replies.append(
            {
                "tasks": loaded.tasks,
                "is_async": loaded.is_async,
                "file": loaded.file,
                "problems": problems,
            }
        )
    announce("describing the interpreter")
    return {"interpreter": describe_interpreter(), "cells": replies}


def _why_no_window(pool: PoolSettings) -> str:
    return traits_of(locate_callable(pool["_target_"])).no_window


def describe_interpreter() -> InterpreterFacts:
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


#: Variables that limit the numbers of threads or processes that libraries, and Python itself, use.
_THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "PYTHON_CPU_COUNT",
)


def _packages() -> dict[str, str]:
    """List the packages that are installed for this interpreter, with their versions."""
    from importlib import metadata  # noqa: PLC0415 - the slowest import of all

    versions = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            versions[name] = distribution.version
    return dict(sorted(versions.items()))


def _load(settings: WorkloadSettings, announce: Callable[[str], None]) -> _LoadedWorkload:
    # Every inner-loop count is 1: the check need not calibrate them.
    calls = dict.fromkeys(settings.get("snippets") or (), 1)
    try:
        workload = Workload(settings, calls, announce=announce)
    except WorkloadError as error:
        return _LoadedWorkload([[f"workload.{error.key}", str(error)]])
    problems = [["workload.arguments", problem] for problem in _unknown_arguments(settings, workload.call)]
    return _LoadedWorkload(problems, workload)


def _file_of(call: Any) -> str | None:
    """Return the file of the module that a function comes from; None if it has none."""
    module = sys.modules.get(getattr(getattr(call, "func", call), "__module__", None) or "")
    file = getattr(module, "__file__", None)
    return os.path.realpath(file) if isinstance(file, str) else None


def _unknown_arguments(workload: WorkloadSettings, call: Any) -> Iterator[str]:
    """Report the arguments that a function does not take, if it has a signature."""
    arguments = getattr(call, "keywords", None)
    if not arguments:
        return
    try:
        # What counts are the parameters of a decorator, not those of the function that it wraps.
        signature = inspect.signature(call.func, follow_wrapped=False)
    except (TypeError, ValueError):  # a built-in or a class without a signature
        return
    for name in arguments:
        if not _takes(signature, name):
            similar = difflib.get_close_matches(name, signature.parameters, 1)
            parameters = ", ".join(signature.parameters)
            hint = f"did you mean '{similar[0]}'?" if similar else f"its arguments are {parameters}"
            yield f"{workload['function']} has no argument '{name}'; {hint}"


def _check_pool(pool: PoolSettings, *, has_initializer: bool) -> str:
    """Say what is wrong with the settings of a pool; empty if nothing is."""
    try:
        make = locate_callable(pool["_target_"])
    except TargetError as error:
        return str(error)
    names = [name for name in pool if name != "_target_"]
    try:
        signature = inspect.signature(make)
    except (TypeError, ValueError):  # a built-in without a signature
        signature = None
    if signature is not None:
        try:
            signature.bind(**dict.fromkeys(names))
        except TypeError as error:
            return f"{pool['_target_']}: {error}; its arguments are {', '.join(signature.parameters)}"
        if has_initializer and not _takes(signature, "initializer"):
            return (
                f"{pool['_target_']} takes no initializer, so that of the workload cannot run in its "
                "workers; remove workload.initializer, or use another executor"
            )
    return _open_once(pool)


def _open_once(pool: PoolSettings) -> str:
    try:
        executor = Factory(pool, None).open()
        missing = [name for name in ("submit", "shutdown") if not callable(getattr(executor, name, None))]
        if missing:
            return _not_an_executor(pool["_target_"], executor, missing)
        executor.shutdown(wait=True)  # nothing was submitted, so no worker started
    except TargetError as error:
        return str(error)
    except Exception as error:  # caused by an argument, the target of an argument, or the start method
        return f"{pool['_target_']}: {type(error).__name__}: {error}"
    return ""


def _not_an_executor(target: str, pool: object, missing: list[str]) -> str:
    """Say what an executor needs; terminate the object that was made instead, if it can be terminated."""
    terminate = getattr(pool, "terminate", None)
    if callable(terminate):
        terminate()
    kind = type(pool)
    return (
        f"{target} makes a {kind.__module__}.{kind.__qualname__}, which has no {' and no '.join(missing)}; "
        "an executor needs submit(function, *arguments), which returns a future, and shutdown(wait=True)"
    )


def _takes(signature: inspect.Signature, name: str) -> bool:
    return name in signature.parameters or any(
        parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in signature.parameters.values()
    )
