"""The objects that YAML names: by a dotted name, or by a `_target_` with its arguments."""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import Any


_imports_ns: list[int] = []  # one for each import


class TargetError(Exception):
    """A name does not lead to an object; the message says why and suggests a similar name."""


def imports_ns() -> int:
    """Return how many nanoseconds `locate` has spent importing modules so far."""
    return sum(_imports_ns)


def locate(name: str) -> Any:
    """Import the longest prefix of a dotted name that is a module, then look up the other parts.

    Raises:
        TargetError: there is no such object, or importing it fails
    """
    parts = name.split(".")
    target: Any = None
    for length in range(1, len(parts) + 1):
        module = _import(".".join(parts[:length]), name)
        if module is None:
            break
        target = module
    else:
        return target
    if target is None:
        from runner_probe.target_errors import no_module  # noqa: PLC0415 - only errors pay for it

        raise TargetError(no_module(name))
    for depth, part in enumerate(parts[length - 1 :], length - 1):
        if not hasattr(target, part):
            from runner_probe.target_errors import missing  # noqa: PLC0415 - as above

            raise TargetError(missing(name, ".".join(parts[:depth]), part, target))
        target = getattr(target, part)
    return target


def _import(module: str, name: str) -> ModuleType | None:
    """Import a prefix of a name; None if there is no such module."""
    started_ns = time.perf_counter_ns()
    try:
        __import__(module)
        _imports_ns.append(time.perf_counter_ns() - started_ns)
        return sys.modules[module]
    except (Exception, SystemExit) as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing == module:
            return None
        if missing:  # this module exists, but imports one that does not
            why = f"'{module}' needs module '{missing}', which is not installed"
        else:
            why = f"importing '{module}' raises {type(error).__name__}: {error}"
        raise TargetError(f"'{name}' cannot be imported: {why}") from error


def locate_callable(name: str) -> Any:
    """Like `locate`, for an object that can be called; raise TargetError if it cannot."""
    target = locate(name)
    if not callable(target):
        from runner_probe.target_errors import not_callable  # noqa: PLC0415 - as above

        raise TargetError(not_callable(name, target))
    return target


def bind_target(spec: Mapping[str, Any]) -> Callable[[], Any]:
    """Bind `spec['_target_']` to `_args_` and the other keys; those that are targets are built first."""
    positional = [build(value) for value in spec.get("_args_", [])]
    named = {key: build(value) for key, value in spec.items() if key not in ("_target_", "_args_")}
    from functools import partial  # noqa: PLC0415 - most workloads do not need it

    return partial(locate_callable(spec["_target_"]), *positional, **named)


def call_target(spec: Mapping[str, Any]) -> Any:
    """Bind a target to its arguments and call it.

    Raises:
        TargetError: it takes no such arguments
    """
    bound = bind_target(spec)
    try:
        return bound()
    except TypeError as error:
        from runner_probe.target_errors import unknown_arguments  # noqa: PLC0415 - as above

        if problem := unknown_arguments(bound):
            raise TargetError(f"{spec['_target_']} {problem}") from error
        raise


def build(value: Any) -> Any:
    """Replace every dictionary with a `_target_`, at any depth, by what its call returns."""
    if isinstance(value, dict):
        if "_target_" in value:
            return call_target(value)
        return {key: build(part) for key, part in value.items()}
    if isinstance(value, list):
        return [build(part) for part in value]
    return value
