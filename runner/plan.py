"""Points → the cells to measure: equal programs become one cell, and every cell gets its baseline."""

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from runner.errors import ConfigurationError
from runner.modes import MODES
from runner.records import NAMING_SETTINGS, Cell
from runner.revisions import resolve
from runner.settings import STUDY_SETTINGS, ExecutorConfig, Point

#: The configuration group of each setting that holds an executor.
_GROUPS = {"executor": "executor", "baseline": "executor@baseline"}


@dataclass(frozen=True, kw_only=True)
class PlannedCell:
    """A cell, and the names of its parts in messages."""

    cell: Cell
    #: "workload" and "executor": the chosen option and its file
    origins: Mapping[str, str] = field(default_factory=dict)
    extra: str | None = None  #: the extra of this package that installs the executor's library
    overridden: tuple[str, ...] = ()  #: settings of these two that the command line or the sweep sets


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a study will measure: cells in the order of the grid, each baseline before its first cell."""

    planned: tuple[PlannedCell, ...]
    swept: tuple[str, ...] = ()  #: swept settings that have no standard column; each gets a column

    @classmethod
    def of(cls, *cells: Cell, swept: Sequence[str] = ()) -> Self:
        """Plan cells that were not read from configuration files."""
        return cls(planned=tuple(PlannedCell(cell=cell) for cell in cells), swept=tuple(swept))

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The cells without their origins."""
        return tuple(planned.cell for planned in self.planned)

    @cached_property
    def baselines(self) -> tuple[Cell, ...]:
        """The cells that others are relative to."""
        needed = {cell.baseline for cell in self.cells}
        return tuple(cell for cell in self.cells if cell.id in needed)

    def group(self, baseline: Cell) -> tuple[Cell, ...]:
        """Return the baseline, then the other cells that are relative to it."""
        others = (cell for cell in self.cells if cell.baseline == baseline.id and cell != baseline)
        return (baseline, *others)


def plan(points: Sequence[Point]) -> Plan:
    """Turn every point and its baseline into cells; equal programs become one cell.

    Raises:
        ConfigurationError: for settings of the study that differ between points, a cell with two baselines,
            or unknown interpreters
    """
    refuse_swept_study_settings(points)
    points = _one_revision_each(points)
    _refuse_unused_start_methods(points)
    _refuse_uncounted_workers(points)
    executables = _executables({point.config.python for point in points})
    named = dict.fromkeys(point.config.revision for point in points if point.config.revision is not None)
    revisions = resolve([*named], Path.cwd())
    swept = _swept(points)
    planned: dict[str, PlannedCell] = {}
    conflicts: dict[str, str] = {}
    for point in points:
        found = _Found(executables=executables, revisions=revisions)
        baseline = _planned(point, "baseline", found, swept)
        for candidate in (baseline, _planned(point, "executor", found, swept)):
            cell = replace(candidate.cell, baseline=baseline.cell.id)
            known = planned.get(cell.id)
            if known is not None and known.cell.baseline != cell.baseline:
                first = planned[known.cell.baseline].cell
                conflicts[cell.id] = (
                    f"executor@baseline: '{cell.executor}' is a single cell, but would have two baselines, "
                    f"'{first.executor}' and '{baseline.cell.executor}'; use one baseline for all points"
                )
            merged = cell if known is None else _merged(known.cell, cell)
            planned[cell.id] = replace(candidate, cell=merged)
    if conflicts:
        raise ConfigurationError(list(dict.fromkeys(conflicts.values())))
    return Plan(planned=tuple(planned.values()), swept=swept)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What the names on the command line stand for."""

    executables: Mapping[str | None, str]
    revisions: Mapping[str, Mapping[str, str]]


def _one_revision_each(points: Sequence[Point]) -> list[Point]:
    """Make a point for each revision of a list.

    Raises:
        ConfigurationError: if a revision is not a name
    """
    made = []
    for point in points:
        listed = point.config.revision
        names = listed if isinstance(listed, list) else [listed]
        if any(not isinstance(name, str | None) for name in names) or not names:
            raise ConfigurationError(
                [f"revision={listed}: revisions are names, such as revision=main or revision=[main,.]"]
            )
        for name in names:
            overrides = point.overrides if name == listed else {**point.overrides, "revision": name}
            made.append(replace(point, config=replace(point.config, revision=name), overrides=overrides))
    return made


def _planned(point: Point, node: str, found: _Found, swept: Iterable[str]) -> PlannedCell:
    """Plan the cell of a point's executor, or that of its baseline."""
    executor: ExecutorConfig = getattr(point.config, node)
    cell = _cell(point, executor, node, found, swept)
    return PlannedCell(
        cell=cell,
        origins={
            "workload": f"workload '{cell.workload}' ({point.origins['workload'].path})",
            "executor": f"executor '{cell.executor}' ({point.origins[_GROUPS[node]].path})",
        },
        extra=executor.extra,
        overridden=_overridden(point, node),
    )


def _overridden(point: Point, node: str) -> tuple[str, ...]:
    """Return the overridden settings of a cell's workload and executor; `baseline.x` is its `executor.x`."""
    renamed = ((key, re.sub(f"^{node}[.]", "executor.", key)) for key in point.overrides)
    return tuple(new for key, new in renamed if key.startswith(("workload.", f"{node}.")))


def _cell(
    point: Point,
    executor: ExecutorConfig,
    node: str,
    found: _Found,
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
        "python": found.executables[config.python],
        "env": config.env,
        "prefix": config.prefix,
        **MODES[config.mode].program(config, workers, is_baseline=node == "baseline"),
    }
    if config.revision is not None:
        settings["revision"] = found.revisions[config.revision]
    return Cell(
        id=cell_id(settings),
        baseline="",
        workload=workload["name"],
        executor=executor.name,
        workers=workers,
        chunk_size=executor.chunk_size,
        python=config.python or _running_version(),
        swept={key: point.overrides.get(key) for key in swept},
        settings=settings,
    )


def cell_id(settings: Mapping[str, Any]) -> str:
    """Return the id of a measured program: a hash of all the settings that change it."""
    canonical = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:10]


def _merged(known: Cell, duplicate: Cell) -> Cell:
    """Keep the swept values that both cells of a program share; the others do not reach the program."""
    shared = {key: value if duplicate.swept[key] == value else None for key, value in known.swept.items()}
    return replace(known, swept=shared)


def _swept(points: Sequence[Point]) -> tuple[str, ...]:
    """Return the overridden settings that differ between points and have no standard column."""
    keys = dict.fromkeys(key for point in points for key in point.overrides)
    return tuple(
        key
        for key in keys
        if key not in NAMING_SETTINGS and len({point.overrides.get(key) for point in points}) > 1
    )


def refuse_swept_study_settings(points: Sequence[Point]) -> None:
    """Refuse settings of the study that differ between points.

    Raises:
        ConfigurationError: naming them
    """
    swept = [
        setting
        for setting in STUDY_SETTINGS
        if any(getattr(point.config, setting) != getattr(points[0].config, setting) for point in points)
    ]
    if swept:
        raise ConfigurationError(
            [
                f"{setting}: it applies to the whole study and cannot be swept; give one value"
                for setting in swept
            ]
        )


def _refuse_unused_start_methods(points: Sequence[Point]) -> None:
    """Refuse a start method that no executor uses; in a sweep, a single executor that uses it is enough."""
    for node in ("executor", "baseline"):
        key = f"{node}.start_method"
        affected = [point for point in points if point.overrides.get(key, "null") != "null"]
        if affected and not any(point.uses_start_method[node] for point in affected):
            names = dict.fromkeys(getattr(point.config, node).name for point in affected)
            remedy = "remove it, or use executor=process"
            raise ConfigurationError(
                [f"{key}={affected[0].overrides[key]}: {' and '.join(names)} starts no processes; {remedy}"]
            )


def _refuse_uncounted_workers(points: Sequence[Point]) -> None:
    """Refuse a pool of unknown size in a mode that gives every worker its own work."""
    problems = []
    for point in points:
        config = point.config
        nodes = (("executor", config.executor), ("baseline", config.baseline))
        for node, executor in nodes:
            workers = config.workers if point.uses_workers[node] else None
            if MODES[config.mode].needs_worker_count(node, executor.pool, workers):
                unknown = f"executor '{executor.name}': mode={config.mode} needs a known worker count"
                remedy = "give workers=N" if point.uses_workers[node] else "let its pool take ${workers}"
                problems.append(f"{unknown}; {remedy}")
    if problems:
        raise ConfigurationError(list(dict.fromkeys(problems)))


def _executables(names: Iterable[str | None]) -> dict[str | None, str]:
    """Return the absolute path of each interpreter that the points name.

    Raises:
        ConfigurationError: naming those that cannot be run
    """
    executables: dict[str | None, str] = {}
    problems = []
    for name in sorted(names, key=str):
        program = os.path.expanduser(name or sys.executable)  # noqa: PTH111 - a Path would lose a leading ./
        path = shutil.which(program)
        if path is not None:
            executables[name] = str(Path(path).absolute())
        elif Path(program).is_dir():
            problems.append(f"python={name}: it is a folder; name the interpreter in it, such as bin/python")
        elif Path(program).exists():
            problems.append(f"python={name}: it is not an executable program; name an interpreter")
        else:
            problems.append(
                f"python={name}: there is no such program; give its path, or a name found on PATH"
            )
    if problems:
        raise ConfigurationError(problems)
    return executables


def _running_version() -> str:
    return "{}.{}.{}".format(*sys.version_info)
