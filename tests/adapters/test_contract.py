"""One contract for every executor of conf/executor, kept by real pools in real probes."""

import concurrent.futures
import multiprocessing
import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from runner_probe.adapters.serial import Serial
from runner_probe.iteration import Tasks
from runner_probe.pool_factory import Factory
from tests.probe.probing import ROOT, SERIAL, THREAD, Answer, ask, process_pool, specify

WORKERS = 2
ITEMS = list(range(20))
#: Others are under the contract where they are installed.
REQUIRED = {"serial", "thread", "process", "loky", "thread_per_task", "process_per_task", "pool", "asyncio"}
CLUSTERS = {"dask", "ray", "mpi"}  # their workers may be elsewhere: they have tests of their own
IN_CALLER = {"serial", "control", "asyncio"}  # they run tasks in the caller's thread
IN_THREADS = {"thread", "thread_per_task", "interpreter"}
PER_TASK = {"thread_per_task", "process_per_task"}  # every chunk has a worker of its own


@dataclass(frozen=True)
class Executor:
    """One executor as its YAML declares it, with a start method where it has one."""

    name: str
    start_method: str | None
    settings: dict[str, Any] = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.name}-{self.start_method}" if self.start_method else self.name

    @property
    def crosses_processes(self) -> bool:
        return self.name not in IN_CALLER | IN_THREADS

    @property
    def pickles_functions(self) -> bool:
        inherits = self.name == "process_per_task" and self.start_method == "fork"
        return self.pickles_results and not inherits

    @property
    def pickles_results(self) -> bool:
        return self.crosses_processes or self.name == "interpreter"

    @property
    def at_once(self) -> int:
        return 1 if self.name in ("serial", "control") else WORKERS

    @property
    def most_workers(self) -> int:
        return len(ITEMS) if self.name in PER_TASK else WORKERS

    def function(self, name: str) -> str:
        return f"later.{name}" if self.name == "asyncio" else f"bag.{name}"

    def pool(self, workers: int = WORKERS) -> dict[str, Any]:
        chosen = {"start_method": self.start_method} if self.start_method else {}
        config = OmegaConf.create({"workers": workers, "executor": {**self.settings, **chosen}})
        pool = OmegaConf.to_container(config.executor.pool, resolve=True)
        assert isinstance(pool, dict)
        return {str(key): value for key, value in pool.items()}


def _executors() -> list[Executor]:
    found = []
    for path in sorted((ROOT / "conf" / "executor").glob("*.yaml")):
        settings: Any = OmegaConf.to_container(OmegaConf.load(path))
        if path.stem not in CLUSTERS and _is_here(path.stem, settings):
            methods = ("fork", "spawn", "forkserver") if "start_method" in settings else (None,)
            found += [Executor(path.stem, method, settings) for method in methods]
    return found


def _is_here(name: str, settings: dict[str, Any]) -> bool:
    if name == "interpreter":
        return hasattr(concurrent.futures, "InterpreterPoolExecutor")
    return name in REQUIRED or "extra" not in settings or find_spec(settings["extra"]) is not None


EXECUTORS = _executors()
CROSSING = [executor for executor in EXECUTORS if executor.crosses_processes]

every_executor = pytest.mark.parametrize("executor", EXECUTORS, ids=str)
executors_of_processes = pytest.mark.parametrize("executor", CROSSING, ids=str)


@dataclass(frozen=True, kw_only=True)
class Usual:
    """A bag that went well, and what lived when its pool was closed."""

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


def test_the_usual_executors_are_under_the_contract() -> None:
    assert {executor.name for executor in EXECUTORS} >= REQUIRED


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

    def test_no_more_workers_run_tasks_than_were_asked_for(self, usual: Usual) -> None:
        workers = workers_of(usual.answer)
        assert 1 <= len(workers) <= usual.executor.most_workers
        assert usual.answer.reply["distinct_workers"] == len(workers)

    def test_no_more_tasks_run_at_once_than_there_are_workers(self, usual: Usual) -> None:
        records = usual.answer.records()
        starts = [record["started_ns"] for record in records]
        running = [sum(one["started_ns"] <= start < one["ended_ns"] for one in records) for start in starts]
        assert max(running) <= usual.executor.at_once

    def test_a_chunk_has_a_worker_of_its_own_only_without_a_pool(self, usual: Usual) -> None:
        if usual.executor.name in PER_TASK:
            assert len(workers_of(usual.answer)) == len(ITEMS)

    def test_the_initializer_runs_once_in_each_worker(self, usual: Usual) -> None:
        assert len(set(usual.initialized)) == len(usual.initialized) <= usual.executor.most_workers
        if usual.executor.name == "asyncio":
            assert len(usual.initialized) == 1  # its workers are lanes of one thread
        else:
            assert workers_of(usual.answer) <= set(usual.initialized)

    def test_workers_are_processes_only_if_the_executor_is_of_processes(self, usual: Usual) -> None:
        own = {process for process, _ in usual.initialized}
        threads = {thread for _, thread in usual.initialized}
        if usual.executor.crosses_processes:
            assert own == threads  # the main thread of each
        else:
            assert len(own) == 1

    def test_no_worker_is_left_when_the_pool_is_closed(self, usual: Usual) -> None:
        assert usual.threads == ["MainThread"]
        assert not usual.processes & {process for process, _ in usual.initialized}

    def test_the_start_method_is_recorded(self, usual: Usual) -> None:
        assert usual.answer.reply["start_method"] == usual.executor.start_method

    def test_nothing_is_printed(self, usual: Usual) -> None:
        assert usual.answer.printed == ""


LOOPING = [executor for executor in EXECUTORS if executor.name != "asyncio"]


@pytest.mark.slow
@pytest.mark.parametrize("executor", LOOPING, ids=str)
def test_every_worker_runs_tasks_until_the_window_closes_and_then_ends(
    executor: Executor, tmp_path: Path
) -> None:
    window = {"folder": str(tmp_path), "workers": executor.at_once, "duration_s": 0.3}
    answer = ask({**specify(executor.pool()), "window": window})
    assert (answer.reply["status"], answer.reply["error"]) == ("ok", "")
    [iteration] = answer.reply["iterations"]
    assert iteration["work_ns"] == 300_000_000
    assert iteration["tasks"] > 0
    assert len(workers_of(answer)) == executor.at_once
    assert answer.reply["differing"] == []
    assert answer.printed == ""


@pytest.mark.slow
@every_executor
def test_as_many_tasks_run_at_once_as_there_are_workers(executor: Executor, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    count = executor.at_once
    arguments = {"folder": str(tmp_path), "count": count}
    function, items = executor.function("meet"), list(range(count))
    answer = ask(specify(executor.pool(), function=function, items=items, arguments=arguments))
    assert answer.values() == [count] * count
    assert answer.reply["distinct_workers"] == count


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
    assert answer.reply["error"] == "task 5 (5) raised ValueError: cannot take 5"
    assert answer.reply["traceback"].startswith("Traceback (most recent call last):\n")
    assert "in fail_on\n" in answer.reply["traceback"]
    assert (tmp_path / "living").read_text(encoding="utf-8").startswith("MainThread\n")


@pytest.mark.slow
@every_executor
def test_large_results_arrive_and_workers_without_a_task_do_not_matter(executor: Executor) -> None:
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
    first, second = answer.reply["reference"]
    assert first["value"] != second["value"]
    assert len(first["shown"]) == 200
    assert 1 <= answer.reply["distinct_workers"] <= 2


@pytest.mark.slow
@every_executor
def test_a_function_that_cannot_be_pickled_fails_where_it_must_travel(executor: Executor) -> None:
    arguments = {"lock": {"_target_": "threading.Lock"}}
    answer = ask(specify(executor.pool(), function=executor.function("ignore"), arguments=arguments))
    expect_pickling(answer, fails=executor.pickles_functions)


@pytest.mark.slow
@every_executor
def test_a_result_that_cannot_be_pickled_fails_where_it_must_travel(executor: Executor) -> None:
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
    function = executor.function("square")
    answer = ask(specify(executor.pool(), function=function, items=ITEMS, iterations=4))
    assert (answer.reply["status"], answer.reply["error"]) == ("ok", "")
    warm = [workers_of(answer, iteration) for iteration in (1, 2, 3)]
    if executor.name in PER_TASK:
        assert len(set.union(*warm)) == sum(map(len, warm)) == 3 * len(ITEMS)  # nothing is kept
    else:
        assert len(set.union(*warm)) <= WORKERS


@pytest.mark.slow
@every_executor
def test_a_pool_without_tasks_leaves_nothing(executor: Executor) -> None:
    threads = threading.enumerate()
    Factory(executor.pool(), None).open().shutdown(wait=True)
    assert threading.enumerate() == threads
    assert multiprocessing.active_children() == []


@pytest.mark.slow
@every_executor
def test_a_worker_that_does_not_start_is_reported(executor: Executor) -> None:
    function = executor.function("square")
    answer = ask(specify(executor.pool(), function=function, initializer="bag.give_up"))
    assert answer.reply["status"] == ("failed" if executor.name in IN_CALLER else "crashed")
    assert "this worker does not start" in answer.printed + answer.reply["error"]


@pytest.mark.slow
@executors_of_processes
def test_a_worker_that_dies_is_reported_as_a_crash(executor: Executor) -> None:
    answer = ask(specify(executor.pool(), function="bag.leave", items=ITEMS, arguments={"code": 3}))
    assert answer.reply["status"] == "crashed"
    assert answer.reply["iterations"] == []


@pytest.mark.parametrize("chunk_size", [1, None])
def test_a_bag_without_tasks_never_reaches_an_executor(chunk_size: int | None) -> None:
    # A workload refuses to be empty, so what Tasks would make of it does not matter.
    reply = ask(specify(THREAD, items=[], chunk_size=chunk_size)).reply
    assert (reply["status"], reply["iterations"]) == ("failed", [])
    assert reply["error"] == "WorkloadError: there are no items; a workload needs one at least"
    assert Tasks(len, [], 1, each=True).chunks == []


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


def test_arguments_of_a_pool_may_be_made_by_targets() -> None:
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
def test_every_executor_tells_what_handing_out_a_chunk_costs(executor: Executor) -> None:
    reply = ask({**specify(executor.pool(), function=executor.function("square")), "dispatch": True}).reply
    assert (reply["status"], reply["error"], reply["iterations"]) == ("ok", "", [])
    assert reply["dispatch"]["chunk_ns"] > 0
