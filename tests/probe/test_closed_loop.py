"""Tasks until a window closes, exactly on a virtual clock, and how real workers meet."""

import threading
from array import array
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from runner_probe import window_worker as looping
from runner_probe.closed_loop import Loops, NoTaskEnded, describe_loops, percentile, run_loops
from runner_probe.iteration import PoolFailed, TaskFailed
from runner_probe.result_check import judge
from runner_probe.window_worker import WorkersMissing, meet, repeat
from runner_probe.worker import HOST
from tests.probe.probing import Clock, named_fields

if TYPE_CHECKING:
    from runner_probe.wire import WorkloadSettings

OPENING, OPENS, TASK, WINDOW = 1_000, 200, 100, 1_000
WORKLOAD: "WorkloadSettings" = {"compare": "equal", "expect": None}


class Done:
    def __init__(self, report: Any) -> None:
        self.report = report

    def result(self) -> Any:
        return self.report


class LoopPool:
    """Workers that all start at once and whose tasks take known times.

    Args:
        clock: advanced when the pool opens, and when it shuts down to the end of the last task
        task_ns: duration of a task, by worker
        failing: the worker whose first task raises
        failure: the kind and the message of its exception
    """

    def __init__(
        self,
        clock: Clock,
        task_ns: list[int],
        failing: int | None = None,
        failure: tuple[str, str] = ("ValueError", "bad"),
    ) -> None:
        self.clock, self.task_ns, self.failing, self.failure = clock, task_ns, failing, failure
        self.opened_ns = clock.now
        clock.now += OPENING
        self.firsts: list[int] = []

    def submit(
        self, _: object, call: Callable[[Any], Any], items: list[Any], first: int, window: Any
    ) -> Done:
        index = len(self.firsts)
        self.firsts.append(first)
        failure = (first, *self.failure, "Traceback") if index == self.failing else None
        opens_ns = self.opened_ns + OPENING + OPENS
        clock = Clock()
        clock.now = opens_ns

        def timed(item: Any) -> Any:
            clock.now += self.task_ns[index]
            return call(item)

        done = repeat(timed, items, first, opens_ns + window[2], clock)
        return Done((opens_ns, *done[:3], (HOST, 1, index, True), failure))

    def shutdown(self, *, wait: bool) -> None:
        assert wait
        self.clock.now = self.opened_ns + OPENING + OPENS + WINDOW + 70


def run(task_ns: list[int], items: int = 3, **pool: Any) -> Loops:
    clock = Clock()
    window = ("", len(task_ns), WINDOW)
    return run_loops(
        lambda item: 2 * item, list(range(items)), window, lambda: LoopPool(clock, task_ns, **pool), clock
    )


def test_a_worker_cycles_through_the_items() -> None:
    clock = Clock()
    taken = []

    def task(item: str) -> str:
        taken.append(item)
        clock.now += TASK
        return item.upper()

    _, ended_ns, values, _, failure = repeat(task, ["a", "b", "c"], 1, clock.now + 5 * TASK, clock)
    assert taken == ["b", "c", "a", "b", "c"]
    assert list(ended_ns) == [50_000 + TASK * number for number in range(1, 6)]
    assert values == {0: "A", 1: "B", 2: "C"}
    assert failure is None


def test_a_task_that_raises_stops_its_worker_and_is_reported_with_its_position() -> None:
    clock = Clock()

    def task(item: int) -> int:
        clock.now += TASK
        return 6 // item

    *_, failure = repeat(task, [1, 2, 0], 0, clock.now + 10 * TASK, clock)
    assert failure is not None
    assert failure[:2] == (2, "ZeroDivisionError")


def test_tasks_that_end_within_the_window_count_and_the_others_are_in_progress() -> None:
    loops = run([100, 300])
    assert loops.service_ns() == [100] * 10 + [300] * 3
    assert loops.in_progress() == 1  # the slower worker's fourth; the other's tenth ends as the window does
    described = describe_loops(loops, items=3)
    assert (described["tasks"], described["in_progress"]) == (13, 1)


def test_the_parts_of_a_run_are_what_comes_before_the_window_the_window_and_what_comes_after() -> None:
    described = describe_loops(run([100]), items=3)
    assert (described["start_ns"], described["work_ns"], described["end_ns"]) == (OPENING + OPENS, WINDOW, 70)
    assert described["wall_ns"] == OPENING + OPENS + WINDOW + 70


def test_percentiles_are_of_the_tasks_that_ended_within_the_window() -> None:
    assert describe_loops(run([100, 300]), items=3)["service_ns"] == [100, 300, 300]


@pytest.mark.parametrize(("part", "value"), [(50, 50), (90, 90), (99, 99)])
def test_a_percentile_is_the_smallest_value_that_this_share_does_not_exceed(part: int, value: int) -> None:
    assert percentile(range(1, 101), part) == value


def test_every_percentile_of_one_value_is_that_value() -> None:
    assert [percentile([7], part) for part in (50, 90, 99)] == [7, 7, 7]


def test_workers_start_at_items_spread_over_the_bag() -> None:
    pools: list[LoopPool] = []
    clock = Clock()

    def open_pool() -> LoopPool:
        pools.append(LoopPool(clock, [100] * 4))
        return pools[0]

    run_loops(lambda item: item, list(range(8)), ("", 4, WINDOW), open_pool, clock)
    assert pools[0].firsts == [0, 2, 4, 6]


def test_the_trace_includes_the_task_in_progress_at_the_close_of_the_window() -> None:
    records = named_fields(run([300]).records(items=3))
    assert [record["task"] for record in records] == [0, 1, 2, 0]
    assert [record["busy_ns"] for record in records] == [300] * 4
    assert records[1]["started_ns"] == records[0]["ended_ns"]


def test_records_of_many_tasks_are_merged_with_exact_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner_probe.closed_loop.MAX_RECORDS", 4)
    records = named_fields(run([100]).records(items=3))
    assert [(record["task"], record["tasks"]) for record in records] == [(0, 5), (2, 5)]
    assert sum(record["busy_ns"] for record in records) == 1_000


def test_a_window_in_which_no_task_ends_is_an_error() -> None:
    with pytest.raises(NoTaskEnded, match=r"^no task ended within duration_s=1e-06; raise duration_s$"):
        run([1_500])


def test_a_failure_in_one_worker_fails_the_run_after_the_pool_is_closed() -> None:
    with pytest.raises(TaskFailed, match="task 1 raised ValueError: bad"):
        run([100, 100], failing=1)


def test_workers_that_never_met_are_not_reported_as_a_failed_task() -> None:
    with pytest.raises(WorkersMissing, match=r"^1 of 2 have started$"):
        run([100, 100], failing=1, failure=("WorkersMissing", "1 of 2 have started"))


def test_a_broken_pool_is_reported_as_a_failed_pool() -> None:
    class Broken(LoopPool):
        def submit(self, *_: Any) -> Any:
            return SimpleNamespace(result=lambda: 1 / 0)

    with pytest.raises(PoolFailed, match=r"^ZeroDivisionError: division by zero$"):
        run_loops(abs, [1], ("", 1, WINDOW), lambda: Broken(Clock(), [1]), Clock())


def test_results_are_compared_by_item() -> None:
    labels = ["a", "b", "c"]
    reference = judge([1, 2, 3], labels, WORKLOAD, None).new_reference
    right = judge([3, 1, 3], labels, WORKLOAD, reference, tasks=[2, 0, 2])
    assert (right.new_reference, right.differing, right.error) == (None, [], "")
    wrong = judge([3, 1, 4], labels, WORKLOAD, reference, tasks=[2, 0, 2])
    assert wrong.differing == [2]
    assert wrong.error == "items[2] = c returned 4, but 3 in the reference run"


def test_without_a_reference_parts_of_a_bag_are_compared_with_expected_results_only() -> None:
    unknown = judge([1], ["a", "b"], WORKLOAD, None, tasks=[1])
    assert (unknown.new_reference, unknown.differing, unknown.error) == (None, [], "")
    wrong = judge([1], ["a", "b"], {"compare": "equal", "expect": [0, 2]}, None, tasks=[1])
    assert wrong.error == "items[1] = b returned 1, but 2 was expected"


def test_every_bag_is_compared_and_the_first_one_is_the_reference() -> None:
    labels = ["a", "b"]
    reference = judge([1, 2, 1, 2], labels, WORKLOAD, None).new_reference
    assert reference is not None
    assert len(reference["values"]) == 2
    assert judge([1, 2, 1, 5], labels, WORKLOAD, reference).differing == [1]


def test_workers_that_meet_agree_on_when_the_window_opens(tmp_path: Path) -> None:
    opened: list[int] = []
    threads = [
        threading.Thread(target=lambda name=f"w{number}": opened.append(meet(str(tmp_path), 3, name)))
        for number in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(opened)) == 1
    last = max(int(file.name.partition("-")[0]) for file in tmp_path.iterdir())
    assert opened[0] > last


def test_a_worker_that_waits_in_vain_reports_how_many_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looping, "START_TIMEOUT_S", 0.0)
    with pytest.raises(WorkersMissing, match=r"^1 of 2 workers had started after 0 s; the pool runs fewer"):
        meet(str(tmp_path), 2, "w0")


def test_the_time_of_a_task_takes_eight_bytes() -> None:
    _, ended_ns, *_ = repeat(lambda item: item, [1], 0, 0)
    assert isinstance(ended_ns, array)
    assert ended_ns.itemsize == 8
