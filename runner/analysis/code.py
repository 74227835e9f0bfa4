"""The code to paste: Python that does what a cell does, written without importing what the cell names."""

import keyword
import shlex
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from typing import Any

from runner.records import Cell

_LOOP = "runner_probe.executors.Serial"
_THREADS = {"concurrent.futures.ThreadPoolExecutor", "concurrent.futures.thread.ThreadPoolExecutor"}
#: Pools whose `map` heeds `chunksize`; that of the other pools of the standard library ignores it.
_CHUNKING = {
    "concurrent.futures.ProcessPoolExecutor",
    "concurrent.futures.process.ProcessPoolExecutor",
    "loky.ProcessPoolExecutor",
    "loky.get_reusable_executor",
}
_WIDTH = 79  # columns
_MOST_ITEMS = 6  # that are written out,
_LONGEST_ITEMS = 110  # if they need fewer characters than this
#: What the code itself calls by these names.
_RESERVED = (
    *("items", "item", "results", "result", "task", "pool", "context", "futures", "future", "file", "line"),
    *("batches", "batch", "run_batch", "call", "done", "start"),
    *("list", "map", "len", "range", "open", "sorted"),
)
_FLATTENED = "    results = [result for batch in done for result in batch]"
_RUN_BATCH = ["def run_batch(call, batch):", "    return [call(item) for item in batch]"]


def code_to_paste(cell: Cell) -> str:
    """Write the Python that does what a cell does; empty for snippets, which are code already."""
    if cell.settings["workload"]["snippets"]:
        return ""
    names = _Names()
    workload, pool = cell.settings["workload"], cell.settings["executor"]["pool"]
    body = _items(workload, names)
    if workload.get("setup"):
        body.append(_call(_spec(workload["setup"]), names))
    in_batches = False
    if pool["_target_"] == _LOOP:
        body += _loop(workload, names)
    else:
        in_batches = pool["_target_"] not in _CHUNKING and cell.chunk_size != 1
        body += _in_pool(cell, names, in_batches=in_batches)
    if workload.get("teardown"):
        body.append(_call(_spec(workload["teardown"]), names))
    if pool["_target_"] not in {_LOOP, *_THREADS}:
        # A worker process may import the script, and must not then open a pool of its own.
        body = ['if __name__ == "__main__":', *(f"    {line}" for line in body)]
    parts = [[*_how_to_run(cell.settings), *names.imports()], _RUN_BATCH if in_batches else [], body]
    separator = "\n\n\n" if in_batches else "\n\n"
    return separator.join("\n".join(part) for part in parts if part)


def _how_to_run(settings: Mapping[str, Any]) -> list[str]:
    """Tell, as a comment, the environment and the prefix of a measured interpreter that has them."""
    env = [f"{key}={shlex.quote(str(value))}" for key, value in (settings.get("env") or {}).items()]
    command = [*env, *map(shlex.quote, settings.get("prefix") or [])]
    return [" ".join(f"# Run as: {' '.join(command)} python ...".split())] if command else []


def _items(workload: Mapping[str, Any], names: "_Names") -> list[str]:
    """Write the statement that makes the items."""
    items = workload["items"]
    if isinstance(items, dict) and "_target_" in items:
        return _fit("items = list(", [_call(items, names)], ")")
    if isinstance(items, dict) and set(items) == {"lines"}:
        return [
            f'with open({_path(items["lines"], names)}, encoding="utf-8") as file:',
            '    items = [line.removesuffix("\\n") for line in file]',
        ]
    if isinstance(items, dict) and set(items) == {"glob"}:
        found = f"{names.name('glob.glob')}({_path(items['glob'], names)}, recursive=True)"
        return _fit("items = sorted(", [found], ")")
    if (
        isinstance(items, list)
        and len(items) <= _MOST_ITEMS
        and len(_value(items, _Names())) < _LONGEST_ITEMS
    ):
        return _fit("items = [", [_value(item, names) for item in items], "]")
    return [f"items = ...  # the items of workload {' '.join(str(workload['name']).split())}"]


def _path(path: str, names: "_Names") -> str:
    if path.startswith("~"):
        return f"{names.name('os.path.expanduser')}({_value(path, names)})"
    return _value(path, names)


def _loop(workload: Mapping[str, Any], names: "_Names") -> list[str]:
    lines = [_call(_spec(workload["initializer"]), names)] if workload.get("initializer") else []
    assigned, task = _task(workload, names, room=_WIDTH - len("results = list(map(, items))"))
    return [*lines, *assigned, f"results = list(map({task}, items))"]


def _in_pool(cell: Cell, names: "_Names", *, in_batches: bool) -> list[str]:
    """Write the statements that run the tasks in a pool."""
    workload, pool = cell.settings["workload"], cell.settings["executor"]["pool"]
    target = pool["_target_"]
    lines, arguments = _pool_arguments(workload, pool, names)
    if in_batches:
        size = cell.chunk_size
        cut = f"items[start : start + {size}] for start in range(0, len(items), {size})"
        lines += _fit("batches = [", ["items" if size is None else cut], "]")
    opened = names.name(target)
    if target.partition(".")[0] not in {"concurrent", "loky"}:
        return [*lines, *_submitting(workload, names, opened, arguments, in_batches=in_batches)]
    chunks = ""
    if target in _CHUNKING and cell.chunk_size != 1:
        chunks = f", chunksize={'len(items)' if cell.chunk_size is None else cell.chunk_size}"
    room = _WIDTH - len(f"        results = list(pool.map(, items{chunks}))")
    assigned, task = _task(workload, names, room=0 if in_batches else room)
    mapped = [f"    results = list(pool.map({task}, items{chunks}))"]
    if in_batches:
        done = f"pool.map({names.name('functools.partial')}(run_batch, {task}), batches)"
        mapped = [f"    done = {done}", _FLATTENED]
    return [*lines, *assigned, *_fit(f"with {opened}(", arguments, ") as pool:"), *mapped]


def _submitting(
    workload: Mapping[str, Any], names: "_Names", opened: str, arguments: Sequence[str], *, in_batches: bool
) -> list[str]:
    """Use what every pool has, `submit` and `shutdown`: others need neither `map` nor `with`."""
    assigned, task = _task(workload, names, room=0)
    call = (
        f"run_batch, {task}, batch) for batch in batches"
        if in_batches
        else f"{task}, item) for item in items"
    )
    collected = ["    results = [future.result() for future in futures]"]
    if in_batches:
        collected = ["    done = [future.result() for future in futures]", _FLATTENED]
    return [
        *assigned,
        *_fit(f"pool = {opened}(", arguments, ")"),
        "try:",
        *(f"    {line}" for line in _fit("futures = [", [f"pool.submit({call}"], "]", indent=8)),
        *collected,
        "finally:",
        "    pool.shutdown()",
    ]


def _task(workload: Mapping[str, Any], names: "_Names", *, room: int) -> tuple[list[str], str]:
    """Write what is called with an item, and the statement that it needs where there is no room for it."""
    function = names.name(workload["function"])
    if not workload["arguments"]:
        return [], function
    partial = names.name("functools.partial")
    given = [function, *_named(workload["arguments"], names)]
    inline = f"{partial}({', '.join(given)})"
    if len(inline) <= room:
        return [], inline
    return _fit(f"task = {partial}(", given, ")"), "task"


def _pool_arguments(
    workload: Mapping[str, Any], pool: Mapping[str, Any], names: "_Names"
) -> tuple[list[str], list[str]]:
    """Write the arguments of the pool, and the statement that they need."""
    given = {key: value for key, value in pool.items() if key != "_target_"}
    method, lines = given.get("mp_context", ...), []
    if isinstance(method, str | None):
        text = "" if method is None else f'"{method}"'
        lines = [f"context = {names.name('multiprocessing.get_context')}({text})"]
        del given["mp_context"]
    if workload.get("initializer"):
        given.pop("initializer", None)  # the workload's is the one that is used
    arguments = _named(given, names)
    if lines:
        arguments.insert(list(pool).index("mp_context") - 1, "mp_context=context")
    if workload.get("initializer"):
        arguments.append(f"initializer={_bound(_spec(workload['initializer']), names)}")
    return lines, arguments


def _spec(setting: Any) -> Mapping[str, Any]:
    """Make a `_target_` of a dotted name."""
    return {"_target_": setting} if isinstance(setting, str) else setting


def _bound(spec: Mapping[str, Any], names: "_Names") -> str:
    """Write a function without arguments: what `_target_` names, with its arguments bound."""
    given = _given(spec, names)
    function = names.name(spec["_target_"])
    return f"{names.name('functools.partial')}({', '.join([function, *given])})" if given else function


def _call(spec: Mapping[str, Any], names: "_Names") -> str:
    return f"{names.name(spec['_target_'])}({', '.join(_given(spec, names))})"


def _given(spec: Mapping[str, Any], names: "_Names") -> list[str]:
    positional = [_value(value, names) for value in spec.get("_args_", [])]
    return positional + _named(
        {key: value for key, value in spec.items() if key not in ("_target_", "_args_")}, names
    )


def _named(arguments: Mapping[str, Any], names: "_Names") -> list[str]:
    """Write keyword arguments; those that are no identifiers as a dictionary."""
    plain = {key for key in arguments if key.isidentifier() and not keyword.iskeyword(key)}
    written = [f"{key}={_value(value, names)}" for key, value in arguments.items() if key in plain]
    others = {key: value for key, value in arguments.items() if key not in plain}
    return [*written, f"**{_value(others, names)}"] if others else written


def _value(value: Any, names: "_Names") -> str:
    """Write a value of a YAML, with every `_target_` in it as the call that it stands for."""
    if isinstance(value, dict):
        if "_target_" in value:
            return _call(value, names)
        parts = (f"{_value(key, names)}: {_value(part, names)}" for key, part in value.items())
        return f"{{{', '.join(parts)}}}"
    if isinstance(value, list):
        return f"[{', '.join(_value(part, names) for part in value)}]"
    written = repr(value)
    if isinstance(value, str) and '"' not in written:
        return f'"{written[1:-1]}"'
    return written


def _fit(head: str, parts: Sequence[str], tail: str, indent: int = 4) -> list[str]:
    """Write a bracket and what is in it on one line if it fits there, indented; otherwise on several."""
    line = f"{head}{', '.join(parts)}{tail}"
    if len(line) <= _WIDTH - indent:
        return [line]
    # A comma after a lone part would make a comprehension a tuple.
    comma = "," if len(parts) > 1 else ""
    inner = [f"    {part}," for part in parts[:-1]] + [f"    {part}{comma}" for part in parts[-1:]]
    return [head, *inner, tail]


@dataclass
class _Names:
    """The names that the code uses, each for one object, and the imports that make them."""

    taken: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_RESERVED, ""))  #: name → object

    def name(self, dotted: str) -> str:
        """Import what a dotted name begins with, once; returns how the code refers to the object."""
        module, attributes = split(dotted)
        imported = f"{module}:{attributes[0]}"
        known = next((name for name, owner in self.taken.items() if owner == imported), None)
        if known is None:
            known = attributes[0]
            if known in self.taken:
                known = f"{module.rpartition('.')[2]}_{known}"
            while known in self.taken:
                known += "_"
            self.taken[known] = imported
        return ".".join([known, *attributes[1:]])

    def imports(self) -> list[str]:
        """Write the imports: first those of the standard library."""
        modules: dict[str, list[str]] = {}
        for name, owner in self.taken.items():
            module, _, imported = owner.partition(":")
            if owner and owner != f"builtins:{name}":
                given = imported if name == imported else f"{imported} as {name}"
                modules.setdefault(module, []).append(given)
        ordered = sorted(modules, key=lambda module: (not _is_standard(module), module))
        return [f"from {module} import {', '.join(sorted(modules[module]))}" for module in ordered]


def split(dotted: str) -> tuple[str, list[str]]:
    """Split a dotted name into its module and the attributes below it, without importing anything.

    Of the standard library it is known what is a module. Otherwise all but the last part is, unless a part
    before that begins with a capital letter, as classes do.
    """
    parts = dotted.split(".")
    if _is_standard(dotted):
        depth = _standard_depth(parts)
    else:
        capital = (i for i, part in enumerate(parts) if i and part.lstrip("_")[:1].isupper())
        depth = next(capital, len(parts) - 1)
    depth = max(1, min(depth, len(parts) - 1))
    return ".".join(parts[:depth]), parts[depth:]


def _is_standard(dotted: str) -> bool:
    return dotted.partition(".")[0] in sys.stdlib_module_names


def _standard_depth(parts: Sequence[str]) -> int:
    """Count how many leading parts name a module of the standard library; looks for files only."""
    folders: list[str] | None = [sysconfig.get_path("stdlib")]
    for depth in range(1, len(parts)):
        spec = PathFinder.find_spec(".".join(parts[:depth]), folders)
        if spec is None:  # also for what is built in, which has nothing below it
            return max(1, depth - 1)
        folders = spec.submodule_search_locations
        if not folders:
            return depth
    return len(parts) - 1
