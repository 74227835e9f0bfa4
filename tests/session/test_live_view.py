"""The live view of a measurement, on a terminal and elsewhere."""

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from runner.estimate import Estimate
from runner.measure.study_progress import StudyProgress, UntimedProgress
from runner.plan import Plan
from runner.records import Sample
from runner.session.live_view import LiveView, waiting_time
from tests.factories import cell as make_cell

SERIAL, TWO = make_cell("serial", None), make_cell("process", 2)
PLAN = Plan.of(SERIAL, TWO)
WALLS = {"serial": [2.0], "process2": [1.0]}


def progress(repetition: int, walls: dict[str, list[float]], **changes: Any) -> StudyProgress:
    default = StudyProgress(
        plan=PLAN,
        repetition=repetition,
        repetitions=7,
        done=2 * repetition,
        total=14,
        left_s=30.0,
        wall_s=walls,
        failed={},
        repetition_ended=True,
    )
    return replace(default, **changes)


def many_cells(count: int) -> dict[str, Any]:
    cells = (SERIAL, *(make_cell("thread", workers) for workers in range(1, count)))
    walls = {cell.id: [1.0] for cell in cells}
    return {"plan": Plan.of(*cells), "walls": walls}


def failure(identity: str) -> Sample:
    return Sample(
        cell=identity,
        repetition=1,
        position=0,
        iteration=0,
        warmup=False,
        tasks=2,
        started_at="",
        status="timeout",
        error="too slow",
    )


def shown(*steps: StudyProgress, terminal: bool = False, quiet: bool = False, **size: Any) -> str:
    """Return everything that the live view writes."""
    console = _console(terminal=terminal, **{"width": 100, "height": 30, **size})
    with LiveView(quiet=quiet, console=console) as view:
        for step in steps:
            view(step)
    return _written(console)


def screen(step: StudyProgress, *, width: int, height: int) -> list[str]:
    """Return the lines of the live view on a terminal of this size."""
    console = _console(terminal=True, width=width, height=height)
    with LiveView(quiet=False, console=console) as view:
        before = len(_written(console))
        view(step)
        return [line.rstrip() for line in _written(console)[before:].replace("\r", "").split("\n")]


def _console(*, terminal: bool, **options: Any) -> Console:
    fixed: dict[str, Any] = {"color_system": None, "_environ": {}}
    return Console(file=io.StringIO(), force_terminal=terminal, **{**fixed, **options})


def _written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_plain_line_has_the_repetition_the_invocations_and_the_time_left() -> None:
    text = shown(progress(2, {"serial": [2.0, 2.0], "process2": [1.0, 1.0]}))
    assert text == "repetition 2 of 7: 4 of 14 invocations, about 30 s left\n"


def test_plain_lines_are_printed_only_at_the_end_of_a_repetition() -> None:
    assert shown(progress(2, WALLS, repetition_ended=False, done=14)) == ""


def test_reference_runs_are_announced_before_the_first_because_it_may_hang() -> None:
    first, second = (
        progress(0, {"serial": [], "process2": []}, repetition_ended=False, left_s=None) for _ in range(2)
    )
    announced = "making the reference runs; time_limit_s=SECONDS would end one that hangs\n"
    assert shown(first, second) == announced


def test_a_time_limit_is_not_advised_where_there_is_one() -> None:
    first = progress(0, {"serial": []}, repetition_ended=False, left_s=None, has_time_limit=True)
    assert shown(first) == "making the reference runs\n"


def test_no_time_is_left_when_the_last_reference_run_failed() -> None:
    text = shown(progress(0, {"serial": [], "process2": []}, repetition_ended=False, left_s=0.0))
    assert text == "the reference runs are made\n"


def test_untimed_runs_are_announced_once_and_counted_on_a_terminal() -> None:
    first, second = (
        progress(
            7,
            WALLS,
            untimed=UntimedProgress(purpose="memory", number=number, cells=2),
            left_s=2.0,
            repetition_ended=False,
        )
        for number in (1, 2)
    )
    assert shown(first, second) == "untimed runs (memory): cell 1 of 2, about 2 s left\n"
    assert screen(second, width=100, height=30)[0] == "untimed runs (memory): cell 2 of 2, about 2 s left"


def test_the_counts_of_a_study_that_may_end_early_are_maxima() -> None:
    text = shown(progress(2, {"serial": [2.0], "process2": [1.0]}, at_most=True))
    assert text == "repetition 2 of at most 7: 4 of at most 14 invocations, at most 30 s left\n"


def test_failed_cells_are_counted() -> None:
    step = progress(2, WALLS, failed={"process2": failure("process2")})
    assert shown(step).endswith("left, 1 cell failed\n")


def test_the_first_repetition_is_followed_by_a_provisional_answer() -> None:
    text = shown(progress(1, WALLS))
    assert "provisional, after 1 repetition: process × 2 is fastest, 2.00 times the baseline's speed" in text


def test_the_provisional_answer_has_a_range_only_if_the_repetitions_differ() -> None:
    same = {"serial": [2.0, 2.001], "process2": [1.0, 1.0]}
    other = {"serial": [2.0, 3.0], "process2": [1.0, 1.0]}
    assert "fastest, 2.00 times" in shown(progress(2, same), terminal=True)
    assert "fastest, 2.00 to 3.00 times" in shown(progress(2, other), terminal=True)


def test_the_live_view_has_the_progress_then_the_answer_so_far_then_the_cells() -> None:
    assert screen(progress(1, WALLS), width=100, height=30) == [
        "repetition 1 of 7: 2 of 14 invocations, about 30 s left",
        "━━━━━━━━╸",
        "provisional, after 1 repetition: process × 2 is fastest, 2.00 times the baseline's speed",
        "cell         runs  median",
        "serial          1  2.00 s",
        "process × 2     1  1.00 s",
    ]


def test_speedups_and_their_intervals_are_asked_for_after_every_repetition() -> None:
    asked = []

    def speedups(step: StudyProgress) -> dict[str, Estimate]:
        asked.append(step.repetition)
        return {"process2": Estimate(value=1.9, low=1.85, high=1.951)}

    console = _console(terminal=True, width=100, height=30)
    with LiveView(quiet=False, speedups=speedups, console=console) as view:
        view(progress(1, WALLS, repetition_ended=False))
        assert "speedup" not in _written(console)
        view(progress(1, WALLS))
        view(progress(2, WALLS, repetition_ended=False))
    assert asked == [1]
    table = _written(console).rpartition("cell ")
    assert [line.split() for line in "".join(table[1:]).splitlines()[:3]] == [
        ["cell", "runs", "median", "speedup", "low–high"],
        ["serial", "1", "2.00", "s"],
        ["process", "×", "2", "1", "1.00", "s", "1.90", "1.85–1.95"],
    ]


def test_a_narrow_terminal_has_no_room_for_intervals() -> None:
    console = _console(terminal=True, width=50, height=30)
    known = {"process2": Estimate(value=1.9, low=1.85, high=1.951)}
    with LiveView(quiet=False, speedups=lambda _: known, console=console) as view:
        view(progress(1, WALLS))
    assert "1.90" in _written(console)
    assert "1.85" not in _written(console)


def test_disturbed_runs_are_told_once_in_lines_and_always_on_a_terminal() -> None:
    calm = progress(1, WALLS)
    disturbed = [
        progress(repetition, WALLS, disturbances=["other processes took 0.42 CPUs"] * (repetition - 1))
        for repetition in (2, 3)
    ]
    warning = "warning: 2 of 6 runs disturbed; the last: other processes took 0.42 CPUs"
    lines = shown(calm, *disturbed).splitlines()
    assert [line for line in lines if "warning" in line] == [warning.replace("2 of 6", "1 of 4")]
    assert screen(disturbed[1], width=100, height=30)[2] == warning


@pytest.mark.parametrize(("wall_s", "text"), [(12.345, "12.3 s"), (0.6071, "607 ms"), (0.000_012, "12.0 µs")])
def test_the_live_view_shows_times_as_the_final_table_does(wall_s: float, text: str) -> None:
    lines = screen(progress(1, {"serial": [wall_s], "process2": []}), width=100, height=30)
    assert any(line.endswith(text) for line in lines)


def test_the_live_view_shows_as_many_cells_as_fit() -> None:
    lines = screen(progress(1, **many_cells(20)), width=100, height=10)
    assert lines[0].startswith("repetition 1 of 7")
    assert [" ".join(line.split()) for line in lines[3:]] == [
        "cell runs median",
        "serial 1 1.00 s",
        *(f"thread × {workers} 1 1.00 s" for workers in (1, 2, 3)),
        "… and 16 more",
    ]


@pytest.mark.parametrize("height", range(2, 30))
@pytest.mark.parametrize("width", [40, 60, 200])
def test_the_live_view_starts_with_the_progress_and_fits_any_terminal(width: int, height: int) -> None:
    lines = screen(progress(1, **many_cells(20)), width=width, height=height)
    assert " ".join(lines).startswith("repetition 1 of 7: 2 of 14 invocations")
    assert height <= 5 or len(lines) < height
    assert all(len(line) <= width for line in lines)


def test_all_cells_are_shown_if_they_just_fit() -> None:
    lines = screen(progress(1, **many_cells(6)), width=100, height=11)
    assert lines[-1].startswith("thread × 5")
    assert len(lines) == 10


def test_workloads_are_named_if_there_are_several() -> None:
    other = replace(TWO, id="other", workload="other")
    plan = Plan.of(SERIAL, TWO, other)
    lines = screen(progress(1, {**WALLS, "other": []}, plan=plan), width=100, height=30)
    assert lines[-2].split() == ["work", "process", "×", "2", "1", "1.00", "s"]
    assert lines[-1].split() == ["other", "process", "×", "2", "0"]


def test_the_live_view_shows_how_a_cell_failed() -> None:
    failed = {"process2": failure("process2")}
    lines = screen(progress(1, {"serial": [2.0], "process2": []}, failed=failed), width=100, height=30)
    assert lines[-1].split() == ["process", "×", "2", "0", "timeout"]


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines() -> None:
    console = _console(terminal=True, _environ={"TERM": "dumb"})
    with LiveView(quiet=False, console=console) as view:
        view(progress(2, WALLS))
    assert _written(console) == "repetition 2 of 7: 4 of 14 invocations, about 30 s left\n"


def test_quiet_shows_no_progress() -> None:
    assert shown(progress(1, WALLS), quiet=True) == ""
    assert shown(progress(1, WALLS), quiet=True, terminal=True) == ""


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (89, "89 s"), (100, "2 min"), (9000, "2.5 h")])
def test_times_to_wait_are_rounded_up(seconds: float, text: str) -> None:
    assert waiting_time(seconds) == text
