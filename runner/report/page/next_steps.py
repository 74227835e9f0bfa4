"""What to do after a study: more repetitions, another axis, or a remedy as a command that can be copied."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.disturbances import DisturbanceKind, parse
from runner.facts import CellAnalysis, RemedyCode, StudyAnalysis
from runner.report import wording
from runner.report.page import page_wording
from runner.settings import SESSION_SETTINGS
from runner.units import plural

_SWEEPS = ("-m", "--multirun")


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """Something to do next."""

    text: str
    command: str  #: empty: there is none


def next_steps(study: StudyAnalysis) -> list[NextStep]:
    """List what to do next, the most useful first; no step twice."""
    steps = [*_quieter(study), *_longer_window(study), *_more_repetitions(study)]
    steps += [*_remedies(study), *_other_axes(study)]
    return list({step.text: step for step in steps}.values())


def _quieter(study: StudyAnalysis) -> Iterator[NextStep]:
    """Suggest a quieter machine where other programs or the host disturbed most of the runs."""
    runs = [run for cell in study.cells.values() for run in cell.runs]
    kinds = [{each.kind for each in parse(run.disturbance)} - {DisturbanceKind.SLOW_CPU} for run in runs]
    if runs and sum(map(bool, kinds)) >= wording.MOSTLY_DISTURBED * len(runs):
        text = "Measure again on a quieter machine: other programs took part of the CPUs in most runs"
        yield NextStep(text=text, command=page_wording.command(study))


def _longer_window(study: StudyAnalysis) -> Iterator[NextStep]:
    """Suggest a window that holds enough tasks."""
    needed_s = [cell.short_window.needed_s for cell in study.cells.values() if cell.short_window]
    if needed_s:
        text = f"Measure for {max(needed_s)} s, so that each window holds enough tasks"
        yield NextStep(text=text, command=_command(study, {"duration_s": str(max(needed_s))}))


def _more_repetitions(study: StudyAnalysis) -> Iterator[NextStep]:
    folder = shlex.quote(f"resume={study.study.folder}")
    if study.study.is_interrupted:
        yield NextStep(text="Measure the rest of the study", command=f"python -m runner {folder}")
    elif asked := wording.repetitions_to_add(study):
        command = f"python -m runner {folder} repetitions={asked}"
        yield NextStep(text="Add repetitions, to be more certain", command=command)


def _remedies(study: StudyAnalysis) -> Iterator[NextStep]:
    """Give the remedies for what the explained pools lose, with a command where a setting is the remedy."""
    for group in study.groups:
        explanation = group.explanation
        if explanation is None or explanation.remedy is None:
            continue
        cell = study.cells[explanation.cell]
        changes = _settings_of(explanation.remedy.code, cell)
        text = wording.remedy_text(explanation.remedy, cell)
        text = f"{text[0].upper()}{text[1:]}: the remedy for {explanation.remedy.cause.name}"
        yield NextStep(text=text, command=_command(study, changes) if changes else "")


def _settings_of(code: RemedyCode, cell: CellAnalysis) -> dict[str, str]:
    """Return the settings that carry out a remedy; empty if it changes the user's code."""
    workers = cell.cell.workers or 1
    if code is RemedyCode.SMALLER_CHUNKS and cell.tasks_per_chunk:
        return {"chunk_size": ",".join(map(str, dict.fromkeys((1, max(1, cell.tasks_per_chunk // 4)))))}
    if code is RemedyCode.FEWER_WORKERS and workers > 1:
        return {"workers": ",".join(map(str, range(1, workers)[-3:]))}
    return {}


def _other_axes(study: StudyAnalysis) -> Iterator[NextStep]:
    """Suggest what the study leaves out: other executors, or more workers where these may help."""
    for group in study.groups:
        pools = [study.cells[cell] for cell in group.cells if study.cells[cell].is_pool]
        executors = {cell.cell.executor for cell in pools}
        if len(executors) == 1 and executors <= {"thread", "process"} and not _sets_the_pool(study):
            (other,) = {"thread", "process"} - executors
            command = _command(study, {"executor": "thread,process"})
            yield NextStep(text=f"Compare with the executor {other}", command=command)
        most = max((cell.cell.workers or 0 for cell in pools), default=0)
        cpus = study.study.usable_cpus or 0
        if 0 < most < cpus and any(_may_gain(cell) for cell in pools if cell.cell.workers == most):
            text = f"Try {plural(cpus, 'worker')}, as many as there are usable CPUs"
            yield NextStep(text=text, command=_command(study, {"workers": f"{most},{cpus}"}))


def _may_gain(cell: CellAnalysis) -> bool:
    """Whether more workers may help: this cell has a gain, and neither tasks nor CPUs limit it."""
    has_room = cell.limit is None and (cell.tasks or 0) > (cell.cell.workers or 0)
    return bool(cell.beats_baseline and has_room and not cell.shares_event_loop)


def _sets_the_pool(study: StudyAnalysis) -> bool:
    """Whether the command line sets arguments of the pool, which another executor may not take."""
    return any(part.lstrip("+").startswith("executor.") for part in study.provenance.arguments or ())


def _command(study: StudyAnalysis, changes: dict[str, str]) -> str:
    """Return the command of the study with some settings changed; empty if it is unknown."""
    arguments = study.provenance.arguments
    is_whole = arguments is not None and study.provenance.sessions == 1 and len(study.groups) == 1
    if arguments is None or not is_whole:
        return ""
    replaced = {*changes, *(f"executor.{key}" for key in changes)}
    kept = [
        page_wording.public_argument(part)
        for part in arguments
        if part not in _SWEEPS and part.partition("=")[0] not in {*replaced, *SESSION_SETTINGS, "results_dir"}
    ]
    changed = [f"{key}={value}" for key, value in changes.items()]
    return shlex.join(["python", "-m", "runner", *kept, *changed, *_sweep(arguments, changed)])


def _sweep(arguments: Sequence[str], changed: Sequence[str]) -> list[str]:
    """Return the flag of a sweep if the command needs it."""
    is_sweep = any(part in _SWEEPS for part in arguments) or any("," in part for part in changed)
    return ["--multirun"] if is_sweep else []
