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
    module, _, class_name = target.rpartition(".")
    for statement in _statements(module):
        if isinstance(statement, ast.ClassDef) and statement.name == class_name:
            own = _traits_in(statement)
            return _inherited(module, statement) if own is None else own
    return {}


def code_template(target: str) -> str | None:
    """Return the `CODE` of an adapter; None for executors of other libraries.

    Args:
        target: the `_target_` of the executor's pool, of any library
    """
    values = (value for name, value in _assignments(_statements(target.rpartition(".")[0])) if name == "CODE")
    return next((str(ast.literal_eval(value)) for value in values), None)


@cache
def _statements(module: str) -> tuple[ast.stmt, ...]:
    """Parse the module of an adapter; return no statements for modules of other libraries."""
    path = _FOLDER / f"{module.removeprefix(_PACKAGE)}.py"
    if not module.startswith(_PACKAGE) or not path.is_file():
        return ()
    return tuple(ast.parse(path.read_text(encoding="utf-8")).body)


def _assignments(statements: tuple[ast.stmt, ...] | list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for statement in statements:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            yield statement.targets[0].id, statement.value


def _traits_in(definition: ast.ClassDef) -> dict[str, str | bool] | None:
    for name, value in _assignments(definition.body):
        if name == "traits" and isinstance(value, ast.Call):
            return {str(trait.arg): ast.literal_eval(trait.value) for trait in value.keywords}
    return None


def _inherited(module: str, definition: ast.ClassDef) -> dict[str, str | bool]:
    """Return the traits of a base, which is imported by name or defined in the same module."""
    origins = {
        alias.asname or alias.name: f"{statement.module}.{alias.name}"
        for statement in _statements(module)
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    bases = (base.id for base in definition.bases if isinstance(base, ast.Name))
    declared = (declared_traits(origins.get(base, f"{module}.{base}")) for base in bases)
    return next(filter(None, declared), {})
