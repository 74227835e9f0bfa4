"""Messages about names that do not lead to an object. Only errors import this module."""

from __future__ import annotations

import difflib
import inspect
import pkgutil

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def no_module(name: str) -> str:
    """Say that the first part of a name is not a module, and suggest another name."""
    parts = name.split(".")
    return f"'{name}' cannot be imported: there is no module '{parts[0]}'{_instead(parts)}"


def not_callable(name: str, target: object) -> str:
    """Say that an object cannot be called."""
    return f"'{name}' is {_article(type(target).__name__)}, which cannot be called"


def _instead(parts: list[str]) -> str:
    if not all(part.isidentifier() for part in parts):
        return "; write the name of a function in a module, MODULE.FUNCTION, not its code"
    if len(parts) == 1:
        return "; write MODULE.FUNCTION"
    similar = difflib.get_close_matches(parts[0], [module.name for module in pkgutil.iter_modules()], 1)
    return f"; did you mean '{'.'.join([similar[0], *parts[1:]])}'?" if similar else " on the path"


def unknown_arguments(bound: Any) -> str:
    """Say which named argument a bound target lacks; empty if it takes all, or does not say what it takes."""
    try:
        parameters = inspect.signature(bound.func).parameters
    except (TypeError, ValueError):
        return ""
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return ""
    for name in bound.keywords:
        if name not in parameters:
            similar = difflib.get_close_matches(name, parameters, 1)
            hint = (
                f"did you mean '{similar[0]}'?" if similar else f"its arguments are {', '.join(parameters)}"
            )
            return f"has no argument '{name}'; {hint}"
    return ""


def missing(name: str, owner: str, part: str, target: object) -> str:
    """Say that an object lacks an attribute, and suggest a similar one or name its file."""
    similar = difflib.get_close_matches(
        part, [entry for entry in dir(target) if not entry.startswith("_")], 1
    )
    hint = f"; did you mean '{owner}.{similar[0]}'?" if similar else ""
    file = getattr(target, "__file__", None)  # shows which of two modules of the same name was imported
    place = f" ({file})" if isinstance(file, str) and not similar else ""
    return f"'{name}' cannot be found: '{owner}'{place} has no '{part}'{hint}"


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiouAEIOU" else f"a {noun}"
