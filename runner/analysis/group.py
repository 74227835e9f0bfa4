"""The groups of a study: the cells with one baseline, and how groups that do the same work compare."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from runner.analysis.answer import (
    ComparedCells,
    answer_of,
    executors_of,
    explanation_of,
    fewer_workers_of,
    more_repetitions_of,
    more_workers_of,
    no_busier_of,
    reason_of,
    recommended_of,
    remedies_of,
)
from runner.analysis.headline import CellTimes
from runner.facts import (
    Answer,
    CellAnalysis,
    Comparison,
    GroupAnalysis,
    SnippetRanking,
    TaskAnalysis,
    WorkComparison,
)
from runner.records import varying_settings

_Cells = Mapping[str, CellAnalysis]
_EQUAL = 1.25  # longest over median task: up to here, tasks count as equal


def analyse_groups(
    cells: _Cells, tasks: Iterable[TaskAnalysis], times: CellTimes
) -> tuple[GroupAnalysis, ...]:
    """Answer for every group of cells with a common baseline, in the order of the grid.

    Args:
        cells: of the study, by id
        tasks: of all cells
        times: the times by which they are compared
    """
    groups: dict[str, list[CellAnalysis]] = {}
    for cell in cells.values():
        groups.setdefault(cell.cell.baseline, []).append(cell)
    keys = varying_settings([_settings(cell) for cell in cells.values()])
    snippets: dict[str, list[TaskAnalysis]] = {}
    lengths: dict[str, list[float]] = {}
    for task in tasks:
        if task.relative is not None:
            snippets.setdefault(task.cell, []).append(task)
        elif task.cell in groups:
            lengths.setdefault(task.cell, []).append(task.time_s.value)

    def compared(baseline: str, group: Sequence[CellAnalysis]) -> ComparedCells:
        measured = [cell for cell in group if _is_measured(cell)]
        return ComparedCells(measured, times, has_equal_tasks=_are_equal(lengths.get(baseline, [])))

    return tuple(
        _analyse_group(baseline, group, snippets.get(baseline, []), compared(baseline, group), keys)
        for baseline, group in groups.items()
    )


def _analyse_group(
    baseline: str,
    group: Sequence[CellAnalysis],
    snippets: Sequence[TaskAnalysis],
    compared: ComparedCells,
    keys: Sequence[str],
) -> GroupAnalysis:
    measured = compared.cells
    where = _where(measured or group, keys)
    if not measured:
        return GroupAnalysis(
            workload=group[0].cell.workload,
            where=where,
            baseline=baseline,
            cells=(),
            failed=tuple(cell.cell.id for cell in group),
            answer=None,
            reason=None,
            no_busier=(),
            fastest=None,
            recommended=None,
            repetitions=0,
            needed_repetitions=compared.times.level.to_compare(len(group)).fewest_blocks,
            next_over_fastest=None,
            fewer_workers=None,
            executors=(),
            more_workers=None,
            more_repetitions=None,
            explanation=None,
            remedies={},
            snippets=None,
        )
    fastest, *others = compared.fastest_first(measured)
    is_baseline = fastest.is_baseline
    answer = answer_of(compared)
    recommended = recommended_of(compared, answer)
    return GroupAnalysis(
        workload=group[0].cell.workload,
        where=where,
        baseline=baseline,
        cells=tuple(cell.cell.id for cell in measured),
        failed=tuple(cell.cell.id for cell in group if not _is_measured(cell)),
        answer=answer,
        reason=reason_of(compared) if answer is Answer.DOES_NOT_HELP else None,
        no_busier=no_busier_of(compared),
        fastest=fastest.cell.id,
        recommended=recommended.cell.id,
        repetitions=compared.repetitions,
        needed_repetitions=compared.level.fewest_blocks,
        next_over_fastest=(compared.compare(others[0], fastest) if is_baseline and others else None),
        fewer_workers=None if is_baseline else fewer_workers_of(compared, fastest),
        executors=executors_of(compared, recommended),
        more_workers=more_workers_of(compared, recommended),
        more_repetitions=more_repetitions_of(compared) if answer is Answer.CANNOT_TELL else None,
        explanation=explanation_of(compared, recommended),
        remedies=remedies_of(compared),
        snippets=_rank_snippets(snippets, compared),
    )


def _are_equal(lengths: Sequence[float]) -> bool | None:
    """Whether tasks take about the same time; None without any."""
    return max(lengths) <= _EQUAL * float(np.median(lengths)) if lengths else None


def _is_measured(cell: CellAnalysis) -> bool:
    return cell.is_ok and cell.wall_s is not None


def _rank_snippets(snippets: Sequence[TaskAnalysis], group: ComparedCells) -> SnippetRanking | None:
    """Rank the snippets of a baseline; None for fewer than two."""
    if len(snippets) < 2:
        return None
    quickest, *others = sorted(snippets, key=lambda snippet: snippet.time_s.value)
    return SnippetRanking(
        quickest=quickest,
        next=others[0],
        rivals=tuple(snippet.label for snippet in others if snippet.among_best),
        repetitions=group.repetitions,
        needed_repetitions=group.times.level.to_compare(len(snippets)).fewest_blocks,
    )


def compare_work(
    cells: _Cells, groups: Sequence[GroupAnalysis], times: CellTimes
) -> tuple[WorkComparison, ...]:
    """Compare groups that do the same work by their recommended cells; omit work that only one group does."""
    same_work: dict[str, list[tuple[str, str]]] = {}
    for group in groups:
        if group.recommended is not None:
            work = cells[group.recommended].cell.work
            same_work.setdefault(work, []).append((group.baseline, group.recommended))
    comparisons = []
    for compared in same_work.values():
        if len(compared) > 1:
            ranked = sorted(compared, key=lambda group: times.middle(group[1]))
            best, second = ranked[0][1], ranked[1][1]
            ratio = times.ratio(second, best)
            comparisons.append(
                WorkComparison(
                    groups=tuple(baseline for baseline, _ in ranked),
                    fastest=best,
                    second=Comparison(slower=second, faster=best, ratio=ratio) if ratio else None,
                )
            )
    return tuple(comparisons)


def _where(group: Sequence[CellAnalysis], keys: Sequence[str]) -> dict[str, Any]:
    """Return the settings that all pools of a group share and that vary between groups."""
    pools = [cell for cell in group if cell.cell.workers is not None] or group
    values = {key: [_settings(cell)[key] for cell in pools] for key in keys}
    return {
        key: pool_values[0]
        for key, pool_values in values.items()
        if pool_values[0] is not None and all(value == pool_values[0] for value in pool_values)
    }


def _settings(cell: CellAnalysis) -> dict[str, Any]:
    """Return the settings that may tell a group from others: the interpreter, and further swept settings."""
    return {"python": cell.python, **cell.swept}
