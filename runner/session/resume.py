"""A stopped study: its folder, and what the command line requests → what is left to measure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from runner.errors import ConfigurationError, RunnerError
from runner.folder.results import Results, read
from runner.folder.study_description import FORMAT, StudyDescription
from runner.plan import Plan, PlannedCell, cell_id, plan, refuse_swept_study_settings
from runner.records import Cell, CompletedRuns, names
from runner.session.repair import FolderRepair
from runner.settings import SESSION_SETTINGS, STUDY_SETTINGS, Config, Point

#: By setting that a resumed study may change: whether a change from one value to another extends the study,
#: so that no existing measurement is superfluous. Time limits may also decrease, to end cells that hang.
_IS_EXTENSION: Mapping[str, Callable[[Any, Any], bool]] = {
    "repetitions": lambda before, now: now >= before,
    "max_repetitions": lambda before, now: now >= before,
    "time_budget_s": lambda before, now: now is None or (before is not None and now >= before),
    "time_limit_s": lambda *_: True,
    "load_limit_s": lambda *_: True,
    "precision": lambda before, now: before is None or (now is not None and now <= before),
}
_MAX_VALUE_LENGTH = 60  # of a value in a message, in characters


@dataclass(frozen=True, kw_only=True)
class ResumeRequest:
    """What the command line requests, which is known without reading the folder."""

    folder: Path
    settings: Mapping[str, Any]  #: study settings that the command line or an experiment sets
    cells: tuple[Cell, ...] | None  #: None: the command line describes no cells
    #: the overrides that describe cells, as written; empty if they include a workload or an experiment
    without_workload: tuple[str, ...] = ()

    @classmethod
    def of(cls, points: Sequence[Point]) -> Self:
        """Read the request from the points.

        Raises:
            ConfigurationError: if they cannot be planned
        """
        refuse_swept_study_settings(points)
        config, overrides = points[0].config, points[0].overrides
        settings = {
            key: getattr(config, key)
            for key in STUDY_SETTINGS
            if key not in SESSION_SETTINGS
            # The overrides do not contain settings from the file of an experiment.
            if key in overrides or getattr(config, key) != getattr(Config, key)
        }
        overridden = {key: value for point in points for key, value in point.overrides.items()}
        names_workload = any(key.partition(".")[0] in ("workload", "experiment") for key in overridden)
        cell_settings = tuple(
            f"{key}={value}" for key, value in overridden.items() if key not in STUDY_SETTINGS
        )
        describes_cells = not {key for point in points for key in point.overrides} <= set(STUDY_SETTINGS)
        return cls(
            folder=Path(str(config.resume)).expanduser(),
            settings=settings,
            cells=plan(points).cells if describes_cells else None,
            without_workload=() if names_workload else cell_settings,
        )


@dataclass(frozen=True, kw_only=True)
class StoppedStudy:
    """A stopped study, and its complete invocations."""

    results: Results
    plan: Plan
    study: StudyDescription  #: with the settings that the command line changes
    repair: FolderRepair

    @property
    def completed(self) -> CompletedRuns:
        """The runs that are not measured again."""
        return self.repair.completed


def read_stopped(request: ResumeRequest) -> StoppedStudy:
    """Read the folder of a stopped study.

    Raises:
        ConfigurationError: if it cannot be resumed, or the request describes another study
    """
    try:
        results = read(request.folder)
        _refuse_other_format(results)
        _refuse_changed_cells(results)
        changed = _changed_settings(request.settings, results.study)
        if request.cells is not None:
            _refuse_other_workload(request, results.cells)
            _refuse_other_cells(request.cells, results.cells)
        repair = FolderRepair(results)
    except ConfigurationError:
        raise
    except RunnerError as error:
        raise ConfigurationError(str(error).splitlines()) from error
    study = replace(results.study, **changed)
    if study.precision is not None and study.max_repetitions < study.repetitions:
        minimum = f"repetitions={study.repetitions}"
        raise ConfigurationError(
            [f"max_repetitions={study.max_repetitions}: it must not be less than {minimum}"]
        )
    return StoppedStudy(results=results, plan=_plan(results), study=study, repair=repair)


def _plan(results: Results) -> Plan:
    file = results.folder / "cells.yaml"
    planned = (
        PlannedCell(
            cell=cell,
            origins={
                "workload": f"workload '{cell.workload}' ({file})",
                "executor": f"executor '{cell.executor}' ({file})",
            },
        )
        for cell in results.cells
    )
    return Plan(planned=tuple(planned), swept=results.swept)


def _refuse_other_format(results: Results) -> None:
    number = results.study.format
    if number != FORMAT:
        actual = "no format number" if number is None else f"format {number} instead of {FORMAT}"
        remedy = "resume it with the version that made it, or measure a new study"
        raise ConfigurationError([f"{results.folder}: it has {actual}; {remedy}"])


def _refuse_changed_cells(results: Results) -> None:
    """Check every cell against its id, which is the hash of its settings."""
    ids = {cell.id for cell in results.cells}
    changed = [
        f"{results.folder}/cells.yaml: cell {cell.id} was changed after it was measured; "
        "restore the file, or measure a new study"
        for cell in results.cells
        if cell.id != cell_id(cell.settings) or cell.baseline not in ids
    ]
    if changed:
        raise ConfigurationError(changed)


def _changed_settings(requested: Mapping[str, Any], study: StudyDescription) -> dict[str, Any]:
    """Return the requested settings that differ from those of the stopped study.

    Raises:
        ConfigurationError: naming those that would make it another study
    """
    changed = {}
    problems = []
    for key, value in requested.items():
        before = getattr(study, key)
        if value == before:
            continue
        message = f"{key}={_shown(value)}: the stopped study has {_shown(before)}"
        if key not in _IS_EXTENSION:
            problems.append(f"{message}; remove {key}")
        elif _IS_EXTENSION[key](before, value):
            changed[key] = value
        else:
            unlimited = " (no limit)" if before is None else ""
            problems.append(f"{message}{unlimited} and can only be resumed with the same or more")
    if problems:
        raise ConfigurationError(problems)
    return changed


def _refuse_other_workload(request: ResumeRequest, stopped: Iterable[Cell]) -> None:
    """Refuse settings of cells without their workload: they would describe cells of the default workload."""
    workloads = {cell.workload for cell in stopped}
    if request.without_workload and not workloads & {cell.workload for cell in request.cells or ()}:
        given = " ".join(request.without_workload)
        remedy = f"remove {'it' if len(request.without_workload) == 1 else 'them'}"
        may_change = f"only {', '.join(_IS_EXTENSION)} may change"
        message = f"{given}: the cells of {request.folder} cannot be changed; {remedy} ({may_change})"
        raise ConfigurationError([message])


def _refuse_other_cells(requested: Iterable[Cell], stopped: Iterable[Cell]) -> None:
    """Refuse a command line whose cells are not those of the stopped study."""
    before, now = {cell.id: cell for cell in stopped}, {cell.id: cell for cell in requested}
    missing = [cell for identity, cell in before.items() if identity not in now]
    new = [cell for identity, cell in now.items() if identity not in before]
    problems = list(dict.fromkeys(_differences(missing, new)))
    if problems:
        raise ConfigurationError(problems)


def _differences(missing: Sequence[Cell], new: Sequence[Cell]) -> Iterator[str]:
    """Yield the settings that differ between cells of the same name, and cells whose name has no match."""
    by_id = names([*missing, *new])
    named = {cell.id: f"{cell.workload}: {by_id[cell.id]}" for cell in (*missing, *new)}
    unmatched = {named[cell.id]: cell for cell in new}
    for cell in missing:
        match = unmatched.pop(named[cell.id], None)
        if match is None:
            yield f"resume: the stopped study contains {named[cell.id]}; remove the settings that exclude it"
            continue
        before, now = dict(_flat("", cell.settings)), dict(_flat("", match.settings))
        for key in (key for key in {**before, **now} if before.get(key) != now.get(key)):
            values = f"the stopped study has {_shown(before.get(key))}, not {_shown(now.get(key))}"
            yield f"{key}: {values}; remove the setting that changes it, or measure a new study"
    for name in unmatched:
        remedy = "remove the settings that add it, or measure a new study"
        yield f"resume: the stopped study lacks {name}; {remedy}"


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _flat(f"{path}.{key}".removeprefix("."), part)
    else:
        yield path, value


def _shown(value: Any) -> str:
    text = "null" if value is None else str(value)
    return text if len(text) <= _MAX_VALUE_LENGTH else f"{text[: _MAX_VALUE_LENGTH - 1]}…"
