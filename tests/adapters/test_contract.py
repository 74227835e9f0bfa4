"""One contract for every executor in conf/executor, tested with real pools in real probes."""

import concurrent.futures
import multiprocessing
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import pytest
from omegaconf import OmegaConf

from runner.adapter_source import declared_traits
from runner_probe.iteration import ChunkedTasks
from runner_probe.pools import Factory, Serial, worker_count
from tests.probe.probing import (
    ROOT,
    SERIAL,
    THREAD,
    Answer,
    ask,
    dispatching,
    in_window,
    process_pool,
    specify,
)

WORKERS = 2
ITEMS = list(range(8))


@dataclass(frozen=True)
class Row:
    """How the workers of an executor differ; an executor that is not optional must be installed here."""

    where: Literal["caller", "threads", "interpreters", "processes"]  #: where tasks run
    per_task: bool = False  #: every chunk has its own worker
    at_once: int = WORKERS  #: tasks that run at the same time
    optional: bool = False


#: The executors under the contract: one row for each file in conf/executor.
ROWS = {
    "asyncio": Row("caller"),
    "asyncio_process": Row("processes"),
    "control": Row("caller", at_once=1),
    "interpreter": Row("interpreters", optional=True),
    "joblib": Row("processes", optional=True),
    "loky": Row("processes"),
    "pool": Row("processes"),
    "process": Row("processes"),
    "process_per_task": Row("processes", per_task=True),
    "serial": Row("caller", at_once=1),
    "thread": Row("threads"),
    "thread_per_task": Row("threads", per_task=True),
}
#: Executors whose workers may be on other machines: test_clusters.py has their tests.
CLUSTERS = {"dask", "ray"}


@dataclass(frozen=True)
class Executor:
    """An executor as its YAML declares it, with a start method if it has one."""

    name: str
    start_method: str | None
    settings: dict[str, Any] = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.name}-{self.start_method}" if self.start_method else self.name

    @property
    def row(self) -> Row:
        return ROWS[self.name]

    @property
    def crosses_processes(self) -> bool:
        return self.row.where == "processes"

    @property
    def pickles_functions(self) -> bool:
        inherits = self.name == "process_per_task" and self.start_method == "fork"
        return self.pickles_results and not inherits

    @property
    def pickles_results(self) -> bool:
        return self.row.where in ("processes", "interpreters")

    @property
    def most_workers(self) -> int:
        return len(ITEMS) if self.row.per_task else WORKERS

    @property
    def traits(self) -> dict[str, Any]:
        return dict(declared_traits(self.settings["pool"]["_target_"]))

    def function(self, name: str) -> str:
        return f"later.{name}" if "one_event_loop" in self.traits else f"bag.{name}"

    def pool(self, workers: int = WORKERS) -> dict[str, Any]:
        chosen = {"start_method": self.start_method} if self.start_method else {}
        config = OmegaConf.create({"workers": workers, "executor": {**self.settings, **chosen}})
        pool = OmegaConf.to_container(config.executor.pool, resolve=True)
        assert isinstance(pool, dict)
        return {str(key): value for key, value in pool.items()}


FILES = sorted((ROOT / "conf" / "executor").glob("*.yaml"))


def _executors() -> Iterator[Executor]:
    for path in FILES:
        settings: Any = OmegaConf.to_container(OmegaConf.load(path))
        if path.stem in ROWS and _is_installed(path.stem, settings):
            methods = ("fork", "spawn", "forkserver") if "start_method" in settings else (None,)
            yield from (Executor(path.stem, method, settings) for method in methods)


def _is_installed(name: str, settings: dict[str, Any]) -> bool:
    if name == "interpreter":
        return hasattr(concurrent.futures, "InterpreterPoolExecutor")
    return not ROWS[name].optional or "extra" not in settings or find_spec(settings["extra"]) is not None


EXECUTORS = list(_executors())
CROSSING = [executor for executor in EXECUTORS if executor.crosses_processes]

every_executor = pytest.mark.parametrize("executor", EXECUTORS, ids=str)
process_executors = pytest.mark.parametrize("executor", CROSSING, ids=str)


@dataclass(frozen=True, kw_only=True)
class Usual:
    """A bag whose tasks succeeded, and the threads and processes that lived when its pool was closed."""

    executor: Executor
    answer: Answer
    threads: list[str]
    processes: set[int]
    initialized: list[tuple[int, int]]  #: process and thread, once for each call of the initializer


@pytest.fixture(scope="module", params=EXECUTORS, ids=str)
def usual(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Usual:
    executor: Executor = request.param
    folder = tmp_path_factory.mktemp(str(executor))
    answer = ask(
        specify(
            executor.pool(),
            function=executor.function("square"),
            items=ITEMS,
            initializer={"_target_": "bag.note_worker", "path": str(folder / "workers")},
            teardown={"_target_": "bag.note_living", "path": str(folder / "living")},
        )
    )
    threads, processes = (folder / "living").read_text(encoding="utf-8").split("\n")[:2]
    workers = (folder / "workers").read_text(encoding="utf-8").splitlines()
    return Usual(
        executor=executor,
        answer=answer,
        threads=threads.split(),
        processes=set(map(int, processes.split())),
        initialized=[(int(process), int(thread)) for process, thread in map(str.split, workers)],
    )


def workers_of(answer: Answer, iteration: int = 0) -> set[tuple[int, int]]:
    return {(record["process_id"], record["thread_id"]) for record in answer.records(iteration)}


def test_every_executor_has_a_row() -> None:
    assert {path.stem for path in FILES} == ROWS.keys() | CLUSTERS


@pytest.mark.slow
class TestUsual:
    def test_results_come_in_the_order_of_the_items(self, usual: Usual) -> None:
        assert (usual.answer.reply["status"], usual.answer.reply["error"]) == ("ok", "")
        assert usual.answer.values() == [number * number for number in ITEMS]
        assert [record["task"] for record in usual.answer.records()] == ITEMS

    def test_every_task_is_submitted_run_and_received_in_this_order(self, usual: Usual) -> None:
        for record in usual.answer.records():
            moments = [record[f"{moment}_ns"] for moment in ("submitted", "started", "ended", "received")]
            assert moments == sorted(moments)

    def test_no_more_workers_run_tasks_than_the_pool_has(self, usual: Usual) -> None:
        workers = workers_of(usual.answer)
        assert 1 <= len(workers) <= usual.executor.most_workers
        assert usual.answer.reply["workers"]["distinct_workers"] == len(workers)

    def test_no_more_tasks_run_at_once_than_there_are_workers(self, usual: Usual) -> None:
        records = usual.answer.records()
        starts = [record["started_ns"] for record in records]
        running = [
            sum(record["started_ns"] <= start < record["ended_ns"] for record in records) for start in starts
        ]
        assert max(running) <= usual.executor.row.at_once

    def test_only_without_a_pool_does_every_chunk_have_its_own_worker(self, usual: Usual) -> None:
        if usual.executor.row.per_task:
            assert len(workers_of(usual.answer)) == len(ITEMS)

    def test_the_initializer_runs_once_in_each_worker(self, usual: Usual) -> None:
        assert len(set(usual.initialized)) == len(usual.initialized) <= usual.executor.most_workers
        if "one_event_loop" in usual.executor.traits:
            assert len(usual.initialized) == 1  # its workers are lanes of one thread
        else:
            assert workers_of(usual.answer) <= set(usual.initialized)

    def test_workers_are_processes_only_where_the_row_says_so(self, usual: Usual) -> None:
        processes = {process for process, _ in usual.initialized}
        threads = {thread for _, thread in usual.initialized}
        if usual.executor.crosses_processes:
            assert processes == threads  # the main thread of each
        else:
            assert len(processes) == 1

    def test_no_worker_outlives_the_pool(self, usual: Usual) -> None:
        assert usual.threads == ["MainThread"]
        assert not usual.processes & {process for process, _ in usual.initialized}

    def test_the_start_method_is_recorded(self, usual: Usual) -> None:
        assert usual.answer.reply["workers"]["start_method"] == usual.executor.start_method

    def test_nothing_is_printed(self, usual: Usual) -> None:
        assert usual.answer.printed == ""


WITH_WINDOW = [executor for executor in EXECUTORS if "no_window" not in executor.traits]


@pytest.mark.slow
@pytest.mark.parametrize("executor", WITH_WINDOW, ids=str)
def test_every_worker_runs_tasks_until_the_window_closes_and_then_ends(
    executor: Executor, tmp_path: Path
) -> None:
    answer = ask(in_window(specify(executor.pool()), tmp_path, workers=executor.row.at_once, duration_s=0.3))
    assert (answer.reply["status"], answer.reply["error"]) == ("ok", "")
    [iteration] = answer.reply["iterations"]
    assert iteration["work_ns"] == 300_000_000
    assert iteration["tasks"] > 0
    assert len(workers_of(answer)) == executor.row.at_once
    assert answer.reply["differing"] == []
    assert answer.printed == ""


@pytest.mark.slow
@every_executor
def test_as_many_tasks_run_at_once_as_there_are_workers(executor: Executor, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    count = executor.row.at_once
    arguments = {"folder": str(tmp_path), "count": count}
    function, items = executor.function("meet"), list(range(count))
    answer = ask(specify(executor.pool(), function=function, items=items, arguments=arguments))
    assert answer.values() == [count] * count
    assert answer.reply["workers"]["distinct_workers"] == count


@pytest.mark.slow
@every_executor
def test_a_task_that_raises_is_reported_with_its_traceback_and_closes_the_pool(
    executor: Executor, tmp_path: Path
) -> None:
    answer = ask(
        specify(
            executor.pool(),
            function=executor.function("fail_on"),
            items=ITEMS,
            arguments={"bad": 5},
            teardown={"_target_": "bag.note_living", "path": str(tmp_path / "living")},
        )
    )
    assert answer.reply["status"] == "failed"
    assert answer.reply["error"].rpartition(" (")[0] == "items[5] = 5 raised ValueError: cannot take 5"
    assert answer.reply["traceback"].startswith("Traceback (most recent call last):\n")
    assert "in fail_on\n" in answer.reply["traceback"]
    assert (tmp_path / "living").read_text(encoding="utf-8").startswith("MainThread\n")


@pytest.mark.slow
@every_executor
def test_large_results_arrive_and_idle_workers_do_no_harm(executor: Executor) -> None:
    answer = ask(
        specify(
            executor.pool(3),
            function=executor.function("large"),
            items=[5_000_000, 5_000_001],
            compare="equal",
            chunk_size=1,
        )
    )
    assert (answer.reply["status"], answer.reply["error"]) == ("ok", "")
    first, second = answer.reply["reference"]["values"]
    assert first != second
    assert [len(text) for text in answer.reply["reference"]["shown"]] == [200, 200]
    assert 1 <= answer.reply["workers"]["distinct_workers"] <= 2


@pytest.mark.slow
@every_executor
def test_a_function_that_cannot_be_pickled_fails_if_it_crosses_processes(executor: Executor) -> None:
    arguments = {"lock": {"_target_": "threading.Lock"}}
    answer = ask(specify(executor.pool(), function=executor.function("ignore"), arguments=arguments))
    expect_pickling(answer, fails=executor.pickles_functions)


@pytest.mark.slow
@every_executor
def test_a_result_that_cannot_be_pickled_fails_if_it_crosses_processes(executor: Executor) -> None:
    answer = ask(specify(executor.pool(), function=executor.function("lock"), compare="none"))
    expect_pickling(answer, fails=executor.pickles_results)


def expect_pickling(answer: Answer, *, fails: bool) -> None:
    if fails:
        assert answer.reply["status"] == "failed"
        assert re.search("pickle|NotShareableError", answer.reply["error"])  # the latter of sub-interpreters
        assert answer.reply["iterations"] == []
    else:
        assert (answer.reply["status"], answer.reply["error"]) == ("ok", "")


@pytest.mark.slow
@every_executor
def test_a_warm_pool_keeps_its_workers(executor: Executor) -> None:
    function, items = executor.function("square"), ITEMS[:4]  # some executors start a process for each
    answer = ask(specify(executor.pool(), function=function, items=items, iterations=4))
    assert (answer.reply["status"], answer.reply["error"]) == ("ok", "")
    warm = [workers_of(answer, iteration) for iteration in (1, 2, 3)]
    if executor.row.per_task:
        assert len(set.union(*warm)) == sum(map(len, warm)) == 3 * len(items)
    else:
        assert len(set.union(*warm)) <= WORKERS


@pytest.mark.slow
@every_executor
def test_a_pool_without_tasks_knows_its_workers_and_leaves_no_thread_or_process(executor: Executor) -> None:
    threads = threading.enumerate()
    pool = Factory(executor.pool(), None).open()
    assert worker_count(pool) == executor.row.at_once
    pool.shutdown(wait=True)
    assert threading.enumerate() == threads
    assert multiprocessing.active_children() == []


@pytest.mark.slow
@every_executor
def test_a_worker_that_does_not_start_is_reported(executor: Executor) -> None:
    function = executor.function("square")
    answer = ask(specify(executor.pool(), function=function, initializer="bag.give_up"))
    assert answer.reply["status"] == ("failed" if executor.row.where == "caller" else "crashed")
    assert "this worker does not start" in answer.printed + answer.reply["error"]


@pytest.mark.slow
@process_executors
def test_a_worker_that_dies_is_reported_as_a_crash(executor: Executor) -> None:
    answer = ask(specify(executor.pool(), function="bag.leave", items=ITEMS, arguments={"code": 3}))
    assert answer.reply["status"] == "crashed"
    assert answer.reply["iterations"] == []


@pytest.mark.parametrize("chunk_size", [1, None])
def test_a_bag_without_tasks_never_reaches_an_executor(chunk_size: int | None) -> None:
    # A workload without items is refused, so ChunkedTasks never sees one.
    reply = ask(specify(THREAD, items=[], chunk_size=chunk_size)).reply
    assert (reply["status"], reply["iterations"]) == ("failed", [])
    assert reply["error"] == "WorkloadError: there are no items; a workload needs at least one"
    assert ChunkedTasks(len, [], 1, per_task=True).chunks == []


@pytest.mark.parametrize(
    ("make", "start_method"),
    [(lambda: SERIAL, None), (lambda: THREAD, None), (lambda: process_pool("spawn"), "spawn")],
)
def test_a_factory_opens_a_new_pool_each_time(
    make: Callable[[], dict[str, Any]], start_method: str | None
) -> None:
    factory = Factory(make(), None)
    pools = [factory.open() for _ in range(2)]
    assert pools[0] is not pools[1]
    assert factory.start_method == start_method
    for pool in pools:
        pool.shutdown(wait=True)


def test_arguments_of_a_pool_may_be_targets() -> None:
    pool = {
        "_target_": "collections.deque",
        "iterable": [{"_target_": "math.sqrt", "_args_": [4]}],
        "maxlen": 3,
    }
    assert list(Factory(pool, None).open()) == [2.0]


def test_the_plain_loop_runs_a_task_when_it_is_submitted() -> None:
    started: list[str] = []
    serial = Serial(lambda: started.append("initializer"))

    def task(number: int, *, factor: int) -> int:
        started.append("task")
        return number * factor

    future = serial.submit(task, 3, factor=2)
    assert started == ["initializer", "task"]
    called: list[object] = []
    future.add_done_callback(called.append)
    assert called == [future]
    assert not future.cancel()
    assert future.result() == 6
    serial.shutdown(wait=True)


@pytest.mark.slow
@every_executor
def test_the_cost_of_dispatching_a_chunk_is_measured(executor: Executor) -> None:
    reply = ask(dispatching(specify(executor.pool(), function=executor.function("square")))).reply
    assert (reply["status"], reply["error"], reply["iterations"]) == ("ok", "", [])
    assert reply["dispatch"]["chunk_ns"] > 0
