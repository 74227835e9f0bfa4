"""Values from YAML as Python expressions, written without importing the objects that they name."""

import keyword
from collections.abc import Mapping, Sequence
from typing import Any

from runner.codegen.imports import Names

WIDTH = 79  # columns


def partial(call: Sequence[str], names: Names) -> str:
    """Write a function with its first arguments bound.

    Args:
        call: the function, then its arguments
        names: the names in the code
    """
    return f"{names.name('functools.partial')}({', '.join(call)})"


def spec(setting: Any) -> Mapping[str, Any]:
    """Return the mapping with `_target_` of a setting that may also be a dotted name."""
    return {"_target_": setting} if isinstance(setting, str) else setting


def bind(target: Mapping[str, Any], names: Names) -> str:
    """Write a function that needs no arguments: the `_target_` with its arguments bound."""
    arguments = _arguments(target, names)
    function = names.name(target["_target_"])
    return partial([function, *arguments], names) if arguments else function


def call(target: Mapping[str, Any], names: Names) -> str:
    """Write the call of a `_target_` with its arguments."""
    return f"{names.name(target['_target_'])}({', '.join(_arguments(target, names))})"


def _arguments(target: Mapping[str, Any], names: Names) -> list[str]:
    positional = [value(part, names) for part in target.get("_args_", [])]
    return positional + keyword_arguments(
        {key: part for key, part in target.items() if key not in ("_target_", "_args_")}, names
    )


def keyword_arguments(arguments: Mapping[str, Any], names: Names) -> list[str]:
    """Write keyword arguments; names that are not identifiers become a dictionary."""
    plain = {key for key in arguments if key.isidentifier() and not keyword.iskeyword(key)}
    written = [f"{key}={value(part, names)}" for key, part in arguments.items() if key in plain]
    others = {key: part for key, part in arguments.items() if key not in plain}
    return [*written, f"**{value(others, names)}"] if others else written


def value(setting: Any, names: Names) -> str:
    """Write a value from YAML, with every `_target_` in it as a call."""
    if isinstance(setting, dict):
        if "_target_" in setting:
            return call(setting, names)
        parts = (f"{value(key, names)}: {value(part, names)}" for key, part in setting.items())
        return f"{{{', '.join(parts)}}}"
    if isinstance(setting, list):
        return f"[{', '.join(value(part, names) for part in setting)}]"
    written = repr(setting)
    if isinstance(setting, str) and '"' not in written:
        return f'"{written[1:-1]}"'
    return written


def fit(head: str, parts: Sequence[str], tail: str, indent: int = 4) -> list[str]:
    """Write brackets and their parts on one line if it fits after `indent`, otherwise on several lines."""
    line = f"{head}{', '.join(parts)}{tail}"
    if len(line) <= WIDTH - indent:
        return [line]
    # A comma after a single part would turn a comprehension into a tuple.
    comma = "," if len(parts) > 1 else ""
    inner = [f"    {part}," for part in parts[:-1]] + [f"    {part}{comma}" for part in parts[-1:]]
    return [head, *inner, tail]
