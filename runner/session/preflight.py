"""Cells against the interpreters that will run them, before anything is measured."""

import json
import re
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.errors import ConfigurationError
from runner.folder.atomic_files import temporary_folder
from runner.measure.invocation import Supervises, command, environment, explain, search_path
from runner.measure.profilers import check_profiler
from runner.modes import has_window
from runner.plan import Plan, PlannedCell
from runner.records import Cell, Purpose
from runner.settings import is_overridden
from runner.supervise.server import Launch

OLDEST_PYTHON = (3, 10)
_TIME_LIMIT_S = 600.0  # making items may take a while


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the checks found out."""

    tasks: Mapping[str, int]  #: by cell
    is_async: Mapping[str, bool]  #: by cell: whether its function makes coroutines
    interpreters: Sequence[Mapping[str, Any]]
    """One for each python, env and prefix: these three, the ids of its cells (and of those whose function is
    async), and what it tells of itself."""


def preflight(plan: Plan, purposes: Iterable[Purpose], supervisor: Supervises) -> Checked:
    """Check all that can be checked before the first invocation.

    Args:
        plan: the cells
        purposes: of the untimed runs
        supervisor: starts the interpreters

    Raises:
        ConfigurationError: naming all that cannot be loaded, or cannot be profiled
    """
    checked = check(plan, supervisor)
    for purpose in purposes:
        if purpose != "memory":
            check_profiler(purpose, checked.interpreters, supervisor)
    return checked


def check(plan: Plan, supervisor: Supervises) -> Checked:
    """Load every cell's workload and executor where they will run.

    Raises:
        ConfigurationError: naming all that cannot be loaded
    """
    tasks: dict[str, int] = {}
    is_async: dict[str, bool] = {}
    interpreters = []
    problems: list[str] = []
    planned = {planned.cell.id: planned for planned in plan.planned}
    for cells in _by_interpreter(plan.cells):
        reply = _ask(cells, supervisor)
        if isinstance(reply, _NoReply):
            problems += _blame(cells, supervisor, planned) or [_not_an_interpreter(cells[0], reply)]
            continue
        interpreter = reply["interpreter"]
        if tuple(map(int, interpreter["version"].split(".")[:2])) < OLDEST_PYTHON:
            problems.append(f"python={cells[0].python}: {interpreter['version']} is too old; {_needed()}")
            continue
        problems += _gil_cannot_be_switched_off(cells[0], interpreter)
        for cell, found in zip(cells, reply["checked"], strict=True):
            tasks[cell.id], is_async[cell.id] = found["tasks"], found["is_async"]
            problems += [_explain(planned[cell.id], key, text, reply) for key, text in found["problems"]]
        interpreters.append(_described(cells, is_async, interpreter))
    if problems:
        raise ConfigurationError(list(dict.fromkeys(problems)))
    return Checked(tasks=tasks, is_async=is_async, interpreters=interpreters)


def _described(
    cells: Sequence[Cell], is_async: Mapping[str, bool], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Say which cells an interpreter runs, how it is started, and what it tells of itself."""
    ids = [cell.id for cell in cells]
    return {
        **_interpreter(cells[0]),
        "cells": ids,
        "async_cells": [identity for identity in ids if is_async[identity]],
        **facts,
    }


def _interpreter(cell: Cell) -> dict[str, Any]:
    """Name what tells one interpreter from another: the program, and how it is started."""
    return {key: cell.settings[key] for key in ("python", "env", "prefix")}


def _gil_cannot_be_switched_off(cell: Cell, interpreter: Mapping[str, Any]) -> list[str]:
    """Pythons before 3.13 do not even say so."""
    if cell.settings["env"].get("PYTHON_GIL") != "0" or interpreter["free_threaded"]:
        return []
    return [_no_free_threaded_build(f"Python {interpreter['version']} ({cell.settings['python']})")]


def _no_free_threaded_build(named: str) -> str:
    remedy = "leave it out, or name one with python=python3.14t"
    return f"env.PYTHON_GIL=0: {named} is no free-threaded build, so its GIL stays on; {remedy}"


def _by_interpreter(cells: Iterable[Cell]) -> list[list[Cell]]:
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(json.dumps(_interpreter(cell), sort_keys=True), []).append(cell)
    return list(groups.values())


def _blame(cells: list[Cell], supervisor: Supervises, planned: Mapping[str, PlannedCell]) -> list[str]:
    """Say which workloads end their interpreter while they are loaded; none if it does not even start."""
    if isinstance(_ask(cells[:1], supervisor, load=False), _NoReply):
        return []
    problems: dict[str, str] = {}
    for cell in cells:
        origins = planned[cell.id].origins
        if origins["workload"] not in problems:
            reply = _ask([cell], supervisor)
            if isinstance(reply, _NoReply):
                problems[origins["workload"]] = (
                    f"{origins['workload']}: loading it with {origins['executor']} ends the interpreter "
                    f"that measures; import what the two name by hand ({reply.error})"
                )
    return list(problems.values())


def _ask(cells: list[Cell], supervisor: Supervises, *, load: bool = True) -> "dict[str, Any] | _NoReply":
    """Start the interpreter of these cells and let it check them, or only describe itself."""
    settings = cells[0].settings
    wanted = [
        {
            "workload": cell.settings["workload"],
            "executor": cell.settings["executor"],
            "in_window": has_window(cell),
        }
        for cell in cells
        if load
    ]
    with temporary_folder() as folder:
        output = folder / "output.txt"
        launch = Launch(
            command=command(settings),
            environment=environment(settings),
            specification=json.dumps({"path": search_path(), "check": wanted}),
            output=str(output),
            time_limit_s=_TIME_LIMIT_S,
        )
        ending = supervisor.run(launch)
        if ending.ended == "interrupted":
            raise KeyboardInterrupt
        if ending.reply is not None:
            return ending.reply
        _, error = explain(ending, output, _TIME_LIMIT_S)
        printed = output.read_text(errors="replace") if output.exists() else ""
    return _NoReply(error=error, printed=printed)


@dataclass(frozen=True, kw_only=True)
class _NoReply:
    """Why an interpreter did not answer."""

    error: str
    printed: str


def _not_an_interpreter(cell: Cell, reply: _NoReply) -> str:
    name, path, error = cell.python, cell.settings["python"], reply.error
    if cell.settings["prefix"]:
        by_hand = " ".join(command(cell.settings))
        return f"prefix={cell.settings['prefix']} python={name}: {error}; try the command by hand: {by_hand}"
    if "pyenv: " in reply.printed:
        return (
            f"python={name}: {path} is a pyenv shim that leads to no interpreter; "
            f"name one by its path, such as ~/.pyenv/versions/VERSION/bin/python"
        )
    if "SyntaxError" in reply.printed:  # of the first line that an old Python does not know
        return f"python={name}: {path} is too old; {_needed()}"
    if "Disabling the GIL is not supported" in reply.printed:  # Python 3.13 and later end at once
        return _no_free_threaded_build(path)
    env = f" with env={cell.settings['env']}" if cell.settings["env"] else ""
    return f"python={name}: {path}{env} is no Python that can be measured; {_needed()}: {error}"


def _needed() -> str:
    return "Python {}.{} or later is needed".format(*OLDEST_PYTHON)


def _explain(planned: PlannedCell, key: str, text: str, reply: Mapping[str, Any]) -> str:
    cell, extra = planned.cell, planned.extra
    missing = _MISSING_LIBRARY.search(text) if key == "executor.pool" else None
    if extra and missing:
        version, python = reply["interpreter"]["version"], cell.settings["python"]
        install = _how_to_install(missing[1], extra, cell.settings)
        return f"executor '{cell.executor}': Python {version} ({python}) has no '{missing[1]}'; {install}"
    if is_overridden(key, planned.overridden):
        return f"{key}: {text}"
    group, _, name = key.partition(".")
    return f"{planned.origins[group]}: {name}: {text}"


#: What the probe says of a pool's own module, or of one that an adapter needs.
_MISSING_LIBRARY = re.compile(r"cannot be imported: .*(?:there is no|needs) module '(\w+)")


def _how_to_install(library: str, extra: str, settings: Mapping[str, Any]) -> str:
    """Name the command that installs an executor's library where it is missing."""
    if settings["python"] == sys.executable and not settings["prefix"]:
        package = f"parallel-runner[{extra}]"
        return f"install it: pip install '{package}' (in a checkout: pip install '.[{extra}]')"
    there = [*settings["prefix"], settings["python"], "-m", "pip", "install", library]
    return f"install it there: {shlex.join(there)}"
