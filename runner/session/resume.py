"""The folder of a study that was stopped, and what is asked for now → what there is still to measure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runner.errors import ConfigurationError, RunnerError
from runner.folder.results import Results, read
from runner.folder.study_description import FORMAT, StudyDescription
from runner.plan import Plan, PlannedCell, cell_id, plan
from runner.records import Cell, CompletedRuns
from runner.session import repair as mend
from runner.settings import STUDY_SETTINGS, Config, Point

#: Settings of this sitting alone.
OF_THE_SITTING = ("resume", "wait", "dry_run", "quiet")

#: What may be asked for anew, and whether that asks for more than before. What hangs may need another limit.
_ASKS_FOR_MORE: Mapping[str, Callable[[Any, Any], bool]] = {
    "repetitions": lambda before, now: now >= before,
    "max_repetitions": lambda before, now: now >= before,
    "time_budget_s": lambda before, now: now is None or (before is not None and now >= before),
    "time_limit_s": lambda *_: True,
    "precision": lambda before, now: before is None or (now is not None and now <= before),
}


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """A study that was stopped, and how far it came."""

    results: Results
    plan: Plan
    settings: StudyDescription  #: as asked for now
    earlier: CompletedRuns


def read_stopped(points: Sequence[Point]) -> Stopped:
    """Read the folder that the command line names.

    Raises:
        ConfigurationError: if it is none that can be gone on with, or another study is asked for
    """
    folder = Path(str(points[0].config.resume)).expanduser()
    try:
        results = read(folder)
        _refuse_other_format(results)
        _refuse_changed_cells(results)
        raised = _raised(points, results.study)
        _refuse_other_cells(points, results.cells)
        kept = mend.earlier(results)
    except ConfigurationError:
        raise
    except RunnerError as error:
        raise ConfigurationError(str(error).splitlines()) from error
    settings = replace(results.study, **raised)
    if settings.precision is not None and settings.max_repetitions < settings.repetitions:
        fewest = f"repetitions={settings.repetitions}"
        raise ConfigurationError(
            [f"max_repetitions={settings.max_repetitions}: it must not be less than {fewest}"]
        )
    return Stopped(results=results, plan=_plan(results), settings=settings, earlier=kept)


def _plan(results: Results) -> Plan:
    written = results.folder / "cells.yaml"
    planned = (
        PlannedCell(
            cell=cell,
            origins={
                "workload": f"workload '{cell.workload}' ({written})",
                "executor": f"executor '{cell.executor}' ({written})",
            },
        )
        for cell in results.cells
    )
    return Plan(planned=tuple(planned), swept=results.swept)


def _refuse_other_format(results: Results) -> None:
    found = results.study.format
    if found != FORMAT:
        made = "it has no format number" if found is None else f"its format is {found}, not {FORMAT}"
        raise ConfigurationError(
            [f"{results.folder}: {made}: another version made it; use that one, or measure again"]
        )


def _refuse_changed_cells(results: Results) -> None:
    """Compare every cell with its id, which is the hash of its settings."""
    ids = {cell.id for cell in results.cells}
    changed = [
        f"{results.folder}/cells.yaml: cell {cell.id} is not what was measured; restore it, or measure again"
        for cell in results.cells
        if cell.id != cell_id(cell.settings) or cell.baseline not in ids
    ]
    if changed:
        raise ConfigurationError(changed)


def _raised(points: Sequence[Point], study: StudyDescription) -> dict[str, Any]:
    """Give the study's settings that are asked for anew.

    Raises:
        ConfigurationError: naming those that make it another study
    """
    config, overrides = points[0].config, points[0].overrides
    raised = {}
    problems = []
    for key in (key for key in STUDY_SETTINGS if key not in OF_THE_SITTING):
        usual = getattr(Config, key)
        now, before = getattr(config, key), getattr(study, key)
        # What an experiment's file sets is no override.
        given = key in overrides or now != usual
        if not given or now == before:
            continue
        if key in _ASKS_FOR_MORE and _ASKS_FOR_MORE[key](before, now):
            raised[key] = now
        elif key in _ASKS_FOR_MORE:
            unlimited = ", no limit," if before is None else ","
            told = f"{key}={_shown(now)}: the study has {_shown(before)}{unlimited} and may only ask for more"
            problems.append(told)
        else:
            problems.append(f"{key}={_shown(now)}: the study has {_shown(before)}; leave it out")
    if problems:
        raise ConfigurationError(problems)
    return raised


def _refuse_other_cells(points: Sequence[Point], kept: Sequence[Cell]) -> None:
    """Compare the cells that the command line describes, if it describes any, with those of the folder."""
    given = {key for point in points for key in point.overrides}
    if given <= set(STUDY_SETTINGS):
        return
    before, now = {cell.id: cell for cell in kept}, {cell.id: cell for cell in plan(points).cells}
    gone = [cell for identity, cell in before.items() if identity not in now]
    new = [cell for identity, cell in now.items() if identity not in before]
    problems = list(dict.fromkeys(_differences(gone, new)))
    if problems:
        raise ConfigurationError(problems)


def _differences(gone: Iterable[Cell], new: Iterable[Cell]) -> Iterator[str]:
    """Tell the settings that differ between cells of one name, and the cells that have no namesake."""
    unmatched = {_name(cell): cell for cell in new}
    for cell in gone:
        namesake = unmatched.pop(_name(cell), None)
        if namesake is None:
            yield f"resume: the study has {_name(cell)}, which is not asked for; leave out what says so"
            continue
        before, now = dict(_flat("", cell.settings)), dict(_flat("", namesake.settings))
        for key in (key for key in {**before, **now} if before.get(key) != now.get(key)):
            told = f"the study has {_shown(before.get(key))}, and {_shown(now.get(key))} is asked for"
            yield f"{key}: {told}; leave it out, or measure another study"
    for name in unmatched:
        yield f"resume: the study does not have {name}; leave out what asks for it, or measure another study"


def _name(cell: Cell) -> str:
    workers = "" if cell.workers is None else f" × {cell.workers}"
    chunks = "" if cell.chunk_size == 1 else f", chunks of {cell.chunk_size or 'all'}"
    swept = "".join(f", {key}={value}" for key, value in cell.swept.items() if value is not None)
    return f"{cell.workload}: {cell.executor}{workers}{chunks}{swept}, Python {cell.python}"


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _flat(f"{path}.{key}".removeprefix("."), part)
    else:
        yield path, value


def _shown(value: Any) -> str:
    text = "null" if value is None else str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


_LONGEST_SHOWN = 60  # characters
