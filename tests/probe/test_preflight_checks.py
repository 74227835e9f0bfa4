"""The checks before anything is measured."""

import multiprocessing
import os
import platform
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from runner_probe import preflight_checks
from runner_probe.preflight_checks import describe_interpreter
from tests.probe.probing import SERIAL, THREAD, process_pool, specify

if TYPE_CHECKING:
    from runner_probe.wire import WorkloadSettings

START_METHODS = multiprocessing.get_all_start_methods()


def check(*cells: tuple[dict[str, Any], dict[str, Any]]) -> Any:
    """Check cells, each of which is the settings of a workload and a pool; return the reply for each."""
    return preflight_checks.check(
        {
            "kind": "preflight",
            "cells": [
                {"workload": cast("WorkloadSettings", workload), "pool": pool, "in_window": False}
                for workload, pool in cells
            ],
        }
    )["cells"]


def checked(pool: dict[str, Any], **workload: Any) -> dict[str, Any]:
    settings = {"function": "bag.square", "items": [1, 2, 3], **workload}
    [reply] = check((settings, pool))
    return dict(reply)


def problem(pool: dict[str, Any], **workload: Any) -> tuple[str, str]:
    [(key, text)] = checked(pool, **workload)["problems"]
    return key, text


@pytest.mark.parametrize("pool", [SERIAL, THREAD, process_pool("spawn")])
def test_a_cell_without_problems_reports_its_number_of_tasks(pool: dict[str, Any]) -> None:
    reply = checked(pool)
    assert Path(reply.pop("file")).name == "bag.py"
    assert reply == {"tasks": 3, "is_async": False, "problems": []}


def test_coroutine_functions_are_recognized_with_and_without_arguments() -> None:
    assert checked(THREAD, function="bag.squared_later")["is_async"] is True
    assert checked(THREAD, function="pools.scaled_later", arguments={"factor": 2})["is_async"] is True


@pytest.mark.parametrize("arguments", [{"retries": 2}, {"_target_": "pools.two"}])
def test_arguments_are_those_that_are_passed_to_what_is_called(arguments: dict[str, Any]) -> None:
    assert checked(SERIAL, function="pools.persistent", arguments=arguments)["problems"] == []


def test_every_cell_is_checked() -> None:
    cells = [({"function": "bag.square", "items": list(range(count))}, SERIAL) for count in (1, 2)]
    assert [reply["tasks"] for reply in check(*cells)] == [1, 2]


def test_a_workload_is_loaded_and_a_pool_opened_once_for_all_cells(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    noting = {"_target_": "bag.note", "_args_": ["made"], "path": str(path)}
    workload = {"function": "bag.square", "items": [noting]}
    pools: list[dict[str, Any]] = [
        SERIAL,
        {"_target_": "pools.OpenLoop", "noting": noting},
        {"_target_": "pools.OpenLoop", "noting": noting},
    ]
    check(*((workload, pool) for pool in pools))
    assert path.read_text(encoding="utf-8").splitlines() == ["made", "made"]


def test_snippets_are_compiled_but_not_run() -> None:
    reply = checked(SERIAL, snippets={"one": "raise SystemExit", "two": "2"}, setup="raise SystemExit")
    assert (reply["tasks"], reply["problems"]) == (2, [])


def test_a_wrong_workload_and_a_wrong_pool_are_both_reported() -> None:
    reply = checked({"_target_": "nowhere.Pool"}, items=[])
    assert reply["tasks"] is None
    assert [key for key, _ in reply["problems"]] == ["workload.items", "executor.pool"]


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        (
            {**process_pool("spawn"), "max_worker": 2},
            (
                "concurrent.futures.ProcessPoolExecutor: got an unexpected keyword argument 'max_worker'; "
                "its arguments are max_workers, mp_context, initializer, initargs, max_tasks_per_child"
            ),
        ),
        (
            {"_target_": "bag.fail_on", "bad": 1},
            "bag.fail_on: missing a required argument: 'number'; its arguments are number, bad",
        ),
        (
            {"_target_": "nowhere.Pool"},
            "'nowhere.Pool' cannot be imported: there is no module 'nowhere' on the path",
        ),
        (
            {"_target_": "concurrent.futures.TreadPoolExecutor"},
            "did you mean 'concurrent.futures.ThreadPoolExecutor'?",
        ),
        ({"_target_": "bag.ANSWER"}, "'bag.ANSWER' is an int, which cannot be called"),
        ({**THREAD, "max_workers": 0}, "ValueError: max_workers must be greater than 0"),
        ({**THREAD, "max_workers": "two"}, "concurrent.futures.ThreadPoolExecutor: TypeError: "),
        (
            {"_target_": "bag.ignore", "number": 1},
            (
                "bag.ignore makes a builtins.int, which has no submit and no shutdown; an executor needs "
                "submit(function, *arguments), which returns a future, and shutdown(wait=True)"
            ),
        ),
        ({"_target_": "bag.Loop", "number": 1}, "makes a bag.Loop, which has no submit; an executor needs"),
        (
            process_pool("frok"),
            f"start method 'frok' does not exist here; use one of {START_METHODS[0]},",
        ),
        ({**THREAD, "initargs": {"_target_": "bag.nothing"}}, "'bag' has no 'nothing'"),
        ({**THREAD, "initargs": {"_target_": "bag.give_up"}}, "RuntimeError: this worker does not start"),
    ],
)
def test_the_message_says_why_a_pool_cannot_be_created(pool: dict[str, Any], message: str) -> None:
    key, text = problem(pool)
    assert key == "executor.pool"
    assert message in text


@pytest.mark.slow
def test_a_pool_that_is_not_an_executor_is_terminated() -> None:
    _, text = problem({"_target_": "multiprocessing.pool.ThreadPool", "processes": 1})
    assert text.startswith(
        "multiprocessing.pool.ThreadPool makes a multiprocessing.pool.ThreadPool, which has"
    )
    _, text = problem({"_target_": "pools.Endless"})
    assert text.startswith("pools.Endless makes a pools.Endless, which has no submit and no shutdown; ")
    assert "endless" not in {thread.name for thread in threading.enumerate()}


def test_a_pool_that_takes_no_initializer_is_refused_only_if_the_workload_has_one() -> None:
    pool = {"_target_": "pools.Loop", "number": 2}
    assert checked(pool)["problems"] == []
    assert problem(pool, initializer="bag.not_a_function_of_items") == (
        "executor.pool",
        (
            "pools.Loop takes no initializer, so that of the workload cannot run in its workers; "
            "remove workload.initializer, or use another executor"
        ),
    )


@pytest.mark.parametrize("pool", [SERIAL, THREAD, {"_target_": "pools.OpenLoop", "number": 1}])
def test_a_pool_that_takes_an_initializer_or_anything_at_all_is_accepted(pool: dict[str, Any]) -> None:
    assert checked(pool, initializer="bag.not_a_function_of_items")["problems"] == []


def test_the_interpreter_describes_itself() -> None:
    facts = describe_interpreter()
    assert facts["executable"] == sys.executable
    assert facts["version"] == platform.python_version()
    assert facts["implementation"] == "CPython"
    assert facts["free_threaded"] is False or facts["version"] >= "3.13"
    assert facts["gil_enabled"] is getattr(sys, "_is_gil_enabled", lambda: True)()
    assert facts["usable_cpus"] == len(os.sched_getaffinity(0))
    assert facts["packages"]["pytest"] == pytest.__version__
    assert list(facts["packages"]) == sorted(facts["packages"])


def test_the_interpreter_reports_thread_limits_in_its_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("PYTHON_CPU_COUNT", "2")
    assert describe_interpreter()["thread_counts"] == {"OMP_NUM_THREADS": "3", "PYTHON_CPU_COUNT": "2"}


def test_an_event_loop_takes_functions_of_both_kinds() -> None:
    pool = {"_target_": "runner_probe.adapters.asyncio_loop.AsyncioLoop", "workers": 2}
    settings = [specify(function=function)["workload"] for function in ("bag.square", "bag.squared_later")]
    plain, coroutine = check(*((workload, pool) for workload in settings))
    assert (plain["problems"], plain["is_async"]) == ([], False)
    assert (coroutine["problems"], coroutine["is_async"]) == ([], True)
