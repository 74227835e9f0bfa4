"""The code to paste: Python that does what a cell does, as a script of its own."""

import importlib.util
import sys
from collections.abc import Mapping
from typing import Any

from runner.records import Cell

_LONGEST_ITEMS = 70  # characters of a literal list


def code_to_paste(cell: Cell) -> str:
    """Write the code; empty for snippets, which are code already."""
    workload, pool = cell.settings["workload"], cell.settings["executor"]["pool"]
    if workload["snippets"]:
        return ""
    script = _Script()
    items = script.items(workload["items"], workload["name"])
    call = script.bound(workload["function"], workload["arguments"])
    if pool["_target_"].startswith("runner_probe."):  # the plain loop
        body = [f"results = list(map({call}, items))"]
    else:
        body = script.with_pool(cell, call)
    return "\n".join([*script.imports(), "", *items, *body])


class _Script:
    """Expressions, and the imports that they need."""

    def __init__(self) -> None:
        self._imports: dict[str, None] = {}

    def imports(self) -> list[str]:
        return sorted(self._imports)

    def name(self, dotted: str) -> str:
        """Import what a dotted name starts with, and give the expression for the rest."""
        module, attributes = _split(dotted)
        first = attributes.partition(".")[0]
        self._imports[f"from {module} import {first}" if module else f"# {first} is a builtin"] = None
        return attributes

    def value(self, value: Any) -> str:
        """Write a value of the YAML: a `_target_` is a call."""
        if isinstance(value, Mapping) and "_target_" in value:
            positional = [self.value(one) for one in value.get("_args_", ())]
            named = [
                f"{key}={self.value(one)}" for key, one in value.items() if key not in ("_target_", "_args_")
            ]
            return f"{self.name(value['_target_'])}({', '.join([*positional, *named])})"
        if isinstance(value, Mapping):
            return f"{{{', '.join(f'{key!r}: {self.value(one)}' for key, one in value.items())}}}"
        if isinstance(value, list):
            return f"[{', '.join(map(self.value, value))}]"
        return repr(value)

    def bound(self, function: str, arguments: Mapping[str, Any]) -> str:
        """Write a function, with its further arguments bound."""
        name = self.name(function)
        if not arguments:
            return name
        self._imports["from functools import partial"] = None
        return f"partial({name}, {', '.join(f'{key}={self.value(one)}' for key, one in arguments.items())})"

    def items(self, items: Any, workload: str) -> list[str]:
        """Write the items: as they are where that is short, or as they are made."""
        if isinstance(items, list):
            literal = self.value(items)
            if len(literal) <= _LONGEST_ITEMS:
                return [f"items = {literal}"]
            return [f"items = [...]  # the {len(items)} items of workload '{workload}'"]
        if "_target_" in items:
            return [f"items = list({self.value(items)})"]
        if "lines" in items:
            self._imports["from pathlib import Path"] = None
            return [f"items = Path({items['lines']!r}).read_text().splitlines()"]
        self._imports["from glob import glob"] = None
        return [f"items = sorted(glob({items['glob']!r}, recursive=True))"]

    def with_pool(self, cell: Cell, call: str) -> list[str]:
        """Write the pool, and the map over it."""
        pool, workload = cell.settings["executor"]["pool"], cell.settings["workload"]
        given = {key: value for key, value in pool.items() if key != "_target_" and value is not None}
        arguments = [f"{key}={self.value(value)}" for key, value in given.items() if key != "mp_context"]
        before = []
        if "mp_context" in given:
            self._imports["from multiprocessing import get_context"] = None
            before = [f'context = get_context("{given["mp_context"]}")']
            arguments.append("mp_context=context")
        if workload.get("initializer"):
            arguments.append(f"initializer={self._initializer(workload['initializer'])}")
        name = self.name(pool["_target_"])
        body = [
            *before,
            f"with {name}({', '.join(arguments)}) as pool:",
            f"    results = list(pool.map({call}, items{_chunks(cell, name)}))",
        ]
        if "Thread" in name:
            return body
        # Workers may import the script again.
        return ['if __name__ == "__main__":', *(f"    {line}" for line in body)]

    def _initializer(self, initializer: Any) -> str:
        if isinstance(initializer, str):
            return self.name(initializer)
        arguments = {key: value for key, value in initializer.items() if key not in ("_target_", "_args_")}
        return self.bound(initializer["_target_"], arguments)


def _chunks(cell: Cell, pool: str) -> str:
    """Write the chunk size, which `map` of threads does not know."""
    if cell.chunk_size == 1 or "Thread" in pool:
        return ""
    return f", chunksize={cell.chunk_size or 'len(items)'}"


def _split(dotted: str) -> tuple[str, str]:
    """Tell module and attributes of a dotted name apart, without importing a user's code.

    Of the standard library the modules are looked up; elsewhere a class is told by its capital.
    """
    parts = dotted.split(".")
    if parts[0] in sys.stdlib_module_names:
        length = len(parts) - 1
        while length > 1 and not _is_module(".".join(parts[:length])):
            length -= 1
    else:
        capitals = [place for place, part in enumerate(parts) if part[:1].isupper()]
        length = capitals[0] if capitals else len(parts) - 1
    return ".".join(parts[:length]), ".".join(parts[length:])


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is no package
        return False
