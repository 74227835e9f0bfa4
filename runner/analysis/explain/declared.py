"""Every cause that a module of this package declares."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from runner.analysis import explain
from runner.analysis.explain.causes import UNKNOWN
from runner.facts import Cause


def declared_causes() -> dict[str, Cause]:
    """Return all causes that a report may show, by code."""
    return {cause.code: cause for cause in every_cause() if cause is not UNKNOWN}


def every_cause() -> Iterator[Cause]:
    """Yield the causes of all modules; a cause occurs again in each module that imports it."""
    for module in iter_modules(explain.__path__):
        names = vars(import_module(f"{explain.__name__}.{module.name}"))
        yield from (value for value in names.values() if isinstance(value, Cause))
