"""Points → cells: duplicates go, baselines come, labels stay."""

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from runner.errors import ConfigurationError
from runner.modes import MODES
from runner.records import Cell
from runner.settings import STUDY_SETTINGS, ExecutorConfig, Point

#: Swept settings that have a column of their own in every table.
_OWN_COLUMNS = ("workload", "executor", "workers", "chunk_size", "python")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a study will measure: cells in the order of the grid, each baseline before its first cell."""

    cells: tuple[Cell, ...]
    swept: tuple[str, ...]  #: further swept settings, each a column of the tables
    origins: Mapping[str, Mapping[str, str]]  #: by cell: where its workload and its executor are written
    extras: Mapping[str, str | None]  #: by cell: the extra that installs its executor's library
    #: by cell: the settings of its workload and its executor that are not written there, but were given
    given: Mapping[str, Iterable[str]] = field(default_factory=dict)

    @property
    def baselines(self) -> tuple[Cell, ...]:
        """The cells that others are relative to."""
        needed = {cell.baseline for cell in self.cells}
        return tuple(cell for cell in self.cells if cell.id in needed)

    def group(self, baseline: Cell) -> tuple[Cell, ...]:
        """The baseline, then the other cells that are relative to it."""
        others = (cell for cell in self.cells if cell.baseline == baseline.id and cell != baseline)
        return (baseline, *others)


def plan(points: Sequence[Point]) -> Plan:
    """Make every point and its baseline a cell, once.

    Raises:
        ConfigurationError: for settings of the study that differ between points, a cell with two baselines,
            or unknown interpreters
    """
    _refuse_swept_study_settings(points)
    _refuse_unused_start_methods(points)
    _refuse_uncounted_workers(points)
    executables = _executables({point.config.python for point in points})
    swept = _swept(points)
    cells: dict[str, Cell] = {}
    origins: dict[str, dict[str, str]] = {}
    extras: dict[str, str | None] = {}
    given: dict[str, list[str]] = {}
    torn: dict[str, str] = {}
    for point in points:
        baseline = _cell(point, point.config.baseline, "baseline", executables, swept)
        own = _cell(point, point.config.executor, "executor", executables, swept)
        for cell, executor, group in (
            (baseline, point.config.baseline, "executor@baseline"),
            (own, point.config.executor, "executor"),
        ):
            new = replace(cell, baseline=baseline.id)
            known = cells.setdefault(cell.id, new)
            cells[cell.id] = _merged(known, new)
            if known.baseline != new.baseline:
                torn[cell.id] = (
                    f"executor@baseline: '{cell.executor}' is one cell, but its baselines are two, "
                    f"'{cells[known.baseline].executor}' and '{baseline.executor}'; give one for all points"
                )
            origins[cell.id] = _origin(point, cell, group)
            extras[cell.id] = executor.extra
            given[cell.id] = _given(point, group)
    if torn:
        raise ConfigurationError(list(dict.fromkeys(torn.values())))
    return Plan(cells=tuple(cells.values()), swept=swept, origins=origins, extras=extras, given=given)


def _origin(point: Point, cell: Cell, group: str) -> dict[str, str]:
    return {
        "workload": f"workload '{cell.workload}' ({point.origins['workload'].path})",
        "executor": f"executor '{cell.executor}' ({point.origins[group].path})",
    }


def _given(point: Point, group: str) -> list[str]:
    """List what was given of a cell's workload and executor; a baseline's executor is an executor, too."""
    node = "baseline" if group == "executor@baseline" else "executor"
    renamed = ((key, re.sub(f"^{node}[.]", "executor.", key)) for key in point.overrides)
    return [new for key, new in renamed if key.startswith(("workload.", f"{node}."))]


def _cell(
    point: Point,
    executor: ExecutorConfig,
    node: str,
    executables: Mapping[str | None, str],
    swept: Iterable[str],
) -> Cell:
    config = point.config
    workers = config.workers if point.uses_workers[node] else None
    workload = asdict(config.workload)
    del workload["description"], workload["known_answers"]  # neither changes the program
    workload["compare"] = str(workload["compare"])
    settings = {
        "workload": workload,
        "executor": {"name": executor.name, "pool": executor.pool},
        "chunk_size": executor.chunk_size,
        "python": executables[config.python],
        "env": config.env,
        "prefix": config.prefix,
        **MODES[config.mode].program(config, workers, is_baseline=node == "baseline"),
    }
    return Cell(
        id=cell_id(settings),
        baseline="",
        workload=workload["name"],
        executor=executor.name,
        workers=workers,
        chunk_size=executor.chunk_size,
        python=config.python or _own_version(),
        swept={key: point.overrides.get(key) for key in swept},
        settings=settings,
    )


def cell_id(settings: Mapping[str, Any]) -> str:
    """Name the program that these settings make: the same id is the same program."""
    canonical = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:10]


def _merged(known: Cell, again: Cell) -> Cell:
    """Keep of two labels for one program what they agree on: the other settings do not reach it."""
    agreed = {key: value if again.swept[key] == value else None for key, value in known.swept.items()}
    return replace(known, swept=agreed)


def _swept(points: Sequence[Point]) -> tuple[str, ...]:
    """List the overridden settings that differ between points and have no column of their own."""
    keys = dict.fromkeys(key for point in points for key in point.overrides)
    return tuple(
        key
        for key in keys
        if key not in _OWN_COLUMNS and len({point.overrides.get(key) for point in points}) > 1
    )


def _refuse_swept_study_settings(points: Sequence[Point]) -> None:
    swept = [
        setting
        for setting in STUDY_SETTINGS
        if any(getattr(point.config, setting) != getattr(points[0].config, setting) for point in points)
    ]
    if swept:
        raise ConfigurationError(
            [
                f"{setting}: it holds for the whole study and cannot be swept; give one value"
                for setting in swept
            ]
        )


def _refuse_unused_start_methods(points: Sequence[Point]) -> None:
    """In a sweep some executors may have no use for a start method; with none that has, it is a mistake."""
    for node in ("executor", "baseline"):
        key = f"{node}.start_method"
        given = [point for point in points if point.overrides.get(key, "null") != "null"]
        if given and not any(point.uses_start_method[node] for point in given):
            names = dict.fromkeys(getattr(point.config, node).name for point in given)
            remedy = "leave it out, or choose executor=process"
            raise ConfigurationError(
                [f"{key}={given[0].overrides[key]}: {' and '.join(names)} starts no processes; {remedy}"]
            )


def _refuse_uncounted_workers(points: Sequence[Point]) -> None:
    """Where every worker has work of its own, it must be known how many there are."""
    problems = []
    for point in points:
        config = point.config
        nodes = (("executor", config.executor), ("baseline", config.baseline))
        for node, executor in nodes:
            workers = config.workers if point.uses_workers[node] else None
            if MODES[config.mode].needs_worker_count(node, executor.pool, workers):
                unknown = f"executor '{executor.name}': mode={config.mode} must know its number of workers"
                remedy = "give workers=N" if point.uses_workers[node] else "let its pool take ${workers}"
                problems.append(f"{unknown}; {remedy}")
    if problems:
        raise ConfigurationError(list(dict.fromkeys(problems)))


def _executables(names: Iterable[str | None]) -> dict[str | None, str]:
    """Find the interpreters that the points name."""
    found: dict[str | None, str] = {}
    problems = []
    for name in sorted(names, key=str):
        named = os.path.expanduser(name or sys.executable)  # noqa: PTH111 - a Path would lose a leading ./
        path = shutil.which(named)
        if path is not None:
            found[name] = str(Path(path).absolute())
        elif Path(named).is_dir():
            problems.append(f"python={name}: it is a folder; name the program in it, such as bin/python")
        elif Path(named).exists():
            problems.append(f"python={name}: it is not a program that you may run; name an interpreter")
        else:
            problems.append(
                f"python={name}: there is no such program; give a path, or a name found on the PATH"
            )
    if problems:
        raise ConfigurationError(problems)
    return found


def _own_version() -> str:
    return "{}.{}.{}".format(*sys.version_info)
