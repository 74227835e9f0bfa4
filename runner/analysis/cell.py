"""One cell analysed: its runs, its times, and how it compares with its baseline."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from runner.analysis.anomalies import anomalies
from runner.analysis.explain.explainer import Explainer, is_event_loop
from runner.analysis.headline import CellTimes, SamplesByCell
from runner.analysis.intervals import Values
from runner.analysis.machine import Machine
from runner.analysis.standings import (
    Standing,
    best_baselines,
    compare,
    groups_of,
    next_fewer_workers,
    standings,
)
from runner.disturbances import DisturbanceKind, parse
from runner.estimate import Estimate
from runner.facts import (
    CellAnalysis,
    Comparison,
    HeadlineRun,
    Limit,
    Memory,
    NativeThreads,
    Service,
    ShortWindow,
    Spread,
)
from runner.folder.results import Results, read_end
from runner.modes import ModeSpec, bags_of, has_window, mode_of, unit_s
from runner.records import AUTO, FAILED_STATUSES, Cell, Sample, Status, UntimedRun, names_within_workloads

MOST_TASKS = 10_000  #: of an iteration; if there are more, their records are merged
_UNCOUNTED = 0.05  # share of a window's tasks that may be in progress, and so uncounted, when it closes
_BEYOND_BOUND = 1.01  # a speedup exceeds the bound if its lower end over the bound's upper end is larger
_AT_BOUND = 0.98  # it is at the bound if its upper end over the bound's lower end is at least this
_NEAR_BOUND = (
    0.9  # and if speedup over bound is at least this: an interval that is merely wide does not count
)


@dataclass(frozen=True, kw_only=True)
class Times:
    """The times of the cells that never failed."""

    unit: CellTimes  #: what cells are compared by: the time of one bag or, with a window, of one task
    wall: CellTimes  #: wall time of whole runs
    warm: CellTimes  #: of the tasks of one bag on a warm pool
    cpu: CellTimes  #: CPU time of whole runs


@dataclass(frozen=True, kw_only=True)
class StudyContext:
    """What the analysis of a cell needs to know about the others; made once per study."""

    results: Results
    mode: ModeSpec
    machine: Machine
    samples: SamplesByCell
    times: Times
    names: Mapping[str, str]  #: of cells, by id
    best_baselines: Mapping[str, str]  #: by cell: the fastest baseline that does the same work
    standings: Mapping[str, Standing]  #: by cell; only cells that never failed
    next_fewer: Mapping[str, Cell]  #: by cell: the measured cell with the next smaller number of workers
    memory: Mapping[str, Memory]  #: by cell
    units: Mapping[str, Mapping[int, float]]  #: by cell and repetition: `unit_s` of all headline runs
    printed: Mapping[str, tuple[str, ...]]  #: by cell: the files with what its invocations printed


def study_context(results: Results, machine: Machine, samples: SamplesByCell, times: Times) -> StudyContext:
    """Compare the cells of a study with each other: everything that `analyse_cell` needs."""
    return StudyContext(
        results=results,
        mode=mode_of(results.study),
        machine=machine,
        samples=samples,
        times=times,
        names=_names(results, machine),
        best_baselines=best_baselines(results.cells, times.unit),
        standings=standings(groups_of(results.cells), times.unit, _slowdowns(samples)),
        next_fewer=_next_fewer(results.cells, times),
        memory=_memory(results.untimed),
        units={cell.id: _units(cell, samples[cell.id]) for cell in results.cells},
        printed=_printed(results),
    )


def analyse_cell(cell: Cell, context: StudyContext, explainer: Explainer) -> CellAnalysis:
    """Analyse one cell."""
    samples, times, machine = context.samples[cell.id], context.times, context.machine
    status, error = _status(samples)
    runs = _runs(cell, samples, context)
    headline = [sample for sample in samples if sample.is_headline]
    is_ok = status == "ok"
    speedup = times.unit.ratio(cell.baseline, cell.id)
    tasks_per_chunk = _tasks_per_chunk(samples)
    trace = explainer.explain(cell, speedup, cell.tasks_per_chunk(tasks_per_chunk or 1))
    bound = trace.bound.speedup if trace.bound else None
    standing = context.standings.get(cell.id)
    printed = context.printed.get(cell.id, ()) if status in FAILED_STATUSES else ()
    return CellAnalysis(
        cell=cell,
        name=context.names[cell.id],
        python=machine.version(cell),
        swept={key: as_number(cell.swept[key]) for key in context.results.swept},
        is_async=machine.is_async(cell),
        shares_event_loop=is_event_loop(cell),
        in_one_process=machine.workers_share_a_process(cell),
        usable_cpus=machine.usable_cpus(cell),
        status=status,
        error=error,
        printed=printed,
        printed_end=read_end(context.results.folder, _failed_output(printed, samples)),
        runs=runs,
        repetitions=len(times.unit.of(cell.id)),
        disturbed=sum(bool(sample.noisy) for sample in headline),
        tasks=max((sample.tasks for sample in samples), default=None),
        tasks_per_chunk=tasks_per_chunk,
        bags=bags_of(cell),
        wall_s=times.wall.median(cell.id),
        wall_spread=_spread(times.wall.values(cell.id)),
        bag_s=times.unit.median(cell.id) if context.mode.bags_per_worker else None,
        tasks_per_s=_inverse(times.unit.median(cell.id)) if context.mode.has_window else None,
        service=_service(headline) if context.mode.has_window and is_ok else None,
        cpu_s=times.cpu.median(cell.id),
        memory=context.memory.get(cell.id),
        speedup=speedup,
        warm_speedup=times.warm.ratio(cell.baseline, cell.id),
        speedup_of_best=_speedup_of_best(cell, context),
        efficiency=speedup.over(cell.workers) if speedup and cell.workers else None,
        marginal=_marginal(cell, context),
        among_best=standing.among_best if standing else None,
        beats_baseline=standing.beats_baseline if standing else None,
        speedup_bound=bound,
        bound_limit=trace.bound.limit if trace.bound else None,
        chunk_bound=trace.chunk_bound,
        exceeds_bound=_exceeds(speedup, bound),
        is_at_bound=_is_at(speedup, bound),
        limit=_limit(cell, samples, bound, machine.usable_cpus(cell)) if is_ok else None,
        factors=trace.factors,
        losses=trace.losses,
        unexplained=trace.unexplained,
        anomalies=anomalies(times.unit.values(cell.id)),
        native_threads=native_threads(cell, machine, trace.native_threads),
        short_window=_short_window(cell, headline) if is_ok else None,
        missed_precision=_missed_precision(speedup, context.results.study.precision),
        has_task_times=all(sample.tasks <= MOST_TASKS for sample in samples),
    )


def as_number(text: Any) -> Any:
    """Return a swept value as the number that it is, so that it sorts and plots as one."""
    try:
        number = float(text)
    except (TypeError, ValueError):
        return text
    if not math.isfinite(number):
        return text  # would look like a missing value
    return int(number) if number.is_integer() else number


def native_threads(cell: Cell, machine: Machine, per_worker: int) -> NativeThreads | None:
    """Return the native threads of a cell if all its workers together use more of them than it has CPUs."""
    usable_cpus = machine.usable_cpus(cell)
    if not cell.workers or not usable_cpus or per_worker == 1 or cell.workers * per_worker <= usable_cpus:
        return None
    return NativeThreads(per_worker=per_worker, per_cpu=cell.workers * per_worker / usable_cpus)


def _names(results: Results, machine: Machine) -> dict[str, str]:
    """Name every cell within its workload, with the version of its interpreter and swept numbers."""
    return names_within_workloads(
        replace(cell, python=machine.version(cell), swept=_swept_numbers(cell)) for cell in results.cells
    )


def _swept_numbers(cell: Cell) -> dict[str, Any]:
    return {key: as_number(value) for key, value in cell.swept.items()}


def _units(cell: Cell, samples: Sequence[Sample]) -> dict[int, float]:
    headline = {sample.repetition: unit_s(cell, sample) for sample in samples if sample.is_headline}
    return {repetition: unit for repetition, unit in headline.items() if unit is not None}


def _slowdowns(samples: SamplesByCell) -> dict[str, float]:
    """Find, by cell, how many times slower than at its best the machine was before its slowest repetition."""
    return {
        cell: max(
            (
                disturbance.amount
                for sample in cell_samples
                for disturbance in parse(sample.noisy)
                if disturbance.kind is DisturbanceKind.SLOW_CPU
            ),
            default=1.0,
        )
        for cell, cell_samples in samples.items()
    }


def _memory(untimed: Sequence[UntimedRun]) -> dict[str, Memory]:
    return {
        run.cell: Memory(peak_pss_bytes=run.peak_pss_bytes, error=run.error)
        for run in untimed
        if run.purpose == "memory"
    }


def _printed(results: Results) -> dict[str, tuple[str, ...]]:
    """List the files with what invocations printed, by cell, relative to the folder."""
    files: dict[str, list[str]] = {}
    for file in sorted((results.folder / "output").glob("*_*.txt")):
        if file.stat().st_size:
            cell = file.name.rpartition("_")[0]
            files.setdefault(cell, []).append(str(file.relative_to(results.folder)))
    return {cell: tuple(paths) for cell, paths in files.items()}


def _failed_output(printed: Sequence[str], samples: Sequence[Sample]) -> str:
    """Choose the file with what the invocation printed that failed first; empty if it printed nothing."""
    failed = next((sample for sample in samples if sample.has_failed), None)
    name = "" if failed is None else f"{failed.cell}_{failed.repetition}"
    return next((file for file in printed if Path(file).stem == name), "")


def _status(samples: Sequence[Sample]) -> tuple[Status, str]:
    """Return the status of the first sample that failed, with its error."""
    for sample in samples:
        if sample.has_failed:
            return sample.status, sample.error
    is_ok = any(sample.repetition > 0 and sample.status == "ok" for sample in samples)
    return ("ok" if is_ok else "interrupted"), ""


def _runs(cell: Cell, samples: Sequence[Sample], context: StudyContext) -> tuple[HeadlineRun, ...]:
    baseline = context.units.get(cell.baseline, {})
    runs = []
    for sample in samples:
        unit = unit_s(cell, sample)
        if not sample.is_headline or sample.wall_s is None or unit is None:
            continue
        baseline_unit = baseline.get(sample.repetition)
        speedup = None if baseline_unit is None else baseline_unit / unit
        runs.append(
            HeadlineRun(
                repetition=sample.repetition,
                started_at=sample.started_at,
                wall_s=sample.wall_s,
                unit_s=unit,
                start_s=sample.start_s,
                work_s=sample.work_s,
                end_s=sample.end_s,
                cpu_s=sample.cpu_s,
                tasks=sample.tasks,
                tasks_per_s=1 / unit if context.mode.has_window else None,
                speedup=speedup,
                efficiency=speedup / cell.workers if speedup is not None and cell.workers else None,
                disturbance=sample.noisy,
            )
        )
    return tuple(sorted(runs, key=lambda run: run.repetition))


def _tasks_per_chunk(samples: Sequence[Sample]) -> int | None:
    sizes = [sample.tasks_per_chunk for sample in samples if not sample.is_reference]
    return max((size for size in sizes if size is not None), default=None)


def _spread(wall_s: Values) -> Spread | None:
    if not wall_s.size:
        return None
    least, p10, p90, most = (float(value) for value in np.quantile(wall_s, [0.0, 0.1, 0.9, 1.0]))
    return Spread(least=least, p10=p10, p90=p90, most=most)


def _inverse(estimate: Estimate | None) -> Estimate | None:
    return None if estimate is None else estimate.inverse()


def _service(headline: Sequence[Sample]) -> Service | None:
    """Return the medians over the repetitions of the percentiles of a window."""
    p50 = [sample.service_p50_s for sample in headline if sample.service_p50_s is not None]
    p90 = [sample.service_p90_s for sample in headline if sample.service_p90_s is not None]
    p99 = [sample.service_p99_s for sample in headline if sample.service_p99_s is not None]
    if not (p50 and p90 and p99):
        return None
    return Service(p50_s=float(np.median(p50)), p90_s=float(np.median(p90)), p99_s=float(np.median(p99)))


def _speedup_of_best(cell: Cell, context: StudyContext) -> Estimate | None:
    best = context.best_baselines.get(cell.id)
    return context.times.unit.ratio(best, cell.id) if best else None


def _next_fewer(cells: Sequence[Cell], times: Times) -> dict[str, Cell]:
    measured = {cell.id: cell for cell in cells if times.unit.of(cell.id)}
    fewer = next_fewer_workers(measured.values())
    return {cell: measured[smaller] for cell, smaller in fewer.items()}


def _marginal(cell: Cell, context: StudyContext) -> Comparison | None:
    """Compare a cell with the next smaller number of workers that was measured, all else being equal."""
    fewer = context.next_fewer.get(cell.id)
    return None if fewer is None else compare(fewer, cell, context.times.unit, context.standings)


def _exceeds(speedup: Estimate | None, bound: Estimate | None) -> bool:
    return speedup is not None and bound is not None and speedup.low > bound.high * _BEYOND_BOUND


def _is_at(speedup: Estimate | None, bound: Estimate | None) -> bool:
    if speedup is None or bound is None or _exceeds(speedup, bound):
        return False
    return speedup.high >= _AT_BOUND * bound.low and speedup.value >= _NEAR_BOUND * bound.value


def _limit(
    cell: Cell, samples: Sequence[Sample], bound: Estimate | None, usable_cpus: int | None
) -> Limit | None:
    """Return what keeps some workers idle or waiting: too few tasks, chunks or CPUs."""
    workers, tasks = cell.workers or 0, max((sample.tasks for sample in samples), default=0)
    chunks = _chunks(cell, tasks, _tasks_per_chunk(samples)) or workers
    if workers > chunks and not has_window(cell):
        return Limit(kind="tasks" if chunks == tasks else "chunks", count=chunks)
    waits = bound is not None and bound.value > _WAITING * workers
    if not usable_cpus or workers <= usable_cpus or waits or is_event_loop(cell):
        return None
    return Limit(kind="cpus", count=usable_cpus)


def _chunks(cell: Cell, tasks: int, auto: int | None) -> int:
    """Count the chunks of an iteration; 0 if it has no task."""
    size = cell.chunk_size if not cell.is_loop else 1
    size = (auto or 1) if size == AUTO else size
    return 1 if size is None else math.ceil(tasks / size)


_WAITING = 0.9  # bound over workers: above it tasks wait, so that more workers than CPUs are no limit


def _short_window(cell: Cell, headline: Sequence[Sample]) -> ShortWindow | None:
    """Return the length that a window needs if those of a cell held too few tasks; otherwise None."""
    if not has_window(cell) or not headline:
        return None
    tasks, workers = float(np.median([sample.tasks for sample in headline])), cell.workers or 1
    if workers <= _UNCOUNTED * tasks:
        return None
    needed_s = math.ceil(cell.settings["duration_s"] * workers / tasks / _UNCOUNTED)
    return ShortWindow(tasks=tasks, needed_s=needed_s)


def _missed_precision(speedup: Estimate | None, precision: float | None) -> float | None:
    if not precision or speedup is None:
        return None
    reached = speedup.relative_half_width
    return reached if reached > precision else None
