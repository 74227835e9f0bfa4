"""The dry run: what it prints before anything is measured."""

from dataclasses import replace
from typing import Any

import pytest

from runner.plan import Plan
from runner.records import StudySettings
from runner.session.dry_run import show_plan
from tests.factories import cell

PLAN = Plan.of(cell("serial", None), cell("process", 2))
SETTINGS = StudySettings(repetitions=7, iterations=1, time_limit_s=None, seed=1)


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, "2 cells × 7 repetitions = 14 invocations: about 28 s, 4 s per repetition,"),
        (
            {"precision": 0.1, "max_repetitions": 31},
            "2 cells × 7 to 31 repetitions = 14 to 62 invocations: about 28 s to 3 min, 4 s per repetition,",
        ),
        (
            {"untimed": ("memory",)},
            "2 cells × 7 repetitions = 14 invocations and 2 untimed runs (memory): about 32 s,",
        ),
    ],
)
def test_the_plan_ends_with_the_number_of_invocations_and_their_duration(
    changes: dict[str, Any], counts: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = replace(SETTINGS, **changes)
    show_plan(PLAN, {"serial": 2, "process2": 2}, settings, 4.0, 4.0 * len(settings.untimed))
    shown = " ".join(capsys.readouterr().out.split())
    assert counts in shown
    assert shown.endswith("4 s per repetition, if every cell takes as long as its baseline")


def test_a_single_cell_and_several_kinds_of_untimed_runs_are_counted_in_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = replace(SETTINGS, repetitions=1, untimed=("memory", "cpu-profile"))
    show_plan(Plan.of(cell("serial", None)), {"serial": 2}, settings, 4.0, 8.0)
    shown = capsys.readouterr().out
    counts = "1 cell × 1 repetition = 1 invocation, 1 untimed run (memory) and 1 untimed run (cpu-profile): "
    assert counts in " ".join(shown.split())


def test_no_line_of_the_plan_ends_in_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    show_plan(PLAN, {"serial": 2, "process2": 1234}, SETTINGS, 4.0, 0.0)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [line.rstrip() for line in lines]
