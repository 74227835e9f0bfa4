"""Messages about an invocation that reached a limit: whether it is slow or hung, where, and what helps."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runner.measure import time_limits
from runner.measure.time_limits import evidence_text, explain_limit
from runner.supervise.protocol import Ending, Evidence, ProcessEvidence

FUTEX, NANOSLEEP, READ = 202, 230, 0
RUNNING = -1
ANOTHER_THREAD = "Thread 0x00007f (most recent call first):"
PROBE = "/venv/lib/runner/probe/runner_probe"
STDLIB = "/usr/lib/python3.11"
RUN = [f"{PROBE}/worker.py:90 in _run", f"{PROBE}/worker.py:70 in run_chunk"]
WORKER = [*RUN, f"{STDLIB}/concurrent/futures/process.py:261 in _process_worker"]
DRIVE = [f"{PROBE}/iteration.py:300 in _drive", f"{PROBE}/probe_main.py:50 in main"]
RESULT = [f"{STDLIB}/threading.py:327 in wait", f"{STDLIB}/concurrent/futures/_base.py:451 in result"]


@pytest.fixture(autouse=True)
def _numbers_of_this_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the system calls of x86-64 on every machine."""
    monkeypatch.setattr(time_limits, "_SYSTEM_CALLS", time_limits._X86)


def stack(*frames: str, head: str = "Current thread 0x00007f (most recent call first):") -> str:
    lines = [head]
    for frame in frames:
        place, _, function = frame.partition(" in ")
        file, _, line = place.rpartition(":")
        lines.append(f'  File "{file}", line {line} in {function}')
    return "\n".join(lines) + "\n"


def process(text: str, *calls: int, share: float = 0.0, number: int = 1) -> ProcessEvidence:
    return ProcessEvidence(
        process=number, command="python", cpu_share=share, system_calls=list(calls), stacks=text
    )


PARENT = process(stack(*RESULT, *DRIVE), FUTEX)


def locked(number: int) -> ProcessEvidence:
    return process(stack("/home/u/hang.py:9 in locked", *WORKER), FUTEX, number=number)


def ending(*processes: ProcessEvidence, activity: str = "", **facts: Any) -> Ending:
    evidence = Evidence(**{"seconds": 30.0, "ended": 0, "tasks": 4, "processes": list(processes), **facts})
    return Ending(
        reply=None,
        ended="timeout",
        exit_code=None,
        seconds=31.0,
        orphans_cpu_s=0.0,
        cpu_s=1.0,
        killed=1,
        activity=activity,
        evidence=evidence,
    )


def settings(start_method: str | None = None, **pool: Any) -> Mapping[str, Any]:
    target = {"_target_": "concurrent.futures.ProcessPoolExecutor"}
    return {"executor": {"pool": {**target, "mp_context": start_method, **pool}}}


def test_a_lock_held_when_the_pool_forked_is_a_hang_with_its_own_remedy() -> None:
    assert explain_limit(ending(PARENT, locked(2), locked(3)), 30.0, settings("fork")) == (
        "hung: 0 of 4 tasks ended in 30 s at 0 % CPU; both workers in locked (hang.py:9), waiting for a lock"
        "; if a thread of the parent held it when the pool forked, it is never released in the workers; "
        "use executor.start_method=spawn or forkserver, whose workers do not inherit it"
    )


@pytest.mark.parametrize(
    ("start_method", "calls"),
    [
        pytest.param("spawn", (FUTEX,), id="spawned"),
        pytest.param("fork", (FUTEX, FUTEX), id="another thread of the worker may hold it"),
    ],
)
def test_another_lock_has_no_remedy_of_its_own(start_method: str, calls: tuple[int, ...]) -> None:
    worker = process(stack("/home/u/hang.py:9 in locked", *WORKER), *calls)
    message = explain_limit(ending(PARENT, worker), 30.0, settings(start_method))
    assert message == (
        "hung: 0 of 4 tasks ended in 30 s at 0 % CPU; in locked (hang.py:9), waiting for a lock; "
        "raise time_limit_s if it needs longer"
    )


def test_workers_at_different_places_are_counted() -> None:
    queue = process(
        stack(
            f"{STDLIB}/threading.py:3 in wait",
            f"{STDLIB}/queue.py:9 in get",
            "/home/u/a.py:5 in take",
            *WORKER,
        ),
        FUTEX,
    )
    assert (
        "; 2 of 3 workers in locked (hang.py:9), waiting for a lock, 1 of 3 workers in take (a.py:5), "
        in (explain_limit(ending(PARENT, locked(2), queue, locked(3)), 30.0, settings("spawn")))
    )


def test_tasks_that_end_are_slow() -> None:
    message = explain_limit(ending(PARENT, locked(2), ended=3, since_last_s=2.0), 30.0, settings("fork"))
    assert message == (
        "terminated at its time limit of 30 s: 3 of 4 tasks ended, the last one 2.0 s before; "
        "it makes progress: raise time_limit_s if it needs longer"
    )


def test_a_task_that_computes_is_slow() -> None:
    spins = process(stack("/home/u/a.py:5 in spin", *WORKER), RUNNING, share=0.98)
    assert explain_limit(ending(PARENT, spins), 30.0, settings("fork")) == (
        "terminated at its time limit of 30 s: 0 of 4 tasks ended, at 98 % CPU, in spin (a.py:5); "
        "raise time_limit_s if it needs longer"
    )


def test_a_task_that_sleeps_is_not_hung() -> None:
    sleeps = process(stack("/home/u/a.py:5 in nap", *WORKER), NANOSLEEP)
    assert explain_limit(ending(PARENT, sleeps), 30.0, settings("fork")) == (
        "terminated at its time limit of 30 s: 0 of 4 tasks ended, at 0 % CPU, in nap (a.py:5), asleep; "
        "raise time_limit_s if it needs longer"
    )


def test_a_task_that_the_pool_calls_itself_is_the_place_and_not_another_thread() -> None:
    holder = stack("/home/u/hang.py:3 in hold", head=ANOTHER_THREAD)
    loop = f"{STDLIB}/concurrent/futures/process.py:261 in _process_worker"
    worker = process(stack("/home/u/hang.py:9 in locked", loop, "/home/u/hang.py:1 in start"), FUTEX)
    message = explain_limit(
        ending(process(holder + PARENT.stacks, FUTEX, NANOSLEEP), worker), 30.0, settings("fork")
    )
    assert message.startswith(
        "hung: 0 of 4 tasks ended in 30 s at 0 % CPU; in locked (hang.py:9), waiting for a lock"
    )


def test_threads_of_one_process_are_told_apart_by_their_age() -> None:
    nap, take = (stack(f"/home/u/a.py:5 in {name}", *RUN, head=ANOTHER_THREAD) for name in ("nap", "take"))
    parent = process(nap + take + PARENT.stacks, FUTEX, READ, NANOSLEEP)
    pool = {"executor": {"pool": {"_target_": "concurrent.futures.ThreadPoolExecutor"}}}
    message = explain_limit(ending(parent), 30.0, pool)
    assert (
        "1 of 2 workers in nap (a.py:5), asleep, 1 of 2 workers in take (a.py:5), waiting for data" in message
    )


def test_a_task_that_waits_for_something_outside_is_not_called_a_hang() -> None:
    waits = process(stack("/home/u/a.py:5 in fetch", *WORKER), READ)
    assert explain_limit(ending(PARENT, waits), 30.0, settings("fork")) == (
        "terminated at its time limit of 30 s: 0 of 4 tasks ended, at 0 % CPU, in fetch (a.py:5), "
        "waiting for data; raise time_limit_s if it needs longer"
    )


def test_a_worker_that_does_not_say_where_it_is_may_run_a_task() -> None:
    silent = process("", NANOSLEEP)
    message = explain_limit(ending(PARENT, silent), 30.0, settings("fork", max_tasks_per_child=1))
    assert message.startswith("terminated at its time limit of 30 s: 0 of 4 tasks ended, at 0 % CPU, ")
    assert "max_tasks_per_child" not in message


def test_a_wait_of_an_unknown_kind_is_not_called_a_hang() -> None:
    unknown = process(stack("/home/u/a.py:5 in some", *WORKER), 9999)
    assert explain_limit(ending(PARENT, unknown), 30.0, settings("fork")).startswith("terminated at its time")


def test_idle_workers_with_max_tasks_per_child_were_not_replaced() -> None:
    message = explain_limit(ending(PARENT, ended=2, since_last_s=29.0), 30.0, settings(max_tasks_per_child=1))
    assert message.startswith(
        "hung: 2 of 4 tasks ended in 30 s, the last one 29.0 s before the end, at 0 % CPU; "
        "in wait (threading.py:327), waiting for the result of a future; "
        "max_tasks_per_child=1: workers that had ended were not replaced"
    )


def test_a_worker_in_a_task_is_the_cause_whatever_max_tasks_per_child() -> None:
    message = explain_limit(ending(PARENT, locked(2)), 30.0, settings("spawn", max_tasks_per_child=1))
    assert "max_tasks_per_child" not in message


def other(function: str) -> str:
    return stack(
        f"{STDLIB}/multiprocessing/pool.py:5 in {function}", head="Thread 0x00007f (most recent call first):"
    )


@pytest.mark.parametrize("is_dead", [True, False])
def test_a_pool_whose_receiving_thread_has_died_says_so(*, is_dead: bool) -> None:
    threads = ["_handle_workers", "_handle_tasks", *([] if is_dead else ["_handle_results"])]
    parent = process("".join(map(other, threads)) + PARENT.stacks, *(FUTEX,) * 4)
    pool = {"_target_": "runner_probe.adapters.multiprocessing_pool.MultiprocessingPool"}
    message = explain_limit(ending(parent), 30.0, {"executor": {"pool": pool}})
    assert ("thread that receives results has died" in message) == is_dead


def test_a_module_that_waits_for_its_own_pool_is_named_with_its_line() -> None:
    frames = [*RESULT, "/home/u/mine.py:4 in <module>", "<frozen importlib._bootstrap>:241 in _call", *DRIVE]
    forked = process(stack(f"{STDLIB}/queue.py:1 in get", *frames), FUTEX, number=2)
    message = explain_limit(
        ending(process(stack(*frames), FUTEX), forked, activity="importing mine", seconds=60.0), 1.0, None
    )
    assert message == (
        "importing mine took longer than load_limit_s=60 (at 0 % CPU): hung; "
        "in <module> (mine.py:4), waiting for the result of a future; "
        "start pools in a function or under `if __name__ == '__main__'`, not when the module is imported"
    )


def test_loading_that_computes_is_slow() -> None:
    makes = process(stack("/home/u/mine.py:4 in make", *DRIVE), RUNNING, share=1.0)
    message = explain_limit(
        ending(makes, activity="making the items of workload 'x'", seconds=60.0), 1.0, None
    )
    assert message == (
        "making the items of workload 'x' took longer than load_limit_s=60 (at 100 % CPU; "
        "in make (mine.py:4)); "
        "raise load_limit_s if it needs longer"
    )


def test_a_line_that_takes_a_lock_shows_what_a_thread_waits_for(tmp_path: Path) -> None:
    source = tmp_path / "mine.py"
    source.write_text("def take():\n    with LOCK:\n        pass\n", encoding="utf-8")
    frames = [f"{source}:2 in take", *RUN]
    threads = stack(*frames, head=ANOTHER_THREAD) * 2 + PARENT.stacks
    parent = process(threads, FUTEX, FUTEX, READ, READ)  # one more: a thread of a native library
    assert "both workers in take (mine.py:2), waiting for a lock" in explain_limit(
        ending(parent), 30.0, {"executor": {"pool": {"_target_": "concurrent.futures.ThreadPoolExecutor"}}}
    )


def test_without_evidence_the_limit_and_its_setting_are_named() -> None:
    bare = Ending(reply=None, ended="timeout", exit_code=None, seconds=1, orphans_cpu_s=0, cpu_s=0, killed=0)
    assert explain_limit(bare, 2.5, None) == (
        "terminated at its time limit of 2.5 s; raise time_limit_s if it needs longer"
    )
    assert evidence_text(bare) == ""


def test_the_log_has_the_stacks_of_every_process() -> None:
    text = evidence_text(ending(PARENT, locked(2)))
    assert text.count("process ") == 2
    assert 'File "/home/u/hang.py", line 9 in locked' in text
