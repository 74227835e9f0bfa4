"""Two result folders → what changed between them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from runner.analysis.intervals import Values
from runner.analysis.study import analyse
from runner.compare.change import AnswerChange, CellChange, StudyChange, Verdict
from runner.compare.shift import (
    Confidence,
    Drift,
    drift_of,
    fewest_times,
    paired_ratio,
    ratio_of_times,
    smallest_shown,
)
from runner.compare.surroundings import differences
from runner.errors import RunnerError
from runner.estimate import Estimate
from runner.facts import CellAnalysis, GroupAnalysis, StudyAnalysis
from runner.folder.results import Results
from runner.report import wording
from runner.units import three_digits

REVISION = "revision"  #: the setting
MOST_NEEDED = 200  # repetitions: more are not practical, so their number is not told
_ALIKE = 0.02  # all cells changed alike if their logarithms differ from the mean by no more


@dataclass(frozen=True, kw_only=True)
class Margin:
    """The change that does not matter."""

    relative: float
    floor_s: float  #: for short cells

    def of(self, time_s: float) -> float:
        """Return the relative margin of a time."""
        return max(self.relative, self.floor_s / time_s)


def compare_studies(before: Results, after: Results, margin: Margin, *, anyway: bool = False) -> StudyChange:
    """Compare two studies.

    Args:
        before: the study that the other is compared with
        after: the other
        margin: the change that does not matter
        anyway: compare them even if their figures do not mean the same

    Raises:
        RunnerError: if they cannot be compared
    """
    studies = analyse(before), analyse(after)
    matched = _matched(*studies)
    problems = [*_problems(before, after, matched)]
    if problems and not anyway:
        raise RunnerError(
            f"{before.folder} and {after.folder} cannot be compared: {'; '.join(problems)}; "
            "use --anyway to compare them all the same"
        )
    if not matched:
        raise RunnerError(
            f"{before.folder} and {after.folder} have no cell in common; compare studies of the same "
            "workload, executors and workers"
        )
    times = [{cell.cell.id: _times(cell) for cell in study.cells.values()} for study in studies]
    drift = drift_of(*times)
    confidence = Confidence(family=before.study.confidence, cells=len(matched))
    names = [{_name(cell, study) for cell in study.cells.values()} for study in studies]
    compared = [{_name(pair[side], studies[side]) for pair in matched} for side in (0, 1)]
    cells = [
        _cell_change(
            pair,
            ratio_of_times(_values(pair[0]), _values(pair[1]), confidence, drift),
            margin,
            _Scatter(confidence, drift),
        )
        for pair in matched
    ]
    return StudyChange(
        before=str(before.folder),
        after=str(after.folder),
        confidence=before.study.confidence,
        differences=differences(before, after),
        cells=cells,
        only_before=sorted(names[0] - compared[0]),
        only_after=sorted(names[1] - compared[1]),
        answers=[*_answers(*studies)],
        drift=drift.deviation,
        common=_common(cells),
    )


def compare_revisions(results: Results, margin: Margin) -> list[StudyChange]:
    """Compare each revision of one study with the first.

    Args:
        results: the study
        margin: the change that does not matter

    Raises:
        RunnerError: if it has a single revision
    """
    study = analyse(results)
    revisions = dict.fromkeys(map(_revision, study.cells.values()))
    if len(revisions) < 2:
        raise RunnerError(
            f"{results.folder}: it measured a single revision; name two result folders, or measure "
            "revision=main,. in one study"
        )
    first, *others = revisions
    return [_revision_change(study, first, other, margin) for other in others]


def _revision_change(study: StudyAnalysis, first: Any, other: Any, margin: Margin) -> StudyChange:
    by_key = [
        {_key_without_revision(cell): cell for cell in study.cells.values() if _revision(cell) == each}
        for each in (first, other)
    ]
    pairs = [
        (cell, by_key[1][key])
        for key, cell in by_key[0].items()
        if key in by_key[1] and cell.is_ok and by_key[1][key].is_ok and cell.runs and by_key[1][key].runs
    ]
    confidence = Confidence(family=study.study.confidence, cells=len(pairs))
    steady = Drift(deviation=0.0, freedom=1)
    cells = [
        _cell_change(
            pair,
            paired_ratio(_times(pair[0]), _times(pair[1]), confidence),
            margin,
            _Scatter(confidence, steady),
        )
        for pair in pairs
    ]
    compared = [{pair[side].cell.id for pair in pairs} for side in (0, 1)]
    return StudyChange(
        before=f"{REVISION}={first}",
        after=f"{REVISION}={other}",
        confidence=study.study.confidence,
        differences=[],
        cells=cells,
        only_before=[cell.name for cell in by_key[0].values() if cell.cell.id not in compared[0]],
        only_after=[cell.name for cell in by_key[1].values() if cell.cell.id not in compared[1]],
        answers=[],
        drift=0.0,
        common=None,
    )


def _revision(cell: CellAnalysis) -> Any:
    return cell.cell.swept.get(REVISION)


def _key_without_revision(cell: CellAnalysis) -> tuple[str, ...]:
    return tuple(str(value) for key, value in cell.cell.naming.items() if key != REVISION)


# --- which cells --------------------------------------------------------------------------------------


def _matched(before: StudyAnalysis, after: StudyAnalysis) -> list[tuple[CellAnalysis, CellAnalysis]]:
    """Pair the cells that both studies measured, in the order of the first."""
    keys = [_keys(study) for study in (before, after)]
    others = {key: after.cells[cell] for cell, key in keys[1].items()}
    return [
        (before.cells[cell], others[key])
        for cell, key in keys[0].items()
        if key in others and before.cells[cell].runs and others[key].runs
        if before.cells[cell].is_ok and others[key].is_ok
    ]


def _keys(study: StudyAnalysis) -> dict[str, tuple[Any, ...]]:
    """Identify each cell by its settings; the interpreter counts only where a study has several."""
    several = len({cell.cell.python for cell in study.cells.values()}) > 1
    return {
        cell.cell.id: tuple(
            str(value) for key, value in cell.cell.naming.items() if key != "python" or several
        )
        for cell in study.cells.values()
    }


def _problems(
    before: Results, after: Results, matched: Sequence[tuple[CellAnalysis, CellAnalysis]]
) -> Iterator[str]:
    """Say why figures of the studies do not mean the same."""
    if before.study.mode != after.study.mode:
        yield f"mode is {before.study.mode} in one and {after.study.mode} in the other"
    versions = [
        results.environment.get("start", {}).get("runner", {}).get("runner_version")
        for results in (before, after)
    ]
    if versions[0] != versions[1]:
        yield f"they were measured by different versions of the runner ({versions[0]} and {versions[1]})"
    for workload in dict.fromkeys(first.cell.workload for first, _ in matched):
        pairs = [pair for pair in matched if pair[0].cell.workload == workload]
        if any(_bag(first) != _bag(second) for first, second in pairs):
            yield f"the items of workload '{workload}' differ"


def _bag(cell: CellAnalysis) -> tuple[Any, ...]:
    workload = cell.cell.settings["workload"]
    return workload.get("items"), workload.get("arguments"), workload.get("snippets"), cell.tasks


# --- one cell -----------------------------------------------------------------------------------------


def _times(cell: CellAnalysis) -> Mapping[int, float]:
    return {run.repetition: run.unit_s for run in cell.runs} if cell.is_ok else {}


def _values(cell: CellAnalysis) -> Values:
    return np.array(list(_times(cell).values()))


@dataclass(frozen=True)
class _Scatter:
    """What the width of an interval depends on, beside its times."""

    confidence: Confidence
    drift: Drift


def _cell_change(
    pair: tuple[CellAnalysis, CellAnalysis], ratio: Estimate | None, margin: Margin, scatter: _Scatter
) -> CellChange:
    middles = [float(np.median(_values(cell))) for cell in pair]
    relative = margin.of(middles[0])
    verdict = _verdict(ratio, relative)
    done = min(len(cell.runs) for cell in pair)
    return CellChange(
        name=pair[0].name,
        workload=pair[0].cell.workload,
        before_s=middles[0],
        after_s=middles[1],
        ratio=ratio,
        verdict=verdict,
        margin=relative,
        smallest_shown=None if ratio is None else smallest_shown(ratio, scatter.confidence),
        needed_repetitions=_needed(ratio, relative, done, scatter)
        if verdict is Verdict.CANNOT_TELL
        else None,
    )


def _verdict(ratio: Estimate | None, margin: float) -> Verdict:
    if ratio is None:
        return Verdict.CANNOT_TELL
    if ratio.low >= 1 / (1 + margin) and ratio.high <= 1 + margin:
        return Verdict.SAME
    if ratio.low > 1:
        return Verdict.SLOWER
    return Verdict.FASTER if ratio.high < 1 else Verdict.CANNOT_TELL


def _needed(ratio: Estimate | None, margin: float, done: int, scatter: _Scatter) -> int | None:
    """Estimate the repetitions of each study with which the interval would be narrow enough.

    It narrows with the square root of the repetitions, but never below the drift.
    """
    fewest = fewest_times(scatter.confidence)
    if ratio is None:
        return fewest
    middle, limit = abs(math.log(ratio.value)), math.log1p(margin)
    half = max(math.log(ratio.high / ratio.value), math.log(ratio.value / ratio.low))
    allowed = max(middle, limit - middle)  # to exclude 1, or to lie within the margin
    wide = scatter.confidence.allowed_for(scatter.drift)
    own = math.sqrt(max(half**2 - wide**2, 0.0))
    if allowed <= wide:
        return None
    needed = math.ceil(done * own**2 / (allowed**2 - wide**2))
    return max(needed, fewest, done + 1) if needed <= MOST_NEEDED else None


def _common(cells: Sequence[CellChange]) -> float | None:
    """Return the ratio by which all cells changed alike, if it is beyond their margins."""
    logs = [math.log(cell.ratio.value) for cell in cells if cell.ratio is not None]
    if len(logs) < 2 or len(logs) < len(cells):
        return None
    mean = float(np.mean(logs))
    is_alike = all(abs(value - mean) <= _ALIKE for value in logs)
    return math.exp(mean) if is_alike and abs(mean) > _ALIKE else None


# --- the answer ---------------------------------------------------------------------------------------


def _answers(before: StudyAnalysis, after: StudyAnalysis) -> Iterator[AnswerChange]:
    others = {_group_key(group): group for group in after.groups}
    for group in before.groups:
        other = others.get(_group_key(group))
        if other is not None:
            where = wording.group_name(group, before)
            yield from _answer_changes(group, before, other, after, where)


def _group_key(group: GroupAnalysis) -> tuple[str, str]:
    return group.workload, str(sorted((key, str(value)) for key, value in group.where.items()))


def _answer_changes(
    group: GroupAnalysis, before: StudyAnalysis, other: GroupAnalysis, after: StudyAnalysis, where: str
) -> Iterator[AnswerChange]:
    recommended = [_recommended(group, before), _recommended(other, after)]
    if recommended[0] != recommended[1]:
        yield AnswerChange(
            what="the recommendation", where=where, before=recommended[0], after=recommended[1]
        )
    pairs = {cell: key for cell, key in _keys(before).items() if cell in group.cells}
    others = {key: after.cells[cell] for cell, key in _keys(after).items() if cell in other.cells}
    for cell, key in pairs.items():
        if key in others:
            yield from _cell_answers(before.cells[cell], others[key], where)


def _recommended(group: GroupAnalysis, study: StudyAnalysis) -> str:
    if group.recommended is None:
        return "none"
    name = study.cells[group.recommended].name
    return f"{name} ({group.answer.replace('_', ' ')})" if group.answer else name


def _cell_answers(before: CellAnalysis, after: CellAnalysis, where: str) -> Iterator[AnswerChange]:
    name = ": ".join(filter(None, [where, before.name]))
    bounds = before.speedup_bound, after.speedup_bound
    if bounds[0] and bounds[1] and (bounds[0].high < bounds[1].low or bounds[1].high < bounds[0].low):
        shown = [three_digits(bound.value) for bound in bounds if bound]
        if shown[0] != shown[1]:
            yield AnswerChange(what="the bound", where=name, before=shown[0], after=shown[1])
    losses = [cell.main_loss.cause.name if cell.main_loss else "none" for cell in (before, after)]
    if losses[0] != losses[1]:
        yield AnswerChange(what="the main loss", where=name, before=losses[0], after=losses[1])


def _name(cell: CellAnalysis, study: StudyAnalysis) -> str:
    return cell.name if len(study.workloads) == 1 else f"{cell.cell.workload}: {cell.name}"
