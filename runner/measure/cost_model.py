"""Estimates of how long invocations, repetitions and the rest of a study take, from what was measured."""

import statistics
from collections.abc import Iterable

from runner.measure.references import References
from runner.measure.tally import Tally
from runner.modes import window_s
from runner.plan import Plan
from runner.records import Cell, StudySettings


class CostModel:
    """Estimated durations in seconds."""

    def __init__(self, plan: Plan, settings: StudySettings, tally: Tally, references: References) -> None:
        self._settings, self._tally, self._references = settings, tally, references
        self._window_s = window_s(plan.cells)

    def invocation_s(self, cell: Cell) -> float:
        """Return the median of the cell's invocations or, without any, of its baseline's.

        If there are none yet, it is the length of the window or the duration of the reference run, which
        takes longer than other runs, since all of its results are examined; 0 without either.
        """
        known_s = self._tally.invocations_s[cell.id] or self._tally.invocations_s[cell.baseline]
        if known_s:
            return statistics.median(known_s)
        reference = self._references.measured(cell)
        return self._window_s or (0.0 if reference is None else reference.seconds)

    def invocations_s(self, cells: Iterable[Cell]) -> float:
        """Return the duration of one invocation of each of these cells."""
        return sum(map(self.invocation_s, cells))

    def repetition_s(self) -> float:
        """Return the duration of one repetition."""
        return self.invocations_s(self._tally.cells)

    def untimed_s(self) -> float:
        """Return the duration of all untimed runs."""
        return len(self._settings.untimed) * self.repetition_s()

    def invocations_left(self) -> int:
        """Return the number of remaining timed invocations."""
        return sum(map(self._invocations_left_of, self._tally.cells))

    def left_s(self, elapsed_s: float) -> float:
        """Return the duration of all remaining runs, limited by the time budget."""
        left_s = self.untimed_s() + sum(
            self._invocations_left_of(cell) * self.invocation_s(cell) for cell in self._tally.cells
        )
        if self._settings.time_budget_s is None:
            return left_s
        return min(left_s, max(0.0, self._settings.time_budget_s - elapsed_s))

    def exceeds_budget(self, elapsed_s: float) -> bool:
        """Whether another repetition, and the untimed runs after it, would not end within the time budget."""
        budget_s = self._settings.time_budget_s
        return budget_s is not None and elapsed_s + self.repetition_s() + self.untimed_s() > budget_s

    def _invocations_left_of(self, cell: Cell) -> int:
        return self._settings.repetition_limit - len(self._tally.invocations_s[cell.id])
