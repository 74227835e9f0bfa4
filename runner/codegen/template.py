"""Templates of the code to paste: the code that runs the tasks, as a user would write it for an executor.

A template is Python in sections separated by two blank lines: imports of modules, definitions, and finally
the statements, under `if __name__ == "__main__":` if workers import the script. In a template,

- `{package.module.Name}` imports an object and becomes its name;
- `{results}` becomes the variable that is assigned: the results, or the results of each batch, which are
  joined afterwards;
- `{map_arguments}` becomes the arguments of a `map`: a function and the items, or batches of items;
- `{function}`, `{arguments}` and `{item}`, `{items}` are the same for calls that the template itself makes:
  `submit({function}, {arguments}) for {item} in {items}`;
- `{defined_function}` is like `{function}`, but always a function that the script defines;
- `{awaiting_function}` and `{awaited}` name and make the coroutine that one event loop runs for each item;
- `{chunksize}` becomes the number of tasks in a chunk, for pools that make the chunks themselves. A template
  without this field gets batches instead;
- `{prepare}` becomes the statements that the function needs; the line is dropped if there are none;
- `{initialize}` calls the workload's initializer; the line is dropped if there is none. `{initializer}` is
  the function itself;
- any other field, such as `{workers}`, becomes a setting of the pool; `{mp_context}` becomes the call that
  makes the context;
- `{name=}` becomes the argument `name={name}`; it is dropped if there is no such value;
- a comment at the end, `# if address`, `# if workers=1` or `# unless initializer`, keeps a line and the lines
  indented below it only if the setting has a value, or this value.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from runner.codegen.expressions import WIDTH, bind, fit, keyword_arguments, spec, value
from runner.codegen.imports import Names
from runner.codegen.work_code import (
    Job,
    WorkCode,
    awaited_work,
    call_initializer,
    chunk_length,
    function_work,
    work_in_function,
)

_FIELD = re.compile(r"\{([\w.]+)(=?)\}")
_CONDITION = re.compile(r"  # (if|unless) (\w+)(?:=(\w+))?$")
_ASSIGNED = re.compile(r"^ *(?:async )?(?:def (\w+)|(\w+) = )| as (\w+)", re.MULTILINE)
_OPENING, _CLOSING = "([", ")]"
_CALLEE = re.compile(r"[\w.{}]*")
_MAIN_GUARD = 'if __name__ == "__main__":'
_SECTIONS = "\n\n\n"
_INDENT = 4
_MAX_INDENT = 8  # of a line with the results


@dataclass(frozen=True, kw_only=True)
class Script:
    """The code that runs the tasks: statements, and above them the definitions that workers can import."""

    statements: list[str]
    definitions: list[list[str]] = field(default_factory=list)
    #: Whether workers may import the script: then it must not open a pool of its own when imported.
    is_imported: bool = True


def fill(template: str, job: Job) -> Script:
    """Write the code that runs the tasks of a cell.

    Args:
        template: as described in the module's docstring
        job: the settings of the cell
    """
    *above, statements = template.strip("\n").split(_SECTIONS)
    for line in "\n".join(above).splitlines():
        if line.startswith("import "):
            job.names.module(line.removeprefix("import "))
    job.names.reserve(*(name for names in _ASSIGNED.findall(template) for name in names if name))
    body, is_imported = _without_guard(statements, job)
    writer = _Writer(job=job, work=_work(template, job), depth=_INDENT if is_imported else 0)
    definitions = [writer.write(part) for part in above if not part.startswith("import ")]
    return Script(
        statements=writer.write(body),
        definitions=[*writer.work.definitions, *(part for part in definitions if part)],
        is_imported=is_imported,
    )


def _without_guard(statements: str, job: Job) -> tuple[str, bool]:
    """Remove the main guard, since the whole script gets one; return whether the script needs it."""
    first, _, rest = statements.partition("\n")
    if not first.startswith(_MAIN_GUARD):
        return statements, False
    body = "\n".join(line.removeprefix(" " * _INDENT) for line in rest.splitlines())
    return body, _holds(first, job)


def _work(template: str, job: Job) -> WorkCode:
    """Choose the function that the executor calls, by the fields of the template."""
    fields = {name for name, _ in _FIELD.findall(template)}
    if "awaiting_function" in fields:
        return awaited_work(job)
    if "defined_function" in fields and job.chunk_size == 1 and not job.is_async:
        return work_in_function(job, "{task}(item)")
    has_chunks = "chunksize" in fields
    mapped = next((line for line in template.splitlines() if "{map_arguments}" in line), None)
    return function_work(job, has_chunks=has_chunks, room=0 if mapped is None else _room(mapped, job))


def _room(line: str, job: Job) -> int:
    """Return how many columns are left for the function in the line that maps it over the items."""
    length = chunk_length(job)
    line = line.replace("{results}", "results").replace("{map_arguments}", ", items")
    line = line.replace(", {chunksize=}", "" if length == "1" else f", chunksize={length}")
    line = line.replace("{chunksize}", length)
    return WIDTH - _MAX_INDENT - len(line.strip())


def _holds(line: str, job: Job) -> bool:
    """Return whether a line's condition holds; True without a condition."""
    condition = _CONDITION.search(line)
    if condition is None:
        return True
    word, name, required = condition.groups()
    setting = _setting(name, job)
    holds = setting is not None if required is None else str(setting) == required
    return holds is (word == "if")


def _setting(name: str, job: Job) -> Any:
    """Return a setting of the pool, or the workload's initializer; None if there is none."""
    return (job.workload.get(name) or None) if name == "initializer" else job.pool.get(name)


@dataclass(frozen=True, kw_only=True)
class _Writer:
    job: Job
    work: WorkCode
    depth: int  #: columns by which the statements will be indented

    def write(self, section: str) -> list[str]:
        """Fill a section: drop the lines whose conditions do not hold, and break lines that are too long."""
        lines = (self._fill(line) for line in _kept(_logical_lines(section), self.job))
        return [line for filled in lines for line in filled]

    def _fill(self, line: str) -> list[str]:
        """Fill a logical line; the result may be no line or several."""
        text = line.strip()
        indent = line[: len(line) - len(line.lstrip())]
        if text == "{prepare}":
            return [f"{indent}{statement}" for statement in self.work.assigned]
        if text == "{initialize}":
            return [f"{indent}{statement}" for statement in call_initializer(self.job)]
        if text == "{context}":
            method = self.job.pool.get("mp_context", ...)
            is_method = isinstance(method, str | None)
            return [f"{indent}context = {_context(method, self.job.names)}"] if is_method else []
        head, parts, tail = _split(text)
        if not parts:
            return [f"{indent}{self._text(text)}".rstrip()]
        arguments = [argument for part in parts for argument in self._part(part)]
        lines = fit(self._text(head), arguments, self._text(tail), indent=self.depth + len(indent))
        if text.startswith("{results}") and self.work.in_batches:
            lines.append("results = [result for batch in done for result in batch]")
        return [f"{indent}{line}" if line else "" for line in lines]

    def _part(self, part: str) -> list[str]:
        """Fill one part between brackets; a part that is a single field may become no part or several."""
        match = _FIELD.fullmatch(part)
        if match is None:
            return [self._text(part)]
        name, is_argument = match.groups()
        if is_argument:
            return [f"{name}={self._field(name)}"] if self._has_argument(name) else []
        if name == "map_arguments":
            return self.work.map_arguments(self.job.names)
        return _pool_arguments(self.job) if name == "pool_arguments" else [self._field(name)]

    def _has_argument(self, name: str) -> bool:
        if name == "chunksize":
            return self._chunk_length() != "1"
        return _setting(name, self.job) is not None

    def _chunk_length(self) -> str:
        return "1" if self.work.in_batches else chunk_length(self.job)

    def _text(self, text: str) -> str:
        return _FIELD.sub(lambda match: self._field(match[1]), text)

    def _field(self, name: str) -> str:
        job, work = self.job, self.work
        texts = {
            "results": "done" if work.in_batches else "results",
            "function": work.call[0],
            "defined_function": work.call[0],
            "awaiting_function": work.call[0],
            "awaited": work.awaited,
            "arguments": ", ".join([*work.call[1:], work.item]),
            "item": work.item,
            "items": work.items,
        }
        if name in texts:
            return texts[name]
        if name == "map_arguments":
            return ", ".join(work.map_arguments(job.names))
        if name == "chunksize":
            return self._chunk_length()
        if name == "initializer":
            return bind(spec(job.workload["initializer"]), job.names)
        if name == "mp_context":
            return _context(job.pool["mp_context"], job.names)
        return job.names.name(name) if "." in name else value(job.pool.get(name), job.names)


def _logical_lines(section: str) -> Iterator[str]:
    """Join lines between brackets; the condition of the first line becomes that of the whole."""
    joined, condition = "", ""
    for line in section.splitlines():
        if not joined:
            match = _CONDITION.search(line)
            condition = match[0] if match else ""
            joined = line.removesuffix(condition)
        elif joined[-1] in _OPENING:
            joined += line.strip()
        elif line.strip()[0] in _CLOSING:
            joined = joined.removesuffix(",") + line.strip()
        else:
            joined += f" {line.strip()}"
        if _depth(joined) == 0:
            yield joined + condition
            joined = ""


def _kept(lines: Iterable[str], job: Job) -> Iterator[str]:
    """Drop the lines whose conditions do not hold, with the lines indented below them."""
    dropped: int | None = None  # indentation of the line that was dropped
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if dropped is not None and (not line or indent > dropped):
            continue
        dropped = None if _holds(line, job) else indent
        if dropped is None:
            yield _CONDITION.sub("", line)


def _split(text: str) -> tuple[str, list[str], str]:
    """Split a line at the brackets in which it may be broken: head, parts between commas, and tail.

    These are the last brackets of the line; if they contain only a call, as in `list(map(...))`, they are the
    brackets of that call.
    """
    start, end = (0, 0) if text.startswith("#") else _last_brackets(text)
    if end == 0:
        return text, [], ""
    while True:
        first, last = _last_brackets(text[start:end])
        is_call = last == end - start - 1 > 0 and _CALLEE.fullmatch(text[start : start + first - 1])
        if not is_call:
            return text[:start], _parts(text[start:end]), text[end:]
        start, end = start + first, start + last


def _last_brackets(text: str) -> tuple[int, int]:
    """Return where the content of the last outermost brackets starts and ends; 0 and 0 if there are none."""
    start = end = depth = 0
    for position, character in enumerate(text):
        if character in _OPENING:
            depth += 1
            start = position + 1 if depth == 1 else start
        elif character in _CLOSING:
            depth -= 1
            end = position if depth == 0 else end
    return start, end


def _parts(text: str) -> list[str]:
    """Split at the commas outside of brackets."""
    parts = [""]
    for character in text:
        if character == "," and _depth(parts[-1]) == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def _depth(text: str) -> int:
    """Return how many brackets are open at the end of a text."""
    return sum((character in _OPENING) - (character in _CLOSING) for character in text)


def _context(method: Any, names: Names) -> str:
    """Write the context that starts processes, from a start method or a `_target_`."""
    if isinstance(method, str | None):
        name = "" if method is None else f'"{method}"'
        return f"{names.name('multiprocessing.get_context')}({name})"
    return value(method, names)


def _pool_arguments(job: Job) -> list[str]:
    """Write all arguments of a pool; its start method, if it has one, is a variable of the script."""
    settings = {key: setting for key, setting in job.pool.items() if key != "_target_"}
    initializer = job.workload.get("initializer")
    if not initializer:
        return _arguments_with_context(settings, job.names)
    settings.pop("initializer", None)  # the workload's is used instead
    function = bind(spec(initializer), job.names)
    return [*_arguments_with_context(settings, job.names), f"initializer={function}"]


def _arguments_with_context(settings: dict[str, Any], names: Names) -> list[str]:
    arguments = keyword_arguments(settings, names)
    if "mp_context" in settings and isinstance(settings["mp_context"], str | None):
        arguments[list(settings).index("mp_context")] = "mp_context=context"
    return arguments
