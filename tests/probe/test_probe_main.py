"""A whole invocation in this process: its reply, and the functions around the tasks."""

import re
from pathlib import Path
from typing import Any

import pytest

from runner_probe.iteration import RECORD_FIELDS
from tests.probe.probing import MEASURED, SERIAL, THREAD, in_window, named_fields, run, specify, untimed


def noting(path: Path, **workload: Any) -> dict[str, Any]:
    """Make a workload that writes every step to a file."""
    steps = {
        key: {"_target_": "bag.note", "_args_": [key], "path": str(path)}
        for key in ("setup", "initializer", "teardown")
    }
    return {"function": "bag.note_and_square", "arguments": {"path": str(path)}, **steps, **workload}


def notes(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_the_reply_of_a_successful_measurement() -> None:
    reply = run(specify(THREAD))
    assert (reply["status"], reply["error"], reply["traceback"]) == ("ok", "", "")
    assert reply["labels"] == ["1", "2", "3"]
    assert reply["reference"]["values"] == [1, 4, 9]
    assert reply["differing"] == []
    assert reply["calls"] is None
    assert reply["workers"]["start_method"] is None
    assert 1 <= reply["workers"]["distinct_workers"] <= 2
    [iteration] = reply["iterations"]
    assert (iteration["iteration"], iteration["warmup"], iteration["tasks"]) == (0, False, 3)
    assert iteration["started_at"] > 0
    assert min(iteration["start_ns"], iteration["work_ns"], iteration["end_ns"]) >= 0
    assert [len(record) for record in iteration["records"]] == [len(RECORD_FIELDS)] * 3


def test_known_labels_and_a_known_reference_are_not_sent_again() -> None:
    first = run(specify())
    second = run({**specify(), "reference": first["reference"], "with_labels": False})
    assert second["status"] == "ok"
    assert "labels" not in second
    assert "reference" not in second


def test_a_result_that_differs_from_the_reference_is_wrong() -> None:
    reference = run(specify(items=[1, 2, 4]))["reference"]
    reply = run({**specify(), "reference": reference})
    assert reply["status"] == "wrong_result"
    assert reply["error"] == "items[2] = 3 returned 9, but 16 in the reference run"


def test_further_iterations_follow_a_warm_up() -> None:
    reply = run(specify(iterations=3))
    assert [(iteration["iteration"], iteration["warmup"]) for iteration in reply["iterations"]] == [
        (0, False),
        (1, True),
        (2, False),
        (3, False),
    ]


def test_warm_iterations_before_a_failure_are_kept(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    failing = specify(iterations=3, function="bag.square_at_most", arguments={"calls": str(calls), "most": 7})
    reply = run(failing)
    assert (reply["status"], reply["error"].partition(" (bag.py:")[0]) == (
        "failed",
        "items[1] = 2 raised ValueError: called too often",
    )
    assert [(iteration["iteration"], iteration["warmup"]) for iteration in reply["iterations"]] == [
        (0, False),
        (1, True),
    ]


def test_several_bags_are_one_run_and_the_first_is_the_reference() -> None:
    reply = run({**specify(THREAD), "bags": 2})
    [iteration] = reply["iterations"]
    assert iteration["tasks"] == 6
    assert [record["task"] for record in named_fields(iteration["records"])] == list(range(6))
    assert reply["labels"] == ["1", "2", "3"]
    assert reply["reference"]["values"] == [1, 4, 9]


def test_a_task_that_fails_in_a_later_bag_is_named() -> None:
    failing = specify(chunk_size=None, function="bag.fail_on", items=[1, 2], arguments={"bad": 2})
    reply = run({**failing, "bags": 2})
    assert reply["error"].partition(" (bag.py:")[0] == "items[1] = 2 raised ValueError: cannot take 2"


@pytest.mark.slow
def test_the_reply_to_a_window_describes_what_its_workers_ran(tmp_path: Path) -> None:
    reply = run(in_window(specify(), tmp_path))
    assert (reply["status"], reply["error"]) == ("ok", "")
    [iteration] = reply["iterations"]
    assert iteration["tasks"] >= 1
    assert iteration["wall_ns"] == sum(iteration[f"{part}_ns"] for part in ("start", "work", "end"))
    assert iteration["service_ns"] == sorted(iteration["service_ns"])
    assert "reference" not in reply


def test_a_window_of_coroutines_awaits_them(tmp_path: Path) -> None:
    reply = run(in_window(specify(function="bag.squared_later", expect=[1, 4, 9]), tmp_path))
    assert (reply["status"], reply["error"]) == ("ok", "")


@pytest.mark.slow
def test_a_wrong_result_in_a_window_is_detected(tmp_path: Path) -> None:
    reply = run(in_window(specify(expect=[2, 4, 9]), tmp_path))
    assert (reply["status"], reply["error"]) == (
        "wrong_result",
        "items[0] = 1 returned 1, but 2 was expected",
    )


def test_setup_comes_first_and_teardown_last_and_each_once(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    reply = run(specify(iterations=2, **noting(path)))
    assert reply["status"] == "ok"
    pool = ["initializer", "task", "task", "task"]
    assert notes(path) == ["setup", *pool, "initializer", *["task"] * 6, "teardown"]


def test_teardown_runs_after_a_task_has_failed(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    reply = run(specify(**noting(path, function="bag.fail_on", arguments={"bad": 2})))
    assert reply["status"] == "failed"
    assert reply["error"].partition(" (bag.py:")[0] == "items[1] = 2 raised ValueError: cannot take 2"
    assert "in fail_on" in reply["traceback"]
    assert reply["iterations"] == []
    assert notes(path) == ["setup", "initializer", "teardown"]


def test_a_setup_that_fails_is_reported_and_nothing_else_runs(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    reply = run(specify(**noting(path, setup="bag.give_up")))
    assert (reply["status"], reply["error"]) == ("failed", "RuntimeError: this worker does not start")
    assert "in give_up" in reply["traceback"]
    assert notes(path) == []


def test_a_teardown_that_fails_is_reported_after_the_measurement(tmp_path: Path) -> None:
    reply = run(specify(**noting(tmp_path / "notes.txt", teardown="bag.give_up")))
    assert (reply["status"], reply["error"]) == ("failed", "RuntimeError: this worker does not start")
    assert len(reply["iterations"]) == 1


def test_a_teardown_that_fails_after_a_task_has_failed_does_not_hide_it(tmp_path: Path) -> None:
    failing = {"function": "bag.fail_on", "arguments": {"bad": 2}, "teardown": "bag.give_up"}
    reply = run(specify(**noting(tmp_path / "notes.txt", **failing)))
    assert (reply["status"], reply["error"].partition(" (bag.py:")[0]) == (
        "failed",
        "items[1] = 2 raised ValueError: cannot take 2",
    )
    assert "in fail_on" in reply["traceback"]


@pytest.mark.parametrize(
    ("workload", "error"),
    [
        (
            {"function": "bag.zzz"},
            f"WorkloadError: 'bag.zzz' cannot be found: 'bag' ({MEASURED / 'bag.py'}) has no 'zzz'",
        ),
        ({"items": []}, "WorkloadError: there are no items; a workload needs at least one"),
    ],
)
def test_a_workload_that_cannot_be_loaded_opens_no_pool(workload: dict[str, Any], error: str) -> None:
    reply = run(specify({"_target_": "bag.give_up"}, **workload))
    assert (reply["status"], reply["error"]) == ("failed", error)


def test_a_result_that_cannot_be_compared_says_what_to_set() -> None:
    reply = run(specify(function="bag.lock", items=[1]))
    assert reply["status"] == "failed"
    assert reply["error"].startswith("TypeError: a result of type lock cannot be compared: ")
    assert reply["error"].endswith("; set compare: equal or none")


def test_an_exception_without_a_message_is_named_alone() -> None:
    nothing = {"_target_": "builtins.iter", "_args_": [[]]}
    reply = run(specify(setup={"_target_": "builtins.next", "_args_": [nothing]}))
    assert (reply["status"], reply["error"]) == ("failed", "StopIteration")


def test_snippets_have_counts_and_labels_and_no_results() -> None:
    reply = run({**specify(snippets={"one": "1", "two": "2"}), "calls": {"one": 5, "two": 6}})
    assert reply["status"] == "ok"
    assert reply["calls"] == {"one": 5, "two": 6}
    assert reply["labels"] == ["one", "two"]
    assert "reference" not in reply


def test_a_snippet_counts_from_the_start_of_its_loop_to_the_end_without_its_set_up() -> None:
    spec = specify(
        snippets={"one": "_clock()", "two": "_clock()"}, setup="_clock = iter(range(10**9)).__next__"
    )
    reply = run({**spec, "calls": {"one": 5, "two": 6}})
    records = named_fields(reply["iterations"][0]["records"])
    # The snippets have a separate clock, which starts at 0 and advances by 1 at each reading.
    assert [(record["started_ns"], record["ended_ns"], record["busy_ns"]) for record in records] == [
        (0, 6, 6),
        (0, 7, 7),
    ]


def test_the_error_of_a_task_has_the_file_and_line_of_the_code_that_raised() -> None:
    reply = run(specify(function="json.loads", items=["1", "{"]))
    assert reply["error"].endswith("(char 1)"), "no line of the standard library"
    reply = run(specify(function="bag.fail_on", arguments={"bad": 2}))
    assert re.search(r" \(bag\.py:[0-9]+\)$", reply["error"])


def test_a_snippet_that_raises_names_itself() -> None:
    reply = run({**specify(snippets={"one": "1", "two": "1 / 0"}), "calls": {"one": 1, "two": 1}})
    assert (reply["status"], reply["error"]) == (
        "failed",
        "snippet 'two' raised ZeroDivisionError: division by zero",
    )
    assert 'File "<snippet>", line 1' in reply["traceback"]


@pytest.mark.parametrize("pool", [SERIAL, THREAD])
def test_coroutine_functions_run_on_every_executor(pool: dict[str, Any]) -> None:
    reply = run(specify(pool, function="bag.squared_later"))
    assert (reply["status"], reply["reference"]["values"]) == ("ok", [1, 4, 9])


@pytest.mark.parametrize("pool", [SERIAL, THREAD])
def test_native_threads_are_reported_if_requested(pool: dict[str, Any]) -> None:
    reply = run({**specify(pool), "with_native_threads": True})
    assert reply["status"] == "ok"
    assert all(threads >= 1 for threads in reply["workers"]["native_threads"].values())


def test_very_short_tasks_are_traced_in_a_separate_run() -> None:
    reply = run(specify(THREAD, tracing="separate_run", iterations=3))
    headline, warmup, _, warm, separate = reply["iterations"]
    assert (headline["records"], "start_ns" in headline, headline["tracing"]) == ([], False, False)
    assert headline["wall_ns"] > 0
    assert [iteration["warmup"] for iteration in (warmup, warm)] == [True, False]
    assert (separate["iteration"], separate["tracing"], len(separate["records"])) == (4, True, 3)
    assert reply["reference"]["values"] == [1, 4, 9]


@pytest.mark.parametrize("chunk_size", [1, 2, None])
def test_untraced_chunks_of_any_size_return_results_in_order(chunk_size: int | None) -> None:
    reply = run(specify(THREAD, tracing="separate_run", chunk_size=chunk_size))
    assert reply["reference"]["values"] == [1, 4, 9]


def test_a_very_short_task_that_raises_is_named() -> None:
    reply = run(specify(THREAD, tracing="separate_run", function="bag.fail_on", arguments={"bad": 2}))
    assert (reply["status"], reply["iterations"]) == ("failed", [])
    assert reply["error"].startswith("items[1] = 2 raised ")


def test_in_an_untimed_run_the_tasks_run_once_and_nothing_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    reply = run(untimed(specify(**noting(path))))
    assert (reply["status"], reply["iterations"]) == ("ok", [])
    assert "reference" not in reply
    assert notes(path) == ["setup", "initializer", "task", "task", "task", "teardown"]


def test_in_an_untimed_run_coroutines_are_awaited() -> None:
    reply = run(untimed(specify(THREAD, function="bag.squared_later")))
    assert (reply["status"], reply["iterations"]) == ("ok", [])


def test_in_an_untimed_run_a_task_that_raises_is_reported() -> None:
    reply = run(untimed(specify(function="bag.fail_on", arguments={"bad": 2})))
    assert (reply["status"], reply["error"]) == ("failed", "ValueError: cannot take 2")


@pytest.mark.parametrize(("function", "least", "most"), [("hold", 0.9, 1.0), ("let_others_run", 0.0, 0.5)])
@pytest.mark.slow
def test_the_share_of_their_time_in_which_coroutines_hold_their_event_loop(
    function: str, least: float, most: float
) -> None:
    asked = specify(function=f"later.{function}", items=[0.05, 0.05])
    share = run({**asked, "with_held_share": True})["workers"]["held_share"]
    assert least <= share <= most
    assert "held_share" not in run(asked)["workers"]


@pytest.mark.parametrize("function", ["square", "squared_later"])
def test_what_a_pool_of_processes_would_send(function: str) -> None:
    asked = specify(function=f"bag.{function}", items=[7, 11])
    payload = run({**asked, "with_payload": True, "with_held_share": True})["workers"]["payload"]
    assert 0 < payload["function"]["mean_bytes"] < 100
    assert payload["items"]["largest_bytes"] == payload["results"]["largest_bytes"] < 20
    assert "payload" not in run(asked)["workers"]


@pytest.mark.slow
def test_the_reference_run_of_very_many_tasks_traces_them_in_groups() -> None:
    specification = specify(items={"_target_": "builtins.range", "_args_": [20_001]}, chunk_size=None)
    reply = run(specification)
    records = named_fields(reply["iterations"][0]["records"])
    assert len(records) == 6667
    assert sum(record["tasks"] for record in records) == 20_001
    assert {record["cpu_ns"] for record in records} == {None}
    later = run({**specification, "reference": reply["reference"], "with_labels": False, "tracing": "chunk"})
    assert len(later["iterations"][0]["records"]) == 1
