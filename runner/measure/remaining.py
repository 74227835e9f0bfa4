"""Decisions about what is left to measure: whether a study is complete, and whether a repetition is due."""

from collections.abc import Callable, Mapping, Sequence

from runner.measure.cost_model import CostModel
from runner.measure.references import References
from runner.measure.tally import Tally
from runner.plan import Plan
from runner.records import CompletedRuns, StudySettings

#: Decides whether these headline times, by cell, reach the requested precision.
IsPrecise = Callable[[Mapping[str, Sequence[float]]], bool]


def never_precise(_: Mapping[str, Sequence[float]]) -> bool:
    """Return False: the study has no requested precision."""
    return False


def why_complete(
    plan: Plan, settings: StudySettings, completed: CompletedRuns, is_precise: IsPrecise = never_precise
) -> str:
    """Return why a study has nothing left to measure after earlier sessions; empty if it has something left.

    Args:
        plan: the cells
        settings: the settings of this session
        completed: the runs of earlier sessions
        is_precise: decides whether headline times, by cell, reach the requested precision
    """
    tally, references = Tally(plan, completed), References(plan, settings, completed)
    if (
        any(references.is_needed_from(cell) and tally.is_due(cell, 0) for cell in plan.cells)
        or any(
            tally.is_due(cell, repetition)
            for repetition in range(1, tally.last_repetition + 1)
            for cell in plan.cells
        )
        or any(tally.without_untimed_run(purpose) for purpose in settings.untimed)
    ):
        return ""
    costs = CostModel(plan, settings, tally, references)
    return why_no_repetition(
        tally.last_repetition, settings, tally, costs, elapsed_s=tally.earlier_s, is_precise=is_precise
    )


def why_no_repetition(
    repetitions: int,
    settings: StudySettings,
    tally: Tally,
    costs: CostModel,
    *,
    elapsed_s: float,
    is_precise: IsPrecise,
) -> str:
    """Return why no repetition follows after this number of repetitions; empty if another is due."""
    if not tally.cells:
        return "every cell has failed"
    if repetitions >= settings.repetition_limit:
        return f"all {repetitions} repetitions are measured"
    if repetitions and costs.exceeds_budget(elapsed_s):
        return f"its time budget of {settings.time_budget_s:g} s is used up"
    # Checked at odd counts only, so that the median is the time of a real run.
    is_checked = settings.precision is not None and repetitions >= settings.repetitions and repetitions % 2
    if is_checked and is_precise({cell.id: tally.headline_s[cell.id] for cell in tally.cells}):
        return f"its precision of {settings.precision:g} is reached"
    return ""
