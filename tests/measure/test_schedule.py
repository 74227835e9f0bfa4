"""A study with fake invocations: order, references, limits, failures, progress and resumption, all exact."""

import contextlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.measure.chunking import DispatchCost
from runner.measure.invocation import Outcome, Request
from runner.measure.remaining import why_complete
from runner.measure.schedule import Interrupted, Study
from runner.measure.study_progress import StudyProgress
from runner.measure.untimed_runs import UntimedRequest
from runner.plan import Plan
from runner.records import (
    Cell,
    CompletedRuns,
    Purpose,
    Reference,
    ReferenceRecord,
    Sample,
    Status,
    StudySettings,
    TaskRecord,
    UntimedRun,
)
from tests.factories import cell as make_cell

SETTINGS = StudySettings(repetitions=2, iterations=1, time_limit_s=None, seed=1)


RESULTS: Any = {"quick": ["1f"], "values": ["=31"], "shown": ["1"]}


class MemoryStore:
    """A StudyStore that keeps everything in lists."""

    references_file = Path("references.jsonl")

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.logged: list[str] = []
        self.untimed: list[UntimedRun] = []
        self.references: list[ReferenceRecord] = []

    def add_untimed(self, run: UntimedRun) -> None:
        self.untimed.append(run)

    def add(self, samples: Sequence[Sample], records: Sequence[TaskRecord]) -> None:
        assert list(records) == []
        self.samples += samples

    def add_reference(self, record: ReferenceRecord) -> None:
        self.references.append(record)

    def completed(self) -> CompletedRuns:
        return CompletedRuns(
            samples=tuple(self.samples), references=tuple(self.references), untimed=tuple(self.untimed)
        )

    def output_file(self, cell: str, repetition: int | Purpose) -> Path:
        return Path(f"{cell}_{repetition}.txt")

    def profile_file(self, cell: str, purpose: Purpose) -> Path:
        return Path(f"{cell}_{purpose}")

    def log(self, text: str) -> None:
        self.logged.append(text)


def outcome_of(
    request: Request,
    status: Status = "ok",
    *,
    seconds: float = 1.0,
    calls: dict[str, int] | None = None,
    **fields: Any,
) -> Outcome:
    """Return the outcome of an invocation; if it succeeded, its tasks took a tenth of `seconds`."""
    sample = Sample(
        cell=request.cell.id,
        repetition=request.repetition,
        position=request.position,
        iteration=0,
        warmup=False,
        tasks=1,
        started_at="2026-01-01T00:00:00.000+00:00",
        wall_s=seconds / 10 if status == "ok" else None,
        status=status,
        error="" if status == "ok" else f"it {status}",
    )
    reference = Reference(results=RESULTS, calls=calls, labels=["1"], seconds=seconds)
    return Outcome(
        samples=[sample],
        records=[],
        reference=reference if status in ("ok", "wrong_result") else None,
        seconds=seconds,
        **fields,
    )


class Trial:
    """A study of these cells, with its requests and its progress."""

    def __init__(
        self,
        *cells: Cell,
        settings: StudySettings = SETTINGS,
        invoke: Callable[[Request], Outcome] = outcome_of,
        canary: Callable[[], str] = lambda: "",
        completed: CompletedRuns | None = None,
    ) -> None:
        self.requests: list[Request] = []
        self.progress: list[StudyProgress] = []
        self.store = MemoryStore()
        self._invoke = invoke
        plan = Plan.of(*cells)
        self.study = Study(
            plan,
            settings,
            invoke=self._note_and_invoke,
            store=self.store,
            watch=self._note_progress,
            completed=completed,
            canary=canary,
        )

    def measure(self) -> "Trial":
        self.study.measure()
        return self

    def order(self) -> list[str]:
        return [f"{request.cell.id}{request.repetition}" for request in self.requests]

    def _note_and_invoke(self, request: Request) -> Outcome:
        self.requests.append(request)
        return self._invoke(request)

    def _note_progress(self, progress: StudyProgress) -> None:
        walls = {cell: list(walls) for cell, walls in progress.wall_s.items()}
        self.progress.append(replace(progress, wall_s=walls, failed=dict(progress.failed)))


SERIAL, THREAD, PROCESS = make_cell(id="s"), make_cell(id="t", baseline="s"), make_cell(id="p", baseline="s")
OTHER_SERIAL = make_cell(id="S", python="3.14.0")
OTHER_THREAD = make_cell(id="T", baseline="S", python="3.14.0")


def test_the_same_seed_gives_the_same_order() -> None:
    cells = [make_cell(id=f"c{number}", baseline="c0") for number in range(8)]
    settings = replace(SETTINGS, repetitions=4)
    first, second = (Trial(*cells, settings=settings).measure().order() for _ in range(2))
    assert first == second


def test_another_seed_gives_another_order() -> None:
    cells = [make_cell(id=f"c{number}", baseline="c0") for number in range(8)]
    orders = {
        tuple(Trial(*cells, settings=replace(SETTINGS, seed=seed)).measure().order()) for seed in range(5)
    }
    assert len(orders) == 5


def test_every_repetition_has_a_different_order() -> None:
    cells = [make_cell(id=f"c{number}", baseline="c0") for number in range(8)]
    trial = Trial(*cells, settings=replace(SETTINGS, repetitions=5)).measure()
    orders = {
        tuple(request.cell.id for request in trial.requests if request.repetition == repetition)
        for repetition in range(1, 6)
    }
    assert len(orders) == 5


@pytest.mark.slow
@given(
    cells=st.integers(min_value=1, max_value=9),
    repetitions=st.integers(min_value=1, max_value=5),
    seed=st.integers(min_value=0, max_value=2**32),
)
def test_every_repetition_visits_every_cell_once(cells: int, repetitions: int, seed: int) -> None:
    ids = [f"c{number}" for number in range(cells)]
    settings = replace(SETTINGS, repetitions=repetitions, seed=seed)
    trial = Trial(*(make_cell(id=identity, baseline="c0") for identity in ids), settings=settings).measure()
    for repetition in range(1, repetitions + 1):
        visits = [request for request in trial.requests if request.repetition == repetition]
        assert sorted(visit.cell.id for visit in visits) == ids
        assert [visit.position for visit in visits] == list(range(cells))
    assert [request.repetition for request in trial.requests] == sorted(
        request.repetition for request in trial.requests
    )


def test_the_order_does_not_depend_on_failures() -> None:
    cells = [make_cell(id=f"c{number}", baseline="c0") for number in range(8)]
    settings = replace(SETTINGS, repetitions=3)
    calm = Trial(*cells, settings=settings).measure().order()
    disturbed = Trial(
        *cells,
        settings=settings,
        invoke=lambda request: outcome_of(request, "crashed" if request.cell.id == "c3" else "ok"),
    ).measure()
    assert [visit for visit in disturbed.order() if "c3" not in visit] == [
        visit for visit in calm if "c3" not in visit
    ]


def test_the_default_time_limit_includes_the_window() -> None:
    settings = {**SERIAL.settings, "duration_s": 100.0}
    cells = make_cell(id="s", settings=settings), make_cell(id="t", baseline="s", settings=settings)
    trial = Trial(*cells).measure()
    assert {request.time_limit_s for request in trial.requests if request.repetition} == {120.0}


def test_progress_has_times_per_bag() -> None:
    twice = make_cell(id="t", baseline="s", settings={**SERIAL.settings, "bags": 2})
    wall_s = Trial(SERIAL, twice).measure().progress[-1].wall_s
    assert wall_s["t"] == [time_s / 2 for time_s in wall_s["s"]]


def test_one_reference_for_each_baseline_comes_before_everything_else() -> None:
    trial = Trial(SERIAL, THREAD, PROCESS, OTHER_SERIAL, OTHER_THREAD).measure()
    assert trial.order()[:2] == ["s0", "S0"]
    assert [request.repetition for request in trial.requests].count(0) == 2
    assert [request.position for request in trial.requests[:2]] == [0, 1]


def test_cells_are_compared_with_the_reference_of_their_own_baseline() -> None:
    trial = Trial(
        SERIAL,
        THREAD,
        OTHER_SERIAL,
        OTHER_THREAD,
        invoke=lambda request: outcome_of(request, seconds=2.0 if request.cell.baseline == "s" else 3.0),
    ).measure()
    seconds = {request.cell.id: request.reference.seconds for request in trial.requests}
    assert seconds == {"s": 2.0, "t": 2.0, "S": 3.0, "T": 3.0}


def test_the_inner_loop_counts_of_the_first_reference_hold_for_every_baseline_of_the_workload() -> None:
    trial = Trial(
        SERIAL,
        OTHER_SERIAL,
        OTHER_THREAD,
        invoke=lambda request: outcome_of(request, calls=request.reference.calls or {"set": 7}),
    ).measure()
    assert [(request.cell.id, request.reference.calls) for request in trial.requests[:2]] == [
        ("s", None),
        ("S", {"set": 7}),
    ]
    assert {str(request.reference.calls) for request in trial.requests[2:]} == {"{'set': 7}"}


def test_different_snippets_are_calibrated_separately_even_if_their_workloads_share_a_name() -> None:
    workload = {"name": "squares", "snippets": {"other": "2 ** 2"}}
    other = make_cell(id="o", settings={**SERIAL.settings, "workload": workload})
    trial = Trial(
        SERIAL, other, invoke=lambda request: outcome_of(request, calls={request.cell.id: 7})
    ).measure()
    assert [request.reference.calls for request in trial.requests[:2]] == [None, None]
    assert all(request.reference.calls == {request.cell.id: 7} for request in trial.requests[2:])


def test_after_a_failed_reference_the_next_reference_calibrates() -> None:
    third = make_cell(id="3", python="3.15.0")
    trial = Trial(
        SERIAL,
        OTHER_SERIAL,
        third,
        invoke=lambda request: outcome_of(
            request,
            "failed" if request.cell.id == "s" else "ok",
            calls=request.reference.calls or {"set": ord(request.cell.id)},
        ),
    ).measure()
    assert [request.reference.calls for request in trial.requests[:3]] == [None, None, {"set": ord("S")}]


@pytest.mark.parametrize("status", ["failed", "crashed", "timeout", "wrong_result"])
def test_a_failed_cell_is_not_measured_again_while_the_others_are(status: Status) -> None:
    trial = Trial(
        SERIAL,
        THREAD,
        PROCESS,
        settings=replace(SETTINGS, repetitions=3),
        invoke=lambda request: outcome_of(request, status if request.cell.id == "t" else "ok"),
    ).measure()
    assert sorted(trial.order()) == sorted(["s0", "s1", "s2", "s3", "p1", "p2", "p3", "t1"])
    assert [(sample.cell, sample.status) for sample in trial.store.samples if sample.status != "ok"] == [
        ("t", status)
    ]
    assert trial.store.logged == [f"cell t (serial), repetition 1: {status}: it {status}\n"]


def test_a_baseline_whose_reference_failed_is_not_measured_but_its_cells_are() -> None:
    trial = Trial(
        SERIAL,
        THREAD,
        invoke=lambda request: outcome_of(request, "failed" if request.cell.id == "s" else "ok"),
    ).measure()
    assert trial.order() == ["s0", "t0", "t1", "t2"]


def test_after_a_failed_reference_the_first_cell_that_succeeds_takes_its_place() -> None:
    def invoke(request: Request) -> Outcome:
        if request.cell.id in ("s", "t"):
            return outcome_of(request, "failed")
        return outcome_of(request, seconds=2.0, calls=request.reference.calls or {"set": 7})

    other = make_cell(id="q", baseline="s")
    trial = Trial(SERIAL, THREAD, PROCESS, other, invoke=invoke).measure()
    reference = Reference(results=RESULTS, calls={"set": 7}, labels=["1"], seconds=2.0)
    assert trial.order()[:3] == ["s0", "t0", "p0"]
    assert sorted(trial.order()[3:]) == ["p1", "p2", "q1", "q2"]
    assert {(str(request.reference), request.time_limit_s) for request in trial.requests[:3]} == {
        (str(Reference()), 3600.0)
    }
    assert [(request.reference, request.time_limit_s) for request in trial.requests[3:]] == [
        (reference, 40.0)
    ] * 4


def test_a_reference_with_a_wrong_result_is_still_used() -> None:
    trial = Trial(
        SERIAL,
        THREAD,
        invoke=lambda request: outcome_of(
            request, "wrong_result" if request.cell.id == "s" else "ok", seconds=3.0
        ),
    ).measure()
    assert [request.reference.seconds for request in trial.requests] == [0.0, 3.0, 3.0]


def test_after_a_failed_reference_the_inner_loop_counts_are_those_of_another_baseline() -> None:
    trial = Trial(
        SERIAL,
        THREAD,
        OTHER_SERIAL,
        invoke=lambda request: outcome_of(
            request, "failed" if request.cell.id == "s" else "ok", calls=request.reference.calls or {"set": 7}
        ),
    ).measure()
    assert trial.order()[:3] == ["s0", "t0", "S0"]
    assert [request.reference.calls for request in trial.requests] == [None, None] + [{"set": 7}] * 5


@pytest.mark.parametrize(("interrupted", "done"), [("s0", 0), ("t1", 0), ("p2", 3)])
def test_an_interrupted_invocation_is_stored_and_ends_the_study(interrupted: str, done: int) -> None:
    def invoke(request: Request) -> Outcome:
        visit = f"{request.cell.id}{request.repetition}"
        return outcome_of(request, "interrupted" if visit == interrupted else "ok")

    trial = Trial(SERIAL, THREAD, PROCESS, invoke=invoke)
    with pytest.raises(Interrupted, match=rf"^interrupted after {done} of 6 invocations$"):
        trial.measure()
    assert trial.order()[-1] == interrupted
    assert [sample.status for sample in trial.store.samples] == ["ok"] * (len(trial.requests) - 1) + [
        "interrupted"
    ]


def test_a_time_limit_holds_for_references_too() -> None:
    trial = Trial(SERIAL, THREAD, settings=replace(SETTINGS, time_limit_s=0.5)).measure()
    assert {request.time_limit_s for request in trial.requests} == {0.5}


@pytest.mark.parametrize(
    ("reference_s", "tasks", "limit_s"),
    [
        (0.1, 1, 10.031),
        (0.1, 100, 13.1),
        (0.1, 1_000, 31.0),
        (0.1, 100_000, 130.0),
        (0.5, 1, 10.031),
        (0.6, 1, 12.0),
        (60.0, 1_000, 1200.0),
    ],
)
def test_the_time_limit_is_twenty_references_but_tasks_can_start_in_it(
    reference_s: float, tasks: int, limit_s: float
) -> None:
    def invoke(request: Request) -> Outcome:
        outcome = outcome_of(request, seconds=reference_s)
        if outcome.reference is None:
            return outcome
        return replace(outcome, reference=replace(outcome.reference, labels=["a"] * tasks))

    trial = Trial(SERIAL, THREAD, invoke=invoke).measure()
    assert trial.requests[0].time_limit_s == 3600.0
    assert [request.time_limit_s for request in trial.requests[1:]] == [pytest.approx(limit_s)] * 4


def test_an_engine_of_a_cluster_has_half_a_minute_to_start() -> None:
    pool = {"_target_": "runner_probe.adapters.ray_pool.RayPool"}
    settings = {**THREAD.settings, "executor": {"name": "ray", "pool": pool}}
    trial = Trial(SERIAL, make_cell(id="r", baseline="s", settings=settings)).measure()
    limits = {request.cell.id: request.time_limit_s for request in trial.requests if request.repetition}
    assert limits == {"s": 20.0, "r": 30.001}


def test_requests_have_the_iterations_and_the_output_file() -> None:
    trial = Trial(SERIAL, settings=replace(SETTINGS, repetitions=1, iterations=3)).measure()
    assert [(request.iterations, str(request.output)) for request in trial.requests] == [
        (3, "s_0.txt"),
        (3, "s_1.txt"),
    ]


def test_progress_is_reported_before_every_reference_and_after_every_invocation() -> None:
    trial = Trial(SERIAL, THREAD, OTHER_SERIAL).measure()
    states = [
        (progress.repetition, progress.done, progress.total, progress.repetition_ended)
        for progress in trial.progress
    ]
    assert states == [
        (0, 0, 6, False),
        (0, 0, 6, False),
        (0, 0, 6, True),
        (1, 1, 6, False),
        (1, 2, 6, False),
        (1, 3, 6, True),
        (2, 4, 6, False),
        (2, 5, 6, False),
        (2, 6, 6, True),
    ]
    assert {progress.repetitions for progress in trial.progress} == {2}


def test_progress_has_the_headline_times_so_far_without_references() -> None:
    trial = Trial(SERIAL, invoke=lambda request: outcome_of(request, seconds=10.0 * (request.repetition + 1)))
    walls = [progress.wall_s["s"] for progress in trial.measure().progress]
    assert walls == [[], [], [2.0], [2.0, 3.0]]


def test_the_time_left_is_estimated_from_medians_or_else_from_references() -> None:
    # The order is p s, s p, p s, p s; the reference takes 1 s, `p` 10, 20, 30 and 40 s, `s` 2 s.
    def invoke(request: Request) -> Outcome:
        seconds = {"s": 2.0, "p": 10.0 * request.repetition}[request.cell.id] if request.repetition else 1.0
        return outcome_of(request, seconds=seconds)

    trial = Trial(
        SERIAL, PROCESS, settings=replace(SETTINGS, repetitions=4, seed=46), invoke=invoke
    ).measure()
    assert trial.order() == ["s0", "p1", "s1", "s2", "p2", "p3", "s3", "p4", "s4"]
    assert [progress.left_s for progress in trial.progress] == [
        None,
        4 * (1 + 1),  # both as long as the reference
        3 * 10 + 4 * 1,
        3 * 10 + 3 * 2,
        3 * 10 + 2 * 2,
        2 * 15 + 2 * 2,
        1 * 20 + 2 * 2,
        1 * 20 + 1 * 2,
        1 * 2,
        0,
    ]


def test_failed_cells_are_reported_and_excluded_from_time_and_invocations_left() -> None:
    trial = Trial(
        SERIAL,
        PROCESS,
        settings=replace(SETTINGS, seed=8),
        invoke=lambda request: outcome_of(
            request, "timeout" if request.cell.id == "p" else "ok", seconds=2.0
        ),
    ).measure()
    assert trial.order() == ["s0", "p1", "s1", "s2"]
    assert [
        (progress.done, progress.total, sorted(progress.failed), progress.left_s)
        for progress in trial.progress
    ] == [
        (0, 4, [], None),
        (0, 4, [], 2 * (2 + 2)),
        (1, 3, ["p"], 2 * 2),
        (2, 3, ["p"], 1 * 2),
        (3, 3, ["p"], 0),
        (3, 3, ["p"], 0),
    ]
    assert trial.progress[-1].failed["p"].error == "it timeout"


def test_a_baseline_whose_reference_failed_is_not_among_the_invocations_to_come() -> None:
    trial = Trial(
        SERIAL,
        THREAD,
        invoke=lambda request: outcome_of(request, "failed" if request.cell.id == "s" else "ok"),
    ).measure()
    assert [(progress.done, progress.total) for progress in trial.progress if progress.repetition_ended] == [
        (0, 2),
        (1, 2),
        (2, 2),
    ]


def test_a_repetition_is_estimated_from_the_references() -> None:
    trial = Trial(
        SERIAL,
        THREAD,
        OTHER_SERIAL,
        settings=replace(SETTINGS, repetitions=5),
        invoke=lambda request: outcome_of(request, seconds=2.0 if request.cell.id == "s" else 3.0),
    )
    trial.study.make_references()
    assert trial.order() == ["s0", "S0"]
    assert trial.study.costs.repetition_s() == 2.0 + 2.0 + 3.0


@pytest.mark.parametrize(
    ("changes", "at_most"), [({}, False), ({"precision": 0.1}, True), ({"time_budget_s": 9.0}, True)]
)
def test_progress_says_whether_the_study_may_end_early(changes: dict[str, Any], at_most: bool) -> None:  # noqa: FBT001
    settings = replace(SETTINGS, max_repetitions=3, **changes)
    assert {progress.at_most for progress in Trial(SERIAL, settings=settings).measure().progress} == {at_most}


def traced_separately(request: Request) -> Outcome:
    """Succeed with a headline run and a separate traced run of 10 tasks in chunks of 4."""
    outcome = outcome_of(request)
    work_s = 0.3 * request.repetition
    (headline,) = outcome.samples
    traced = replace(headline, iteration=1, tracing=True, tasks=10, tasks_per_chunk=4, work_s=work_s)
    return replace(outcome, samples=[headline, traced] if request.repetition else [headline])


def test_the_first_separate_traced_run_gives_the_time_between_chunks() -> None:
    first = Trial(SERIAL, settings=replace(SETTINGS, repetitions=3), invoke=traced_separately).measure()
    assert [request.between_chunks_s for request in first.requests] == pytest.approx([0.0, 0.0, 0.1, 0.1])

    again = Trial(
        SERIAL,
        settings=replace(SETTINGS, repetitions=4),
        invoke=traced_separately,
        completed=first.store.completed(),
    ).measure()
    assert [request.between_chunks_s for request in again.requests] == pytest.approx([0.1])


def test_an_interpreter_that_dies_after_its_reply_is_logged() -> None:
    trial = Trial(
        SERIAL, invoke=lambda request: outcome_of(request, afterwards="exited with code 3")
    ).measure()
    assert trial.store.logged == [
        f"cell s (serial), repetition {repetition}: after its reply the interpreter exited with code 3"
        for repetition in range(3)
    ]


def test_leftover_processes_are_logged_and_facts_are_stored_once() -> None:
    trial = Trial(
        SERIAL,
        invoke=lambda request: outcome_of(
            request, facts={"distinct_workers": request.repetition}, left_behind=2
        ),
    ).measure()
    assert trial.store.logged == [
        f"cell s (serial), repetition {repetition}: terminated 2 leftover processes of the workload"
        for repetition in range(3)
    ]
    assert trial.study.worker_facts == {"s": {"distinct_workers": 0}}


class Clock:
    """Seconds that pass only while invocations are made."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def repetitions_of(
    settings: StudySettings, is_precise: Callable[[Mapping[str, Sequence[float]]], bool], seconds: float = 1.0
) -> int:
    """Count the repetitions of a study of two cells; each of its invocations takes `seconds`."""
    clock, store = Clock(), MemoryStore()

    def invoke(request: Request) -> Outcome:
        clock.now_s += seconds
        return outcome_of(request, seconds=seconds)

    base = make_cell(id="base")
    plan = Plan.of(base, make_cell(id="pool", baseline="base"))
    Study(
        plan,
        settings,
        invoke=invoke,
        store=store,
        watch=lambda _: None,
        is_precise=is_precise,
        clock=clock,
    ).measure()
    assert all(
        {sample.cell for sample in store.samples if sample.repetition == number} == {"base", "pool"}
        for number in range(1, store.samples[-1].repetition + 1)
    ), "a repetition is complete or not begun"
    return store.samples[-1].repetition


SEVEN = replace(SETTINGS, repetitions=7)


def test_without_a_precision_the_number_of_repetitions_is_fixed() -> None:
    assert repetitions_of(SEVEN, lambda _: True) == 7
    assert repetitions_of(SEVEN, lambda _: False) == 7


def test_with_a_precision_repetitions_continue_until_it_is_reached_at_an_odd_count() -> None:
    reached_at_ten = replace(SEVEN, precision=0.05)
    assert repetitions_of(reached_at_ten, lambda walls: len(walls["pool"]) >= 10) == 11


def test_a_precision_that_is_reached_at_once_still_takes_the_minimum_of_repetitions() -> None:
    assert repetitions_of(replace(SEVEN, precision=0.05), lambda _: True) == 7


def test_a_precision_that_is_never_reached_takes_the_maximum_of_repetitions() -> None:
    assert repetitions_of(replace(SEVEN, precision=0.05, max_repetitions=15), lambda _: False) == 15


def test_a_time_budget_ends_between_repetitions() -> None:
    # The reference takes 1 s, every repetition 2 s: three of them fit.
    assert repetitions_of(replace(SEVEN, time_budget_s=8.0), lambda _: False) == 3


def test_the_time_left_is_limited_by_the_budget() -> None:
    clock, left_s = Clock(), list[float | None]()

    def invoke(request: Request) -> Outcome:
        clock.now_s += 1.0
        return outcome_of(request)

    Study(
        Plan.of(make_cell(id="base")),
        replace(SEVEN, time_budget_s=4.0),
        invoke=invoke,
        store=MemoryStore(),
        watch=lambda progress: left_s.append(progress.left_s),
        clock=clock,
    ).measure()
    assert left_s == [None, 3.0, 2.0, 1.0, 0.0]


def test_one_repetition_is_measured_however_small_the_budget() -> None:
    assert repetitions_of(replace(SEVEN, time_budget_s=0.5), lambda _: False) == 1


def test_a_study_whose_cells_have_all_failed_ends() -> None:
    trial = Trial(make_cell(id="base"), settings=SEVEN, invoke=lambda request: outcome_of(request, "failed"))
    trial.study.measure()
    assert len(trial.requests) == 1


def test_processes_that_could_not_be_terminated_are_logged() -> None:
    trial = Trial(make_cell(id="base"), invoke=lambda request: outcome_of(request, alive=2)).measure()
    assert "2 processes could not be terminated" in trial.store.logged[0]


def test_a_disturbance_before_a_repetition_marks_all_of_its_runs() -> None:
    disturbances = iter(["", "the machine was slow"])

    def noisy(request: Request) -> Outcome:
        outcome = outcome_of(request)
        return replace(
            outcome, samples=[replace(sample, noisy="others took 1 CPU") for sample in outcome.samples]
        )

    trial = Trial(make_cell(id="a"), invoke=noisy, canary=lambda: next(disturbances))
    trial.study.measure()
    assert [(sample.repetition, sample.noisy) for sample in trial.store.samples] == [
        (0, "others took 1 CPU"),
        (1, "others took 1 CPU"),
        (2, "others took 1 CPU; the machine was slow"),
    ]


WITH_MEMORY = replace(SETTINGS, untimed=("memory",))


class UntimedRuns:
    """Fake untimed runs with the given status, by cell."""

    def __init__(self, **statuses: Status) -> None:
        self.statuses = statuses
        self.requests: list[UntimedRequest] = []

    def __call__(self, request: UntimedRequest) -> UntimedRun:
        self.requests.append(request)
        status = self.statuses.get(request.cell.id, "ok")
        error = "" if status == "ok" else f"it {status}"
        return UntimedRun(
            cell=request.cell.id, purpose=request.purpose, started_at="", status=status, error=error
        )


def test_after_the_repetitions_each_cell_has_one_untimed_run_in_the_order_of_the_plan() -> None:
    trial, untimed = Trial(SERIAL, THREAD, PROCESS, settings=WITH_MEMORY).measure(), UntimedRuns()
    trial.study.make_untimed_runs(untimed)
    assert [(request.cell.id, request.purpose) for request in untimed.requests] == [
        ("s", "memory"),
        ("t", "memory"),
        ("p", "memory"),
    ]
    assert [run.cell for run in trial.store.untimed] == ["s", "t", "p"]
    assert len(trial.store.samples) == 7  # those of the reference and of two repetitions


def test_without_a_purpose_there_are_no_untimed_runs() -> None:
    trial, untimed = Trial(SERIAL, THREAD).measure(), UntimedRuns()
    trial.study.make_untimed_runs(untimed)
    assert untimed.requests == []


def test_a_failed_cell_has_no_untimed_run() -> None:
    def invoke(request: Request) -> Outcome:
        return outcome_of(request, "failed" if request.cell == THREAD else "ok")

    trial, untimed = Trial(SERIAL, THREAD, settings=WITH_MEMORY, invoke=invoke).measure(), UntimedRuns()
    trial.study.make_untimed_runs(untimed)
    assert [request.cell.id for request in untimed.requests] == ["s"]


def test_a_failed_untimed_run_is_stored_and_logged_and_does_not_fail_its_cell() -> None:
    trial = Trial(SERIAL, THREAD, settings=WITH_MEMORY).measure()
    trial.study.make_untimed_runs(UntimedRuns(s="crashed"))
    assert [run.status for run in trial.store.untimed] == ["crashed", "ok"]
    assert trial.store.logged == ["cell s (serial), untimed run (memory): crashed: it crashed"]
    assert trial.study.failed == {}


def test_an_interruption_during_the_untimed_runs_keeps_the_earlier_ones() -> None:
    trial = Trial(SERIAL, THREAD, PROCESS, settings=WITH_MEMORY).measure()
    with pytest.raises(Interrupted, match=r"in the untimed runs \(memory\)$"):
        trial.study.make_untimed_runs(UntimedRuns(t="interrupted"))
    assert [run.cell for run in trial.store.untimed] == ["s"]
    assert len(trial.store.samples) == 7


def test_untimed_runs_have_the_inner_loop_counts_of_timed_runs() -> None:
    def invoke(request: Request) -> Outcome:
        return outcome_of(request, calls={"one": 1000})

    trial, untimed = Trial(SERIAL, THREAD, settings=WITH_MEMORY, invoke=invoke).measure(), UntimedRuns()
    trial.study.make_untimed_runs(untimed)
    assert [request.calls for request in untimed.requests] == [{"one": 1000}] * 2


def test_progress_has_the_untimed_run_and_the_time_left() -> None:
    trial = Trial(SERIAL, THREAD, settings=WITH_MEMORY).measure()
    before = trial.progress[-1]
    trial.study.make_untimed_runs(UntimedRuns())
    states = [progress for progress in trial.progress if progress.untimed is not None]
    assert before.left_s == 2.0
    assert [(progress.untimed.number, progress.untimed.cells) for progress in states if progress.untimed] == [
        (1, 2),
        (2, 2),
    ]
    assert [progress.left_s for progress in states] == [2.0, 1.0]


def test_a_time_budget_includes_the_untimed_runs() -> None:
    now = [0.0]

    def invoke(request: Request) -> Outcome:
        now[0] += 1.0
        return outcome_of(request)

    def repetitions(untimed: tuple[Purpose, ...]) -> int:
        now[0] = 0.0
        settings = replace(SETTINGS, repetitions=9, time_budget_s=10.0, untimed=untimed)
        plan = Plan.of(SERIAL, THREAD)
        store = MemoryStore()
        Study(
            plan, settings, invoke=invoke, store=store, watch=lambda _: None, clock=lambda: now[0]
        ).measure()
        return max(sample.repetition for sample in store.samples)

    assert (repetitions(()), repetitions(("memory",))) == (4, 3)


def resumed_after(count: int, settings: StudySettings, invoke: Callable[[Request], Outcome]) -> list[Sample]:
    """Interrupt a study after some invocations and resume it; return all its samples."""
    cells = (SERIAL, THREAD, PROCESS)
    first = Trial(*cells, settings=settings, invoke=interrupting_after(count, invoke))
    with contextlib.suppress(Interrupted):
        first.measure()
    samples = [sample for sample in first.store.samples if sample.status != "interrupted"]
    complete = {(sample.cell, sample.repetition) for sample in samples}
    references = [record for record in first.store.references if (record.cell, record.repetition) in complete]
    completed = CompletedRuns(samples=samples, references=references)
    second = Trial(*cells, settings=settings, invoke=invoke, completed=completed).measure()
    assert second.study.worker_facts.keys() == {sample.cell for sample in samples + second.store.samples}
    return samples + second.store.samples


def interrupting_after(count: int, invoke: Callable[[Request], Outcome]) -> Callable[[Request], Outcome]:
    invocations = itertools.count()
    return lambda request: (
        invoke(request) if next(invocations) < count else outcome_of(request, "interrupted")
    )


def with_facts(request: Request) -> Outcome:
    return outcome_of(request, facts={"distinct_workers": 1}, calls={"a": request.repetition + 7})


@pytest.mark.slow
@given(count=st.integers(min_value=0, max_value=16))
def test_a_resumed_study_measures_what_it_would_have_measured_uninterrupted(count: int) -> None:
    settings = replace(SETTINGS, repetitions=5)
    whole = Trial(SERIAL, THREAD, PROCESS, settings=settings, invoke=with_facts).measure().store.samples
    assert resumed_after(count, settings, with_facts) == whole


@pytest.mark.slow
@given(count=st.integers(min_value=0, max_value=14), failing=st.integers(min_value=0, max_value=5))
def test_a_cell_that_failed_in_an_earlier_session_is_not_measured_again(count: int, failing: int) -> None:
    def invoke(request: Request) -> Outcome:
        bad = request.cell.id == "p" and request.repetition == failing
        return outcome_of(request, "failed" if bad else "ok", facts={"distinct_workers": 1})

    settings = replace(SETTINGS, repetitions=5)
    whole = Trial(SERIAL, THREAD, PROCESS, settings=settings, invoke=invoke).measure().store.samples
    assert resumed_after(count, settings, invoke) == whole


def test_a_reference_of_an_earlier_session_is_used_for_later_runs() -> None:
    first = Trial(SERIAL, THREAD, invoke=lambda request: outcome_of(request, calls={"a": 7}, seconds=3.0))
    first.study.make_references()
    second = Trial(SERIAL, THREAD, completed=first.store.completed()).measure()
    assert {request.reference.calls["a"] for request in second.requests if request.reference.calls} == {7}
    assert {request.time_limit_s for request in second.requests} == {60.0}
    assert [request.repetition for request in second.requests] == [1, 1, 2, 2]


def test_the_time_budget_covers_all_sessions() -> None:
    clock, store = Clock(), MemoryStore()
    settings = replace(SEVEN, time_budget_s=8.0)

    def invoke(request: Request) -> Outcome:
        clock.now_s += 1.0
        return outcome_of(request)

    def study() -> Study:
        plan = Plan.of(SERIAL, THREAD)
        return Study(
            plan,
            settings,
            invoke=invoke,
            store=store,
            watch=lambda _: None,
            completed=store.completed(),
            clock=clock,
        )

    study().make_references()
    clock.now_s += 1000.0  # between the sessions
    study().measure()
    assert store.samples[-1].repetition == 3


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"repetitions": 3}, "all 3 repetitions are measured"),
        ({"repetitions": 5}, ""),
        ({"repetitions": 5, "time_budget_s": 4.5}, "its time budget of 4.5 s is used up"),
        ({"repetitions": 3, "precision": 0.1}, "its precision of 0.1 is reached"),
        ({"repetitions": 5, "precision": 0.1}, ""),
    ],
)
def test_the_reason_why_a_study_is_complete_is_stated(changes: dict[str, Any], why: str) -> None:
    before = Trial(SERIAL, settings=replace(SETTINGS, repetitions=3)).measure().store
    plan = Plan.of(SERIAL)
    settings = replace(SETTINGS, **changes)
    assert why_complete(plan, settings, before.completed(), lambda _: True) == why


def test_only_the_last_row_of_an_invocation_completes_it() -> None:
    def twice(request: Request) -> Outcome:
        outcome = outcome_of(request, seconds=2.5)
        return replace(outcome, samples=[outcome.samples[0], replace(outcome.samples[0], iteration=1)])

    trial = Trial(SERIAL, invoke=twice).measure()
    assert [sample.invocation_s for sample in trial.store.samples] == [None, 2.5] * 3


def answering_dispatch(request: Request) -> Outcome:
    """Like `outcome_of`, with 100 tasks of 1 s; dispatching a chunk takes 1/8 s."""
    if request.dispatch:
        dispatch = DispatchCost(chunk_s=1 / 8, workers=2)
        return Outcome(samples=[], records=[], dispatch=dispatch, seconds=1.0)
    outcome = outcome_of(request)
    assert outcome.reference is not None
    return replace(outcome, reference=replace(outcome.reference, lengths=[(100, 100.0)]))


AUTO_THREAD = make_cell(id="t", baseline="s", chunk_size="auto")


def test_a_chunk_size_of_auto_is_chosen_once_after_the_references() -> None:
    trial = Trial(SERIAL, AUTO_THREAD, PROCESS, invoke=answering_dispatch).measure()
    asked = [(request.cell.id, request.repetition) for request in trial.requests if request.dispatch]
    assert trial.order()[:2] == ["s0", "t0"]
    assert asked == [("t", 0)]
    sizes = {request.tasks_per_chunk for request in trial.requests if request.cell.id == "t"}
    assert sizes == {1, 7}  # before, and from then on
    assert [request.tasks_per_chunk for request in trial.requests[2:] if request.cell.id == "t"] == [7, 7]
    assert trial.store.logged == [
        "cell t (serial): chunk_size=auto is 7: 100 tasks of 1.00 s on 2 workers, 125 ms to dispatch a chunk"
    ]


def test_without_a_reference_auto_is_1() -> None:
    def invoke(request: Request) -> Outcome:
        return outcome_of(request, "failed" if request.cell.id == "s" else "ok")

    trial = Trial(SERIAL, AUTO_THREAD, invoke=invoke).measure()
    assert {request.tasks_per_chunk for request in trial.requests if request.cell.id == "t"} == {1}
    assert not any(request.dispatch for request in trial.requests)


def test_a_cell_whose_pool_fails_while_its_chunk_size_is_chosen_is_not_measured() -> None:
    def invoke(request: Request) -> Outcome:
        return outcome_of(request, "crashed") if request.dispatch else answering_dispatch(request)

    trial = Trial(SERIAL, AUTO_THREAD, invoke=invoke).measure()
    assert trial.order() == ["s0", "t0", "s1", "s2"]
    assert trial.study.failed["t"].error == "it crashed"


def test_an_interrupted_measurement_of_dispatch_leaves_no_row() -> None:
    def invoke(request: Request) -> Outcome:
        return outcome_of(request, "interrupted") if request.dispatch else answering_dispatch(request)

    trial = Trial(SERIAL, AUTO_THREAD, invoke=invoke)
    with pytest.raises(Interrupted):
        trial.measure()
    assert [(sample.cell, sample.status) for sample in trial.store.samples] == [("s", "ok")]
