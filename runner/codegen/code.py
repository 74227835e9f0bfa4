"""The code to paste for a cell. Nothing that the cell names is imported to generate it."""

import shlex
from collections.abc import Mapping
from typing import Any

from runner.codegen.executor_code import executor_code
from runner.codegen.expressions import call, fit, spec, value
from runner.codegen.imports import Names
from runner.codegen.work_code import Job
from runner.modes import bags_of
from runner.records import Cell

_MAX_ITEMS = 100  # longer lists of items are not written out
_MAX_ITEMS_LENGTH = 1000  # characters of a list's text; longer texts are not written out either


def code_to_paste(cell: Cell, *, is_async: bool = False, auto_chunk_size: int = 1) -> str:
    """Write the Python that does what a cell does; empty for snippets, which are code already.

    Args:
        cell: the cell that was measured
        is_async: whether its function makes coroutines
        auto_chunk_size: the chunk size that was chosen for `auto`
    """
    workload, pool = cell.settings["workload"], cell.settings["executor"]["pool"]
    if workload["snippets"]:
        return ""
    names = Names()
    size = cell.tasks_per_chunk(auto_chunk_size)
    job = Job(workload=workload, pool=pool, chunk_size=size, is_async=is_async, names=names)
    script = executor_code(job)  # first, since it reserves names
    body = [*_items(workload, names), *_repeat_items(cell)]
    if workload.get("setup"):
        body.append(call(spec(workload["setup"]), names))
    body += script.statements
    if workload.get("teardown"):
        body.append(call(spec(workload["teardown"]), names))
    if script.is_imported:
        body = ['if __name__ == "__main__":', *(f"    {line}" for line in body)]
    parts = [[*_how_to_run(cell.settings), *names.imports()], *script.definitions, body]
    separator = "\n\n\n" if script.definitions else "\n\n"
    return separator.join("\n".join(part) for part in parts if part)


def _how_to_run(settings: Mapping[str, Any]) -> list[str]:
    """Write a comment with the environment variables and the prefix of the cell, if it has any."""
    env = [f"{key}={shlex.quote(str(setting))}" for key, setting in (settings.get("env") or {}).items()]
    command = [*env, *map(shlex.quote, settings.get("prefix") or [])]
    return [" ".join(f"# Run as: {' '.join(command)} python ...".split())] if command else []


def _items(workload: Mapping[str, Any], names: Names) -> list[str]:
    """Write the statements that make the items."""
    items = workload["items"]
    if isinstance(items, dict) and "_target_" in items:
        return fit("items = list(", [call(items, names)], ")")
    if isinstance(items, dict) and set(items) == {"lines"}:
        return [
            f'with open({_path(items["lines"], names)}, encoding="utf-8") as file:',
            '    items = [line.removesuffix("\\n") for line in file]',
        ]
    if isinstance(items, dict) and set(items) == {"glob"}:
        paths = f"{names.name('glob.glob')}({_path(items['glob'], names)}, recursive=True)"
        return fit("items = sorted(", [paths], ")")
    if (
        isinstance(items, list)
        and len(items) <= _MAX_ITEMS
        and len(value(items, Names())) < _MAX_ITEMS_LENGTH
    ):
        return fit("items = [", [value(item, names) for item in items], "]")
    name = " ".join(str(workload["name"]).split())
    return [f"items = load_items()  # write this function: it returns the items of workload {name}"]


def _repeat_items(cell: Cell) -> list[str]:
    """Write the statement that repeats the items if every worker has its own bag."""
    bags = bags_of(cell)
    each = bags // (cell.workers or 1)
    words = "one bag" if each == 1 else f"{each} bags"
    return [f"items = items * {bags}  # {words} per worker"] if bags > 1 else []


def _path(path: str, names: Names) -> str:
    if path.startswith("~"):
        return f"{names.name('os.path.expanduser')}({value(path, names)})"
    return value(path, names)
