"""The code that runs in a worker: results, times, failures, coroutines and delays in the run queue."""

import asyncio
import functools
import gc
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from runner_probe import worker as chunk
from runner_probe.worker import is_async, run_chunk, run_delay_ns, run_lean
from tests.probe.probing import PROBE

needs_proc = pytest.mark.skipif(not Path("/proc/thread-self/schedstat").exists(), reason="Linux")


class Mute(Exception):  # noqa: N818 - nothing is wrong with it but its text
    def __str__(self) -> NoReturn:
        raise SystemExit(3)


class Doubler:
    async def double(self, number: int) -> int:
        return 2 * number


def square(number: int) -> int:
    return number * number


async def square_later(number: int) -> int:
    await asyncio.sleep(0)
    return number * number


async def running_loop(_: object) -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def raising(error: BaseException) -> Callable[[int], int]:
    def call(number: int) -> int:
        if number == 3:
            raise error
        return number

    return call


def open_descriptors() -> int:
    gc.collect()  # other tests may have left some to the collector
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("per_task", [True, False])
def test_values_come_in_the_order_of_the_items(per_task: bool) -> None:  # noqa: FBT001 - a parameter
    values, _, _, failure = run_chunk(square, 5, [3, 1, 2], per_task=per_task)
    assert values == [9, 1, 4]
    assert failure is None


def test_each_task_is_recorded_with_its_position_in_the_bag() -> None:
    before = time.perf_counter_ns()
    _, timings, _, _ = run_chunk(square, 5, [1, 2, 3], per_task=True)
    after = time.perf_counter_ns()
    assert [(task, tasks) for task, tasks, *_ in timings] == [(5, 1), (6, 1), (7, 1)]
    times = [moment for _, _, started, ended, *_ in timings for moment in (started, ended)]
    assert [before, *times, after] == sorted([before, *times, after])
    assert all(cpu is not None and cpu >= 0 for *_, cpu, _ in timings)


def test_a_chunk_of_short_tasks_has_one_timing() -> None:
    before = time.perf_counter_ns()
    _, timings, _, _ = run_chunk(square, 5, [1, 2, 3], per_task=False)
    [(task, tasks, started, ended, cpu, delay)] = timings
    assert (task, tasks) == (5, 3)
    assert before <= started <= ended <= time.perf_counter_ns()
    assert (cpu, delay) == (None, None)


def test_the_main_thread_counts_the_cpu_time_of_its_process_and_another_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "process_time_ns", iter([100, 107]).__next__)
    monkeypatch.setattr(time, "thread_time_ns", iter([200, 211]).__next__)
    timings = []

    def run() -> None:
        timings.extend(run_chunk(square, 0, [1], per_task=True)[1])

    run()
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert [cpu for *_, cpu, _ in timings] == [7, 11]


def test_the_report_names_host_process_and_thread() -> None:
    _, _, (host, process, thread, gil_enabled), _ = run_chunk(square, 0, [1], per_task=True)
    assert host == os.uname().nodename
    assert (process, thread) == (os.getpid(), threading.get_native_id())
    assert gil_enabled is getattr(sys, "_is_gil_enabled", lambda: True)()


def test_a_lean_chunk_reports_the_same_as_a_chunk_with_one_timing() -> None:
    values, [(task, tasks, started, ended, *unknown)], worker, failure = run_lean(square, 5, [1, 2, 3])
    assert (values, task, tasks, unknown, failure) == ([1, 4, 9], 5, 3, [None, None], None)
    assert started <= ended
    assert worker == chunk.worker()


@pytest.mark.parametrize("error", [ValueError("bad"), StopIteration(), SystemExit(2)])
def test_any_exception_ends_a_lean_chunk(error: BaseException) -> None:
    values, _, _, failure = run_lean(raising(error), 10, [1, 2, 3, 4])
    assert failure is not None
    assert failure[:3] == (12, type(error).__name__, str(error))
    assert values == [1, 2]


@pytest.mark.parametrize("per_task", [True, False])
@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (ValueError("bad"), "ValueError", "bad"),
        (KeyError(), "KeyError", ""),
        (SystemExit(2), "SystemExit", "2"),
        (KeyboardInterrupt(), "KeyboardInterrupt", ""),
        (GeneratorExit(), "GeneratorExit", ""),
        (Mute(), "Mute", "(its message cannot be shown)"),
    ],
)
def test_any_exception_ends_its_chunk_and_is_reported_as_text(
    error: BaseException,
    kind: str,
    message: str,
    per_task: bool,  # noqa: FBT001 - a parameter
) -> None:
    values, timings, _, failure = run_chunk(raising(error), 10, [1, 2, 3, 4], per_task=per_task)
    assert failure is not None
    assert failure[:3] == (12, kind, message)
    assert "in call" in failure[3]
    assert kind in failure[3].splitlines()[-1]
    assert values == [1, 2]
    assert len(timings) == (2 if per_task else 0)


def test_the_cause_of_an_exception_is_in_its_traceback() -> None:
    def call(_: int) -> None:
        try:
            square("a")  # type: ignore[arg-type]
        except TypeError as error:
            raise ValueError("bad") from error

    *_, failure = run_chunk(call, 0, [1], per_task=True)
    assert failure is not None
    assert "TypeError: can't multiply" in failure[3]


@pytest.mark.parametrize("per_task", [True, False])
@pytest.mark.parametrize("call", [square_later, functools.partial(square_later)])
def test_coroutine_functions_and_their_partials_are_awaited(call: Any, per_task: bool) -> None:  # noqa: FBT001 - a parameter
    values, timings, _, failure = run_chunk(call, 0, [1, 2, 3], per_task=per_task)
    assert failure is None
    assert values == [1, 4, 9]
    assert len(timings) == (3 if per_task else 1)


def test_a_coroutine_method_is_awaited() -> None:
    assert run_chunk(Doubler().double, 0, [1, 2], per_task=True)[0] == [2, 4]


@pytest.mark.parametrize("call", [square, len, Doubler, functools.partial(square), Doubler()])
def test_other_callables_are_not_taken_for_coroutine_functions(call: Any) -> None:
    assert not is_async(call)


def test_the_coroutines_of_a_chunk_share_one_event_loop_that_is_closed_afterwards() -> None:
    first, second = (run_chunk(running_loop, 0, [1, 2, 3], per_task=True)[0] for _ in range(2))
    assert first[0] is first[1] is first[2]
    assert first[0] is not second[0]
    assert first[0].is_closed()
    assert second[0].is_closed()


@needs_proc
@pytest.mark.slow
def test_a_chunk_of_coroutines_leaves_no_descriptor_and_no_warning() -> None:
    before = open_descriptors()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run_chunk(square_later, 0, [1, 2, 3], per_task=True)
        after = open_descriptors()
    assert after == before
    assert caught == []


def test_a_chunk_of_coroutines_ends_their_remaining_tasks() -> None:
    threads = threading.enumerate()
    ended = []

    async def wait_for_ever(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    async def numbers() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            ended.append("generator")

    left = []

    async def leave(_: int) -> int:
        task, generator = asyncio.create_task(wait_for_ever("task")), numbers()
        left.extend([task, generator])
        await asyncio.sleep(0)
        await asyncio.to_thread(square, 1)
        return await anext(generator)

    values, _, _, failure = run_chunk(leave, 0, [1], per_task=True)
    assert (values, failure) == ([1], None)
    assert sorted(ended) == ["generator", "task"]
    assert threading.enumerate() == threads


def test_a_coroutine_that_raises_ends_its_chunk() -> None:
    loops = []

    async def fail(number: int) -> int:
        loops.append(asyncio.get_running_loop())
        if number == 2:
            raise ValueError("bad")
        return number

    values, timings, _, failure = run_chunk(fail, 0, [1, 2, 3], per_task=True)
    assert failure is not None
    assert failure[:3] == (1, "ValueError", "bad")
    assert (values, len(timings)) == ([1], 1)
    assert loops[0].is_closed()


@needs_proc
def test_the_run_delay_of_a_thread_never_decreases() -> None:
    readings = [run_delay_ns() for _ in range(3)]
    assert None not in readings
    assert readings == sorted(readings, key=int)  # type: ignore[arg-type]


def test_the_run_delay_is_unknown_if_the_system_does_not_report_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise FileNotFoundError

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(chunk, "_thread_state", threading.local())
    assert run_delay_ns() is None
    _, [(*_, delay)], _, _ = run_chunk(square, 0, [1], per_task=True)
    assert delay is None


@needs_proc
@pytest.mark.slow
def test_threads_that_end_close_their_descriptors() -> None:
    run_delay_ns()  # this thread keeps its file_of_this_thread
    before = open_descriptors()
    during = []

    def run() -> None:
        run_chunk(square, 0, [1, 2], per_task=True)
        during.append(open_descriptors())

    for _ in range(5):
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    assert during == [before + 1] * 5
    assert open_descriptors() == before


FORK = """
import os, sys, threading
from runner_probe import worker as chunk

def open_file():
    chunk.run_delay_ns()
    return os.readlink(f"/proc/self/fd/{chunk._thread_state.schedstat.descriptor}")

def file_of_this_thread():
    return f"/proc/{os.getpid()}/task/{threading.get_native_id()}/schedstat"

assert open_file() == file_of_this_thread()
if os.fork() == 0:
    os._exit(open_file() != file_of_this_thread())
_, status = os.wait()
assert status == 0, "the child reads another's file"
assert open_file() == file_of_this_thread()
"""


@needs_proc
def test_a_forked_process_reads_its_own_run_delay() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORK],
        env={**os.environ, "PYTHONPATH": str(PROBE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
