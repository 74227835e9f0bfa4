"""Names in YAML → objects: dotted names, and `_target_` with its arguments."""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class TargetError(Exception):
    """A name that does not lead to an object; the message says why and what is near."""


def locate(name: str) -> Any:
    """Import the longest prefix of a dotted name that is a module, and walk the rest."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module_name = ".".join(parts[:length])
        try:
            found: Any = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            # A module that is there, but itself imports one that is not, is another mistake.
            missing = error.name or ""
            if missing != module_name and not module_name.startswith(missing + "."):
                raise TargetError(
                    f"'{name}' cannot be imported: '{module_name}' needs module '{missing}', "
                    "which is not installed"
                ) from error
            continue
        except Exception as error:
            raise TargetError(
                f"'{name}' cannot be imported: importing '{module_name}' raises "
                f"{type(error).__name__}: {error}"
            ) from error
        for depth, part in enumerate(parts[length:], length):
            if not hasattr(found, part):
                raise TargetError(_missing(name, ".".join(parts[:depth]), part, dir(found)))
            found = getattr(found, part)
        return found
    raise TargetError(f"'{name}' cannot be imported: there is no module '{parts[0]}' on the path")


def locate_callable(name: str) -> Any:
    """As `locate`, for what can be called."""
    found = locate(name)
    if not callable(found):
        raise TargetError(f"'{name}' is {_article(type(found).__name__)}, which cannot be called")
    return found


def call_target(spec: Mapping[str, Any]) -> Any:
    """Call `spec['_target_']` with `_args_` and the remaining keys, built first where they are targets."""
    positional = [build(value) for value in spec.get("_args_", [])]
    named = {key: build(value) for key, value in spec.items() if key not in ("_target_", "_args_")}
    return locate_callable(spec["_target_"])(*positional, **named)


def build(value: Any) -> Any:
    """Replace every dictionary with a `_target_`, however deep, by what its call returns."""
    if isinstance(value, dict):
        if "_target_" in value:
            return call_target(value)
        return {key: build(part) for key, part in value.items()}
    if isinstance(value, list):
        return [build(part) for part in value]
    return value


def _missing(name: str, owner: str, part: str, there: list[str]) -> str:
    import difflib  # noqa: PLC0415 - only mistakes pay for it

    near = difflib.get_close_matches(part, [entry for entry in there if not entry.startswith("_")], 1)
    hint = f"; did you mean '{owner}.{near[0]}'?" if near else ""
    return f"'{name}' cannot be found: '{owner}' has no '{part}'{hint}"


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiouAEIOU" else f"a {noun}"
