"""The captions and legends of plots, worded from facts."""

from collections.abc import Iterable, Sequence

from runner.estimate import Estimate
from runner.facts import CellAnalysis, StudyFacts
from runner.records import LawName
from runner.report import wording
from runner.report.labels import one_line
from runner.units import plural, seconds

BOUND = "bound for these tasks and CPUs"
LAW_NAMES: dict[LawName, str] = {"amdahl": "Amdahl's law", "usl": "Universal Scalability Law"}
PHASES = ("start-up", "tasks", "shutdown")


def host(study: StudyFacts) -> str:
    """Name the CPU and count the usable ones, as far as they are known."""
    cpus = "" if study.usable_cpus is None else plural(study.usable_cpus, "CPU")
    return ", ".join(filter(None, [study.cpu_model or "unknown CPU", cpus]))


def runs(cells: Iterable[CellAnalysis]) -> str:
    """Say what the small dots are."""
    is_disturbed = any(run.disturbance for cell in cells for run in cell.runs)
    return f"Dots: single runs{' (open: disturbed)' if is_disturbed else ''}."


def bounds(
    cells: Iterable[CellAnalysis],
    estimates: Iterable[Estimate | None],
    study: StudyFacts,
    *,
    middle: str = "Markers",
    sides: str = "bars",
) -> str:
    """Say what the marks of a median and of its bounds are.

    Args:
        cells: the cells whose runs are summarised
        estimates: the estimates that are drawn; None where there is none
        study: the study to which they belong
        middle: what marks a median
        sides: what marks its bounds
    """
    counts = sorted({len(cell.runs) for cell in cells if cell.is_ok})
    if counts == [1]:
        return f"{middle}: one run, so no interval."
    kind = wording.kind_of_bounds((estimate for estimate in estimates if estimate is not None), study)
    counted = _count_of_runs(counts or [0])
    if not kind:
        return f"{middle}: median of {counted}."
    if kind == wording.RANGE:
        return f"{middle} and {sides}: median and range of {counted}."
    return f"{middle} and {sides}: median of {counted} with its {kind}."


def _count_of_runs(counts: Sequence[int]) -> str:
    few, many = counts[0], counts[-1]
    return f"{few} to {plural(many, 'run')}" if few < many else plural(many, "run")


def speedup(
    cells: Sequence[CellAnalysis],
    baselines: Sequence[CellAnalysis],
    study: StudyFacts,
    *,
    are_cpus_beyond: bool,
) -> str:
    """Explain a plot of speedups.

    Args:
        cells: the cells that are drawn
        baselines: the cells that speedups are relative to
        study: the study to which they belong
        are_cpus_beyond: whether the axis ends before the number of usable CPUs
    """
    are_missing = any(wording.missing(cell, cell.speedup) for cell in cells)
    parts = [
        study.spec.caption,
        f"Baseline: {names_of(baselines)}, {times_of(baselines)}.",
        runs(cells),
        bounds(cells, (cell.speedup for cell in cells), study),
        "Crosses: cells without a speedup." if are_missing else "",
        f"Usable CPUs: {study.usable_cpus}, beyond the axis." if are_cpus_beyond else "",
    ]
    return " ".join(filter(None, parts))


def throughput(cells: Sequence[CellAnalysis], study: StudyFacts) -> str:
    """Explain a plot of tasks per second."""
    are_missing = any(wording.missing(cell, cell.tasks_per_s) for cell in cells)
    parts = [
        f"Tasks that ended within {seconds(study.window_s)}, one after another on every worker.",
        runs(cells),
        bounds(cells, (cell.tasks_per_s for cell in cells), study),
        "Crosses: cells without a figure." if are_missing else "",
    ]
    return " ".join(filter(None, parts))


def times(cells: Sequence[CellAnalysis], study: StudyFacts) -> str:
    """Explain a plot of wall times."""
    parts = [
        runs(cells),
        bounds(cells, (cell.wall_s for cell in cells), study),
        "Strips: median start-up, tasks and shutdown.",
        "Vertical line: baseline." if any(cell.is_baseline for cell in cells) else "",
        study.spec.caption,
    ]
    return " ".join(filter(None, parts))


def snippets(cells: Sequence[CellAnalysis], estimates: Iterable[Estimate], study: StudyFacts) -> str:
    """Explain a plot of times per call."""
    executors = " or ".join(dict.fromkeys(one_line(cell.cell.name) for cell in cells))
    return f"On {executors}. {bounds(cells, estimates, study, middle='Bars', sides='whiskers')}"


def laws(study: StudyFacts) -> str:
    """Explain a plot of scaling laws."""
    intervals = f"{wording.interval_name(study)}s"
    bands = f"Lines and bands: laws with {intervals}, up to twice the largest number of workers measured."
    return f"Dots: single runs, corrected for uneven tasks. {bands}"


def names_of(baselines: Iterable[CellAnalysis]) -> str:
    """Name what speedups are relative to."""
    names = dict.fromkeys(
        f"{one_line(cell.cell.name)} loop" if cell.cell.is_loop else one_line(cell.cell.name)
        for cell in baselines
    )
    return " or ".join(names) or "baseline"


def times_of(baselines: Sequence[CellAnalysis]) -> str:
    """Say how long baselines take, or why that is unknown."""
    measured = sorted({cell.wall_s.value for cell in baselines if cell.wall_s is not None})
    if not measured:
        return " or ".join(dict.fromkeys(cell.status for cell in baselines)) or "not measured"
    return " to ".join(dict.fromkeys(map(seconds, (measured[0], measured[-1]))))
