"""Did my change help? Two result folders compared."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner.compare.change import Difference, StudyChange, Verdict
from runner.compare.change_output import (
    overall,
    render_badge,
    render_json,
    render_markdown,
    render_text,
    sentences,
)
from runner.compare.comparing import Margin, compare_revisions, compare_studies
from runner.compare.shift import (
    Confidence,
    Drift,
    _distribution,
    drift_of,
    fewest_times,
    paired_ratio,
    ratio_of_times,
)
from runner.compare.surroundings import differences
from runner.errors import RunnerError
from runner.folder.results import Results
from tests.factories import MakeResults, cell

SERIAL, TWO, FOUR = cell("serial"), cell("process", 2), cell("process", 4)
NOISE = [1.0, 1.003, 0.998, 1.001, 0.999, 1.002, 0.997, 1.0]
MARGIN = Margin(relative=0.05, floor_s=1e-3)

Make = Callable[..., Results]


@pytest.fixture
def make(make_results: MakeResults) -> Make:
    """Make a study of cells whose times are these multiples of the noise, each in an order of its own."""

    def made(serial: float = 2.0, two: float = 1.0, **changes: Any) -> Results:
        times = {SERIAL: [serial * n for n in NOISE], TWO: [two * n for n in reversed(NOISE)]}
        return replace(make_results(times), **changes)

    return made


def compared(before: Results, after: Results, **options: Any) -> StudyChange:
    return compare_studies(before, after, MARGIN, **options)


def verdicts(change: StudyChange) -> dict[str, Verdict]:
    return {cell.name: cell.verdict for cell in change.cells}


# --- one cell -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [
        (1.0, Verdict.SAME),
        (1.02, Verdict.SAME),
        (1.1, Verdict.SLOWER),
        (0.9, Verdict.FASTER),
    ],
)
def test_a_cell_gets_one_of_four_words(make: Make, factor: float, verdict: Verdict) -> None:
    change = compared(make(), make(two=factor))
    assert verdicts(change) == {"serial": Verdict.SAME, "process × 2": verdict}
    assert change.cells[1].ratio is not None
    assert change.cells[1].ratio.value == pytest.approx(factor)


def test_noisy_times_cannot_tell_and_say_how_many_repetitions_would(make_results: MakeResults) -> None:
    noisy = np.array([0.9, 1.1, 0.94, 1.06, 1.0, 1.03, 0.97, 1.01])
    others = {cell("thread", workers): NOISE for workers in range(1, 9)}  # the machine is steady
    before, after = (
        make_results({SERIAL: NOISE, TWO: list(factor * noisy), **others}) for factor in (1.0, 1.08)
    )
    change = compared(before, after)
    assert change.cells[1].verdict is Verdict.CANNOT_TELL
    assert (change.cells[1].needed_repetitions or 0) > len(noisy)


def test_on_an_unsteady_machine_no_number_of_repetitions_tells(make_results: MakeResults) -> None:
    unsteady = [0.7, 1.3, 0.9, 1.1, 1.0, 1.2, 0.8, 1.05]
    times = [{each: [factor * n for n in unsteady] for each in (SERIAL, TWO)} for factor in (1.0, 1.05)]
    change = compared(*map(make_results, times))
    assert [each.needed_repetitions for each in change.cells] == [None, None]
    assert any("the machine's speed varies too much" in sentence for sentence in sentences(change))


def test_two_repetitions_cannot_tell(make_results: MakeResults) -> None:
    change = compared(make_results({SERIAL: NOISE[:2]}), make_results({SERIAL: NOISE[:2]}))
    (serial,) = change.cells
    assert (serial.ratio, serial.verdict) == (None, Verdict.CANNOT_TELL)
    assert serial.needed_repetitions == fewest_times(Confidence(family=0.95, cells=1))
    assert change.smallest_shown is None
    assert sentences(change)[-1] == "There are too few repetitions to show any slowdown."


def test_the_margin_of_a_short_cell_is_the_floor() -> None:
    assert MARGIN.of(1.0) == 0.05
    assert MARGIN.of(0.002) == 0.5


# --- the statistic ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), [(2, 3), (4, 4), (3, 5)])
def test_the_distribution_is_that_of_counting_all_orders(before: int, after: int) -> None:
    ranks = range(before + after)
    counts = [0] * (before * after + 1)
    for chosen in combinations(ranks, before):
        others = [rank for rank in ranks if rank not in chosen]
        counts[sum(rank > other for rank in chosen for other in others)] += 1
    expected = np.cumsum(counts) / sum(counts)
    assert _distribution(before, after) == pytest.approx(expected)


@pytest.mark.parametrize("cells", [1, 8])
def test_the_interval_contains_the_ratio_as_often_as_it_says(cells: int) -> None:
    generator = np.random.default_rng(1)
    confidence = Confidence(family=0.95, cells=cells)
    missed = 0
    for _ in range(2000):
        before, after = np.exp(0.05 * generator.standard_normal((2, 7)))
        estimate = ratio_of_times(before, after, confidence, Drift(deviation=0.0, freedom=12))
        assert estimate is not None
        missed += not estimate.low <= 1 <= estimate.high
    assert missed / 2000 <= 0.025 / cells * 1.6  # the scatter's half of the false alarms


def test_a_paired_ratio_ignores_what_the_machine_did_to_both() -> None:
    speed = {repetition: 1.0 + 0.5 * (repetition % 3) for repetition in range(7)}
    after = {repetition: 1.1 * speed_s * NOISE[repetition] for repetition, speed_s in speed.items()}
    ratio = paired_ratio(speed, after, Confidence(family=0.95, cells=5))
    assert ratio is not None
    assert 1.09 < ratio.low < ratio.value < ratio.high < 1.11
    assert paired_ratio({1: 1.0}, {1: 1.0}, Confidence(family=0.95, cells=1)) is None


@pytest.mark.parametrize("cells", [1, 8])
def test_a_paired_interval_contains_the_ratio_as_often_as_it_says(cells: int) -> None:
    generator = np.random.default_rng(2)
    confidence, missed = Confidence(family=0.95, cells=cells), 0
    for _ in range(2000):
        before, after = (dict(enumerate(np.exp(0.05 * generator.standard_normal(7)))) for _ in range(2))
        ratio = paired_ratio(before, after, confidence)
        assert ratio is not None
        missed += not ratio.low <= 1 <= ratio.high
    assert 0.2 < missed / 2000 / (0.05 / cells) < 1.5


def test_one_revision_cannot_be_compared(make: Make) -> None:
    with pytest.raises(RunnerError, match="it measured a single revision; name two result folders"):
        compare_revisions(make(), MARGIN)


def test_drift_widens_the_interval() -> None:
    times = np.array(NOISE)
    confidence = Confidence(family=0.95, cells=1)
    drifts = [Drift(deviation=deviation, freedom=12) for deviation in (0.0, 0.1)]
    quiet, moved = (ratio_of_times(times, times, confidence, drift) for drift in drifts)
    assert quiet is not None
    assert moved is not None
    assert moved.high > 1.2 > quiet.high
    assert moved.low < 1 / 1.2 < quiet.low


def test_drift_is_what_all_cells_of_a_repetition_have_in_common() -> None:
    own = {"a": {1: 1.0, 2: 1.1}, "b": {1: 1.1, 2: 1.0}}
    common = {"a": {1: 1.0, 2: 1.1}, "b": {1: 2.0, 2: 2.2}}
    assert drift_of(own).deviation == pytest.approx(0.0)
    assert drift_of(common).deviation == pytest.approx(1.4 * np.log(1.1) / np.sqrt(2))
    assert drift_of(own, common).freedom == 2


# --- what is compared ---------------------------------------------------------------------------------


def test_cells_of_one_study_only_are_named(make_results: MakeResults) -> None:
    before = make_results({SERIAL: NOISE, TWO: NOISE})
    after = make_results({SERIAL: NOISE, FOUR: NOISE})
    change = compared(before, after)
    assert (change.only_before, change.only_after) == (["process × 2"], ["process × 4"])
    assert "Measured only before: process × 2." in sentences(change)


def test_a_cell_that_failed_is_not_compared(make_results: MakeResults) -> None:
    after: dict[Any, Sequence[Any]] = {SERIAL: NOISE, TWO: ["crashed"]}
    change = compared(make_results({SERIAL: NOISE, TWO: NOISE}), make_results(after))
    assert [each.name for each in change.cells] == ["serial"]
    assert change.only_before == ["process × 2"]


def with_runner(results: Results, version: str) -> Results:
    start: Any = {**results.environment.get("start", {}), "runner": {"runner_version": version}}
    return replace(results, environment={**results.environment, "start": start})


def test_another_version_is_refused_unless_anyway(make: Make) -> None:
    before, after = make(), with_runner(make(), "2.0")
    with pytest.raises(RunnerError, match=r"different versions of the runner \(None and 2.0\); use --anyway"):
        compared(before, after)
    assert compared(before, after, anyway=True).cells


def test_other_items_are_refused(make_results: MakeResults) -> None:
    other = replace(
        SERIAL, settings={**SERIAL.settings, "workload": {**SERIAL.settings["workload"], "items": [9]}}
    )
    with pytest.raises(RunnerError, match="the items of workload 'work' differ"):
        compared(make_results({SERIAL: NOISE}), make_results({other: NOISE}))


def test_another_mode_is_refused(make_results: MakeResults) -> None:
    with pytest.raises(RunnerError, match="mode is tasks in one and weak in the other"):
        compared(make_results({SERIAL: NOISE}), make_results({SERIAL: NOISE}, mode="weak"))


def test_studies_without_a_common_cell_are_refused(make_results: MakeResults) -> None:
    with pytest.raises(RunnerError, match="have no cell in common"):
        compared(make_results({SERIAL: NOISE}), make_results({replace(TWO, baseline=TWO.id): NOISE}))


# --- the answer ---------------------------------------------------------------------------------------


def test_a_moved_recommendation_is_told(make: Make) -> None:
    change = compared(make(two=1.0), make(two=3.0))
    moved = "The recommendation moved from process × 2 (helps) to serial (does not help)."
    assert moved in sentences(change)


def test_all_cells_that_change_alike_may_be_the_machine(make: Make) -> None:
    change = compared(make(), make(serial=2.4, two=1.2))
    assert change.common == pytest.approx(1.2)
    assert any("All cells changed alike (ratio 1.20)" in sentence for sentence in sentences(change))


def test_the_last_sentence_says_what_could_have_been_seen(make: Make) -> None:
    change = compared(make(), make())
    assert (
        sentences(change)[-1] == "This comparison would have shown a slowdown of 0.40% or more in any cell."
    )


# --- what differs -------------------------------------------------------------------------------------

START: dict[str, Any] = {
    "taken_at": "2026-01-01",
    "machine": {"host_name": "a", "architecture": "x86_64"},
    "cpu": {
        "cpu_model": "x",
        "usable_cpus": 2,
        "affinity": [0, 1],
        "frequencies_mhz": [1.0],
        "governor": None,
    },
    "memory": {"memory_total_bytes": 8, "memory_available_bytes": 4},
    "os": {"release": "6.1", "distribution": "Debian"},
    "process": {"process_id": 1, "environment": {"OMP_NUM_THREADS": None}},
    "runner": {"python_version": "3.11", "packages": {"numpy": "1.26"}},
    "git": {"revision": "abc", "dirty": False},
    "load": {"load_average": [1.0]},
}
INTERPRETER: dict[str, Any] = {
    "python": "python3",
    "version": "3.11.7",
    "gil_enabled": True,
    "cells": ["a"],
    "packages": {"requests": "2.31", "numpy": "1.26"},
}
CONFIGURATION: dict[str, Any] = {
    "workload": {"name": "w", "items": [1, 2], "arguments": {"width": 1}},
    "executor": {"pool": {"max_workers": 2}, "start_method": "fork"},
    "env": {},
    "prefix": [],
    "repetitions": 7,
    "chunk_size": 1,
    "seed": 1,
    "name": "a",
}
#: Twenty changes, each with the key that must be listed.
PLANTED: list[tuple[str, Sequence[str], Any]] = [
    ("machine.host_name", ("start", "machine", "host_name"), "b"),
    ("machine.architecture", ("start", "machine", "architecture"), "arm64"),
    ("cpu.cpu_model", ("start", "cpu", "cpu_model"), "y"),
    ("cpu.usable_cpus", ("start", "cpu", "usable_cpus"), 4),
    ("cpu.affinity", ("start", "cpu", "affinity"), [0]),
    ("cpu.governor", ("start", "cpu", "governor"), "powersave"),
    ("memory.memory_total_bytes", ("start", "memory", "memory_total_bytes"), 16),
    ("os.release", ("start", "os", "release"), "6.2"),
    ("os.distribution", ("start", "os", "distribution"), "Ubuntu"),
    ("process.environment.OMP_NUM_THREADS", ("start", "process", "environment", "OMP_NUM_THREADS"), "1"),
    ("runner.python_version", ("start", "runner", "python_version"), "3.12"),
    ("runner.packages.numpy", ("start", "runner", "packages", "numpy"), "2.0"),
    ("git.revision", ("start", "git", "revision"), "def"),
    ("git.dirty", ("start", "git", "dirty"), True),
    ("interpreter.version", ("interpreter", "version"), "3.13.0"),
    ("interpreter.gil_enabled", ("interpreter", "gil_enabled"), False),
    ("interpreter.packages.requests", ("interpreter", "packages", "requests"), None),
    ("interpreter.packages.pandas", ("interpreter", "packages", "pandas"), "2.2"),
    ("configuration.executor.start_method", ("configuration", "executor", "start_method"), "spawn"),
    ("configuration.chunk_size", ("configuration", "chunk_size"), 10),
]
PASSING: list[tuple[str, Sequence[str], Any]] = [
    ("", ("start", "taken_at"), "2026-01-02"),
    ("", ("start", "process", "process_id"), 2),
    ("", ("start", "load", "load_average"), [2.0]),
    ("", ("start", "memory", "memory_available_bytes"), 1),
    ("", ("start", "cpu", "frequencies_mhz"), [2.0]),
    ("", ("interpreter", "cells"), ["b"]),
    ("", ("configuration", "seed"), 2),
    ("", ("configuration", "name"), "b"),
]


def surrounded(results: Results, *changes: tuple[str, Sequence[str], Any]) -> Results:
    """Give a study the environment and configuration above, with some facts changed."""
    facts = json.loads(
        json.dumps({"start": START, "interpreter": INTERPRETER, "configuration": CONFIGURATION})
    )
    for _, (*path, last), value in changes:
        place = facts
        for part in path:
            place = place[part]
        if value is None:
            del place[last]
        else:
            place[last] = value
    environment: Any = {"start": facts["start"], "interpreters": [facts["interpreter"]]}
    study = replace(results.study, configuration=facts["configuration"])
    return replace(results, environment=environment, study=study)


def test_equal_surroundings_differ_in_nothing(make: Make) -> None:
    assert differences(surrounded(make()), surrounded(make())) == []


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted[0])
def test_a_planted_difference_is_listed(make: Make, planted: tuple[str, Sequence[str], Any]) -> None:
    (found,) = differences(surrounded(make()), surrounded(make(), planted))
    assert found.key == planted[0]
    assert found.before != found.after


def test_all_planted_differences_are_listed_at_once(make: Make) -> None:
    found = differences(surrounded(make()), surrounded(make(), *PLANTED))
    assert {difference.key for difference in found} == {key for key, _, _ in PLANTED}


def test_what_differs_between_any_two_studies_is_not_listed(make: Make) -> None:
    assert differences(surrounded(make()), surrounded(make(), *PASSING)) == []


# --- outputs ------------------------------------------------------------------------------------------


def test_what_differs_comes_first_then_the_table_then_what_it_means(make: Make) -> None:
    change = replace(
        compared(make(), make(two=1.2)),
        differences=[Difference(key="cpu.cpu_model", before="x", after="y")],
    )
    text = render_text(change)
    assert "\nWhat differs:\n  cpu.cpu_model: x → y\n" in text
    row = next(line for line in text.splitlines() if line.startswith("process × 2"))
    assert row.split()[3:6] == ["1.00", "s", "1.20"]
    assert row.endswith("slower")
    assert text.rstrip().endswith("or more in any cell.")


@pytest.mark.parametrize("render", [render_text, render_markdown, render_json])
def test_every_output_has_every_sentence(make: Make, render: Callable[[StudyChange], str]) -> None:
    change = compared(make(), make(two=3.0))
    plain = " ".join(render(change).replace("\\", "").split())
    for sentence in sentences(change):
        assert " ".join(sentence.split()) in plain


@pytest.mark.parametrize(
    ("two", "verdict", "word"),
    [(1.2, Verdict.SLOWER, "slower"), (0.8, Verdict.FASTER, "faster"), (1.0, Verdict.SAME, "same")],
)
def test_the_badge_has_the_overall_verdict(make: Make, two: float, verdict: Verdict, word: str) -> None:
    change = compared(make(), make(two=two))
    assert overall(change) is verdict
    assert f'aria-label="performance: {word}"' in render_badge(change)


# --- the command line ---------------------------------------------------------------------------------


def compare(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runner.compare", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(("two", "code"), [(1.0, 0), (1.3, 1), (0.7, 0)])
def test_the_exit_code_says_whether_something_is_slower(make: Make, two: float, code: int) -> None:
    completed = compare(make().folder, make(two=two).folder)
    assert completed.stderr == ""
    assert completed.returncode == code


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "code"), [((), 3), (("--undecided", "pass"), 0), (("--undecided", "fail"), 1)]
)
def test_what_cannot_be_told_has_an_exit_code_of_its_own(
    make_results: MakeResults, options: Sequence[str], code: int
) -> None:
    few = make_results({SERIAL: NOISE[:2]}).folder
    assert compare(few, few, *options).returncode == code


@pytest.mark.slow
def test_several_studies_are_compared_with_the_first_and_a_badge_is_written(
    make: Make, tmp_path: Path
) -> None:
    badge = tmp_path / "badge.svg"
    completed = compare(
        make().folder, make().folder, make(two=1.3).folder, "--badge", badge, "--format", "markdown"
    )
    assert completed.returncode == 1
    assert completed.stdout.count("### ") == 2
    assert "slower" in badge.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere", "nowhere"), "error: nowhere: there is no such folder"),
        (("a", "b", "--margin", "200%"), "'200%' is not between 0% and 100%; use --margin 5%"),
        (("a", "b", "--floor", "1"), "'1' is not a duration; use --floor 1ms"),
    ],
)
def test_wrong_use_is_told_on_one_line(arguments: Sequence[str], message: str) -> None:
    completed = compare(*arguments)
    assert completed.returncode == 2
    assert message in completed.stderr
