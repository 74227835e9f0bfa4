"""The schedule of a study: which cell is measured when, and when to stop. Knows neither Hydra nor pandas."""

import itertools
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.measure.chunking import auto_chunk_size
from runner.measure.cost_model import CostModel
from runner.measure.invocation import Outcome, Request
from runner.measure.references import References
from runner.measure.remaining import IsPrecise, never_precise, why_no_repetition
from runner.measure.requests import Requests
from runner.measure.study_progress import StudyProgress, UntimedProgress
from runner.measure.study_store import StudyStore
from runner.measure.tally import Tally
from runner.measure.untimed_runs import UntimedRequest
from runner.modes import bags_of
from runner.plan import Plan
from runner.records import AUTO, Cell, CompletedRuns, ReferenceRecord, Sample, StudySettings, UntimedRun
from runner.units import seconds

if TYPE_CHECKING:  # the probe is on the path of type checkers only
    from runner_probe.wire import WorkerFacts


class Interrupted(Exception):  # noqa: N818 - it is not an error
    """The user interrupted the study; completed runs are stored. The message says how far the study came."""


class Study:
    """All cells of a plan, measured in repetitions that visit every cell once, each in a random order.

    Args:
        plan: the cells
        settings: numbers of repetitions, limits, and the seed of the order
        invoke: measures one cell once
        store: keeps the results
        watch: receives the progress, between invocations only
        completed: the runs of earlier sessions, which are not measured again
        is_precise: decides whether headline times, by cell, reach the requested precision
        canary: says before each repetition how the machine is disturbed; empty if it is not
        clock: returns seconds
    """

    def __init__(  # noqa: PLR0913 - its collaborators, all by keyword
        self,
        plan: Plan,
        settings: StudySettings,
        *,
        invoke: Callable[[Request], Outcome],
        store: StudyStore,
        watch: Callable[[StudyProgress], None],
        completed: CompletedRuns | None = None,
        is_precise: IsPrecise = never_precise,
        canary: Callable[[], str] = lambda: "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        earlier = completed or CompletedRuns()
        self._plan, self._settings = plan, settings
        self._invoke, self._store, self._watch = invoke, store, watch
        self._is_precise, self._canary, self._clock = is_precise, canary, clock
        self._tally = Tally(plan, earlier)
        self._references = References(plan, settings, earlier)
        self._requests = Requests(settings, self._references, store)
        self.costs = CostModel(plan, settings, self._tally, self._references)
        self._last_earlier_repetition = self._tally.last_repetition
        self._started_s = clock() - self._tally.earlier_s
        self._random = random.Random(settings.seed)  # noqa: S311 - an order, not a secret
        self._disturbance = ""  # of the repetition in progress

    @property
    def failed(self) -> Mapping[str, Sample]:
        """By failed cell, which is not measured any more: the sample with its error."""
        return self._tally.failed

    @property
    def worker_facts(self) -> "Mapping[str, WorkerFacts]":
        """By cell: facts observed in its workers."""
        return self._references.worker_facts

    @property
    def has_completed(self) -> bool:
        """Whether any invocation but reference runs was completed, in this session or before."""
        return self._tally.invocations > 0

    def measure(self) -> None:
        """Make the reference runs, then the repetitions.

        Raises:
            Interrupted: if the user stops it
        """
        self.make_references()
        self._choose_chunk_sizes()
        for repetition in itertools.count(1):
            if repetition > self._last_earlier_repetition and self._is_complete(repetition - 1):
                return
            order = list(self._plan.cells)
            self._random.shuffle(order)
            if not any(self._tally.is_due(cell, repetition) for cell in order):
                continue
            self._disturbance = self._canary()
            for position, cell in enumerate(order):
                if self._tally.is_due(cell, repetition):
                    self._measure(self._requests.timed(cell, repetition, position))
                self._watch(self._progress(repetition, ended=position == len(order) - 1))

    def make_references(self) -> None:
        """Run every baseline once, for its results, inner-loop counts and duration.

        If the baseline fails, the first cell of its group that succeeds replaces it. All references come
        before the repetitions, so that all runs of a cell are traced in the same way.

        Raises:
            Interrupted: if the user stops it
        """
        position = itertools.count()
        for baseline in self._plan.baselines:
            for cell in self._plan.group(baseline):
                if self._references.is_needed_from(cell) and self._tally.is_due(cell, 0):
                    self._watch(self._progress(0, ended=False))
                    self._measure(self._requests.timed(cell, 0, next(position)))
        self._watch(self._progress(0, ended=True))

    def make_untimed_runs(self, run: Callable[[UntimedRequest], UntimedRun]) -> None:
        """Make the untimed runs of every cell that has not failed, after the repetitions.

        Raises:
            Interrupted: if the user stops it
        """
        for purpose in self._settings.untimed:
            cells = self._tally.without_untimed_run(purpose)
            for number, cell in enumerate(cells):
                progress = UntimedProgress(purpose=purpose, number=number + 1, cells=len(cells))
                self._watch(self._progress_of_untimed(progress, cells[number:]))
                untimed = run(self._requests.untimed(cell, purpose))
                if untimed.status == "interrupted":
                    raise Interrupted(f"interrupted after all repetitions, in the untimed runs ({purpose})")
                self._store.add_untimed(untimed)
                if untimed.error:
                    where = f"cell {cell.id} ({cell.executor}), untimed run ({purpose})"
                    self._store.log(f"{where}: {untimed.status}: {untimed.error}")

    def _is_complete(self, repetitions: int) -> bool:
        reason = why_no_repetition(
            repetitions,
            self._settings,
            self._tally,
            self.costs,
            elapsed_s=self._clock() - self._started_s,
            is_precise=self._is_precise,
        )
        return bool(reason)

    def _choose_chunk_sizes(self) -> None:
        """Choose the chunk size of each cell with `chunk_size: auto`, for all repetitions.

        An invocation of the cell measures the cost of dispatching a chunk. Without a reference the duration
        of the tasks is unknown, and the size stays 1.
        """
        for position, cell in enumerate(self._tally.cells):
            reference = self._references.expected(cell)
            lengths = reference.lengths * bags_of(cell)
            if cell.chunk_size != AUTO or not lengths or self._references.has_chunk_size(cell):
                continue
            outcome = self._measure(replace(self._requests.timed(cell, 0, position), dispatch=True))
            if outcome.dispatch is None:
                continue
            size = auto_chunk_size(lengths, outcome.dispatch, reference.cpu_share)
            self._references.set_chunk_size(cell, size)
            tasks, tasks_s = (sum(part) for part in zip(*lengths, strict=True))
            reason = f"{tasks} tasks of {seconds(tasks_s / tasks)} on {outcome.dispatch.workers} workers"
            cost = f"{seconds(outcome.dispatch.chunk_s)} to dispatch a chunk"
            self._store.log(f"cell {cell.id} ({cell.executor}): chunk_size=auto is {size}: {reason}, {cost}")

    def _measure(self, request: Request) -> Outcome:
        """Make an invocation and store it; a cell that failed is not measured again."""
        outcome = self._invoke(request)
        samples = [*outcome.samples]
        if self._disturbance:
            samples = [_also_disturbed(sample, self._disturbance) for sample in samples]
        # An invocation that measures dispatch would look like a reference run; only its failure is stored.
        is_stored = not (request.dispatch and outcome.status in ("ok", "interrupted"))
        if is_stored:
            self._keep_reference(request, outcome)
            samples[-1] = replace(samples[-1], invocation_s=outcome.seconds)
            self._store.add(samples, outcome.records)
        self._log(request, outcome)
        if outcome.status == "interrupted":
            total = self._tally.invocations + self.costs.invocations_left()
            raise Interrupted(f"interrupted after {self._tally.invocations} of {total} invocations")
        if is_stored:
            self._tally.add(samples)
            for sample in samples:
                self._references.add_sample(sample)
        return outcome

    def _keep_reference(self, request: Request, outcome: Outcome) -> None:
        """Store and apply what an invocation fixes for later ones."""
        cell = request.cell
        reference = outcome.reference if request.repetition == 0 else None
        facts: WorkerFacts = {} if cell.id in self._references.worker_facts else outcome.facts or {}
        if reference is not None or facts:
            record = ReferenceRecord(
                cell=cell.id, repetition=request.repetition, reference=reference, facts=facts
            )
            self._store.add_reference(record)
            self._references.add(record)

    def _log(self, request: Request, outcome: Outcome) -> None:
        """Log what went wrong in an invocation, if anything did."""
        where = f"cell {request.cell.id} ({request.cell.executor}), repetition {request.repetition}"
        if outcome.alive:
            remedy = "could not be terminated and may disturb what follows; terminate them yourself"
            self._store.log(f"{where}: {outcome.alive} processes {remedy}")
        if outcome.afterwards:
            self._store.log(f"{where}: after its reply the interpreter {outcome.afterwards}")
        if outcome.left_behind:
            self._store.log(f"{where}: terminated {outcome.left_behind} leftover processes of the workload")
        if outcome.status != "ok":
            self._store.log(f"{where}: {outcome.status}: {outcome.error}\n{outcome.traceback}")

    def _progress(self, repetition: int, *, ended: bool) -> StudyProgress:
        are_references_made = repetition > 0 or ended
        return StudyProgress(
            plan=self._plan,
            repetition=repetition,
            repetitions=self._settings.repetition_limit,
            done=self._tally.invocations,
            total=self._tally.invocations + self.costs.invocations_left(),
            left_s=self.costs.left_s(self._clock() - self._started_s) if are_references_made else None,
            wall_s=self._tally.headline_s,
            failed=self._tally.failed,
            repetition_ended=ended,
            disturbances=self._tally.disturbances,
            at_most=self._settings.precision is not None or self._settings.time_budget_s is not None,
            has_time_limit=self._settings.time_limit_s is not None,
        )

    def _progress_of_untimed(self, untimed: UntimedProgress, left: Sequence[Cell]) -> StudyProgress:
        repetitions = max(map(len, self._tally.invocations_s.values()))
        progress = self._progress(repetitions, ended=False)
        return replace(progress, untimed=untimed, left_s=self.costs.invocations_s(left))


def _also_disturbed(sample: Sample, disturbance: str) -> Sample:
    return replace(sample, noisy="; ".join(filter(None, (sample.noisy, disturbance))))
