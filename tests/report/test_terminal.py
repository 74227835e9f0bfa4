"""What a user reads at the end of a study, and while it runs."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from runner.analysis.tables import tabulate
from runner.analysis.verdict import judge
from runner.plan import Plan
from runner.records import Sample
from runner.report import terminal
from runner.report.progress import Progress, duration
from runner.report.write import report
from runner.store import Results
from runner.study import Progress as Standing
from tests.made import MakeResults, cell

SERIAL, TWO, FOUR = cell("serial", None), cell("process", 2), cell("process", 4)
NOISE = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01]


def shown(results: Results) -> str:
    out = io.StringIO()
    tables = tabulate(results)
    terminal.show(results, tables, judge(results, tables), Console(file=out, width=200))
    return out.getvalue()


def test_every_line_fits_eighty_columns_but_for_code(make_results: MakeResults) -> None:
    walls = {SERIAL: [2 * n for n in NOISE], TWO: NOISE, FOUR: [n * 1.1 for n in NOISE]}
    table = shown(make_results(walls)).partition("from concurrent")[0]
    assert max(map(len, table.splitlines())) <= 80


def test_a_row_tells_time_speedup_interval_bound_efficiency_and_cpu_seconds(
    make_results: MakeResults,
) -> None:
    text = shown(make_results({SERIAL: [2.0] * 7, TWO: [1.0] * 7}))
    (row,) = [line for line in text.splitlines() if line.split()[:2] == ["process", "2"]]
    assert row.split() == ["process", "2", "1.00", "s", "2.00", "2.00–2.00", "2.00", "100%", "1.00", "s"]


def test_the_code_is_never_cut(make_results: MakeResults) -> None:
    text = shown(make_results({SERIAL: [2 * n for n in NOISE], TWO: NOISE}))
    assert "with ProcessPoolExecutor(max_workers=2, mp_context=context) as pool:\n" in text
    assert "    results = list(pool.map(work, items))\n" in text


def test_a_failed_cell_stands_in_the_table_and_in_a_warning(make_results: MakeResults) -> None:
    text = shown(make_results({SERIAL: NOISE, TWO: ["timeout"]}))
    assert "warning: process × 2 makes no claim: timeout: it went wrong" in text


def test_at_most_three_warnings_are_shown_and_the_rest_counted(make_results: MakeResults) -> None:
    failing = {cell("process", workers): ["failed"] for workers in (2, 4, 8, 16, 32)}
    text = shown(make_results({SERIAL: NOISE, **failing}))
    assert text.count("makes no claim") == 3
    assert "2 more warnings are in the notes of summary.csv" in text


def test_few_repetitions_are_called_a_range(make_results: MakeResults) -> None:
    text = shown(make_results({SERIAL: [2.0, 2.1], TWO: [1.0, 1.1]}))
    assert "range of fewer than 6" in " ".join(text.split())
    assert "bounds are ranges, not 95% intervals" in text


def test_a_swept_setting_has_a_column(make_results: MakeResults) -> None:
    few = replace(TWO, id="few", swept={"workload.items.count": "10"})
    many = replace(TWO, id="many", swept={"workload.items.count": "100"})
    base = replace(SERIAL, swept={"workload.items.count": None})
    text = shown(make_results({base: NOISE, few: NOISE, many: NOISE}, ["workload.items.count"]))
    assert "count" in text
    assert any(line.split()[:3] == ["process", "100", "2"] for line in text.splitlines())


@pytest.mark.slow
def test_a_report_is_made_from_the_folder_alone(
    make_results: MakeResults, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_results({SERIAL: [2 * n for n in NOISE], TWO: NOISE}).folder
    elsewhere = folder.rename(tmp_path / "moved")
    assert report(elsewhere)
    first = {
        name: (elsewhere / name).read_bytes() for name in ("summary.csv", "tasks.csv", "plots/speedup.svg")
    }
    assert "process × 2 is fastest" in capsys.readouterr().out
    assert report(elsewhere)
    assert {name: (elsewhere / name).read_bytes() for name in first} == first


@pytest.mark.slow
def test_a_report_on_a_failed_cell_says_so_by_its_result(
    make_results: MakeResults, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not report(make_results({SERIAL: NOISE, TWO: ["crashed"]}).folder)
    assert "crashed" in capsys.readouterr().out


PLAN = Plan(cells=(SERIAL, TWO), swept=(), origins={}, extras={})


def standing(repetition: int, walls: dict[str, list[float]], **changes: object) -> Standing:
    given = Standing(
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
    return replace(given, **changes)  # type: ignore[arg-type]


def told(*progresses: Standing, terminal: bool = False, quiet: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=terminal, color_system=None)
    with Progress(quiet=quiet, console=console) as progress:
        for one in progresses:
            progress(one)
    return out.getvalue()


def test_plain_lines_tell_repetition_invocations_and_time_left() -> None:
    text = told(standing(2, {"serial": [2.0, 2.0], "process2": [1.0, 1.0]}))
    assert text == "repetition 2 of 7: 4 of 14 invocations, about 30 s left\n"


def test_a_provisional_answer_follows_the_first_repetition() -> None:
    text = told(standing(1, {"serial": [2.0], "process2": [1.0]}))
    assert "provisional, after 1 repetition: process × 2 is fastest, 2.00 times the baseline's speed" in text


def test_the_live_view_shows_every_cell_with_its_median() -> None:
    text = told(standing(1, {"serial": [2.0], "process2": [1.0]}), terminal=True)
    assert "process × 2" in text
    assert "1.000 s" in text


def test_the_live_view_names_what_failed() -> None:
    failed = Sample(
        cell="process2",
        repetition=1,
        position=0,
        iteration=0,
        warmup=False,
        tasks=2,
        started_at="",
        status="timeout",
        error="too slow",
    )
    walls: dict[str, list[float]] = {"serial": [2.0], "process2": []}
    assert "timeout" in told(standing(1, walls, failed={"process2": failed}), terminal=True)


def test_quiet_shows_no_progress() -> None:
    walls = {"serial": [2.0], "process2": [1.0]}
    assert told(standing(1, walls), quiet=True) == ""
    assert told(standing(1, walls), quiet=True, terminal=True) == ""


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (89, "89 s"), (100, "2 min"), (9000, "2.5 h")])
def test_times_to_wait_are_round(seconds: float, text: str) -> None:
    assert duration(seconds) == text
