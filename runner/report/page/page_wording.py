"""The sentences that only the page has: titles, how to read a section, and how it was measured."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from runner.facts import (
    CellAnalysis,
    HeadlineRun,
    LawAnalysis,
    Prediction,
    StudyAnalysis,
    Timeline,
    TimelineBar,
    Unexplained,
)
from runner.records import names_within_workloads
from runner.report import captions, wording
from runner.report.labels import one_line
from runner.settings import SESSION_SETTINGS
from runner.units import percent, plural, seconds, three_digits

WORK = "the tasks' own work, and what no named cause explains"
UNEXPLAINED = "not explained"
WORKER_SECONDS = "worker-seconds: workers times wall time"
BUDGET_TITLE = "The time of all workers"
TIME_SINCE_START = "time since the pool was opened"
START_UP, SHUTDOWN = "start-up", "shutdown"
ORDER = "runs in the order in which they were made"
ORDER_TITLE = "Every run, in order of time"
RELATIVE = "time relative to the median of its cell"
LAWS_TITLE = "Scaling laws"
WORKERS = "workers"
OVER_ONE = "speedup over one worker"
HIDDEN = "…"  #: stands for the value of an environment variable


@dataclass(frozen=True, kw_only=True)
class SectionWords:
    """What the page says about a section, whatever the study."""

    title: str
    reading: str  #: how to read it, in two sentences


SECTIONS = {
    "results": SectionWords(
        title="Results",
        reading=(
            "Each row is a cell: one executor with one number of workers, measured in every "
            "repetition. The interval says where its true speedup lies; two cells whose intervals "
            "overlap widely may be equally fast."
        ),
    ),
    "speedup": SectionWords(
        title="Speedup and time",
        reading=(
            "A marker is the median of its cell, the vertical line its interval, and each small dot a run. "
            "Where speedups are shown, a marker on the line at 1 is as fast as the baseline, one on "
            "the ideal line uses all its workers, and no executor improves one at a short level line."
        ),
    ),
    "losses": SectionWords(
        title="Where the time went",
        reading=(
            "The length of a bar is the time of all workers together, so the same work on more "
            "workers is as long only if nothing is lost. The first part is the tasks' own work; "
            "every other part is time that its cause costs."
        ),
    ),
    "timelines": SectionWords(
        title="Timelines",
        reading=(
            "Each lane is a worker (on an event loop, a task that runs beside others), and each block a task "
            "or, paler where the worker paused between them, several tasks. White space is idle time; the "
            "shaded areas are the start-up and the shutdown of the pool."
        ),
    ),
    "order": SectionWords(
        title="Runs in order of time",
        reading=(
            "If the machine was equally fast throughout, the dots scatter evenly around 100%. A "
            "slope or a step is the machine, not your code; open dots are runs that something "
            "else disturbed."
        ),
    ),
    "snippets": SectionWords(
        title="Snippets",
        reading=(
            "The time is that of one call. The ratio to the quickest comes from the same "
            "repetitions, so it varies less than the times."
        ),
    ),
    "what_if": SectionWords(
        title="What if",
        reading=(
            "A model of what was measured (start-up, dispatch of a chunk, slowdown of the tasks, usable "
            "CPUs) answers for other items, lengths and workers. It assumes equally long tasks; beyond "
            "what was measured it extrapolates, and its interval is that of the slowdown alone."
        ),
    ),
    "scaling": SectionWords(
        title="Scaling laws",
        reading=(
            "The curve is what the law predicts, up to twice the largest number of workers "
            "measured. Beyond the dots it is a forecast, and the band says how uncertain it is."
        ),
    ),
    "profiles": SectionWords(
        title="Profiles",
        reading=(
            "They come from extra runs that are not timed. The share of a function is that of the "
            "samples in which it ran itself, not the functions that it called."
        ),
    ),
    "known_answers": SectionWords(
        title="Known answers",
        reading=(
            "The author of the workload knew these figures beforehand. An answer holds if the "
            "measured interval agrees with it."
        ),
    ),
    "failures": SectionWords(
        title="Failures",
        reading=(
            "A cell that failed once is excluded from comparisons. The end of what it printed is "
            "below its error."
        ),
    ),
    "method": SectionWords(
        title="How it was measured",
        reading=(
            "The paragraph can be quoted as it is. The command repeats the study on this or another machine."
        ),
    ),
}

#: The heading of the marks of cells, and what it means.
MARKS, MARKS_MEANING = "marks", "best: not measurably slower than the best; noisy: disturbed runs"


def marks(cell: CellAnalysis) -> str:
    """List what is worth knowing of a cell at a glance."""
    parts = [
        str(cell.status).replace("_", " ") if not cell.is_ok else "",
        "best" if cell.among_best else "",
        f"noisy {cell.disturbed} of {len(cell.runs)}" if cell.disturbed else "",
        wording.anomalies_text(cell),
    ]
    return ", ".join(filter(None, parts))


def is_unexplained(cell: CellAnalysis) -> bool:
    """Whether it is unknown where the time of a cell's workers goes."""
    return cell.unexplained not in (None, Unexplained.NO_LARGE_LOSS)


def budget_text(cell: CellAnalysis) -> str:
    """Say where the time of a cell's workers goes."""
    if is_unexplained(cell):
        return UNEXPLAINED
    if not cell.losses:
        return WORK
    return wording.losses_text(cell.losses)


def timeline_title(cell: CellAnalysis, timeline: Timeline) -> str:
    """Head the timeline of a cell."""
    kind = "a separate traced run" if timeline.is_separate else f"repetition {timeline.repetition}"
    return f"{one_line(cell.name)}: {kind}, {seconds(timeline.wall_s)}"


def bar_text(bar: TimelineBar) -> str:
    """Say what a bar of a timeline stands for."""
    label = one_line(bar.label)
    named = label if bar.tasks == 1 else f"{plural(bar.tasks, 'task')} from {label}"
    return f"{named}: {_duration(bar.busy_s)}, from {_duration(bar.start_s)}"


def _duration(time_s: float) -> str:
    return seconds(time_s) if time_s > 0 else "0 s"


def timeline_text(cell: CellAnalysis, timeline: Timeline) -> str:
    """Say in words what a timeline shows; the sums are over all tasks."""
    busy_s = sum(bar.busy_s for bar in timeline.bars)
    tasks = sum(bar.tasks for bar in timeline.bars)
    workers = cell.cell.workers or timeline.workers
    first_s = min(bar.start_s for bar in timeline.bars)
    last_s = max(bar.end_s for bar in timeline.bars)
    total_s = workers * timeline.wall_s
    share = f", {percent(busy_s / total_s)} of the workers' time" if 0 < busy_s <= total_s else ""
    around = f"{_duration(first_s)} pass before the first task"
    after = f"{_duration(timeline.wall_s - last_s)} after the last one"
    each = f" Each lane shows {timeline.workers_per_lane} workers." if timeline.workers_per_lane > 1 else ""
    return (
        f"{plural(tasks, 'task')} on {plural(workers, 'worker')} take {seconds(busy_s)}{share}; "
        f"{around}, {after}.{each}"
    )


def order_text(runs: Sequence[HeadlineRun]) -> str:
    """Count the runs that are drawn, and those that were disturbed."""
    disturbed = sum(bool(run.disturbance) for run in runs)
    verb = "was" if disturbed == 1 else "were"
    return f"{plural(len(runs), 'run')}, of which {disturbed} {verb} disturbed."


def what_if_names(study: StudyAnalysis) -> list[str]:
    """Name the pool of each model, without its number of workers."""
    firsts = [study.cells[model.cells[0]] for model in study.what_ifs]
    pools = [cell.as_shown for cell in study.cells.values() if cell.is_pool]
    names = names_within_workloads(pools, without="workers")
    return [
        one_line(wording.about(cell.cell.workload, names[cell.cell.id]), 60)
        if len(study.workloads) > 1
        else one_line(names[cell.cell.id], 60)
        for cell in firsts
    ]


def prediction_text(prediction: Prediction) -> str:
    """Show the speedup that is predicted, with its interval and its limit."""
    speedup = prediction.speedup
    bounds = "" if speedup.is_exact else f" ({three_digits(speedup.low)}–{three_digits(speedup.high)})"
    return f"{three_digits(speedup.value)}{bounds} of at most {three_digits(prediction.most)}"


def law_text(law: LawAnalysis) -> str:
    """State the parameters of a fitted law."""
    parts = [
        f"{symbol} = {three_digits(value.value)} ({three_digits(value.low)} to {three_digits(value.high)})"
        for symbol, value in (("α", law.alpha), ("β", law.beta))
        if value is not None
    ]
    return f"{one_line(law.name)}, {captions.LAW_NAMES[law.law]}: {', '.join(parts)}"


def measured_how(study: StudyAnalysis) -> str:
    """Describe the measurement in a paragraph that a paper could print."""
    facts, origin = study.study, study.provenance
    cells = [cell for cell in study.cells.values() if cell.runs]
    if not cells:
        return "No cell was measured."
    cpus = "" if facts.usable_cpus is None else f" with {plural(facts.usable_cpus, 'usable CPU')}"
    machine = f"{facts.cpu_model or 'an unknown CPU'}{cpus}"
    pythons = " and ".join(dict.fromkeys(cell.python for cell in cells))
    counts = sorted({len(cell.runs) for cell in cells})
    repeated = plural(counts[-1], "time")
    repeated = repeated if len(counts) == 1 else f"{counts[0]} to {repeated}"
    verb = "was" if len(cells) == 1 else "were"
    return " ".join(
        f"{sentence}."
        for sentence in [
            f"{plural(len(cells), 'cell')} {verb} measured on {machine}, with Python {pythons}",
            f"Each ran {repeated}, every time in a fresh interpreter",
            f"Each repetition had a random order of its own (seed {origin.seed})",
            _timed(study),
            "Times are medians, and speedups are ratios of medians",
            _bounds_sentence(study),
            _compared(cells),
            f"Measured with runner {origin.runner_version}" if origin.runner_version else "",
            f"The study was resumed {plural(origin.sessions - 1, 'time')}" if origin.sessions > 1 else "",
        ]
        if sentence
    )


def _timed(study: StudyAnalysis) -> str:
    """Say from when to when a run was timed."""
    facts = study.study
    if facts.spec.has_window:
        return f"Each worker ran one task after another until a window of {seconds(facts.window_s)} closed"
    if all(cell.cell.settings["workload"].get("snippets") for cell in study.cells.values()):
        return "A snippet was timed in a loop; its set-up is not included"
    clock = "from before its pool was created to the end of the pool's shutdown"
    return f"A run was timed {clock}; making the items and importing the workload came before"


def _bounds_sentence(study: StudyAnalysis) -> str:
    interval, fewest = wording.interval_name(study.study), study.study.fewest_repetitions
    few = f"with fewer than {fewest} repetitions, the range is given instead"
    return f"A {interval} is that of a bootstrap that resamples whole repetitions; {few}"


def _compared(cells: Sequence[CellAnalysis]) -> str:
    """Say whose results were compared with those of the reference run, or with expected ones."""
    settings = {cell.cell.workload: cell.cell.settings["workload"] for cell in cells}
    checked = [
        name
        for name, workload in settings.items()
        if workload.get("compare") != "none" and not workload.get("snippets")
    ]
    if len(checked) == len(settings):
        return "All results were compared with those of a reference run, or with expected ones"
    if not checked:
        return "Results were not compared"
    return f"Only the results of {wording.listed(checked)} were compared"


def subtitle(study: StudyAnalysis) -> str:
    """Say what was measured, where and when."""
    day = study.provenance.started_at[:10]
    mode = "" if study.study.mode == "tasks" else f"mode={study.study.mode}"
    return ", ".join(filter(None, [captions.host(study.study), day, mode]))


def command(study: StudyAnalysis) -> str:
    """Return the command that repeats the study; empty if it is unknown or would not repeat it."""
    arguments = study.provenance.arguments
    if arguments is None or study.provenance.sessions > 1:
        return ""
    kept = [part for part in arguments if part.partition("=")[0] not in (*SESSION_SETTINGS, "results_dir")]
    return shlex.join(["python", "-m", "runner", *map(public_argument, kept)])


def public_argument(argument: str) -> str:
    """Hide the value of an environment variable, which may be a secret."""
    key, is_set, _ = argument.partition("=")
    is_private = is_set and key.lstrip("+").startswith("env.")
    return f"{key}={HIDDEN}" if is_private else argument
