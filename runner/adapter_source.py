"""The declarations of executors' adapters, read from their source.

Importing an adapter would import its engine, which need not be installed where a report is made.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_PACKAGE = "runner_probe.adapters."
_FOLDER = Path(__file__).parent / "probe" / "runner_probe" / "adapters"


def declared_traits(target: str) -> dict[str, str | bool]:
    """Return the traits that an executor declares; those not included have their defaults.

    Args:
        target: the `_target_` of the executor's pool, of any library
    """
    _, _, class_name = target.rpartition(".")
    for statement in _statements(target):
        if isinstance(statement, ast.ClassDef) and statement.name == class_name:
            return _traits_in(statement)
    return {}


def code_template(target: str) -> str | None:
    """Return the `CODE` of an adapter; None for executors of other libraries.

    Args:
        target: the `_target_` of the executor's pool, of any library
    """
    values = (value for name, value in _assignments(_statements(target)) if name == "CODE")
    return next((str(ast.literal_eval(value)) for value in values), None)


@cache
def _statements(target: str) -> tuple[ast.stmt, ...]:
    """Parse the module of an adapter; return no statements for executors of other libraries."""
    module, _, _ = target.rpartition(".")
    path = _FOLDER / f"{module.removeprefix(_PACKAGE)}.py"
    if not module.startswith(_PACKAGE) or not path.is_file():
        return ()
    return tuple(ast.parse(path.read_text(encoding="utf-8")).body)


def _assignments(statements: tuple[ast.stmt, ...] | list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for statement in statements:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            yield statement.targets[0].id, statement.value


def _traits_in(definition: ast.ClassDef) -> dict[str, str | bool]:
    for name, value in _assignments(definition.body):
        if name == "traits" and isinstance(value, ast.Call):
            return {str(trait.arg): ast.literal_eval(trait.value) for trait in value.keywords}
    return {}
