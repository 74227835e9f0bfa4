"""What the first invocations of a study fix for all later ones."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.modes import bags_of, window_s
from runner.plan import Plan
from runner.records import AUTO, Cell, CompletedRuns, Reference, ReferenceRecord, Sample, StudySettings

if TYPE_CHECKING:  # the probe is on the path of type checkers only
    from runner_probe.wire import WorkerFacts

_FIRST_LIMIT_S = 3600.0  # while the duration of an invocation is unknown
_REFERENCES_IN_LIMIT = 20  # the time limit, in durations of the reference run
#: `work_s` of a traced run over the time of its tasks. Above it, the headline times explain the pool, and one
#: separate traced run is enough.
_MOSTLY_DISPATCH = 10

# The time limit of an invocation whose reference run took milliseconds. The pool must still start and
# dispatch within it: a process for each task takes up to 30 ms, a busy pool up to 1 ms per task, and the
# engine of a cluster takes seconds.
_SHORTEST_LIMIT_S = 10.0
_ENOUGH_TO_START_S = 30.0
_START_OF_TASK_S = 0.03
_DISPATCH_OF_TASK_S = 0.001
_CLUSTERS = ("runner_probe.adapters.dask_pool.", "runner_probe.adapters.ray_pool.")


class References:
    """Expected results, inner-loop counts, time limits and chunk sizes, by cell.

    Args:
        plan: the cells
        settings: settings of the study
        completed: the runs of earlier sessions
    """

    def __init__(self, plan: Plan, settings: StudySettings, completed: CompletedRuns) -> None:
        self._settings = settings
        self._cells = {cell.id: cell for cell in plan.cells}
        self._window_s = window_s(plan.cells)
        self._references: dict[str, Reference] = {}  # by baseline
        self._sources: dict[str, str] = {}  # by baseline: the cell that was run
        self._calls: dict[str, dict[str, int]] = {}  # by workload, as text
        self._first_revision: dict[str, tuple[Reference, str]] = {}  # the same; with its cell
        self._chunk_sizes: dict[str, int] = {}  # by cell of `auto`
        self._between_chunks_s: dict[str, float] = {}  # by cell that had a separate traced run
        self._mostly_dispatch: set[str] = set()  # cells that had one, and need no other
        self.worker_facts: dict[str, WorkerFacts] = {}  #: by cell: observed in its workers
        for record in completed.references:
            self.add(record)
        for sample in completed.samples:
            self.add_sample(sample)

    def add(self, record: ReferenceRecord) -> None:
        """Apply what one invocation fixes for others.

        Its reference applies to all cells of the group. The inner-loop counts of the first reference apply to
        all cells with the same snippets, whatever their interpreters.
        """
        cell, reference = self._cells[record.cell], record.reference
        if reference is not None:
            if "revision" in cell.settings:
                first = self._first_revision.setdefault(cell.work, (reference, cell.id))
                reference = replace(reference, results=first[0].results)
            self._references[cell.baseline] = reference
            self._sources[cell.baseline] = self._source_of_first(cell) or cell.id
            if reference.calls is not None:
                self._calls.setdefault(cell.work, reference.calls)
        if record.facts:
            self.worker_facts.setdefault(cell.id, record.facts)

    def add_sample(self, sample: Sample) -> None:
        """Apply what one sample fixes for its cell: a chunk size, and the time between its chunks."""
        if self._cells[sample.cell].chunk_size == AUTO and not sample.is_reference and sample.tasks_per_chunk:
            self._chunk_sizes[sample.cell] = sample.tasks_per_chunk
        if sample.tracing and sample.work_s is not None:
            chunks = math.ceil(sample.tasks / (sample.tasks_per_chunk or sample.tasks))
            self._between_chunks_s.setdefault(sample.cell, sample.work_s / chunks)
            tasks_s = self.expected(self._cells[sample.cell]).task_s * sample.tasks
            if sample.work_s > _MOSTLY_DISPATCH * tasks_s:
                self._mostly_dispatch.add(sample.cell)

    def measured(self, cell: Cell) -> Reference | None:
        """Return the reference that was measured for a cell; None if none was."""
        return self._references.get(cell.baseline)

    def source(self, cell: Cell) -> str:
        """Return the id of the cell whose results a cell's are compared with; empty if there is none."""
        return self._sources.get(cell.baseline, "") or self._source_of_first(cell)

    def _source_of_first(self, cell: Cell) -> str:
        """Return the cell that fixed the results for all revisions of this work; empty if there is none."""
        first = self._first_revision.get(cell.work) if "revision" in cell.settings else None
        return "" if first is None else first[1]

    def expected(self, cell: Cell) -> Reference:
        """Return the reference for an invocation; if none was measured, it has inner-loop counts only."""
        measured = self.measured(cell)
        if measured is not None:
            return measured
        first = self._first_revision.get(cell.work) if "revision" in cell.settings else None
        results = None if first is None else first[0].results  # those of all revisions must be equal
        return Reference(calls=self._calls.get(cell.work), results=results)

    def is_needed_from(self, cell: Cell) -> bool:
        """Whether a reference run of this cell is needed: it is a baseline, or the baseline's failed."""
        return cell.is_baseline or self.measured(cell) is None

    def time_limit_s(self, cell: Cell) -> float:
        """Return the time limit of an invocation in seconds; it is generous while its duration is unknown."""
        if self._settings.time_limit_s is not None:
            return self._settings.time_limit_s
        reference = self.measured(cell)
        if reference is None:
            return _FIRST_LIMIT_S
        shortest_s = _shortest_limit_s(cell, len(reference.labels) * bags_of(cell))
        return self._window_s + max(shortest_s, _REFERENCES_IN_LIMIT * reference.seconds)

    def has_chunk_size(self, cell: Cell) -> bool:
        """Whether the size that `auto` resolves to was chosen for this cell."""
        return cell.id in self._chunk_sizes

    def set_chunk_size(self, cell: Cell, size: int) -> None:
        """Fix the chunk size of a cell with `chunk_size: auto`."""
        self._chunk_sizes[cell.id] = size

    def auto_chunk_size(self, cell: Cell) -> int:
        """Return the size that `auto` resolves to; 1 if none was chosen."""
        return self._chunk_sizes.get(cell.id, 1)

    def is_mostly_dispatch(self, cell: Cell) -> bool:
        """Whether a traced run showed that a cell takes many times as long as its tasks, which are short."""
        return cell.id in self._mostly_dispatch

    def between_chunks_s(self, cell: Cell) -> float:
        """Return the seconds between the ends of consecutive chunks; 0 if they were not measured."""
        return self._between_chunks_s.get(cell.id, 0.0)


def _shortest_limit_s(cell: Cell, tasks: int) -> float:
    start_s = min(_ENOUGH_TO_START_S, _SHORTEST_LIMIT_S + _START_OF_TASK_S * tasks)
    if str(cell.settings["executor"]["pool"].get("_target_", "")).startswith(_CLUSTERS):
        start_s = _ENOUGH_TO_START_S
    return start_s + _DISPATCH_OF_TASK_S * tasks
