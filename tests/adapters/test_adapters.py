"""Behaviour of adapters beyond the contract that all executors share."""

import itertools
import multiprocessing
import os
import platform
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from importlib.util import find_spec
from typing import Any, Never

import pytest

from runner_probe.adapters.asyncio_loop import AsyncioLoop
from runner_probe.adapters.asyncio_process import AsyncioProcess
from runner_probe.adapters.interpreter_pool import InterpreterPool, _first_statements
from runner_probe.adapters.lazy_future import LazyFuture
from runner_probe.adapters.multiprocessing_pool import BrokenPool, MultiprocessingPool
from runner_probe.adapters.process_per_task import BrokenProcess, ProcessPerTask
from runner_probe.adapters.thread_per_task import ThreadPerTask
from runner_probe.targets import TargetError
from runner_probe.worker import run_chunk
from tests.probe.measured import bag, later
from tests.probe.probing import ask, specify

FORK = multiprocessing.get_context("fork")
joblib = pytest.mark.skipif(find_spec("joblib") is None, reason="joblib is not installed")


class Unloadable:
    """Can be pickled but not unpickled."""

    def __reduce__(self) -> tuple[Callable[..., Never], tuple[str]]:
        return refuse, ("no",)


def refuse(text: str) -> Never:
    raise ValueError(text)


def make_unloadable() -> Unloadable:
    return Unloadable()


class TestLazyFuture:
    def test_waiting_for_a_result_makes_the_pool_work(self) -> None:
        steps: list[int] = []

        def advance() -> None:
            steps.append(len(steps))
            if len(steps) == 3:
                future.set_result("value")

        future = LazyFuture(advance)
        assert future.result() == future.result() == "value"
        assert steps == [0, 1, 2]

    def test_a_callback_is_called_when_the_future_is_done_or_at_once(self) -> None:
        future, called = LazyFuture(lambda: None), []
        future.add_done_callback(lambda done: called.append(("before", done)))
        assert called == []
        future.set_result(1)
        future.add_done_callback(lambda done: called.append(("after", done)))
        assert called == [("before", future), ("after", future)]

    def test_only_a_future_that_does_not_run_can_be_cancelled(self) -> None:
        waiting, running, done = (LazyFuture(lambda: None) for _ in range(3))
        running.is_running = True
        done.set_result(1)
        assert [future.cancel() for future in (waiting, running, done)] == [True, False, False]
        with pytest.raises(RuntimeError, match=r"^cancelled before it ran$"):
            waiting.result()


class TestThreadPerTask:
    def test_a_queued_task_can_be_cancelled_and_the_rest_runs(self) -> None:
        pool, gate = ThreadPerTask(1), threading.Event()
        first = pool.submit(gate.wait)
        second, third = pool.submit(int, "2"), pool.submit(int, "3")
        assert second.cancel()
        gate.set()
        assert (first.result(), third.result()) == (True, 3)
        pool.shutdown(wait=True)
        assert threading.enumerate() == [threading.main_thread()]

    def test_a_task_without_a_thread_fails_and_the_rest_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        start, calls = threading.Thread.start, iter(range(10))

        def start_all_but_the_first(thread: threading.Thread) -> None:
            if next(calls) == 0:
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", start_all_but_the_first)
        pool = ThreadPerTask(1)
        first, second = pool.submit(int, "1"), pool.submit(int, "2")
        with pytest.raises(RuntimeError, match=r"^can't start new thread$"):
            first.result()
        assert second.result() == 2
        pool.shutdown(wait=True)

    def test_an_exception_of_the_task_is_raised(self) -> None:
        pool = ThreadPerTask(2)
        future = pool.submit(refuse, "no")
        with pytest.raises(ValueError, match=r"^no$"):
            future.result()
        pool.shutdown(wait=True)


class TestProcessPerTask:
    def test_a_queued_task_can_be_cancelled_and_the_rest_runs(self) -> None:
        pool = ProcessPerTask(1, FORK)
        first, second, third = (pool.submit(os.getppid) for _ in range(3))
        assert not first.cancel()
        assert second.cancel()
        assert first.result() == third.result() == os.getpid()
        pool.shutdown(wait=True)
        assert multiprocessing.active_children() == []

    def test_shutdown_runs_queued_tasks(self) -> None:
        pool = ProcessPerTask(1, FORK)
        futures = [pool.submit(int, text) for text in "123"]
        pool.shutdown(wait=True)
        assert all(future.is_done for future in futures)
        assert [future.result() for future in futures] == [1, 2, 3]

    def test_a_process_that_is_killed_breaks_its_own_task_only(self) -> None:
        pool = ProcessPerTask(2, FORK)
        killed, other = pool.submit(bag.leave, None, 7), pool.submit(int, "2")
        with pytest.raises(BrokenProcess, match=r"^the process ended before it returned a result$") as broken:
            killed.result()
        assert broken.value.exit_code == 7
        assert other.result() == 2
        pool.shutdown(wait=True)

    def test_exceptions_are_returned(self) -> None:
        pool = ProcessPerTask(2, FORK)
        raised, unloadable = pool.submit(refuse, "not here"), pool.submit(make_unloadable)
        with pytest.raises(ValueError, match=r"^not here$"):
            raised.result()
        with pytest.raises(ValueError, match=r"^no$"):
            unloadable.result()
        pool.shutdown(wait=True)


class TestMultiprocessingPool:
    def test_a_dead_worker_fails_submissions_and_does_not_block_shutdown(self) -> None:
        # One of two idle workers holds the lock of the queue of tasks, and dies with it.
        pool = MultiprocessingPool(2, FORK)
        assert [pool.submit(int, text).result() for text in "123"] == [1, 2, 3]
        assert pool._pool is not None
        for worker in pool._pool.workers:
            worker.kill()
        pool._watcher.join()
        with pytest.raises(BrokenPool, match=r"^the task of the dead worker is lost$") as broken:
            pool.submit(int)
        assert broken.value.exit_code == -signal.SIGKILL
        pool.shutdown(wait=True)
        assert multiprocessing.active_children() == []
        assert threading.enumerate() == [threading.main_thread()]

    def test_shutdown_waits_for_submitted_tasks(self) -> None:
        pool = MultiprocessingPool(1, FORK)
        futures = [pool.submit(int, text) for text in "123"]
        pool.shutdown(wait=True)
        assert [future.result() for future in futures] == [1, 2, 3]

    def test_results_in_transit_do_not_block_shutdown(self) -> None:
        pool = MultiprocessingPool(2, FORK)
        first, *others = (pool.submit(bag.large, 2_000_000) for _ in range(20))
        assert len(first.result()) == 2_000_000
        for other in others:
            other.cancel()
        pool.shutdown(wait=True)
        assert multiprocessing.active_children() == []

    def test_shutdown_does_not_wait_for_a_cancelled_task(self) -> None:
        pool = MultiprocessingPool(1, FORK)
        assert pool.submit(int, "1").result() == 1
        endless = pool.submit(signal.pause)
        assert endless.cancel()
        pool.shutdown(wait=True)
        assert multiprocessing.active_children() == []

    def test_workers_are_replaced_after_so_many_tasks(self) -> None:
        pool = MultiprocessingPool(2, FORK, maxtasksperchild=1)
        futures = [pool.submit(os.getpid) for _ in range(6)]
        assert len({future.result() for future in futures}) == 6
        pool.shutdown(wait=True)
        assert multiprocessing.active_children() == []
        assert threading.enumerate() == [threading.main_thread()]

    def test_the_death_of_a_worker_that_replaced_another_is_noticed(self) -> None:
        pool = MultiprocessingPool(1, FORK, maxtasksperchild=1)
        assert pool.submit(int, "1").result() == 1
        with pytest.raises(BrokenPool) as broken:
            pool.submit(signal.raise_signal, signal.SIGKILL).result()
        assert broken.value.exit_code == -signal.SIGKILL
        pool.shutdown(wait=True)
        assert multiprocessing.active_children() == []


class TestAsyncioLoop:
    def test_plain_functions_run_one_after_another(self) -> None:
        loop = AsyncioLoop(2)
        call = partial(bag.scaled, factor=2)
        futures = [loop.submit(run_chunk, call, task, [task], per_task=True) for task in range(3)]
        reports = [future.result() for future in futures]
        loop.shutdown(wait=True)
        assert [report[0] for report in reports] == [[0], [2], [4]]
        assert len({report[2] for report in reports}) == 1
        spans = [(started, ended) for _, [(_, _, started, ended, *_)], *_ in reports]
        assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(spans))

    def test_each_worker_is_a_lane_of_consecutive_tasks(self) -> None:
        loop = AsyncioLoop(2)
        futures = [loop.submit(run_chunk, later.square, task, [task], per_task=True) for task in range(10)]
        reports = [future.result() for future in futures]
        loop.shutdown(wait=True)
        assert [report[0] for report in reports] == [[task * task] for task in range(10)]
        lanes: dict[int, list[tuple[int, int]]] = {}
        for _, [(_, _, started, ended, _, _)], (_, process, lane, _), failure in reports:
            assert (process, failure) == (os.getpid(), None)
            lanes.setdefault(lane, []).append((started, ended))
        assert lanes.keys() == {1, 2}
        for times in lanes.values():
            flat = [moment for pair in sorted(times) for moment in pair]
            assert flat == sorted(flat)

    def test_the_cpu_time_of_a_task_excludes_other_tasks(self) -> None:
        seconds = (0.02, 0.06)
        loop = AsyncioLoop(2)
        futures = [loop.submit(run_chunk, later.burn, 0, [cpu_s], per_task=True) for cpu_s in seconds]
        timings = [future.result()[1][0] for future in futures]
        loop.shutdown(wait=True)
        for (_, _, started, ended, cpu_ns, _), cpu_s in zip(timings, seconds, strict=True):
            assert cpu_s <= cpu_ns / 1e9 < cpu_s + 0.02
            assert ended - started > cpu_ns

    def test_chunks_of_short_tasks_are_timed_as_a_whole(self) -> None:
        loop = AsyncioLoop(1)
        values, [stamp], _, failure = loop.submit(
            run_chunk, later.square, 5, [1, 2, 3], per_task=False
        ).result()
        loop.shutdown(wait=True)
        assert (values, failure) == ([1, 4, 9], None)
        assert (stamp[:2], stamp[4:]) == ((5, 3), (None, None))

    def test_no_task_starts_after_one_has_failed(self) -> None:
        loop = AsyncioLoop(1)
        call = partial(later.fail_on, bad=1)
        futures = [loop.submit(run_chunk, call, task, [task], per_task=True) for task in range(4)]
        assert futures[0].result()[3] is None
        task, kind, message, traceback = futures[1].result()[3]
        assert (task, kind, message) == (1, "ValueError", "cannot take 1")
        assert "in fail_on" in traceback
        with pytest.raises(RuntimeError, match=r"^cancelled before it ran$"):
            futures[2].result()
        loop.shutdown(wait=True)

    def test_other_functions_run_in_the_loops_thread(self) -> None:
        loop = AsyncioLoop(2)
        fine, wrong = loop.submit(threading.get_ident), loop.submit(refuse, "no")
        assert fine.result() == threading.get_ident()
        with pytest.raises(ValueError, match=r"^no$"):
            wrong.result()
        loop.shutdown(wait=True)

    def test_tasks_that_nobody_awaits_are_cancelled(self) -> None:
        # asyncio reports tasks that are pending when their loop is closed on standard error.
        loop = AsyncioLoop(2)
        assert loop.submit(run_chunk, later.leave_behind, 0, [1], per_task=True).result()[3] is None
        loop.shutdown(wait=True)
        assert loop._loop.is_closed()


@joblib
@pytest.mark.slow
class TestAsyncioProcess:
    def test_the_tasks_of_a_process_run_concurrently(self) -> None:
        pool = {
            "_target_": "runner_probe.adapters.asyncio_process.AsyncioProcess",
            "workers": 1,  # of two, one may run the shares of both
            "concurrency": 3,
            "mp_context": "fork",
        }
        meeting = specify(pool, function="later.meet", items=[*range(3)], arguments={"count": 3})
        answer = ask(meeting)
        assert (answer.reply["status"], answer.values()) == ("ok", [3] * 3)
        by_process = Counter(record["process_id"] for record in answer.records())
        assert [*by_process.values()] == [3]

    def test_a_failed_task_ends_its_share_and_is_reported(self) -> None:
        pool = AsyncioProcess(2, 1, FORK)
        call = partial(later.fail_on, bad=0)
        futures = [pool.submit(run_chunk, call, number, [number], per_task=True) for number in range(4)]
        pool.shutdown()
        assert futures[0].result()[3][1] == "ValueError"
        assert futures[1].result()[3] is None
        with pytest.raises(RuntimeError, match="cancelled"):
            futures[2].result()

    def test_a_process_that_dies_breaks_the_pool(self) -> None:
        pool = AsyncioProcess(2, 1, FORK)
        dying = pool.submit(os._exit, 3)
        with pytest.raises(BrokenProcessPool):
            dying.result()
        with pytest.raises(BrokenProcessPool):
            pool.submit(abs, -1).result()
        pool.shutdown()


@pytest.mark.slow
class TestJoblibParallel:
    @pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
    def test_every_backend_returns_results_and_leaves_no_process(self, backend: str, tmp_path: Any) -> None:
        answer = ask(
            specify(
                pool(backend=backend),
                items=list(range(20)),
                iterations=3,
                teardown={"_target_": "bag.note_living", "path": str(tmp_path / "living")},
            )
        )
        assert (answer.reply["status"], answer.reply["error"], answer.printed) == ("ok", "", "")
        assert answer.values() == [number * number for number in range(20)]
        living = (tmp_path / "living").read_text(encoding="utf-8").splitlines()
        assert living[0] == "MainThread"
        workers = {record["process_id"] for record in answer.records(1)}
        assert not workers & set(map(int, living[1].split()))

    def test_one_worker_is_the_callers_thread(self, tmp_path: Any) -> None:
        initializer = {"_target_": "bag.note_worker", "path": str(tmp_path / "workers")}
        answer = ask(specify(pool(workers=1), initializer=initializer))
        [initialized] = (tmp_path / "workers").read_text(encoding="utf-8").splitlines()
        for record in answer.records():
            assert initialized == f"{record['process_id']} {record['thread_id']}"

    def test_threads_take_no_initializer(self) -> None:
        answer = ask(specify(pool(backend="threading"), initializer="bag.give_up"))
        message = "ValueError: joblib's threads take no initializer; use executor.pool.backend=loky"
        assert (answer.reply["status"], answer.reply["error"]) == ("failed", message)


def pool(**arguments: object) -> dict[str, Any]:
    return {"_target_": "runner_probe.adapters.joblib_parallel.JoblibParallel", "workers": 2, **arguments}


class TestInterpreterPool:
    @pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python has the executor")
    def test_an_older_python_is_refused_with_the_required_version(self) -> None:
        version = platform.python_version().replace(".", r"\.")
        message = (
            rf"^Python {version} has no concurrent\.futures\.InterpreterPoolExecutor; "
            r"it needs 3\.14 or later: python=python3\.14$"
        )
        with pytest.raises(TargetError, match=message):
            InterpreterPool(2)

    def test_an_interpreter_starts_with_the_path_and_the_initializer(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "path", [*sys.path, "/the user's"])
        program = _first_statements(partial(print, "initializer")) + "; print(sys.path[-1])"
        ended = subprocess.run(
            [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
        )
        assert ended.stdout.split("\n") == ["initializer", "/the user's", ""]
