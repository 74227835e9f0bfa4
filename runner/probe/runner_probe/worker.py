"""The code that runs in a worker: one chunk of tasks, with its times.

Workers import this file by name, so it imports from the standard library only.
"""

from __future__ import annotations

import os
import sys
import time

# `threading` itself would cost the serial loop 8 ms of imports.
from _thread import _local, get_native_id

TYPE_CHECKING = False  # `typing` costs 10 ms of every measured interpreter's start
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from runner_probe.pools import Traits
    from runner_probe.task_failure import Failure

    #: first task, number of tasks, started_ns, ended_ns, cpu_ns, run_delay_ns
    Timing = tuple[int, int, int, int, int | None, int | None]
    #: host, process id, thread id, whether the GIL is enabled
    Worker = tuple[str, int, int, bool]
    #: the tasks' results up to a failure, timings, worker, failure
    Report = tuple[list[Any], list[Timing], Worker, Failure | None]

HOST = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
STACKS_SIGNAL = 62  # a real-time signal that programs rarely use; `runner.supervise.evidence` sends it
CO_COROUTINE = 0x80  # code flag of `async def`; importing `inspect` for it would cost 15 ms

_thread_state = _local()


def _forget() -> None:
    global _thread_state  # noqa: PLW0603 - a forked process is a new worker
    _thread_state = _local()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def may_handle_signals() -> bool:
    """Whether this is the main thread, on Linux: sub-interpreters, in others, must not take over a signal."""
    return sys.platform == "linux" and os.getpid() == get_native_id()


def _write_stacks_on_signal() -> None:
    """Make this process, and those that it forks, write the stacks of their threads; takes 0.1 ms.

    The supervisor sends the signal at the time limit, to processes that handle it according to /proc: on
    Linux only.
    """
    if not may_handle_signals():
        return
    try:
        import faulthandler  # noqa: PLC0415 - on Linux only

        faulthandler.register(STACKS_SIGNAL, file=2, all_threads=True)
    except (ImportError, AttributeError, OSError, RuntimeError, ValueError):
        pass  # then there are no stacks


_write_stacks_on_signal()  # here, because every worker imports this module


def in_one_interpreter(workers: Iterable[Worker], traits: Traits) -> bool:
    """Whether the workers of a pool with these traits are threads of this interpreter.

    They share its GIL; other processes and sub-interpreters have their own.
    """
    in_this_process = all(worker[:2] == (HOST, os.getpid()) for worker in workers)
    return in_this_process and not traits.has_interpreters


def run_lean(call: Callable[[Any], Any], first: int, items: Sequence[Any]) -> Report:
    """Like `run_chunk` without `per_task`, at almost no cost: for tasks of a microsecond."""
    values: list[Any] = []
    failure = None
    started = time.perf_counter_ns()
    try:
        values.extend(map(call, items))  # keeps earlier results when a task raises
        if len(values) < len(items):  # a task raised StopIteration, which ended `extend` silently
            raise StopIteration  # noqa: TRY301 - the original is lost
    except BaseException as error:
        failure = describe_error(error, first + len(values))
    ended = time.perf_counter_ns()
    try:
        this_worker: Worker = _thread_state.worker
    except AttributeError:
        this_worker = _thread_state.worker = worker()  # two system calls, as long as a short task
    return values, [(first, len(values), started, ended, None, None)], this_worker, failure


def run_plain(call: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """Run `call` on every item and return the results only."""
    return [call(item) for item in items]


def run_chunk(call: Callable[[Any], Any], first: int, items: Sequence[Any], *, per_task: bool) -> Report:
    """Run `call` on every item; trace every task if `per_task`, otherwise the chunk.

    A task that raises ends its chunk. Its exception is reported as text because it may not be picklable.
    """
    if is_async(call):
        from runner_probe.coroutine_loop import EventLoop  # noqa: PLC0415 - only coroutines need it

        with EventLoop(call) as run_coroutine:
            return _run(run_coroutine, first, items, per_task=per_task)
    return _run(call, first, items, per_task=per_task)


def _run(call: Callable[[Any], Any], first: int, items: Sequence[Any], *, per_task: bool) -> Report:
    values: list[Any] = []
    timings: list[Timing] = []
    failure = None
    task = first
    chunk_started = time.perf_counter_ns()
    try:
        if per_task:
            for task, item in enumerate(items, first):
                timings.append(_run_traced(call, task, item, values))
        else:
            for item in items:
                values.append(call(item))
                task += 1
    except BaseException as error:
        failure = describe_error(error, task)
    if not per_task and failure is None:
        timings.append((first, len(items), chunk_started, time.perf_counter_ns(), None, None))
    return values, timings, worker(), failure


def describe_error(error: BaseException, task: int) -> Failure:
    """Describe the exception of a task as text: it may not be picklable."""
    from runner_probe.task_failure import describe  # noqa: PLC0415 - only failures pay for it

    return describe(error, task)


def _run_traced(call: Callable[[Any], Any], task: int, item: Any, values: list[Any]) -> Timing:
    # If the main thread runs tasks, no other thread of the process does. So the clock of the process is used,
    # which includes the native threads of libraries.
    clock = time.process_time_ns if _in_main_thread() else time.thread_time_ns
    delay_before = run_delay_ns()
    cpu_before = clock()
    started = time.perf_counter_ns()
    values.append(call(item))
    ended = time.perf_counter_ns()
    cpu = clock() - cpu_before
    delay_after = run_delay_ns()
    delay = None if delay_before is None or delay_after is None else delay_after - delay_before
    return task, 1, started, ended, cpu, delay


def _in_main_thread() -> bool:
    threading = sys.modules.get("threading")
    return threading is None or threading.current_thread() is threading.main_thread()


def worker() -> Worker:
    """Identify the thread that runs this. Versions of Python that cannot disable the GIL do not report it."""
    gil_enabled = getattr(sys, "_is_gil_enabled", lambda: True)()
    return HOST, os.getpid(), get_native_id(), gil_enabled


def is_async(call: Callable[..., Any]) -> bool:
    """Whether calling a function makes a coroutine; `functools.partial` is unwrapped."""
    call = getattr(call, "func", call)
    code = getattr(call, "__code__", None)
    return bool(code is not None and code.co_flags & CO_COROUTINE)


class _Schedstat:
    """The open `schedstat` file of this thread: reading it takes 1.4 µs, opening it 29 µs."""

    def __init__(self) -> None:
        self.owner = (os.getpid(), get_native_id())  # a forked process must not read its parent's file
        try:
            self.descriptor = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, AttributeError):
            self.descriptor = -1

    def __del__(self) -> None:
        if self.descriptor >= 0 and self.owner[0] == os.getpid():
            os.close(self.descriptor)


def run_delay_ns() -> int | None:
    """Read how long this thread was runnable but not running; None if the system does not report it."""
    stat = getattr(_thread_state, "schedstat", None)
    if stat is None or stat.owner != (os.getpid(), get_native_id()):
        stat = _thread_state.schedstat = _Schedstat()
    try:
        return int(os.pread(stat.descriptor, 64, 0).split()[1])
    except (OSError, ValueError, IndexError, AttributeError):
        return None
