"""Iterations on a virtual clock, with a pool whose every step takes a known time."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runner_probe.iteration import (
    ChunkedTasks,
    Iteration,
    PoolFailed,
    TaskFailed,
    run_cold,
    run_warm,
)
from runner_probe.probe_main import _describe
from runner_probe.worker import HOST
from runner_probe.workload import Workload
from tests.probe.probing import Clock, named_fields

if TYPE_CHECKING:
    from runner_probe.worker import Timing

OPENING, SUBMITTING, STARTING, TASK, RETURNING, CLOSING = 1_000, 10, 3, 100, 5, 400


class FakeFuture:
    def __init__(self, pool: "FakePool", number: int, report: Any) -> None:
        self.pool, self.number, self.report = pool, number, report

    def result(self) -> Any:
        if isinstance(self.report, BaseException):
            raise self.report
        return self.report

    def cancel(self) -> bool:
        self.pool.events.append(f"cancel {self.number}")
        return True

    def add_done_callback(self, callback: Callable[[object], object]) -> None:
        self.pool.clock.now += RETURNING
        if self.pool.calls_back:
            callback(self)


class FakePool:
    """One worker that runs every submission at once, and a log of what happens."""

    calls_back = True

    def __init__(self, clock: Clock, events: list[str], bad_task: int | None = None) -> None:
        self.clock, self.events, self.bad_task = clock, events, bad_task
        self.submitted = 0
        clock.now += OPENING
        events.append("open")

    def submit(
        self, _: object, call: Callable[[Any], Any], first: int, items: list[Any], *, per_task: bool = False
    ) -> FakeFuture:
        self.clock.now += SUBMITTING
        number, self.submitted = self.submitted, self.submitted + 1
        self.events.append(f"submit {number}")
        values, timings, failure = [], [], None
        for task, item in enumerate(items, first):
            self.clock.now += STARTING
            values.append(call(item))
            timings.append((task, 1, self.clock.now, self.clock.now + TASK, TASK - 1, STARTING))
            self.clock.now += TASK
            if task == self.bad_task:
                failure = (task, "ValueError", "bad", "Traceback")
        if not per_task:
            timings = [(first, len(items), timings[0][2], timings[-1][3], None, None)]  # type: ignore[list-item]
        return FakeFuture(self, number, (values, timings, (HOST, 1, 2, True), failure))

    def shutdown(self, *, wait: bool) -> None:
        assert wait
        self.clock.now += CLOSING
        self.events.append("shutdown")


class ForgetfulPool(FakePool):
    calls_back = False


class BrokenPool(FakePool):
    """Breaks at the third submission."""

    def submit(self, *args: Any, **kwargs: Any) -> FakeFuture:
        if self.submitted == 2:
            raise RuntimeError("broken")
        return super().submit(*args, **kwargs)


def double(number: int) -> int:
    return 2 * number


def bag(count: int, chunk_size: int | None = 1, *, per_task: bool = True) -> ChunkedTasks:
    return ChunkedTasks(double, list(range(count)), chunk_size, per_task=per_task)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def events() -> list[str]:
    return []


def rows(iteration: Iteration) -> list[dict[str, Any]]:
    return named_fields(iteration.records())


def test_a_cold_iteration_lasts_from_before_the_constructor_to_the_return_of_shutdown(
    clock: Clock, events: list[str]
) -> None:
    iteration = run_cold(bag(3), lambda: FakePool(clock, events), clock)
    assert iteration.opened_ns == 50_000
    per_task = SUBMITTING + STARTING + TASK + RETURNING
    assert iteration.closed_ns - iteration.opened_ns == OPENING + 3 * per_task + CLOSING
    assert events == ["open", "submit 0", "submit 1", "submit 2", "shutdown"]


def test_start_work_and_end_are_exact_and_leave_no_gap(clock: Clock, events: list[str]) -> None:
    iteration = run_cold(bag(3), lambda: FakePool(clock, events), clock)
    workload = Workload({"function": "bag.square", "items": [0, 1, 2]}, None)
    described = _describe(iteration, 0, workload)
    assert described["start_ns"] == OPENING + SUBMITTING + STARTING
    assert described["work_ns"] == 3 * TASK + 2 * (RETURNING + SUBMITTING + STARTING)
    assert described["end_ns"] == RETURNING + CLOSING
    wall = iteration.closed_ns - iteration.opened_ns
    assert described["start_ns"] + described["work_ns"] + described["end_ns"] == wall


def test_the_times_of_every_task_are_exact(clock: Clock, events: list[str]) -> None:
    iteration = run_cold(bag(3), lambda: FakePool(clock, events), clock)
    submitted = 50_000 + OPENING
    for task, row in enumerate(rows(iteration)):
        started = submitted + SUBMITTING + STARTING
        assert row == {
            "task": task,
            "tasks": 1,
            "host": HOST,
            "process_id": 1,
            "thread_id": 2,
            "submitted_ns": submitted,
            "started_ns": started,
            "ended_ns": started + TASK,
            "received_ns": started + TASK + RETURNING,
            "busy_ns": TASK,
            "cpu_ns": TASK - 1,
            "run_delay_ns": STARTING,
        }
        submitted = row["received_ns"]


def test_the_tasks_of_a_chunk_are_submitted_and_received_together(clock: Clock, events: list[str]) -> None:
    first, second, third = rows(run_cold(bag(3, 2), lambda: FakePool(clock, events), clock))
    assert first["submitted_ns"] == second["submitted_ns"] < third["submitted_ns"]
    assert first["received_ns"] == second["received_ns"] < third["received_ns"]
    assert second["started_ns"] == first["ended_ns"] + STARTING


def test_a_chunk_traced_as_a_whole_is_one_record(clock: Clock, events: list[str]) -> None:
    first, second = rows(run_cold(bag(5, 3, per_task=False), lambda: FakePool(clock, events), clock))
    assert (first["task"], first["tasks"], second["task"], second["tasks"]) == (0, 3, 3, 2)
    assert first["busy_ns"] == 3 * TASK + 2 * STARTING
    assert first["cpu_ns"] is None
    assert first["submitted_ns"] == second["submitted_ns"] == 50_000 + OPENING
    assert [row["received_ns"] for row in (first, second)] == [row["ended_ns"] for row in (first, second)]


def test_a_result_without_a_callback_counts_as_received_at_the_end(clock: Clock, events: list[str]) -> None:
    iteration = run_cold(bag(2), lambda: ForgetfulPool(clock, events), clock)
    assert [row["received_ns"] for row in rows(iteration)] == [iteration.closed_ns] * 2


@pytest.mark.parametrize(
    ("count", "size", "chunks"),
    [
        (5, 1, [[0], [1], [2], [3], [4]]),
        (5, 2, [[0, 1], [2, 3], [4]]),
        (4, 2, [[0, 1], [2, 3]]),
        (3, 100, [[0, 1, 2]]),
        (3, None, [[0, 1, 2]]),
    ],
)
def test_tasks_are_divided_into_chunks_of_one_size_and_a_remainder(
    count: int, size: int | None, chunks: list[list[int]]
) -> None:
    assert [items for _, items in bag(count, size).chunks] == chunks


@given(st.integers(1, 60), st.none() | st.integers(1, 70))
@settings(deadline=None, max_examples=40)
@pytest.mark.slow
def test_every_task_is_in_one_chunk_and_results_keep_the_order_of_items(count: int, size: int | None) -> None:
    clock = Clock()
    iteration = run_cold(bag(count, size), lambda: FakePool(clock, []), clock)
    assert iteration.values() == [2 * number for number in range(count)]
    assert [row["task"] for row in rows(iteration)] == list(range(count))


def test_a_failed_task_cancels_the_following_ones_and_closes_the_pool(
    clock: Clock, events: list[str]
) -> None:
    with pytest.raises(TaskFailed, match=r"^task 1 raised ValueError: bad$") as caught:
        run_cold(bag(4), lambda: FakePool(clock, events, bad_task=1), clock)
    assert (caught.value.task, caught.value.kind, caught.value.traceback) == (1, "ValueError", "Traceback")
    assert events[-4:] == ["submit 3", "cancel 3", "cancel 2", "shutdown"]


def test_a_broken_pool_is_closed_after_the_remaining_tasks_were_cancelled(
    clock: Clock, events: list[str]
) -> None:
    with pytest.raises(PoolFailed, match=r"^RuntimeError: broken$"):
        run_cold(bag(4), lambda: BrokenPool(clock, events), clock)
    assert events == ["open", "submit 0", "submit 1", "cancel 0", "cancel 1", "shutdown"]


def test_warm_iterations_share_one_pool(clock: Clock, events: list[str]) -> None:
    iterations = list(run_warm(bag(2), lambda: FakePool(clock, events), 3, clock))
    assert [iteration.values() for iteration in iterations] == [[0, 2]] * 3
    assert events == ["open", *(f"submit {number}" for number in range(6)), "shutdown"]


def test_a_warm_iteration_counts_neither_opening_nor_closing(clock: Clock, events: list[str]) -> None:
    first, second = run_warm(bag(2), lambda: FakePool(clock, events), 2, clock)
    duration = 2 * (SUBMITTING + STARTING + TASK + RETURNING)
    assert first.opened_ns == 50_000 + OPENING
    assert first.closed_ns == second.opened_ns == first.opened_ns + duration
    assert second.closed_ns == second.opened_ns + duration


def test_a_warm_iteration_that_fails_closes_the_pool(clock: Clock, events: list[str]) -> None:
    with pytest.raises(TaskFailed):
        list(run_warm(bag(2), lambda: FakePool(clock, events, bad_task=0), 3, clock))
    assert events == ["open", "submit 0", "submit 1", "cancel 1", "shutdown"]


def many(count: int, workers: int, *, gaps: int) -> Iteration:
    """Make an iteration with chunks of one task, not ordered by time; every `gaps`-th has no CPU time."""
    iteration = Iteration(count, count)
    iteration.closed_ns = 10**9
    for task in range(count):
        started = (task * 7919) % 1_000_003
        known = not gaps or task % gaps
        stamp = (task, 1, started, started + 1 + task % 13, task % 11 if known else None, task % 3)
        iteration.submitted_ns[task] = started // 2
        iteration.received_ns[task] = started + 20 + task % 5
        iteration.reports.append(([task], [stamp], (HOST, task % workers, 0, True), None))
    return iteration


def sums(records: list[dict[str, Any]], key: str) -> int:
    return sum(record[key] or 0 for record in records)


def by_worker(records: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    lanes: dict[int, list[dict[str, Any]]] = {}
    for record in records:
        lanes.setdefault(record["process_id"], []).append(record)
    return (lanes[worker] for worker in sorted(lanes))


def unmerged(iteration: Iteration, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    with monkeypatch.context() as patch:
        patch.setattr("runner_probe.iteration.MAX_RECORDS", 10**9)
        return rows(iteration)


def test_ten_thousand_records_are_not_merged() -> None:
    assert [row["task"] for row in rows(many(10_000, 4, gaps=0))] == list(range(10_000))


@pytest.mark.slow
@given(st.integers(10_001, 40_000), st.integers(1, 999))
@example(10_001, 1)
@example(10_001, 999)
@settings(deadline=None, max_examples=6)
def test_more_records_are_merged_by_worker_with_exact_sums_and_bounds(count: int, workers: int) -> None:
    iteration = many(count, workers, gaps=0)
    with pytest.MonkeyPatch.context() as monkeypatch:
        before = unmerged(iteration, monkeypatch)
    after = rows(iteration)
    assert len(after) <= 10_000
    assert [row["started_ns"] for row in after] == sorted(row["started_ns"] for row in after)
    for single, merged in zip(by_worker(before), by_worker(after), strict=True):
        for key in ("tasks", "busy_ns", "cpu_ns", "run_delay_ns"):
            assert sums(merged, key) == sums(single, key)
        for key in ("submitted_ns", "started_ns"):
            assert min(row[key] for row in merged) == min(row[key] for row in single)
        for key in ("ended_ns", "received_ns"):
            assert max(row[key] for row in merged) == max(row[key] for row in single)


@pytest.mark.parametrize("workers", [1_000, 6_000, 20_000])
@pytest.mark.slow
def test_records_of_very_many_workers_are_merged_too(workers: int) -> None:
    iteration = many(20_000, workers, gaps=0)
    after = rows(iteration)
    assert len(after) <= 10_000
    assert sums(after, "tasks") == 20_000
    assert sums(after, "busy_ns") == sum(1 + task % 13 for task in range(20_000))


@pytest.mark.slow
def test_a_merged_record_with_an_unknown_part_is_unknown() -> None:
    after = rows(many(10_001, 1, gaps=10_000))  # tasks 0 and 10,000 lack the CPU time
    assert sum(row["cpu_ns"] is None for row in after) == 2
    assert sum(row["tasks"] for row in after) == 10_001


def test_times_of_another_host_are_converted_to_the_clock_of_this_host() -> None:
    iteration = Iteration(2, 2)
    iteration.submitted_ns, iteration.received_ns = [100, 200], [1_000, 2_000]
    ahead = 10**15
    for task, (started, ended) in enumerate([(300, 900), (1_000, 1_900)]):
        timings: list[Timing] = [(task, 1, started + ahead, ended + ahead, None, None)]
        iteration.reports.append(([None], timings, ("elsewhere", 1, 1, True), None))
    for record in named_fields(iteration.records()):
        moments = [record[name] for name in ("submitted_ns", "started_ns", "ended_ns", "received_ns")]
        assert moments == sorted(moments)
    assert [record["busy_ns"] for record in named_fields(iteration.records())] == [600, 900]
