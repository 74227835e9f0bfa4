"""Profiles whose samples are known."""

from typing import Any

import pytest

from runner.analysis.profiles import by_function, by_line


def speedscope(*threads: list[tuple[list[str], float]]) -> dict[str, Any]:
    """Make a profile; a frame is `function file`, and a stack begins with the outermost."""
    known: list[str] = list(
        dict.fromkeys(frame for thread in threads for stack, _ in thread for frame in stack)
    )
    frames = [dict(zip(("name", "file"), frame.split(" "), strict=True)) for frame in known]
    return {
        "shared": {"frames": frames},
        "profiles": [
            {
                "samples": [[known.index(frame) for frame in stack] for stack, _ in thread],
                "weights": [weight for _, weight in thread],
            }
            for thread in threads
        ],
    }


OUTER = ["<module> probe/__main__.py", "main runner_probe/probe_main.py"]
RUNNING = [*OUTER, "run_bare runner_probe/iteration.py"]


def test_a_function_has_the_time_in_which_it_itself_ran_over_all_threads() -> None:
    profile = speedscope(
        [([*RUNNING, "work a.py"], 1.0), ([*RUNNING, "work a.py", "help b.py"], 0.5)],
        [(["worker pool.py", "work a.py"], 2.0)],
    )
    assert by_function(profile) == {("work", "a.py"): 3.0, ("help", "b.py"): 0.5}


def test_what_runs_before_and_after_the_tasks_is_left_out() -> None:
    profile = speedscope([([*OUTER, "load workload.py"], 5.0), ([*RUNNING, "work a.py"], 1.0)])
    assert by_function(profile) == {("work", "a.py"): 1.0}


def test_a_process_that_runs_no_python_yet_is_no_function() -> None:
    assert by_function(speedscope([(["process "], 5.0), ([], 1.0)])) == {}


def test_a_line_has_what_it_holds_in_all_processes() -> None:
    rows = [
        {"process_id": process, "file": "a.py", "line": "3", "source": "x = y", "held_bytes": held}
        for process, held in (("5", "100"), ("6", "20"))
    ]
    assert by_line(rows) == {("x = y", "a.py:3"): pytest.approx(120)}
