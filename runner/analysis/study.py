"""Results in, analysis out: the table of contents of the analysis."""

from collections.abc import Hashable, Iterator, Mapping

from runner.analysis import identity
from runner.analysis import samples as sample_table
from runner.analysis.break_even import analyse_break_evens
from runner.analysis.cell import StudyContext, Times, TraceFacts, analyse_cell, study_context
from runner.analysis.curves import analyse_laws
from runner.analysis.estimate import Estimate
from runner.analysis.facts import Factors, StudyAnalysis, StudyFacts, TaskAnalysis, Unexplained
from runner.analysis.group import analyse_groups, compare_work
from runner.analysis.headline import headline_times, samples_by_cell, warm_times
from runner.analysis.intervals import Level
from runner.analysis.known_answers import Measured, compare_known_answers
from runner.analysis.machine import Machine
from runner.analysis.profiles import analyse_profiles
from runner.analysis.study_warnings import warnings_of
from runner.analysis.tasks import tabulate_tasks
from runner.analysis.traced import Traces
from runner.folder.results import Results
from runner.modes import mode_of, unit_s, window_s
from runner.records import Cell


def analyse(results: Results) -> StudyAnalysis:
    """Analyse the study of a result folder."""
    level = Level(results.study.confidence, results.study.seed)
    machine = Machine(results.environment)
    samples = samples_by_cell(results)
    times = Times(
        unit=headline_times(results.cells, samples, unit_s, level),
        wall=headline_times(results.cells, samples, lambda _, sample: sample.wall_s, level),
        warm=warm_times(results.cells, samples, level),
        cpu=headline_times(results.cells, samples, lambda _, sample: sample.cpu_s, level),
    )
    context = study_context(results, machine, samples, times)
    identities = identity.identify(results, machine)
    frame = sample_table.tabulate_samples(results, identities)
    traces = Traces(results, sample_table.cold_times(frame, "wall_s", level), machine)
    cells = {
        cell.id: analyse_cell(cell, context, _trace_facts(cell, context, traces)) for cell in results.cells
    }
    tasks = tuple(_tasks(results, traces, identities, level))
    groups = analyse_groups(cells, tasks, times.unit, results.swept)
    study = _study_facts(results, machine, level)
    laws = analyse_laws(cells, times.unit, machine, study.mode)
    measured = Measured(
        cells=cells,
        laws=laws,
        machine=machine,
        mode=study.mode,
        fewest_repetitions=study.fewest_repetitions,
    )
    return StudyAnalysis(
        study=study,
        cells=cells,
        groups=groups,
        work=compare_work(cells, groups, times.unit),
        tasks=tasks,
        laws=laws,
        break_evens=analyse_break_evens(cells, results.swept, times.unit),
        known_answers=tuple(compare_known_answers(results.study.known_answers, measured)),
        profiles=tuple(analyse_profiles(results)),
        warnings=warnings_of(study, cells, groups, results.samples),
    )


def _study_facts(results: Results, machine: Machine, level: Level) -> StudyFacts:
    cpu = results.environment.get("start", {}).get("cpu", {})
    return StudyFacts(
        folder=results.folder,
        name=results.study.name,
        mode=mode_of(results.study),
        window_s=window_s(results.cells),
        confidence=level.confidence,
        repetitions_asked=results.study.repetitions,
        fewest_repetitions=level.fewest_blocks,
        precision=results.study.precision,
        time_budget_s=results.study.time_budget_s,
        swept=results.swept,
        cpu_model=cpu.get("cpu_model") or "",
        usable_cpus=machine.most_usable_cpus(results.cells),
        is_interrupted=any(sample.status == "interrupted" for sample in results.samples),
    )


def _trace_facts(cell: Cell, context: StudyContext, traces: Traces) -> TraceFacts:
    speedup = context.times.unit.ratio(cell.baseline, cell.id)
    why = traces.why_unexplained(cell)
    unexplained = None
    if why:
        unexplained = Unexplained.BLOCKS_EVENT_LOOP if "async" in why else Unexplained.SLOWED_BY_TRACING
    return TraceFacts(
        speedup_bound=traces.bound(cell),
        factors=_factors(cell, speedup, traces) if speedup else None,
        losses=tuple(traces.losses(cell)),
        unexplained=unexplained,
    )


def _factors(cell: Cell, speedup: Estimate, traces: Traces) -> Factors | None:
    factors = traces.factors(cell, speedup.low, speedup.high)
    if factors is None:
        return None
    names = {"attributed_speedup": "speedup"}
    estimates = {}
    for name in Factors.__slots__:
        value = getattr(factors, names.get(name, name))
        spread = None if value is None else traces.factor_estimate(cell, names.get(name, name))
        estimates[name] = (
            None
            if spread is None
            else Estimate(value=value, low=spread.low, high=spread.high, is_range=spread.is_range)
        )
    return Factors(**estimates)  # type: ignore[arg-type]


def _tasks(
    results: Results, traces: Traces, identities: identity.Identities, level: Level
) -> Iterator[TaskAnalysis]:
    fewest = level.fewest_blocks
    for row in tabulate_tasks(results, identities, traces, level).to_dict("records"):
        records = traces.records(row["cell"])
        is_range = records is None or records["repetition"].nunique() < fewest
        yield TaskAnalysis(
            cell=row["cell"],
            task=int(row["task"]),
            label=str(row["label"]),
            calls=int(row["calls"]),
            per_call=bool(row["per_call"]),
            time_s=_estimate(row, "time_s", is_range=is_range),
            relative=None
            if row["relative"] != row["relative"]
            else _estimate(row, "relative", is_range=is_range),
            among_best=bool(row["among_best"]) if row["among_best"] in (True, False) else None,
            differing=int(row["differing"]),
        )


def _estimate(row: Mapping[Hashable, float], name: str, *, is_range: bool) -> Estimate:
    return Estimate(value=row[name], low=row[f"{name}_low"], high=row[f"{name}_high"], is_range=is_range)
