"""The warnings of a study: records of what limits its result, the worst first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from runner.disturbances import DisturbanceKind, parse
from runner.facts import (
    CellAnalysis,
    CellsFailed,
    CellsNotMeasured,
    CrowdedCpus,
    DisturbanceCount,
    DisturbedRuns,
    GroupAnalysis,
    OddTimes,
    PrecisionMissed,
    ShortWindows,
    StudyFacts,
    StudyWarning,
    TooFewRepetitions,
)
from runner.records import Sample, Status

#: The statuses of failed cells, the most severe first.
_WORST_FIRST: tuple[Status, ...] = ("crashed", "timeout", "failed", "wrong_result")


def warnings_of(
    study: StudyFacts,
    cells: Mapping[str, CellAnalysis],
    groups: Sequence[GroupAnalysis],
    samples: Iterable[Sample],
) -> tuple[StudyWarning, ...]:
    """List all warnings.

    Args:
        study: the facts about the study
        cells: by id, in the order of the grid
        groups: of cells with a common baseline
        samples: in the order in which they were recorded
    """
    samples = list(samples)
    return (
        *_failures(cells, _first_failures(samples)),
        *_not_measured(cells),
        *_too_few_repetitions(study, groups),
        *_missed_precision(study, cells),
        *_short_windows(cells),
        *_disturbed_runs(samples),
        *_crowded_cpus(cells),
        *_odd_times(cells),
    )


def _by_workload(cells: Mapping[str, CellAnalysis]) -> dict[str, list[CellAnalysis]]:
    workloads: dict[str, list[CellAnalysis]] = {}
    for cell in cells.values():
        workloads.setdefault(cell.cell.workload, []).append(cell)
    return workloads


def _first_failures(samples: Iterable[Sample]) -> dict[str, int]:
    """Return the repetition in which each failed cell failed first."""
    first: dict[str, int] = {}
    for sample in samples:
        if sample.status in _WORST_FIRST:
            first.setdefault(sample.cell, sample.repetition)
    return first


def _failures(cells: Mapping[str, CellAnalysis], first_failures: Mapping[str, int]) -> list[CellsFailed]:
    """List the reasons why cells of a workload failed, each once."""
    failures = []
    for workload, members in _by_workload(cells).items():
        by_reason: dict[tuple[Status, str], list[CellAnalysis]] = {}
        # The loop and pools word the same crash differently: each process reports what it saw.
        all_crashed = all(cell.status == "crashed" for cell in members)
        for cell in members:
            if cell.status in _WORST_FIRST:
                # Wrong results are one reason, although their errors show different values.
                error = "" if cell.status == "wrong_result" or all_crashed else cell.error
                by_reason.setdefault((cell.status, error), []).append(cell)
        failures += [
            CellsFailed(
                workload=workload,
                status=status,
                cells=tuple(cell.cell.id for cell in failed),
                is_all=len(failed) == len(members) > 1,
                in_loop=any(cell.cell.is_loop for cell in failed),
                error=failed[0].error,
                from_reference=failed[0].cell.settings["workload"].get("expect") is None,
                succeeded=sum(len(cell.runs) for cell in failed),
                first_repetition=min(first_failures.get(cell.cell.id, 0) for cell in failed),
            )
            for (status, _), failed in by_reason.items()
        ]
    return sorted(failures, key=lambda failure: _WORST_FIRST.index(failure.status))


def _not_measured(cells: Mapping[str, CellAnalysis]) -> Iterator[CellsNotMeasured]:
    for workload, members in _by_workload(cells).items():
        missing = [cell.cell.id for cell in members if not cell.is_ok and cell.status not in _WORST_FIRST]
        if missing:
            yield CellsNotMeasured(workload=workload, cells=tuple(missing), of=len(members))


def _too_few_repetitions(study: StudyFacts, groups: Sequence[GroupAnalysis]) -> Iterator[TooFewRepetitions]:
    needed, asked = study.fewest_repetitions, study.repetitions_asked
    fewest = min((group.repetitions for group in groups if group.cells), default=needed)
    if fewest < needed:
        yield TooFewRepetitions(fewest=fewest, needed=needed, asked=asked, reason=_why_too_few(study))


def _why_too_few(study: StudyFacts) -> Literal["asked", "interrupted", "time_budget", "ended"]:
    if study.repetitions_asked < study.fewest_repetitions:
        return "asked"
    if study.is_interrupted:
        return "interrupted"
    return "ended" if study.time_budget_s is None else "time_budget"


def _missed_precision(study: StudyFacts, cells: Mapping[str, CellAnalysis]) -> Iterator[PrecisionMissed]:
    missed = {
        cell.cell.id: cell.missed_precision for cell in cells.values() if cell.missed_precision is not None
    }
    if missed and study.precision is not None:
        yield PrecisionMissed(cells=tuple(missed), asked=study.precision, worst=max(missed.values()))


def _short_windows(cells: Mapping[str, CellAnalysis]) -> Iterator[ShortWindows]:
    short = {cell.cell.id: cell.short_window for cell in cells.values() if cell.short_window is not None}
    if short:
        yield ShortWindows(cells=tuple(short), worst=max(short.values(), key=lambda window: window.needed_s))


def _disturbed_runs(samples: Iterable[Sample]) -> Iterator[DisturbedRuns]:
    runs = [sample for sample in samples if sample.is_headline]
    disturbed = [sample for sample in runs if sample.noisy]
    if not disturbed:
        return
    amounts: dict[DisturbanceKind, list[float]] = {}
    for sample in disturbed:
        for disturbance in parse(sample.noisy):
            amounts.setdefault(disturbance.kind, []).append(disturbance.amount)
    kinds = (
        DisturbanceCount(kind=kind, runs=len(of_kind), most=max(of_kind)) for kind, of_kind in amounts.items()
    )
    yield DisturbedRuns(
        disturbed=len(disturbed),
        runs=len(runs),
        kinds=tuple(sorted(kinds, key=lambda count: -count.runs)),
    )


def _crowded_cpus(cells: Mapping[str, CellAnalysis]) -> Iterator[CrowdedCpus]:
    crowded = [
        CrowdedCpus(
            cell=cell.cell.id,
            workers=cell.cell.workers,
            threads=cell.native_threads,
            usable_cpus=cell.usable_cpus,
        )
        for cell in cells.values()
        if cell.native_threads is not None and cell.cell.workers and cell.usable_cpus
    ]
    if crowded:
        yield max(crowded, key=lambda warning: warning.threads.per_cpu)


def _odd_times(cells: Mapping[str, CellAnalysis]) -> Iterator[OddTimes]:
    odd = tuple(cell.cell.id for cell in cells.values() if cell.anomalies)
    if odd:
        yield OddTimes(cells=odd)
