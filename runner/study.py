"""Cells → samples, repetition by repetition. Knows neither Hydra nor pandas, and shows nothing itself."""

import itertools
import json
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from runner.invocation import Outcome, Reference, Request
from runner.modes import lasts_s, unit_s
from runner.plan import Plan
from runner.records import Cell, Sample, TaskRecord

_REFERENCE_LIMIT_S = 3600.0
_SHORTEST_LIMIT_S = 30.0
_REFERENCES_IN_LIMIT = 20


class Keeps(Protocol):
    """What a study needs of the store."""

    def add(self, samples: Sequence[Sample], records: Sequence[TaskRecord]) -> None:
        """Append one invocation, for good."""
        ...

    def output_file(self, cell: str, repetition: int) -> Path:
        """Name the file that gets what one invocation prints."""
        ...

    def log(self, text: str) -> None:
        """Append to the log."""
        ...


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a study stands, told after every invocation."""

    plan: Plan
    repetition: int  #: the one in progress; 0 while the references are made
    repetitions: int
    done: int  #: invocations
    total: int  #: those that are done, and those to come of the cells that are still measured
    left_s: float | None  #: estimated; None until all references were tried
    wall_s: Mapping[str, Sequence[float]]  #: by cell: the headline times so far, of one bag or one task
    failed: Mapping[str, Sample]  #: by cell: the sample that says why it is not measured any more
    repetition_ended: bool
    at_most: bool = False  #: a precision or a time budget may end it before its last repetition


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
        self._seconds: dict[str, list[float]] = {cell.id: [] for cell in plan.cells}
        self._wall_s: dict[str, list[float]] = {cell.id: [] for cell in plan.cells}
        self.failed: dict[str, Sample] = {}  #: by cell: why it is not measured any more
        self._started_s = clock()
        self._window_s = lasts_s(plan.cells)
        self.worker_facts: dict[str, Mapping[str, Any]] = {}  #: by cell: as seen in its workers

    def measure(self) -> None:
        """Make the references, then the repetitions; Interrupted if the user stops it."""
        self.make_references()
        for repetition in itertools.count(1):
            if self._is_enough(repetition - 1):
                return
            self._disturbed = self._canary()
            order = list(self._plan.cells)
            self._random.shuffle(order)
            for position, cell in enumerate(order):
                if cell.id not in self.failed:
                    self._measure(cell, repetition, position)
                self._watch(self._progress(repetition, ended=position == len(order) - 1))

    def _is_enough(self, repetitions: int) -> bool:
        """Decide between repetitions whether another is due: blocks are complete or not begun."""
        settings = self._settings
        if repetitions >= self._most_repetitions or len(self.failed) == len(self._plan.cells):
            return True
        if repetitions and settings.time_budget_s is not None:
            elapsed_s = self._clock() - self._started_s
            if elapsed_s + self.repetition_s() > settings.time_budget_s:
                return True
        # Checked at odd counts only, so that a median is a real run.
        due = settings.precision is not None and repetitions >= settings.repetitions and repetitions % 2 == 1
        return due and self._is_precise(
            {cell: own for cell, own in self._wall_s.items() if cell not in self.failed}
        )

    def make_references(self) -> None:
        """Run every baseline once: results, inner-loop counts and duration fix what follows.

        Where that fails, the first cell of its group that ends well takes its place.
        """
        for position, baseline in enumerate(self._plan.baselines):
            self._watch(self._progress(0, ended=False))
            outcome = self._keep(self._request(baseline, 0, position))
            if outcome.reference is not None:
                self._refer_to(baseline, outcome.reference)
        self._watch(self._progress(0, ended=True))

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

    def _left_s(self) -> float:
        """Estimate how long the visits still to come will take."""
        left_s = sum(self._visits_left(cell) * self._cost_s(cell) for cell in self._still_measured())
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
        if outcome.status == "ok" and outcome.reference is not None and cell.baseline not in self._references:
            self._refer_to(cell, outcome.reference)
        self._seconds[cell.id].append(outcome.seconds)
        if outcome.status == "ok" and (time_s := unit_s(cell, outcome.samples[0])) is not None:
            self._wall_s[cell.id].append(time_s)

    def _request(self, cell: Cell, repetition: int, position: int) -> Request:
        return Request(
            cell=cell,
            repetition=repetition,
            position=position,
            iterations=self._settings.iterations,
            time_limit_s=self._limit_s(cell),
            reference=self._reference(cell),
            output=self._store.output_file(cell.id, repetition),
        )

    def _keep(self, request: Request) -> Outcome:
        """Make an invocation and store it; a cell that did not end well is not measured again."""
        outcome = self._invoke(request)
        if self._disturbed:
            outcome = replace(outcome, samples=[_also_noisy(one, self._disturbed) for one in outcome.samples])
        cell = request.cell
        self._store.add(outcome.samples, outcome.records)
        if outcome.facts:
            self.worker_facts.setdefault(cell.id, outcome.facts)
        where = f"cell {cell.id} ({cell.executor}), repetition {request.repetition}"
        if outcome.alive:
            disturbing = "could not be ended and may disturb what follows; end them by hand"
            self._store.log(f"{where}: {outcome.alive} processes {disturbing}")
        if outcome.left_behind:
            self._store.log(f"{where}: {outcome.left_behind} processes outlived the workload and were ended")
        if outcome.status != "ok":
            self._store.log(f"{where}: {outcome.status}: {outcome.error}\n{outcome.traceback}")
            if outcome.status == "interrupted":
                raise Interrupted(f"interrupted after {self._done} of {self._total} invocations")
            self.failed[cell.id] = outcome.samples[-1]
        return outcome

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
