"""The preflight check: load every cell's workload and executor where they will run, before measuring them."""

import json
import re
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.errors import ConfigurationError
from runner.measure.interpreter import CheckedInterpreter, Interpreter, Supervises, explain, preflight_reply
from runner.measure.profilers import check_profiler
from runner.modes import has_window
from runner.plan import Plan, PlannedCell
from runner.records import DEFAULT_LOAD_LIMIT_S, Cell, StudySettings
from runner.revisions import folder_of
from runner.settings import is_overridden
from runner.temporary_files import temporary_folder

if TYPE_CHECKING:  # the probe is on the path of type checkers only
    from runner_probe.wire import InterpreterFacts, PreflightReply, PreflightSpecification

OLDEST_PYTHON = (3, 10)


@dataclass(frozen=True, kw_only=True)
class CheckedCell:
    """The result of the check for one cell."""

    tasks: int  #: number of tasks in one bag
    is_async: bool  #: whether its tasks are coroutines


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The results of the preflight check."""

    cells: Mapping[str, CheckedCell]  #: by id
    interpreters: Sequence[CheckedInterpreter]


def preflight(plan: Plan, settings: StudySettings, supervisor: Supervises) -> Checked:
    """Check everything that can be checked before the first invocation.

    Args:
        plan: the cells
        settings: settings of the study
        supervisor: starts the interpreters

    Raises:
        ConfigurationError: naming everything that cannot be loaded or profiled
    """
    checked = check(plan, supervisor, settings.load_limit_s)
    for purpose in settings.untimed:
        if purpose != "memory":
            check_profiler(purpose, checked.interpreters, supervisor)
    return checked


def check(plan: Plan, supervisor: Supervises, load_limit_s: float = DEFAULT_LOAD_LIMIT_S) -> Checked:
    """Load every cell's workload and executor in the interpreter that will run it.

    Args:
        plan: the cells
        supervisor: starts the interpreters
        load_limit_s: limit of each import, of making the items of each workload, and of opening each pool

    Raises:
        ConfigurationError: naming everything that cannot be loaded
    """
    checked: dict[str, CheckedCell] = {}
    interpreters = []
    problems: list[str] = []
    planned = {planned.cell.id: planned for planned in plan.planned}
    for cells in _by_interpreter(plan.cells):
        reply = _ask(cells, supervisor, load_limit_s)
        if isinstance(reply, _NoReply):
            problems += _explain_no_reply(cells, supervisor, load_limit_s, planned, reply)
            continue
        facts = reply["interpreter"]
        if tuple(map(int, facts["version"].split(".")[:2])) < OLDEST_PYTHON:
            problems.append(f"python={cells[0].python}: {facts['version']} is too old; {_needed_version()}")
            continue
        problems += _gil_problems(cells[0], facts)
        for cell, result in zip(cells, reply["cells"], strict=True):
            checked[cell.id] = CheckedCell(tasks=result["tasks"] or 0, is_async=result["is_async"])
            found = [_explain(planned[cell.id], key, text, facts) for key, text in result["problems"]]
            problems += _of_revision(cell, found or _elsewhere(cell, result["file"]))
        interpreters.append(
            CheckedInterpreter(
                interpreter=Interpreter.of(cells[0].settings),
                cells=[cell.id for cell in cells],
                async_cells=[cell.id for cell in cells if checked[cell.id].is_async],
                facts=facts,
            )
        )
    if problems:
        raise ConfigurationError(list(dict.fromkeys(problems)))
    return Checked(cells=checked, interpreters=interpreters)


def _of_revision(cell: Cell, problems: Sequence[str]) -> list[str]:
    """Say in which revision something is wrong."""
    name = cell.swept.get("revision")
    return [f"revision={name}: {problem}" if name else problem for problem in problems]


def _elsewhere(cell: Cell, file: str | None) -> list[str]:
    """Refuse a function that is not imported from its revision: all revisions would be the same."""
    revision = cell.settings.get("revision")
    if revision is None or cell.settings["workload"]["snippets"]:
        return []
    folder = folder_of(revision).resolve()
    if file is not None and Path(file).is_relative_to(folder):
        return []
    where = f"is imported from {file}" if file else "has no file"
    function = cell.settings["workload"]["function"]
    return [f"workload.function: {function} {where}, not from the revision; name a function of its modules"]


def _gil_problems(cell: Cell, facts: "InterpreterFacts") -> list[str]:
    """Refuse PYTHON_GIL=0 where it has no effect; versions before 3.13 ignore it without a message."""
    if cell.settings["env"].get("PYTHON_GIL") != "0" or facts["free_threaded"]:
        return []
    return [_not_free_threaded(f"Python {facts['version']} ({cell.settings['python']})")]


def _not_free_threaded(interpreter: str) -> str:
    remedy = "remove env.PYTHON_GIL, or choose a free-threaded one such as python=python3.14t"
    return f"env.PYTHON_GIL=0: {interpreter} is not a free-threaded build, so its GIL stays on; {remedy}"


def _by_interpreter(cells: Iterable[Cell]) -> list[list[Cell]]:
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        key = json.dumps(vars(Interpreter.of(cell.settings)), sort_keys=True)
        groups.setdefault(key, []).append(cell)
    return list(groups.values())


def _explain_no_reply(
    cells: Sequence[Cell],
    supervisor: Supervises,
    load_limit_s: float,
    planned: Mapping[str, PlannedCell],
    no_reply: "_NoReply",
) -> list[str]:
    """Say which workloads crash their interpreter when they are loaded, or why it does not start at all."""
    if no_reply.reached_limit:
        return [no_reply.error]
    if isinstance(_ask([cells[0]], supervisor, load_limit_s, load=False), _NoReply):
        return [_not_an_interpreter(cells[0], no_reply)]
    problems: dict[str, str] = {}
    for cell in cells:
        origins = planned[cell.id].origins
        if origins["workload"] not in problems:
            reply = _ask([cell], supervisor, load_limit_s)
            if isinstance(reply, _NoReply):
                problems[origins["workload"]] = (
                    f"{origins['workload']}: loading it with {origins['executor']} crashes the interpreter "
                    f"({reply.error}); import both by hand to see why"
                )
    return list(problems.values()) or [_not_an_interpreter(cells[0], no_reply)]


def _ask(
    cells: Sequence[Cell], supervisor: Supervises, load_limit_s: float, *, load: bool = True
) -> "PreflightReply | _NoReply":
    """Start the interpreter of these cells; let it load them, or only describe itself."""
    specification: PreflightSpecification = {
        "kind": "preflight",
        "cells": [
            {
                "workload": cell.settings["workload"],
                "pool": cell.settings["executor"]["pool"],
                "in_window": has_window(cell),
            }
            for cell in cells
            if load
        ],
    }
    with temporary_folder() as folder:
        output = folder / "output.txt"
        interpreter = Interpreter.of(cells[0].settings)
        launch = interpreter.launch(specification, output, load_limit_s, load_limit_s=load_limit_s)
        ending = supervisor.run(launch)
        if ending.ended == "interrupted":
            raise KeyboardInterrupt
        reply = preflight_reply(ending)
        if reply is not None:
            return reply
        _, error = explain(ending, output, load_limit_s)
        printed = output.read_text(errors="replace") if output.exists() else ""
    return _NoReply(error=error, printed=printed, reached_limit=ending.ended == "timeout")


@dataclass(frozen=True, kw_only=True)
class _NoReply:
    """Why an interpreter did not reply."""

    error: str
    printed: str
    reached_limit: bool  #: whether loading reached its time limit


def _not_an_interpreter(cell: Cell, reply: _NoReply) -> str:
    name, path, error = cell.python, cell.settings["python"], reply.error
    if cell.settings["prefix"]:
        by_hand = shlex.join(Interpreter.of(cell.settings).command())
        return f"prefix={cell.settings['prefix']} python={name}: {error}; try the command by hand: {by_hand}"
    if "pyenv: " in reply.printed:
        return (
            f"python={name}: {path} is a pyenv shim without an interpreter; "
            f"give the path of one, such as ~/.pyenv/versions/VERSION/bin/python"
        )
    if "SyntaxError" in reply.printed:  # from the first line that an old Python cannot parse
        return f"python={name}: {path} is too old; {_needed_version()}"
    if "Disabling the GIL is not supported" in reply.printed:  # Python 3.13 and later exit at once
        return _not_free_threaded(path)
    env = f" with env={cell.settings['env']}" if cell.settings["env"] else ""
    return f"python={name}: {path}{env} is not a Python that can be measured; {_needed_version()}: {error}"


def _needed_version() -> str:
    return "Python {}.{} or later is needed".format(*OLDEST_PYTHON)


def _explain(planned: PlannedCell, key: str, text: str, facts: "InterpreterFacts") -> str:
    """Describe one problem of a cell, with the setting that causes it."""
    cell, extra = planned.cell, planned.extra
    missing = _MISSING_LIBRARY.search(text) if key == "executor.pool" else None
    if extra and missing:
        version, python = facts["version"], cell.settings["python"]
        install = _how_to_install(missing[1], extra, cell.settings)
        return f"executor '{cell.executor}': Python {version} ({python}) has no '{missing[1]}'; {install}"
    if is_overridden(key, planned.overridden):
        return f"{key}: {text}"
    group, _, name = key.partition(".")
    return f"{planned.origins[group]}: {name}: {text}"


#: The probe's message if the module of a pool, or one that an adapter needs, is missing.
_MISSING_LIBRARY = re.compile(r"cannot be imported: .*(?:there is no|needs) module '(\w+)")


def _how_to_install(library: str, extra: str, settings: Mapping[str, Any]) -> str:
    """Give the command that installs an executor's library where it is missing."""
    if settings["python"] == sys.executable and not settings["prefix"]:
        package = f"parallel-runner[{extra}]"
        return f"install it: pip install '{package}' (in a checkout: pip install '.[{extra}]')"
    command = [*settings["prefix"], settings["python"], "-m", "pip", "install", library]
    return f"install it there: {shlex.join(command)}"
