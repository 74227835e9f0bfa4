"""Cells → samples, repetition by repetition. Knows neither Hydra nor pandas, and shows nothing itself."""

import itertools
import json
import math
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runner.measure.chunking import auto_chunk_size
from runner.measure.invocation import Outcome, Request
from runner.measure.standing import Keeps, Looking, Progress
from runner.measure.untimed_runs import UntimedRequest
from runner.modes import bags_of, unit_s, window_s
from runner.plan import Plan
from runner.records import AUTO, Cell, Earlier, Finding, Purpose, Reference, Sample, UntimedRun
from runner.units import seconds

_REFERENCE_LIMIT_S = 3600.0
_SHORTEST_LIMIT_S = 30.0
_REFERENCES_IN_LIMIT = 20
_SLOWED_BY_PROFILER = 20  # times its time limit: following every small object takes that long, and more


@dataclass(frozen=True, kw_only=True)
class StudySettings:
    """How a study is measured; explained in conf/config.yaml."""

    repetitions: int  #: with a precision, the fewest
    max_repetitions: int = 31  #: the most, with a precision
    precision: float | None = None  #: relative half-width of every ratio's interval to be reached
    time_budget_s: float | None = None  #: no repetition begins that would not end within it
    iterations: int
    time_limit_s: float | None
    seed: int
    untimed: tuple[Purpose, ...] = ()  #: what each cell is run once more for, without a clock


class Interrupted(Exception):  # noqa: N818 - it is no error
    """The user stopped the study; what was measured is stored. Its text says how far it came."""


class Study:
    """All cells measured together.

    Args:
        plan: the cells
        settings: how often, how long, in which order
        invoke: measures one cell once
        store: keeps what was found
        watch: is told the progress, between invocations only
        is_precise: whether the headline times so far, by cell, give the precision asked for
        canary: says before each repetition what disturbs the machine; empty if nothing does
        clock: seconds
    """

    def __init__(
        self,
        plan: Plan,
        settings: StudySettings,
        *,
        invoke: Callable[[Request], Outcome],
        store: Keeps,
        watch: Callable[[Progress], None],
        is_precise: Callable[[Mapping[str, Sequence[float]]], bool] = lambda _: False,
        canary: Callable[[], str] = lambda: "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan, self._invoke, self._store, self._watch = plan, invoke, store, watch
        self._settings, self._is_precise, self._clock = settings, is_precise, clock
        self._canary, self._disturbed = canary, ""
        self._random = random.Random(settings.seed)  # noqa: S311 - an order, not a secret
        self._references: dict[str, Reference] = {}  # by baseline, once an invocation has made it
        self._calls: dict[str, dict[str, int]] = {}  # by snippets
        self._chunk_sizes: dict[str, int] = {}  # by cell of `auto`
        self._between_chunks_s: dict[str, float] = {}  # by cell whose chunks were recorded in a run apart
        self._seconds: dict[str, list[float]] = {cell.id: [] for cell in plan.cells}
        self._wall_s: dict[str, list[float]] = {cell.id: [] for cell in plan.cells}
        self.failed: dict[str, Sample] = {}  #: by cell: why it is not measured any more
        self._window_s = window_s(plan.cells)
        self.worker_facts: dict[str, Mapping[str, Any]] = {}  #: by cell: as seen in its workers
        self._made: set[tuple[str, int]] = set()  # cells and repetitions that were measured before
        self._looked: set[tuple[str, Purpose]] = set()  # cells and purposes that were looked at before
        self._begun = 0  # the last repetition that was begun before
        self._started_s = clock()

    def measure(self) -> None:
        """Make the references, then the repetitions; Interrupted if the user stops it."""
        self.make_references()
        self.settle_chunk_sizes()
        for repetition in itertools.count(1):
            if repetition > self._begun and self._why_enough(repetition - 1):
                return
            order = list(self._plan.cells)
            self._random.shuffle(order)
            if not any(self._is_left(cell, repetition) for cell in order):
                continue
            self._disturbed = self._canary()
            for position, cell in enumerate(order):
                if self._is_left(cell, repetition):
                    self._measure(cell, repetition, position)
                self._watch(self._progress(repetition, ended=position == len(order) - 1))

    def look(self, run: Callable[[UntimedRequest], UntimedRun]) -> None:
        """Run every cell that ended well once more for each purpose, without a clock; as `measure`."""
        for purpose in self._settings.untimed:
            cells = self._not_looked_at(purpose)
            for number, cell in enumerate(cells):
                looking = Looking(purpose=purpose, number=number + 1, cells=len(cells))
                self._watch(self._looking(looking, cells[number:]))
                found = run(self._untimed_request(cell, purpose))
                if found.status == "interrupted":
                    raise Interrupted(f"interrupted after all repetitions, looking at {purpose}")
                self._store.add_untimed(found)
                if found.error:
                    where = f"cell {cell.id} ({cell.executor}), {purpose}, without a clock"
                    self._store.log(f"{where}: {found.status}: {found.error}")

    def _not_looked_at(self, purpose: Purpose) -> list[Cell]:
        return [cell for cell in self._still_measured() if (cell.id, purpose) not in self._looked]

    def _untimed_request(self, cell: Cell, purpose: Purpose) -> UntimedRequest:
        return UntimedRequest(
            cell=cell,
            purpose=purpose,
            calls=self._reference(cell).calls,
            time_limit_s=self._limit_s(cell) * (1 if purpose == "memory" else _SLOWED_BY_PROFILER),
            output=self._store.output_file(cell.id, purpose),
            profile=self._store.profile_file(cell.id, purpose),
            auto_chunk_size=self._chunk_sizes.get(cell.id, 1),
        )

    def _looking(self, looking: Looking, left: Sequence[Cell]) -> Progress:
        left_s = sum(self._cost_s(cell) for cell in left)
        repetitions = max(map(len, self._seconds.values()))
        return replace(self._progress(repetitions, ended=False), looking=looking, left_s=left_s)

    def why_complete(self) -> str:
        """Say why nothing is left of what was begun before; empty if something is."""
        left = [
            (cell, repetition)
            for repetition in range(1, self._begun + 1)
            for cell in self._plan.cells
            if self._is_left(cell, repetition)
        ]
        references_left = any(self._is_reference_due(cell) for cell in self._plan.cells)
        looks_left = any(self._not_looked_at(purpose) for purpose in self._settings.untimed)
        return "" if left or references_left or looks_left else self._why_enough(self._begun)

    def _is_left(self, cell: Cell, repetition: int) -> bool:
        return cell.id not in self.failed and (cell.id, repetition) not in self._made

    def _why_enough(self, repetitions: int) -> str:
        """Decide between repetitions whether another is due: blocks are complete or not begun."""
        settings = self._settings
        if len(self.failed) == len(self._plan.cells):
            return "every cell has failed"
        if repetitions >= self._most_repetitions:
            return f"all {repetitions} repetitions are measured"
        if repetitions and settings.time_budget_s is not None:
            elapsed_s = self._clock() - self._started_s
            if elapsed_s + self.repetition_s() + self.untimed_s() > settings.time_budget_s:
                return f"its time budget of {settings.time_budget_s:g} s is used up"
        # Checked at odd counts only, so that a median is a real run.
        due = settings.precision is not None and repetitions >= settings.repetitions and repetitions % 2 == 1
        if due and self._is_precise({cell.id: self._wall_s[cell.id] for cell in self._still_measured()}):
            return f"its precision of {settings.precision:g} is reached"
        return ""

    def go_on_from(self, earlier: Earlier) -> None:
        """Take over what was measured before as if it had been measured now; it is not measured again."""
        self._started_s -= sum(sample.invocation_s or 0.0 for sample in earlier.samples)
        self._looked = {(found.cell, found.purpose) for found in earlier.untimed}
        cells = {cell.id: cell for cell in self._plan.cells}
        for finding in earlier.findings:
            if finding.reference is not None:
                self._refer_to(cells[finding.cell], finding.reference)
            if finding.facts:
                self.worker_facts.setdefault(finding.cell, finding.facts)
        self.failed.update({sample.cell: sample for sample in earlier.samples if sample.status != "ok"})
        for sample in earlier.samples:
            self._made.add((sample.cell, sample.repetition))
            self._see_chunks(sample)
            self._begun = max(self._begun, sample.repetition)
            if not sample.repetition:
                continue
            if sample.tasks_per_chunk is not None:
                self._chunk_sizes[sample.cell] = sample.tasks_per_chunk
            if sample.invocation_s is not None:
                self._seconds[sample.cell].append(sample.invocation_s)
            failed = self.failed.get(sample.cell)
            ended_well = failed is None or failed.repetition != sample.repetition
            time_s = unit_s(cells[sample.cell], sample)
            if sample.iteration == 0 and ended_well and time_s is not None:
                self._wall_s[sample.cell].append(time_s)

    def make_references(self) -> None:
        """Run every baseline once: results, inner-loop counts and duration fix what follows.

        Where that fails, the first cell of its group that ends well takes its place: before the repetitions,
        since all of these are to be stamped alike.
        """
        tried = itertools.count()
        for baseline in self._plan.baselines:
            for cell in self._plan.group(baseline):
                if self._is_reference_due(cell):
                    self._watch(self._progress(0, ended=False))
                    self._keep(self._request(cell, 0, next(tried)))
        self._watch(self._progress(0, ended=True))

    def _is_reference_due(self, cell: Cell) -> bool:
        is_asked = cell.id == cell.baseline or cell.baseline not in self._references
        return is_asked and self._is_left(cell, 0)

    def settle_chunk_sizes(self) -> None:
        """Fix what `auto` comes to in all repetitions.

        An invocation for each such cell tells what handing out a chunk costs there. It is 1
        where there is no reference to tell how long the tasks are.
        """
        for position, cell in enumerate(self._still_measured()):
            reference = self._reference(cell)
            lengths = reference.lengths * bags_of(cell)
            if cell.chunk_size != AUTO or not lengths or cell.id in self._chunk_sizes:
                continue
            outcome = self._keep(replace(self._request(cell, 0, position), dispatch=True))
            if outcome.dispatch is None:
                continue
            size = auto_chunk_size(lengths, outcome.dispatch, reference.cpu_share)
            self._chunk_sizes[cell.id] = size
            tasks, tasks_s = (sum(part) for part in zip(*lengths, strict=True))
            told = f"{tasks} tasks of {seconds(tasks_s / tasks)} on {outcome.dispatch.workers} workers"
            cost = f"{seconds(outcome.dispatch.chunk_s)} to hand out a chunk"
            self._store.log(f"cell {cell.id} ({cell.executor}): chunk_size=auto is {size}: {told}, {cost}")

    def _refer_to(self, cell: Cell, reference: Reference) -> None:
        """Compare the cells of this one's group with this from now on."""
        self._references[cell.baseline] = reference
        if reference.calls is not None:
            self._calls.setdefault(_snippets(cell), reference.calls)

    def _reference(self, cell: Cell) -> Reference:
        """Find what a cell is compared with; without any, its loops at least.

        Snippets loop equally often in all cells and interpreters: the first reference counts. Cells of one
        name may differ in their snippets.
        """
        known = self._references.get(cell.baseline)
        return Reference(calls=self._calls.get(_snippets(cell))) if known is None else known

    def _limit_s(self, cell: Cell) -> float:
        """Limit an invocation: generously while nothing is known of its length."""
        if self._settings.time_limit_s is not None:
            return self._settings.time_limit_s
        known = self._references.get(cell.baseline)
        if known is None:
            return _REFERENCE_LIMIT_S
        return self._window_s + max(_SHORTEST_LIMIT_S, _REFERENCES_IN_LIMIT * known.seconds)

    def repetition_s(self) -> float:
        """Estimate how long one repetition takes, from what was measured so far."""
        return sum(self._cost_s(cell) for cell in self._still_measured())

    def untimed_s(self) -> float:
        """Estimate how long the invocations without a clock take."""
        return len(self._settings.untimed) * self.repetition_s()

    def _left_s(self) -> float:
        """Estimate how long the visits still to come will take, and the invocations without a clock."""
        left_s = sum(self._visits_left(cell) * self._cost_s(cell) for cell in self._still_measured())
        left_s += self.untimed_s()
        if self._settings.time_budget_s is None:
            return left_s
        elapsed_s = self._clock() - self._started_s
        return min(left_s, max(0.0, self._settings.time_budget_s - elapsed_s))

    def _still_measured(self) -> list[Cell]:
        return [cell for cell in self._plan.cells if cell.id not in self.failed]

    def _visits_left(self, cell: Cell) -> int:
        return self._most_repetitions - len(self._seconds[cell.id])

    @property
    def _done(self) -> int:
        """Count the invocations, but for the references."""
        return sum(len(seconds) for seconds in self._seconds.values())

    @property
    def _total(self) -> int:
        return self._done + sum(self._visits_left(cell) for cell in self._still_measured())

    @property
    def _most_repetitions(self) -> int:
        settings = self._settings
        return settings.repetitions if settings.precision is None else settings.max_repetitions

    def _cost_s(self, cell: Cell) -> float:
        """Estimate one invocation: the median of its own, or else its baseline's reference, if any."""
        if self._seconds[cell.id]:
            return statistics.median(self._seconds[cell.id])
        known = self._references.get(cell.baseline)
        return self._window_s or (0.0 if known is None else known.seconds)

    def _measure(self, cell: Cell, repetition: int, position: int) -> None:
        outcome = self._keep(self._request(cell, repetition, position))
        self._seconds[cell.id].append(outcome.seconds)
        for sample in outcome.samples:
            self._see_chunks(sample)
        if outcome.status == "ok" and (time_s := unit_s(cell, outcome.samples[0])) is not None:
            self._wall_s[cell.id].append(time_s)

    def _see_chunks(self, sample: Sample) -> None:
        """See from a run apart how quickly chunks follow each other: it may be needed no more."""
        if sample.tracing and sample.work_s is not None:
            chunks = math.ceil(sample.tasks / (sample.tasks_per_chunk or sample.tasks))
            self._between_chunks_s.setdefault(sample.cell, sample.work_s / chunks)

    def _request(self, cell: Cell, repetition: int, position: int) -> Request:
        return Request(
            cell=cell,
            repetition=repetition,
            position=position,
            iterations=self._settings.iterations,
            time_limit_s=self._limit_s(cell),
            reference=self._reference(cell),
            output=self._store.output_file(cell.id, repetition),
            auto_chunk_size=self._chunk_sizes.get(cell.id, 1),
            between_chunks_s=self._between_chunks_s.get(cell.id, 0.0),
        )

    def _keep(self, request: Request) -> Outcome:
        """Make an invocation and store it; a cell that did not end well is not measured again."""
        outcome = self._invoke(request)
        if self._disturbed:
            outcome = replace(outcome, samples=[_also_noisy(one, self._disturbed) for one in outcome.samples])
        cell = request.cell
        # What tells the cost of a chunk has a row only where it fails: it would pass for the reference
        if not (request.dispatch and outcome.status in ("ok", "interrupted")):
            self._take_over(request, outcome)
            completing = replace(outcome.samples[-1], invocation_s=outcome.seconds)
            self._store.add([*outcome.samples[:-1], completing], outcome.records)
        where = f"cell {cell.id} ({cell.executor}), repetition {request.repetition}"
        if outcome.alive:
            disturbing = "could not be ended and may disturb what follows; end them by hand"
            self._store.log(f"{where}: {outcome.alive} processes {disturbing}")
        if outcome.afterwards:
            self._store.log(f"{where}: the interpreter {outcome.afterwards} after it had answered")
        if outcome.left_behind:
            self._store.log(f"{where}: {outcome.left_behind} processes outlived the workload and were ended")
        if outcome.status != "ok":
            self._store.log(f"{where}: {outcome.status}: {outcome.error}\n{outcome.traceback}")
            if outcome.status == "interrupted":
                raise Interrupted(f"interrupted after {self._done} of {self._total} invocations")
            self.failed[cell.id] = outcome.samples[-1]
        return outcome

    def _take_over(self, request: Request, outcome: Outcome) -> None:
        """Take over, and keep, what an invocation fixes for those that follow."""
        cell = request.cell
        reference = None if request.repetition else outcome.reference
        facts = {} if cell.id in self.worker_facts else outcome.facts
        if reference is None and not facts:
            return
        self._store.keep_finding(
            Finding(cell=cell.id, repetition=request.repetition, reference=reference, facts=facts)
        )
        if reference is not None:
            self._refer_to(cell, reference)
        if facts:
            self.worker_facts[cell.id] = facts

    def _progress(self, repetition: int, *, ended: bool) -> Progress:
        known = repetition > 0 or ended  # all references were tried
        return Progress(
            plan=self._plan,
            repetition=repetition,
            repetitions=self._most_repetitions,
            done=self._done,
            total=self._total,
            left_s=self._left_s() if known else None,
            wall_s=self._wall_s,
            failed=self.failed,
            repetition_ended=ended,
            at_most=self._settings.precision is not None or self._settings.time_budget_s is not None,
        )


def _also_noisy(sample: Sample, disturbed: str) -> Sample:
    return replace(sample, noisy="; ".join(filter(None, (sample.noisy, disturbed))))


def _snippets(cell: Cell) -> str:
    return json.dumps(cell.settings["workload"], sort_keys=True)
