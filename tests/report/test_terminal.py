"""What a user reads at the end of a study, and while it runs."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from runner.analysis.tables import Tables, tabulate
from runner.analysis.verdict import judge
from runner.folder.results import Results
from runner.folder.study_description import StudyAnswer
from runner.records import UntimedRun
from runner.report import terminal
from runner.report.write import report
from runner.units import size
from tests.made import FUNCTION, MakeResults, Walls, cell

SERIAL, TWO, FOUR = cell("serial", None), cell("process", 2), cell("process", 4)
NOISE = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01]


def shown(results: Results, tables: Tables | None = None, width: int = 200) -> str:
    out = io.StringIO()
    tables = tables or tabulate(results)
    terminal.show(results, tables, judge(results, tables), Console(file=out, width=width))
    return out.getvalue()


def rows_of(text: str) -> list[list[str]]:
    """Return the words of every line of the first table, its headings first."""
    table = text.strip().partition("\n")[2].partition("\n\n")[0]
    return [line.split() for line in table.splitlines()]


def row_of(text: str, *first: str) -> list[str]:
    (row,) = [row for row in rows_of(text) if tuple(row[: len(first)]) == first]
    return row


def with_study(results: Results, **settings: Any) -> Results:
    return replace(results, study=replace(results.study, **settings))


def test_every_line_fits_eighty_columns_but_for_code_and_the_folder(make_results: MakeResults) -> None:
    walls = {SERIAL: [2 * n for n in NOISE], TWO: NOISE, FOUR: [n * 1.1 for n in NOISE]}
    table = shown(make_results(walls)).partition("from concurrent")[0]
    assert max(map(len, table.splitlines())) <= 80


def test_no_line_ends_in_blanks(make_results: MakeResults) -> None:
    text = shown(make_results({SERIAL: [2 * n for n in NOISE], TWO: ["failed"], FOUR: NOISE}))
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


def test_the_folder_is_never_folded(make_results: MakeResults) -> None:
    results = make_results({SERIAL: NOISE})
    assert shown(results, width=30).endswith(f"results: {results.folder}\n")


def test_a_row_tells_time_speedup_interval_bound_efficiency_and_cpu_seconds(
    make_results: MakeResults,
) -> None:
    text = shown(make_results({SERIAL: [2.0] * 7, TWO: [1.0] * 7}))
    headings = ["executor", "workers", "time", "speedup", "95%", "interval", "bound", "eff.", "CPU"]
    assert rows_of(text)[0] == headings
    assert row_of(text, "process", "2") == [
        *("process", "2", "1.00", "s", "2.00", "2.00–2.00", "2.00", "100%", "1.00", "s")
    ]
    assert "bound: the most that these tasks and CPUs allow; eff.: speedup per worker\n" in text


def test_columns_that_find_no_room_are_named_the_bound_first(make_results: MakeResults) -> None:
    text = shown(make_results({SERIAL: [2.0] * 7, TWO: [1.0] * 7}), width=55)
    assert "bound" not in rows_of(text)[0]
    assert "eff." in text
    assert "in summary.csv, for want of room: bound" in " ".join(text.split())


@pytest.mark.parametrize(
    ("repetitions", "heading"), [((11, 11), "99.9% interval"), ((10, 10), "range"), ((11, 5), "bounds")]
)
def test_the_bounds_are_named_by_what_they_are(
    make_results: MakeResults, repetitions: tuple[int, int], heading: str
) -> None:
    serial, pool = repetitions
    results = make_results({SERIAL: [2.0] * serial, TWO: [1.0] * pool})
    headings = rows_of(shown(with_study(results, confidence=0.999)))[0]
    assert f"speedup {heading} bound" in " ".join(headings)


def test_a_chunk_size_of_null_is_all_and_a_loop_has_none(make_results: MakeResults) -> None:
    sizes = {replace(TWO, id=f"chunk{size}", chunk_size=size): [1.0] * 2 for size in (1, 10, None)}
    text = shown(make_results({SERIAL: [2.0] * 2, **sizes}))
    assert rows_of(text)[0][1] == "chunk"
    assert [row[1] for row in rows_of(text) if row[0] == "process"] == ["1", "10", "all"]
    assert row_of(text, "serial")[:2] == ["serial", "2.00"]


def test_a_chunk_size_of_auto_is_told_with_what_it_came_to(make_results: MakeResults) -> None:
    auto = replace(TWO, chunk_size="auto")
    results = make_results({SERIAL: [2.0] * 2, auto: [1.0] * 2})
    samples = [replace(one, tasks_per_chunk=128 if one.cell == auto.id else None) for one in results.samples]
    text = shown(replace(results, samples=tuple(samples)))
    assert rows_of(text)[0][1] == "chunk"
    assert row_of(text, "process")[1:3] == ["auto", "(128)"]
    assert "chunksize=128))" in text


def test_one_chunk_size_needs_no_column(make_results: MakeResults) -> None:
    whole = replace(TWO, chunk_size=None)
    assert "chunk" not in rows_of(shown(make_results({SERIAL: [2.0], whole: [1.0]})))[0]


def test_a_warm_pool_has_a_column(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [2.0] * 2, TWO: [1.0] * 2})
    warm = [replace(one, iteration=2, work_s=(one.wall_s or 0) ** 3) for one in results.samples]
    results = replace(results, samples=(*results.samples, *warm))
    text = shown(results)
    assert "warm" in rows_of(text)[0]
    assert row_of(text, "process", "2")[6] == "8.00"
    assert "warm: speedup of the tasks alone, the pool being open" in " ".join(text.split())


def two_pythons(**changes: Mapping[str, object]) -> Walls:
    """Return two interpreters; settings of the second may differ."""
    old = replace(SERIAL, python="3.11.7")
    new = replace(SERIAL, id="new", baseline="new", python="3.13.0")
    new = replace(new, settings={**new.settings, **changes})
    pool = replace(TWO, id="pool", baseline="new", python="3.13.0")
    return {old: [3.0] * 2, new: [2.0] * 2, pool: [1.0] * 2}


def test_several_baselines_of_one_work_are_compared_with_the_fastest(make_results: MakeResults) -> None:
    text = shown(make_results(two_pythons()))
    assert "vs best" in " ".join(rows_of(text)[0])
    assert row_of(text, "serial", "3.11.7") == [
        *("serial", "3.11.7", "3.00", "s", "1.00", "baseline", "0.67", "1.00", "s")
    ]
    assert row_of(text, "process", "3.13.0")[7] == "2.00"


def test_baselines_of_different_work_are_not_compared(make_results: MakeResults) -> None:
    text = shown(make_results(two_pythons(workload={"items": [1], "snippets": {}})))
    assert "vs best" not in text


def per_call(cell: str, times: Mapping[str, float]) -> list[dict[str, object]]:
    return [
        {"cell": cell, "per_call": True, "label": label, "time_s": time}
        | {"time_s_low": time * 0.9, "time_s_high": time * 1.1, "among_best": False}
        | _relative(time / min(times.values()))
        for label, time in times.items()
    ]


def _relative(ratio: float) -> dict[str, object]:
    spread = 0.1 * (ratio > 1)
    return {"relative": ratio, "relative_low": ratio - spread, "relative_high": ratio + spread}


def shown_snippets(results: Results, *rows: list[dict[str, object]], width: int = 80) -> list[list[str]]:
    tables = replace(tabulate(results), tasks=pd.DataFrame([row for own in rows for row in own]))
    _, _, table = shown(results, tables, width).strip().partition("\nsnippet ")
    return [line.split() for line in f"snippet {table}".partition("\n\n")[0].splitlines()]


def test_snippets_are_ranked_with_their_times_relative_to_the_fastest(make_results: MakeResults) -> None:
    results = make_results({SERIAL: NOISE})
    table = shown_snippets(results, per_call("serial", {"set": 2e-6, "list": 1e-6, "sum": 1.5e-6}))
    assert table[:4] == [
        ["snippet", "per", "call", "relative", "95%", "interval"],
        ["list", "1.00", "µs", "×1.00"],
        ["sum", "1.50", "µs", "×1.50", "1.40–1.60"],
        ["set", "2.00", "µs", "×2.00", "1.90–2.10"],
    ]


def test_snippets_on_several_pythons_have_a_column_each(make_results: MakeResults) -> None:
    old, new = per_call("serial", {"set": 2e-6, "list": 1e-6}), per_call("new", {"set": 1e-6, "list": 3e-6})
    assert shown_snippets(make_results(two_pythons()), old, new)[:3] == [
        ["snippet", "3.11.7", "relative", "3.13.0"],
        ["list", "1.00", "µs", "×1.00", "3.00", "µs"],
        ["set", "2.00", "µs", "×2.00", "1.00", "µs"],
    ]


def test_snippets_that_only_ran_on_the_second_python_are_shown_of_that(make_results: MakeResults) -> None:
    table = shown_snippets(make_results(two_pythons()), per_call("new", {"set": 1e-6}))
    assert table[1][:4] == ["set", "1.00", "µs", "×1.00"]


def test_the_code_is_never_cut(make_results: MakeResults) -> None:
    text = shown(make_results({SERIAL: [2 * n for n in NOISE], TWO: NOISE}))
    assert "with ProcessPoolExecutor(max_workers=2, mp_context=context) as pool:\n" in text
    assert "    results = list(pool.map(work, items))\n" in text


def groups(count: int, *, alike: bool = False) -> Walls:
    """Return so many baselines by themselves, whose code differs in its items unless it is alike."""
    walls: Walls = {}
    for place in range(count):
        workload = {**FUNCTION, "items": [0 if alike else place]}
        settings = {**SERIAL.settings, "workload": workload}
        name = f"base{place}"
        swept = {"workload.items": str(place)}
        walls[replace(SERIAL, id=name, baseline=name, settings=settings, swept=swept)] = [1.0] * 2
    return walls


def test_two_answers_come_with_the_code_of_each(make_results: MakeResults) -> None:
    text = shown(make_results(groups(2), ["workload.items"]))
    for place in (0, 1):
        assert f"for work, workload.items={place}:\nfrom mymodule import work\n" in text
        assert f"items = [{place}]\n" in text


def test_the_code_of_many_answers_is_elsewhere(make_results: MakeResults) -> None:
    many = shown(make_results(groups(3), ["workload.items"]))
    assert "the code to paste, for each of them: verdict.json" in many
    assert "items = [0]" not in many


def test_code_that_all_answers_share_is_printed_once(make_results: MakeResults) -> None:
    text = shown(make_results(groups(3, alike=True), ["workload.items"]))
    assert text.count("items = [0]\n") == 1


def test_a_failed_cell_stands_in_the_table_and_in_a_warning(make_results: MakeResults) -> None:
    text = shown(make_results({SERIAL: [2.0], TWO: ["timeout"]}))
    assert row_of(text, "process", "2") == ["process", "2", "timeout"]
    assert "warning: process × 2 makes no claim: timeout: it went wrong" in text


def test_cells_that_failed_alike_share_a_warning(make_results: MakeResults) -> None:
    failing = {cell("process", workers): ["failed"] for workers in (2, 4, 8, 16, 32)}
    text = " ".join(shown(make_results({SERIAL: [2.0], **failing})).split())
    told = "process × 2, process × 4, process × 8 and 2 more make no claim: failed: it went wrong"
    assert f"warning: {told} warning: " in text


def test_what_fails_everywhere_is_told_once(make_results: MakeResults) -> None:
    text = shown(make_results({SERIAL: ["failed"], TWO: ["failed"], FOUR: ["failed"]}))
    assert "warning: work fails everywhere, also in the plain loop: it went wrong\n" in text
    assert text.count("it went wrong") == 1


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        ([], ""),
        (["process4_1"], "; what they printed: output/process4_1.txt"),
        (["process4_1", "process2_1"], "; what they printed: output/process2_1.txt and 1 more"),
    ],
)
def test_failures_point_to_the_log_and_to_what_they_printed(
    make_results: MakeResults, printed: Sequence[str], told: str
) -> None:
    results = make_results({SERIAL: [2.0], TWO: ["failed"], FOUR: ["failed"]})
    for name in ("serial_1", "process4_1", *printed):
        content = "words" if name in ("serial_1", *printed) else ""
        (results.folder / "output" / f"{name}.txt").write_text(content)
    text = " ".join(shown(results).split())
    assert f"more on failures, with tracebacks: study.log{told} serial is fastest" in text


def test_at_most_three_warnings_are_shown_and_the_rest_counted(make_results: MakeResults) -> None:
    failing: Walls = {TWO: ["failed"], FOUR: ["timeout"], cell("process", 8): ["crashed"]}
    results = make_results({SERIAL: [1.0], **failing})
    noisy = tuple(replace(one, noisy="others took 1 CPU") for one in results.samples)
    text = shown(replace(results, samples=noisy))
    assert text.count("makes no claim") == 3
    assert "warning: 2 more warnings: see the columns note, noisy and flags of summary.csv" in text


def test_disturbed_runs_are_counted(make_results: MakeResults) -> None:
    results = make_results({SERIAL: NOISE})
    first, *others = results.samples
    text = shown(replace(results, samples=(replace(first, noisy="others took 1 CPU"), *others)))
    assert "warning: 1 of 7 runs was disturbed (others took 1 CPU)" in text


def test_few_repetitions_are_called_a_range(make_results: MakeResults) -> None:
    results = with_study(make_results({SERIAL: [2.0, 2.1], TWO: [1.0, 1.1]}), repetitions=2)
    text = " ".join(shown(results).split())
    assert "range of fewer than 6" in text
    assert "intervals are ranges, not 95% intervals" in text
    assert "repetitions=7 gives intervals" in text


@pytest.mark.parametrize(
    ("budget_s", "reason"),
    [(None, "the study ended before all were made"), (60.0, "the time budget ended the study")],
)
def test_a_study_that_ended_early_is_not_advised_to_repeat_as_often_as_it_was_to(
    make_results: MakeResults, budget_s: float | None, reason: str
) -> None:
    results = with_study(make_results({SERIAL: [2.0, 2.1], TWO: [1.0, 1.1]}), time_budget_s=budget_s)
    text = " ".join(shown(results).split())
    assert f"a cell has 2 of the 6 repetitions needed; {reason}" in text
    assert "repetitions=7" not in text
    assert "work, 2 CPUs, 2 of 7 repetitions" in text


def test_more_workers_than_tasks_or_chunks_are_noted(make_results: MakeResults) -> None:
    text = shown(make_results({SERIAL: [2.0], FOUR: [1.0], replace(TWO, chunk_size=None): [1.0]}))
    assert row_of(text, "process", "1", "4")[-2:] == ["2", "tasks"]
    assert row_of(text, "process", "all", "2")[-2:] == ["1", "chunk"]


def test_more_workers_than_cpus_are_noted(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [2.0], FOUR: [1.0]})
    many = replace(results, samples=tuple(replace(one, tasks=12) for one in results.samples))
    assert row_of(shown(many), "process", "4")[-4:][-3:] == ["over", "2", "CPUs"]


@pytest.mark.parametrize("values", [("10", "1000000"), ("10", "1000000", "''"), ("fork", "null")])
def test_a_swept_setting_has_a_column(make_results: MakeResults, values: Sequence[str]) -> None:
    base = replace(SERIAL, swept={"workload.items.count": None})
    cells = [replace(TWO, id=value, swept={"workload.items.count": value.strip("'")}) for value in values]
    text = shown(make_results({one: [1.0] for one in (base, *cells)}, ["workload.items.count"]))
    assert rows_of(text)[0][1] == "count"
    assert [row[1] for row in rows_of(text) if row[0] == "process"] == list(values)


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


def test_what_was_known_beforehand_stands_beside_what_was_measured(make_results: MakeResults) -> None:
    common: dict[str, Any] = {"workload": "work", "executor": "process", "workers": 2}
    answers = (
        StudyAnswer(**common, about=2.0, because="two"),
        StudyAnswer(**common, about=3.0, because="three"),
        StudyAnswer(**common, about=1.0, not_run="it needs root", because="one"),
    )
    results = make_results({SERIAL: [2 * n for n in NOISE], TWO: list(reversed(NOISE))})
    text = shown(with_study(results, known_answers=answers))
    assert "2 ± 5%  2.00 (1.98–2.02)  holds" in text
    assert "does not hold" in text
    assert (
        "known answers: 1 does not hold, 1 not run, 1 holds; work: not run, because it needs root."
        in " ".join(text.split())
    )


def test_threads_that_wait_are_not_told_that_the_cpus_are_few(make_results: MakeResults) -> None:
    text = shown(make_results({SERIAL: [2.0] * 7, FOUR: [1.0] * 7}))
    assert "2 tasks" in text
    assert "over 2 CPUs" not in text


def test_what_else_there_is_to_an_answer_is_told(make_results: MakeResults) -> None:
    noisy = [1.0, 1.2, 0.9, 1.1, 0.95, 1.05, 1.15]
    text = " ".join(shown(make_results({SERIAL: noisy, TWO: [n * 0.95 for n in reversed(noisy)]})).split())
    assert "Not sure yet: about " in text
    walls = {SERIAL: [2 * n for n in NOISE], TWO: NOISE, FOUR: list(reversed(NOISE))}
    assert "More workers: process × 4 is 1.00 times as fast" in shown(make_results(walls))


def test_a_precision_that_was_missed_is_told(make_results: MakeResults) -> None:
    results = make_results({SERIAL: [1.0, 1.4, 0.8, 1.3, 0.9, 1.1, 1.0], TWO: NOISE})
    text = " ".join(shown(with_study(results, precision=0.01)).split())
    assert "warning: precision 0.01 not reached: 0." in text
    assert "raise max_repetitions" in text


def test_cells_that_an_interruption_left_out_did_not_fail(make_results: MakeResults) -> None:
    text = shown(make_results({SERIAL: ["interrupted"], TWO: []}))
    assert "2 of 2 cells were not measured" in text
    assert "fails" not in text


def with_memory(results: Results, **held_bytes: int) -> Results:
    looked = [
        UntimedRun(cell=one, purpose="memory", started_at="", peak_pss_bytes=held, looks=9)
        for one, held in held_bytes.items()
    ]
    return replace(results, untimed=tuple(looked))


def test_a_row_tells_the_memory_that_was_looked_at(make_results: MakeResults) -> None:
    results = with_memory(
        make_results({SERIAL: [2.0] * 7, TWO: [1.0] * 7}), serial=5_760_000, process2=38_400_000
    )
    text = shown(results)
    assert row_of(text, "serial")[-2:] == ["5.8", "MB"]
    assert row_of(text, "process", "2")[-2:] == ["38", "MB"]
    assert "memory: the most that all its processes held" in text


def test_the_memory_and_the_cpu_time_find_room_before_the_bound(make_results: MakeResults) -> None:
    walls: Walls = {SERIAL: [2 * n for n in NOISE], TWO: [*NOISE], FOUR: [n * 1.1 for n in NOISE]}
    text = shown(with_memory(make_results(walls), serial=5_760_000, process4=1_384_000_000), width=70)
    headings = text.partition("\n")[2].partition("serial")[0]
    assert {"memory", "CPU"} <= set(headings.split())
    assert "bound" not in headings
    assert max(map(len, text.partition("from concurrent")[0].splitlines())) <= 70


@pytest.mark.parametrize(
    ("held", "text"),
    [(0, "0 B"), (999, "999 B"), (5_760_000, "5.8 MB"), (999_900_000, "1.0 GB"), (38_400_000, "38 MB")],
)
def test_sizes_have_two_digits_at_least(held: int, text: str) -> None:
    assert size(held) == text


def with_cpu_profile(results: Results, **functions: float) -> Results:
    """Let each function have run so many seconds of the serial cell; the other cell has no profile."""
    frames = [{"name": name, "file": "mine/[red].py"} for name in functions]
    thread = {"samples": [[number] for number in range(len(frames))], "weights": list(functions.values())}
    folder = results.folder / "profiles"
    folder.mkdir()
    content = json.dumps({"shared": {"frames": frames}, "profiles": [thread]})
    (folder / "serial.json").write_text(content, encoding="utf-8")
    untimed = (
        UntimedRun(cell="serial", purpose="cpu-profile", started_at="", profile="serial.json"),
        UntimedRun(cell="process2", purpose="cpu-profile", started_at="", status="crashed", error="it died"),
    )
    return replace(results, untimed=untimed)


def test_a_cpu_profile_shows_the_functions_that_take_most(make_results: MakeResults) -> None:
    results = with_cpu_profile(
        make_results({SERIAL: [2.0] * 7, TWO: [1.0] * 7}), work=3.0, rest=1.0, little=0.01
    )
    text = shown(results).partition("functions by their own time\n")[2]
    assert [line.split() for line in text.splitlines()[:4]] == [
        ["cell", "share", "what", "where"],
        ["serial", "75%", "work", "mine/[red].py"],
        ["25%", "rest", "mine/[red].py"],
        ["no", "profile", "of", "process", "×", "2:", "it", "died"],
    ]
    assert "all of it: profiles/ below the results; https://speedscope.app shows it" in text


def test_cells_of_a_profile_are_told_apart_by_what_was_swept(make_results: MakeResults) -> None:
    here, there = (replace(TWO, id=number, swept={"env.N": number}) for number in ("1", "2"))
    loop = replace(SERIAL, swept={"env.N": None})
    results = make_results({loop: [2.0] * 7, here: [1.0] * 7, there: [1.0] * 7}, swept=["env.N"])
    looked = [
        UntimedRun(cell=cell, purpose="cpu-profile", started_at="", error="no time")
        for cell in ("serial", "1", "2")
    ]
    text = shown(replace(results, untimed=tuple(looked)))
    assert "no profile of serial: no time\n" in text
    assert "no profile of process × 2 N=2: no time\n" in text
