"""Hotspots of profiles whose samples a test chooses."""

from typing import Any

import pytest

from runner.analysis.profiles import MOST_HOTSPOTS, by_function, by_line, hotspots


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


def test_the_time_of_a_function_itself_is_summed_over_all_threads() -> None:
    profile = speedscope(
        [([*RUNNING, "work a.py"], 1.0), ([*RUNNING, "work a.py", "help b.py"], 0.5)],
        [(["worker pool.py", "work a.py"], 2.0)],
    )
    assert by_function(profile) == {("work", "a.py"): 3.0, ("help", "b.py"): 0.5}


def test_functions_that_run_before_and_after_the_tasks_are_left_out() -> None:
    profile = speedscope([([*OUTER, "load workload.py"], 5.0), ([*RUNNING, "work a.py"], 1.0)])
    assert by_function(profile) == {("work", "a.py"): 1.0}


def test_a_process_that_does_not_run_python_yet_is_not_a_function() -> None:
    assert by_function(speedscope([(["process "], 5.0), ([], 1.0)])) == {}


def held(**bytes_of: int) -> list[dict[str, str]]:
    return [
        {
            "process_id": "5",
            "file": "a.py",
            "line": str(line),
            "source": source,
            "held_bytes": str(held_bytes),
        }
        for line, (source, held_bytes) in enumerate(bytes_of.items(), 1)
    ]


def test_the_bytes_of_a_line_are_summed_over_all_processes() -> None:
    assert by_line([*held(x=100), *held(x=20)]) == {("x", "a.py:1"): pytest.approx(120)}


def test_hotspots_are_the_few_largest_and_each_has_its_share() -> None:
    largest = hotspots(held(a=10, b=400, c=90, d=200, e=100, f=200), "memory-profile")
    assert [spot.name for spot in largest] == ["b", "d", "f", "e", "c"]
    assert len(largest) == MOST_HOTSPOTS
    assert (largest[0].place, largest[0].amount) == ("a.py:2", 400)
    assert largest[0].share == pytest.approx(0.4)


def test_a_place_below_a_hundredth_is_not_a_hotspot() -> None:
    assert [spot.name for spot in hotspots(held(a=1000, b=5), "memory-profile")] == ["a"]


def test_an_empty_profile_has_no_hotspots() -> None:
    assert hotspots(speedscope([]), "cpu-profile") == ()
    assert hotspots([], "memory-profile") == ()
