"""Cells against the interpreters that will run them, before anything is measured."""

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.errors import ConfigurationError
from runner.invocation import Supervises, command, environment, explain, search_path
from runner.plan import Plan
from runner.records import Cell
from runner.supervisor import Launch

OLDEST_PYTHON = (3, 10)
_TIME_LIMIT_S = 600.0  # making items may take a while


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the checks found out."""

    tasks: Mapping[str, int]  #: by cell
    interpreters: Mapping[str, dict[str, Any]]  #: by executable: version, build, packages


def check(plan: Plan, supervisor: Supervises, study_id: str) -> Checked:
    """Load every cell's workload and executor where they will run.

    Raises:
        ConfigurationError: naming all that cannot be loaded
    """
    tasks: dict[str, int] = {}
    interpreters = {}
    problems: list[str] = []
    for cells in _by_interpreter(plan.cells):
        settings = cells[0].settings
        reply = _ask(cells, supervisor, study_id)
        if isinstance(reply, str):
            problems.append(reply)
            continue
        interpreter = reply["interpreter"]
        if tuple(map(int, interpreter["version"].split(".")[:2])) < OLDEST_PYTHON:
            problems.append(f"python={cells[0].python}: {interpreter['version']} is too old; {_needed()}")
            continue
        interpreters[settings["python"]] = interpreter
        for cell, found in zip(cells, reply["checked"], strict=True):
            tasks[cell.id] = found["tasks"]
            problems += [_explain(cell, plan, key, text, reply) for key, text in found["problems"]]
    if problems:
        raise ConfigurationError(list(dict.fromkeys(problems)))
    return Checked(tasks=tasks, interpreters=interpreters)


def _by_interpreter(cells: Iterable[Cell]) -> list[list[Cell]]:
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        key = json.dumps([cell.settings["python"], cell.settings["env"], cell.settings["prefix"]])
        groups.setdefault(key, []).append(cell)
    return list(groups.values())


def _ask(cells: list[Cell], supervisor: Supervises, study_id: str) -> dict[str, Any] | str:
    """Start the interpreter of these cells and let it check them; a text if it cannot."""
    settings = cells[0].settings
    wanted = [
        {"workload": cell.settings["workload"], "executor": cell.settings["executor"]} for cell in cells
    ]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output.txt"
        launch = Launch(
            command=command(settings),
            environment=environment(settings, study_id),
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
    return _not_an_interpreter(cells[0], error, printed)


def _not_an_interpreter(cell: Cell, error: str, printed: str) -> str:
    name, path = cell.python, cell.settings["python"]
    if cell.settings["prefix"]:
        return f"prefix={cell.settings['prefix']} python={name}: {error}; try the command by hand: {' '.join(command(cell.settings))}"
    if "pyenv" in printed or f"{os.sep}shims{os.sep}" in path:
        return (
            f"python={name}: {path} is a pyenv shim that leads to no interpreter; "
            f"name one by its path, such as ~/.pyenv/versions/VERSION/bin/python"
        )
    if "SyntaxError" in printed:  # of the first line that an old Python does not know
        return f"python={name}: {path} is too old; {_needed()}"
    return f"python={name}: {path} is not a Python that can be measured: {error}"


def _needed() -> str:
    return "Python {}.{} or later is needed".format(*OLDEST_PYTHON)


def _explain(cell: Cell, plan: Plan, key: str, text: str, reply: Mapping[str, Any]) -> str:
    executor_pool = cell.settings["executor"]["pool"]["_target_"]
    group, _, name = key.partition(".")
    message = f"{plan.origins[cell.id][group]}: {name}: {text}"
    extra = plan.extras.get(cell.id)
    missing_library = key == "executor.pool" and f"'{executor_pool}' cannot be imported" in text
    if extra and missing_library:
        version = reply["interpreter"]["version"]
        return (
            f"executor '{cell.executor}': Python {version} ({cell.settings['python']}) has no "
            f"'{executor_pool.split('.')[0]}'; install it there: pip install 'parallel-runner[{extra}]'"
        )
    return message
