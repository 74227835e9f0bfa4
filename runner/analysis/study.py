"""The analysis of a study, as a table of contents: results in, analysed study out."""

from runner.analysis.break_even import analyse_break_evens
from runner.analysis.cell import Times, analyse_cell, study_context
from runner.analysis.curves import analyse_laws
from runner.analysis.explain.explainer import Explainer
from runner.analysis.explain.trace import Trace
from runner.analysis.group import analyse_groups, compare_work
from runner.analysis.headline import headline_times, samples_by_cell, warm_times
from runner.analysis.intervals import Level
from runner.analysis.known_answers import Measured, compare_known_answers
from runner.analysis.machine import Machine
from runner.analysis.profiles import analyse_profiles
from runner.analysis.provenance import provenance_of
from runner.analysis.study_warnings import warnings_of
from runner.analysis.tasks import analyse_tasks
from runner.analysis.timeline import analyse_timelines
from runner.analysis.what_if import analyse_what_if
from runner.facts import StudyAnalysis, StudyFacts
from runner.folder.results import Results
from runner.modes import unit_s, window_s


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
    trace = Trace(results, samples)
    context = study_context(results, machine, samples, times)
    explainer = Explainer(trace, times.wall, machine, results.cells)
    cells = {cell.id: analyse_cell(cell, context, explainer) for cell in results.cells}
    tasks = tuple(analyse_tasks(results.cells, trace, level))
    groups = analyse_groups(cells, tasks, times.unit)
    study = _study_facts(results, machine, level)
    laws = analyse_laws(cells, times.unit, machine, study.spec)
    measured = Measured(
        cells=cells,
        laws=laws,
        machine=machine,
        mode=study.spec,
        fewest_repetitions=study.fewest_repetitions,
        cpus_for=explainer.cpus_for,
    )
    return StudyAnalysis(
        study=study,
        provenance=provenance_of(results),
        cells=cells,
        groups=groups,
        work=compare_work(cells, groups, times.unit),
        tasks=tasks,
        timelines=analyse_timelines(results.cells, trace),
        laws=laws,
        break_evens=analyse_break_evens(cells, results.swept, times.unit),
        what_ifs=tuple(analyse_what_if(cells, study.spec)),
        known_answers=tuple(compare_known_answers(results.study.known_answers, measured)),
        profiles=tuple(analyse_profiles(results)),
        warnings=warnings_of(study, cells, groups, results.samples),
    )


def _study_facts(results: Results, machine: Machine, level: Level) -> StudyFacts:
    return StudyFacts(
        folder=results.folder,
        name=results.study.name,
        mode=results.study.mode,
        window_s=window_s(results.cells),
        confidence=level.confidence,
        repetitions_asked=results.study.repetitions,
        fewest_repetitions=level.fewest_blocks,
        precision=results.study.precision,
        time_budget_s=results.study.time_budget_s,
        swept=results.swept,
        cpu_model=machine.cpu_model,
        usable_cpus=machine.most_usable_cpus(results.cells),
        is_interrupted=any(sample.status == "interrupted" for sample in results.samples),
    )
