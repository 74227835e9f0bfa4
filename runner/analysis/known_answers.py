"""Known answers, which the author of a workload states beforehand, compared with the measurements."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from runner.analysis.machine import Machine
from runner.columns import KNOWN_FIGURES
from runner.estimate import Estimate
from runner.facts import (
    BoundLimit,
    CellAnalysis,
    KnownAnswerAnalysis,
    KnownOutcome,
    LawAnalysis,
    NotRun,
    OutOfReach,
)
from runner.folder.study_description import StudyAnswer
from runner.modes import ModeSpec
from runner.records import Cell

_BOUNDED = ("speedup", "attributed_speedup")  #: figures that the bound limits


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What known answers are compared with."""

    cells: Mapping[str, CellAnalysis]  #: by id, in the order of the grid
    laws: Sequence[LawAnalysis]
    machine: Machine
    mode: ModeSpec
    fewest_repetitions: int  #: with fewer, bounds are ranges
    cpus_for: Callable[[Cell, float], int | None]  #: CPUs, with a worker each, that allow a speedup of a cell


def compare_known_answers(known: Iterable[StudyAnswer], measured: Measured) -> Iterator[KnownAnswerAnalysis]:
    """Compare every known answer with each cell that it is about.

    Args:
        known: as recorded in study.yaml
        measured: the analysed study
    """
    by_executor: dict[tuple[str, str], list[CellAnalysis]] = {}
    for cell in measured.cells.values():
        by_executor.setdefault((cell.cell.workload, cell.cell.executor), []).append(cell)
    for answer in known:
        cells = _cells_of(answer, by_executor.get((answer.workload, answer.executor), []))
        if not cells:
            yield _not_run(answer, NotRun.NO_SUCH_CELL)
        for cell in cells:
            yield _compare(answer, cell, measured)


def _cells_of(answer: StudyAnswer, cells: Sequence[CellAnalysis]) -> Sequence[CellAnalysis]:
    """List the cells of an executor that an answer is about; the first cell stands for a whole curve."""
    if answer.workers is None:
        return cells[:1]
    return [cell for cell in cells if cell.cell.workers == answer.workers]


def _compare(answer: StudyAnswer, cell: CellAnalysis, measured: Measured) -> KnownAnswerAnalysis:
    reason = _why_not_run(answer, cell, measured)
    if reason is NotRun.TOO_FEW_CPUS:
        cpus = measured.machine.cpus(cell.cell)
        return _not_run(answer, reason, cell, needed=answer.needs_cpus, available=cpus)
    if reason is NotRun.NO_QUOTA:
        quota = measured.machine.quota
        return _not_run(answer, reason, cell, needed=answer.needs_quota, available=quota)
    if reason is not None:
        return _not_run(answer, reason, cell)
    figure = figure_of(cell, answer.figure, measured.laws)
    is_range = cell.repetitions < measured.fewest_repetitions
    outcome = _outcome(answer, figure, is_range=is_range)
    return KnownAnswerAnalysis(
        known=answer,
        cell=cell.cell.id,
        measured=figure,
        outcome=outcome,
        out_of_reach=None if outcome is KnownOutcome.HOLDS else _out_of_reach(answer, cell, measured),
        not_run=None,
        author_reason="",
        needed=None,
        available=None,
        disturbed=cell.disturbed,
        repetitions=cell.repetitions,
    )


def _out_of_reach(answer: StudyAnswer, cell: CellAnalysis, measured: Measured) -> OutOfReach | None:
    """Say why a cell cannot reach the expected speedup; None if its bound allows it."""
    bound, limit = cell.speedup_bound, cell.bound_limit
    if answer.figure not in _BOUNDED or bound is None or limit is None:
        return None
    expected = answer.contains if answer.contains is not None else answer.about
    speedup = answer.at_least if expected is None else expected
    if speedup is None or max(_limits(answer)[0], 0.0) <= bound.high or speedup <= bound.high:
        return None
    cpus = measured.machine.cpus(cell.cell)
    return OutOfReach(
        speedup=speedup,
        bound=bound,
        limit=limit,
        count=cpus if limit is BoundLimit.CPUS else float(cell.cell.workers or 0),
        needed=measured.cpus_for(cell.cell, speedup),
    )


def _not_run(
    answer: StudyAnswer,
    reason: NotRun,
    cell: CellAnalysis | None = None,
    *,
    needed: float | None = None,
    available: float | None = None,
) -> KnownAnswerAnalysis:
    return KnownAnswerAnalysis(
        known=answer,
        cell=cell.cell.id if cell else None,
        measured=None,
        outcome=KnownOutcome.NOT_RUN,
        not_run=reason,
        author_reason=str(answer.not_run) if reason is NotRun.BY_AUTHOR else "",
        needed=needed,
        available=available,
        out_of_reach=None,
        disturbed=cell.disturbed if cell else 0,
        repetitions=cell.repetitions if cell else 0,
    )


def _why_not_run(answer: StudyAnswer, cell: CellAnalysis, measured: Measured) -> NotRun | None:
    machine = measured.machine
    if not measured.mode.is_strong_scaling:
        return NotRun.OTHER_MODE
    if answer.not_run:
        return NotRun.BY_AUTHOR
    if answer.needs_gil and not machine.has_gil(cell.cell):
        return NotRun.NO_GIL
    if (answer.needs_cpus or 0) > machine.cpus(cell.cell):
        return NotRun.TOO_FEW_CPUS
    if answer.needs_quota is not None and machine.quota != answer.needs_quota:
        return NotRun.NO_QUOTA
    return None if cell.is_ok else NotRun.CELL_FAILED


def figure_of(cell: CellAnalysis, name: str, laws: Sequence[LawAnalysis]) -> Estimate | None:
    """Look up a figure of a cell, or of the law of its curve; None if there is none.

    Args:
        cell: the cell
        name: of KNOWN_FIGURES
        laws: of the study
    """
    figure = KNOWN_FIGURES[name](cell, laws)
    return figure if figure is None or isinstance(figure, Estimate) else Estimate.exact(float(figure))


def _outcome(answer: StudyAnswer, figure: Estimate | None, *, is_range: bool) -> KnownOutcome:
    """Decide whether a figure is as expected; a range of few repetitions never contradicts the author."""
    if figure is None:
        return KnownOutcome.CANNOT_TELL
    low, high = _limits(answer)
    if answer.contains is not None:
        holds = may_hold = figure.low <= answer.contains <= figure.high
    else:
        holds = low <= figure.value <= high
        may_hold = figure.low <= high and figure.high >= low
    if holds:
        return KnownOutcome.HOLDS
    return KnownOutcome.CANNOT_TELL if may_hold or is_range else KnownOutcome.DOES_NOT_HOLD


def _limits(answer: StudyAnswer) -> tuple[float, float]:
    """Return the range in which a figure is as expected."""
    if answer.contains is not None:
        return answer.contains, answer.contains
    if answer.about is not None:
        return answer.about * (1 - answer.within), answer.about * (1 + answer.within)
    return (
        -math.inf if answer.at_least is None else answer.at_least,
        math.inf if answer.at_most is None else answer.at_most,
    )
