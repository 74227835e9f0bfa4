"""The code to paste: Python that does what a cell does, written without importing what the cell names."""

import keyword
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runner.analysis.imports import Names
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
#: Libraries whose pools have `map` and can be used in a `with` statement.
_MAPPING = {"concurrent", "loky"}
_WIDTH = 79  # columns
_MOST_ITEMS = 6  # that are written out,
_LONGEST_ITEMS = 110  # if they need fewer characters than this


def code_to_paste(cell: Cell, *, is_async: bool = False) -> str:
    """Write the Python that does what a cell does; empty for snippets, which are code already.

    Args:
        cell: what was measured
        is_async: whether its function makes coroutines
    """
    if cell.settings["workload"]["snippets"]:
        return ""
    names = Names()
    workload, pool = cell.settings["workload"], cell.settings["executor"]["pool"]
    body = _items(workload, names)
    if workload.get("setup"):
        body.append(_call(_spec(workload["setup"]), names))
    if pool["_target_"] == _LOOP:
        run = _async_loop(workload, names) if is_async else _loop(workload, names)
    else:
        run = _in_pool(cell, names, is_async=is_async)
    body += run.statements
    if workload.get("teardown"):
        body.append(_call(_spec(workload["teardown"]), names))
    if pool["_target_"] not in {_LOOP, *_THREADS}:
        # A worker process may import the script, and must not then open a pool of its own.
        body = ['if __name__ == "__main__":', *(f"    {line}" for line in body)]
    parts = [[*_how_to_run(cell.settings), *names.imports()], *run.definitions, body]
    separator = "\n\n\n" if run.definitions else "\n\n"
    return separator.join("\n".join(part) for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What runs the tasks: statements, and what is defined above them, where workers can import it."""

    statements: list[str]
    definitions: list[list[str]] = field(default_factory=list)


def _how_to_run(settings: Mapping[str, Any]) -> list[str]:
    """Tell, as a comment, the environment and the prefix of a measured interpreter that has them."""
    env = [f"{key}={shlex.quote(str(value))}" for key, value in (settings.get("env") or {}).items()]
    command = [*env, *map(shlex.quote, settings.get("prefix") or [])]
    return [" ".join(f"# Run as: {' '.join(command)} python ...".split())] if command else []


def _items(workload: Mapping[str, Any], names: Names) -> list[str]:
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
    if isinstance(items, list) and len(items) <= _MOST_ITEMS and len(_value(items, Names())) < _LONGEST_ITEMS:
        return _fit("items = [", [_value(item, names) for item in items], "]")
    return [f"items = ...  # the items of workload {' '.join(str(workload['name']).split())}"]


def _path(path: str, names: Names) -> str:
    if path.startswith("~"):
        return f"{names.name('os.path.expanduser')}({_value(path, names)})"
    return _value(path, names)


def _loop(workload: Mapping[str, Any], names: Names) -> _Run:
    assigned, task = _task(workload, names, room=_WIDTH - len("results = list(map(, items))"))
    first = _initialized(workload, names)
    return _Run(statements=[*first, *assigned, f"results = list(map({task}, items))"])


def _async_loop(workload: Mapping[str, Any], names: Names) -> _Run:
    names.module("asyncio")
    definitions = _awaiting_all(workload, names)
    first = _initialized(workload, names)
    return _Run(statements=[*first, "results = asyncio.run(run_all(items))"], definitions=definitions)


def _initialized(workload: Mapping[str, Any], names: Names) -> list[str]:
    return [_call(_spec(workload["initializer"]), names)] if workload.get("initializer") else []


def _awaiting_all(workload: Mapping[str, Any], names: Names) -> list[list[str]]:
    """Define what awaits one task after another, as the runner does with a chunk."""
    assigned, task = _task(workload, names, room=0)
    looping = ["async def run_all(items):", f"    return [await {task}(item) for item in items]"]
    return [part for part in (assigned, looping) if part]


def _in_pool(cell: Cell, names: Names, *, is_async: bool) -> _Run:
    """Write what runs the tasks in a pool."""
    workload, pool = cell.settings["workload"], cell.settings["executor"]["pool"]
    target = pool["_target_"]
    lines, arguments = _pool_arguments(workload, pool, names)
    work = _async_work(cell, names) if is_async else _work(cell, names)
    opened = names.name(target)
    if target.partition(".")[0] in _MAPPING:
        head = _fit(f"with {opened}(", arguments, ") as pool:")
        used = [*work.assigned, *head, *(f"    {line}" for line in work.mapped(names))]
    else:
        used = [*work.assigned, *_submitting(work, opened, arguments)]
    return _Run(statements=[*lines, *used], definitions=work.definitions)


def _submitting(work: "_Work", opened: str, arguments: Sequence[str]) -> list[str]:
    """Use what every pool has, `submit` and `shutdown`: others need neither `map` nor `with`."""
    call = f"pool.submit({', '.join(work.call)}, {work.one}) for {work.one} in {work.all}"
    return [
        *_fit(f"pool = {opened}(", arguments, ")"),
        "try:",
        *(f"    {line}" for line in _fit("futures = [", [call], "]", indent=8)),
        *(f"    {line}" for line in work.gathered("[future.result() for future in futures]")),
        "finally:",
        "    pool.shutdown()",
    ]


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What a pool is given to do."""

    call: list[str]  #: a function, and its first arguments if it has any before the item or the batch
    in_batches: bool
    chunks: str = ""  #: how `map` is told to send several items at a time
    assigned: list[str] = field(default_factory=list)  #: the statements that the call needs
    definitions: list[list[str]] = field(default_factory=list)

    @property
    def one(self) -> str:
        """Name what one call gets."""
        return "batch" if self.in_batches else "item"

    @property
    def all(self) -> str:
        """Name what all the calls get."""
        return "batches" if self.in_batches else "items"

    def mapped(self, names: Names) -> list[str]:
        """Write the statements that let the pool's `map` do it."""
        call = self.call[0] if len(self.call) == 1 else _partial(self.call, names)
        return self.gathered(f"list(pool.map({call}, {self.all}{self.chunks}))")

    def gathered(self, done: str) -> list[str]:
        """Write the statements that keep the results."""
        if not self.in_batches:
            return [f"results = {done}"]
        return [f"done = {done}", "results = [result for batch in done for result in batch]"]


def _work(cell: Cell, names: Names) -> _Work:
    """Let workers call the function, on chunks of the size of the cell."""
    workload, target = cell.settings["workload"], cell.settings["executor"]["pool"]["_target_"]
    if cell.chunk_size != 1 and target not in _CHUNKING:
        assigned, task = _task(workload, names, room=0)
        return _Work(
            call=["run_batch", task],
            in_batches=True,
            assigned=[*_batches(cell.chunk_size), *assigned],
            definitions=[["def run_batch(call, batch):", "    return [call(item) for item in batch]"]],
        )
    chunks = ""
    if cell.chunk_size != 1:
        chunks = f", chunksize={'len(items)' if cell.chunk_size is None else cell.chunk_size}"
    is_mapped = target.partition(".")[0] in _MAPPING
    room = _WIDTH - len(f"        results = list(pool.map(, items{chunks}))") if is_mapped else 0
    assigned, task = _task(workload, names, room=room)
    return _Work(call=[task], in_batches=False, chunks=chunks, assigned=assigned)


def _async_work(cell: Cell, names: Names) -> _Work:
    """Let workers run an event loop for each chunk."""
    names.module("asyncio")
    if cell.chunk_size != 1:
        running = ["def run_batch(batch):", "    return asyncio.run(run_all(batch))"]
        return _Work(
            call=["run_batch"],
            in_batches=True,
            assigned=_batches(cell.chunk_size),
            definitions=[*_awaiting_all(cell.settings["workload"], names), running],
        )
    assigned, task = _task(cell.settings["workload"], names, room=0)
    running = ["def run_item(item):", f"    return asyncio.run({task}(item))"]
    definitions = [part for part in (assigned, running) if part]
    return _Work(call=["run_item"], in_batches=False, definitions=definitions)


def _batches(size: int | None) -> list[str]:
    cut = f"items[start : start + {size}] for start in range(0, len(items), {size})"
    return _fit("batches = [", ["items" if size is None else cut], "]")


def _partial(call: Sequence[str], names: Names) -> str:
    return f"{names.name('functools.partial')}({', '.join(call)})"


def _task(workload: Mapping[str, Any], names: Names, *, room: int) -> tuple[list[str], str]:
    """Write what is called with an item, and the statement that it needs where there is no room for it."""
    function = names.name(workload["function"])
    if not workload["arguments"]:
        return [], function
    given = [function, *_named(workload["arguments"], names)]
    inline = _partial(given, names)
    if len(inline) <= room:
        return [], inline
    return _fit(f"task = {names.name('functools.partial')}(", given, ")"), "task"


def _pool_arguments(
    workload: Mapping[str, Any], pool: Mapping[str, Any], names: Names
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


def _bound(spec: Mapping[str, Any], names: Names) -> str:
    """Write a function without arguments: what `_target_` names, with its arguments bound."""
    given = _given(spec, names)
    function = names.name(spec["_target_"])
    return _partial([function, *given], names) if given else function


def _call(spec: Mapping[str, Any], names: Names) -> str:
    return f"{names.name(spec['_target_'])}({', '.join(_given(spec, names))})"


def _given(spec: Mapping[str, Any], names: Names) -> list[str]:
    positional = [_value(value, names) for value in spec.get("_args_", [])]
    return positional + _named(
        {key: value for key, value in spec.items() if key not in ("_target_", "_args_")}, names
    )


def _named(arguments: Mapping[str, Any], names: Names) -> list[str]:
    """Write keyword arguments; those that are no identifiers as a dictionary."""
    plain = {key for key in arguments if key.isidentifier() and not keyword.iskeyword(key)}
    written = [f"{key}={_value(value, names)}" for key, value in arguments.items() if key in plain]
    others = {key: value for key, value in arguments.items() if key not in plain}
    return [*written, f"**{_value(others, names)}"] if others else written


def _value(value: Any, names: Names) -> str:
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
