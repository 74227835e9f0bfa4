"""What a user sees while a study runs, and before it does."""

import io
import sys
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from runner.measure.study_progress import StudyProgress, UntimedProgress
from runner.plan import Plan
from runner.records import Sample, StudySettings
from runner.report.progress import ERASE_LINE, Progress, duration, finishing, show_plan
from tests.made import cell

SERIAL, TWO = cell("serial", None), cell("process", 2)
PLAN = Plan.of(SERIAL, TWO)
WALLS = {"serial": [2.0], "process2": [1.0]}
SETTINGS = StudySettings(repetitions=7, iterations=1, time_limit_s=None, seed=1)


def standing(repetition: int, walls: dict[str, list[float]], **changes: Any) -> StudyProgress:
    given = StudyProgress(
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
    return replace(given, **changes)


def many_cells(count: int) -> dict[str, Any]:
    cells = (SERIAL, *(cell("thread", workers) for workers in range(1, count)))
    walls = {one.id: [1.0] for one in cells}
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


def told(*progresses: StudyProgress, terminal: bool = False, quiet: bool = False, **console: Any) -> str:
    out = io.StringIO()
    size = {"width": 100, "height": 30, **console}
    shown = Console(file=out, force_terminal=terminal, color_system=None, _environ={}, **size)
    with Progress(quiet=quiet, console=shown) as progress:
        for one in progresses:
            progress(one)
    return out.getvalue()


def screen(one: StudyProgress, *, width: int, height: int) -> list[str]:
    """Show the lines of the live view on a terminal of this size, without what moves the cursor."""
    out = io.StringIO()
    shown = Console(file=out, force_terminal=True, color_system=None, _environ={}, width=width, height=height)
    with Progress(quiet=False, console=shown) as progress:
        before = out.tell()
        progress(one)
        return [line.rstrip() for line in out.getvalue()[before:].replace("\r", "").split("\n")]


def test_plain_lines_tell_repetition_invocations_and_time_left() -> None:
    text = told(standing(2, {"serial": [2.0, 2.0], "process2": [1.0, 1.0]}))
    assert text == "repetition 2 of 7: 4 of 14 invocations, about 30 s left\n"


def test_plain_lines_come_at_the_end_of_repetitions_only() -> None:
    assert told(standing(2, WALLS, repetition_ended=False, done=14)) == ""


def test_references_are_announced_before_the_first_since_one_may_hang() -> None:
    first, second = (
        standing(0, {"serial": [], "process2": []}, repetition_ended=False, left_s=None) for _ in range(2)
    )
    announced = "reference runs first (time_limit_s=SECONDS ends one that hangs)\n"
    assert told(first, second) == announced


def test_what_is_run_without_a_clock_is_announced_once_and_then_counted_on_a_terminal() -> None:
    first, second = (
        standing(
            7,
            WALLS,
            untimed=UntimedProgress(purpose="memory", number=number, cells=2),
            left_s=2.0,
            repetition_ended=False,
        )
        for number in (1, 2)
    )
    assert told(first, second) == "memory, without a clock: cell 1 of 2, about 2 s left\n"
    assert screen(second, width=100, height=30)[0] == "memory, without a clock: cell 2 of 2, about 2 s left"


def test_a_study_that_may_end_early_tells_limits() -> None:
    text = told(standing(2, {"serial": [2.0], "process2": [1.0]}, at_most=True))
    assert text == "repetition 2 of at most 7: 4 of at most 14 invocations, at most 30 s left\n"


def test_cells_that_failed_are_counted() -> None:
    one = standing(2, WALLS, failed={"process2": failure("process2")})
    assert told(one).endswith("left, 1 cell failed\n")


def test_a_provisional_answer_follows_the_first_repetition() -> None:
    text = told(standing(1, WALLS))
    assert "provisional, after 1 repetition: process × 2 is fastest, 2.00 times the baseline's speed" in text


def test_the_provisional_answer_has_a_range_only_where_the_repetitions_differ() -> None:
    same = {"serial": [2.0, 2.001], "process2": [1.0, 1.0]}
    other = {"serial": [2.0, 3.0], "process2": [1.0, 1.0]}
    assert "fastest, 2.00 times" in told(standing(2, same), terminal=True)
    assert "fastest, 2.00 to 3.00 times" in told(standing(2, other), terminal=True)


def test_the_live_view_tells_progress_then_the_answer_so_far_then_the_cells() -> None:
    assert screen(standing(1, WALLS), width=100, height=30) == [
        "repetition 1 of 7: 2 of 14 invocations, about 30 s left",
        "provisional, after 1 repetition: process × 2 is fastest, 2.00 times the baseline's speed",
        "cell         runs  median",
        "serial          1  2.00 s",
        "process × 2     1  1.00 s",
    ]


@pytest.mark.parametrize(("wall_s", "text"), [(12.345, "12.3 s"), (0.6071, "607 ms"), (0.000_012, "12.0 µs")])
def test_the_live_view_shows_times_as_the_final_table_does(wall_s: float, text: str) -> None:
    lines = screen(standing(1, {"serial": [wall_s], "process2": []}), width=100, height=30)
    assert any(line.endswith(text) for line in lines)


def test_the_live_view_shows_as_many_cells_as_there_is_room_for() -> None:
    lines = screen(standing(1, **many_cells(20)), width=100, height=10)
    assert lines[0].startswith("repetition 1 of 7")
    assert [" ".join(line.split()) for line in lines[2:]] == [
        "cell runs median",
        "serial 1 1.00 s",
        *(f"thread × {workers} 1 1.00 s" for workers in (1, 2, 3, 4)),
        "… and 15 more",
    ]


@pytest.mark.parametrize("height", range(2, 30))
@pytest.mark.parametrize("width", [40, 60, 200])
def test_the_live_view_begins_with_the_progress_and_fits_any_terminal(width: int, height: int) -> None:
    lines = screen(standing(1, **many_cells(20)), width=width, height=height)
    assert " ".join(lines).startswith("repetition 1 of 7: 2 of 14 invocations")
    assert height <= 4 or len(lines) < height
    assert all(len(line) <= width for line in lines)


def test_every_cell_is_shown_where_all_just_fit() -> None:
    lines = screen(standing(1, **many_cells(6)), width=100, height=10)
    assert lines[-1].startswith("thread × 5")
    assert len(lines) == 9


def test_workloads_are_named_where_there_are_several() -> None:
    other = replace(TWO, id="other", workload="other")
    plan = Plan.of(SERIAL, TWO, other)
    lines = screen(standing(1, {**WALLS, "other": []}, plan=plan), width=100, height=30)
    assert lines[-2].split() == ["work", "process", "×", "2", "1", "1.00", "s"]
    assert lines[-1].split() == ["other", "process", "×", "2", "0"]


def test_the_live_view_names_what_failed() -> None:
    failed = {"process2": failure("process2")}
    lines = screen(standing(1, {"serial": [2.0], "process2": []}, failed=failed), width=100, height=30)
    assert lines[-1].split() == ["process", "×", "2", "0", "timeout"]


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system=None, _environ={"TERM": "dumb"})
    with Progress(quiet=False, console=console) as progress:
        progress(standing(2, WALLS))
    assert out.getvalue() == "repetition 2 of 7: 4 of 14 invocations, about 30 s left\n"


def test_quiet_shows_no_progress() -> None:
    assert told(standing(1, WALLS), quiet=True) == ""
    assert told(standing(1, WALLS), quiet=True, terminal=True) == ""


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (89, "89 s"), (100, "2 min"), (9000, "2.5 h")])
def test_times_to_wait_are_round(seconds: float, text: str) -> None:
    assert duration(seconds) == text


class Terminal(io.StringIO):
    """Standard output and standard error on one terminal."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_wait_for_the_report_is_announced_until_it_is_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    with finishing(quiet=False):
        assert terminal.getvalue() == "finishing: tables and plots …"
        sys.stdout.write("the result\n")
        sys.stdout.write("its table\n")
    assert terminal.getvalue() == f"finishing: tables and plots …{ERASE_LINE}the result\nits table\n"


def test_the_announcement_goes_where_no_report_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(OSError, match="disk"), finishing(quiet=False):
        raise OSError("no disk")
    assert terminal.getvalue().endswith(ERASE_LINE)


def test_elsewhere_the_announcement_is_a_line_and_with_quiet_there_is_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with finishing(quiet=False):
        pass
    assert capsys.readouterr().err == "finishing: tables and plots …\n"
    with finishing(quiet=True):
        pass
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, "2 cells × 7 repetitions = 14 invocations: about 28 s, 4 s a repetition,"),
        (
            {"precision": 0.1, "max_repetitions": 31},
            "2 cells × 7 to 31 repetitions = 14 to 62 invocations: about 28 s to 3 min, 4 s a repetition,",
        ),
        (
            {"untimed": ("memory",)},
            "2 cells × 7 repetitions = 14 invocations, 2 more for memory: about 32 s, 4 s a repetition,",
        ),
    ],
)
def test_the_plan_tells_how_many_invocations_and_how_long(
    changes: dict[str, Any], counts: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = replace(SETTINGS, **changes)
    show_plan(PLAN, {"serial": 2, "process2": 2}, settings, 4.0, 4.0 * len(settings.untimed))
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.endswith(f"{counts} if every cell takes as long as its baseline")
