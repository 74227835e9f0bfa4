"""The runs of a plan measured so far, counted by cell."""

import itertools
from collections.abc import Sequence

from runner.modes import unit_s
from runner.plan import Plan
from runner.records import Cell, CompletedRuns, Purpose, Sample


class Tally:
    """The runs of a plan measured so far, in this session and in earlier ones.

    Args:
        plan: the cells
        completed: the runs of earlier sessions, which are not measured again
    """

    def __init__(self, plan: Plan, completed: CompletedRuns) -> None:
        self._cells = {cell.id: cell for cell in plan.cells}
        self._complete: set[tuple[str, int]] = set()  # cells and repetitions
        self._untimed = {(run.cell, run.purpose) for run in completed.untimed}
        self.invocations_s: dict[str, list[float]] = {cell: [] for cell in self._cells}  #: by cell
        self.headline_s: dict[str, list[float]] = {cell: [] for cell in self._cells}  #: by cell
        self.failed: dict[str, Sample] = {}  #: by failed cell: the sample with its error
        self.disturbances: list[str] = []  #: of each disturbed invocation, in words
        self.last_repetition = 0  #: the last one in which any cell was measured
        #: total duration in seconds of all invocations of earlier sessions
        self.earlier_s = sum(sample.invocation_s or 0.0 for sample in completed.samples)
        for _, samples in itertools.groupby(
            completed.samples, lambda sample: (sample.cell, sample.repetition)
        ):
            self.add(list(samples))

    def add(self, samples: Sequence[Sample]) -> None:
        """Count one complete invocation; reference runs count only if they failed."""
        first, last = samples[0], samples[-1]
        self._complete.add((first.cell, first.repetition))
        self.last_repetition = max(self.last_repetition, first.repetition)
        if last.status != "ok":
            self.failed[last.cell] = last
        if last.is_reference:
            return
        if last.noisy:
            self.disturbances.append(last.noisy)
        if last.invocation_s is not None:
            self.invocations_s[last.cell].append(last.invocation_s)
        time_s = unit_s(self._cells[first.cell], first)
        if last.status == "ok" and first.is_headline and time_s is not None:
            self.headline_s[first.cell].append(time_s)

    @property
    def cells(self) -> list[Cell]:
        """The cells that have not failed, in the order of the plan."""
        return [cell for cell in self._cells.values() if cell.id not in self.failed]

    @property
    def invocations(self) -> int:
        """The number of invocations, without the reference runs."""
        return sum(map(len, self.invocations_s.values()))

    def is_due(self, cell: Cell, repetition: int) -> bool:
        """Whether a cell is still to be measured in a repetition."""
        return cell.id not in self.failed and (cell.id, repetition) not in self._complete

    def without_untimed_run(self, purpose: Purpose) -> list[Cell]:
        """List the cells that still need an untimed run for this purpose."""
        return [cell for cell in self.cells if (cell.id, purpose) not in self._untimed]
