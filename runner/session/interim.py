"""The questions that a session asks the analysis before everything is measured."""

from collections.abc import Mapping, Sequence

from runner.estimate import Estimate
from runner.folder.study_description import StudyDescription
from runner.measure.remaining import IsPrecise
from runner.plan import Plan
from runner.units import plural


def precision_check(plan: Plan, study: StudyDescription) -> IsPrecise:
    """Return the function that decides whether every speedup has reached the requested precision."""

    def is_precise(headline_s: Mapping[str, Sequence[float]]) -> bool:
        from runner.analysis import intervals  # noqa: PLC0415 - loads scipy

        pairs = [
            (headline_s[cell.baseline], headline_s[cell.id])
            for cell in plan.cells
            if {cell.id, cell.baseline} <= set(headline_s)
        ]
        return intervals.is_precise(pairs, study.precision or 0.0, study.confidence, study.seed)

    return is_precise


def speedups_so_far(
    plan: Plan, study: StudyDescription, headline_s: Mapping[str, Sequence[float]]
) -> dict[str, Estimate]:
    """Estimate the speedup of every cell over its baseline, from the repetitions that both have.

    Args:
        plan: the cells
        study: the confidence, and the seed of the resampling
        headline_s: by cell: its times in the order of the repetitions
    """
    import numpy as np  # noqa: PLC0415 - slow to import

    from runner.analysis.intervals import ratio_of_medians  # noqa: PLC0415 - loads scipy

    estimates = {}
    for cell in plan.cells:
        pairs = list(zip(headline_s[cell.baseline], headline_s[cell.id], strict=False))
        if pairs and not cell.is_baseline:
            baseline_s, cell_s = np.array(pairs).T
            estimates[cell.id] = ratio_of_medians(baseline_s, cell_s, study.confidence, study.seed)
    return estimates


def repetitions_note(plan: Plan, study: StudyDescription) -> str:
    """Return a warning if the repetitions are too few to tell the cells apart; empty if they are enough.

    A study with a requested precision adds repetitions by itself, so it needs no warning.
    """
    from runner.analysis.sample_size import too_few_to_compare  # noqa: PLC0415 - not needed for --help

    if study.precision is not None:
        return ""
    few = too_few_to_compare(plan.cells, study.repetitions, study.confidence)
    if few is None:
        return ""
    repetitions = plural(few.repetitions, "repetition")
    show = "show only overwhelming differences" if few.shows_overwhelming else "cannot show differences"
    return f"note: {repetitions} {show} between {few.cells} cells; use repetitions={few.needed | 1}"
