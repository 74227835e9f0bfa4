"""The result on the terminal."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from runner.estimate import Estimate
from runner.facts import (
    CellAnalysis,
    Hotspot,
    Limit,
    Memory,
    ProfileAnalysis,
    StudyAnalysis,
    TaskAnalysis,
)
from runner.records import ChunkSize
from runner.report.terminal import Screen, render_terminal
from runner.units import size
from tests.analysis_factories import (
    analysed_cell,
    analysed_snippet,
    analysed_study,
    estimate,
    loss,
    study_facts,
)
from tests.factories import FUNCTION, SERIAL, cell
from tests.report.golden_studies import GOLDEN, STUDIES


def rows_of(text: str) -> list[list[str]]:
    """Return the words of every line of the first table, its headings first."""
    table = text.strip().partition("\n")[2].partition("\n\n")[0]
    return [line.split() for line in table.splitlines()]


def row_of(text: str, *first: str) -> list[str]:
    (row,) = [row for row in rows_of(text) if tuple(row[: len(first)]) == first]
    return row


def on_one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", STUDIES)
def test_the_whole_output_is_the_golden_text(name: str) -> None:
    assert render_terminal(STUDIES[name]()) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "width"),
    [(name, width) for name in STUDIES for width in (60, 80, 120) if (name, width) != ("known_answers", 60)],
)
def test_all_lines_fit_except_code_commands_and_the_folder(name: str, width: int) -> None:
    text = render_terminal(STUDIES[name](), Screen(width=width)).partition("\nfrom ")[0]
    text = text.partition("\nto add repetitions: ")[0]
    assert max(map(len, text.splitlines())) <= width


def test_a_wide_terminal_widens_tables_but_not_text() -> None:
    text = render_terminal(wide_pool(), Screen(width=160))
    assert "columns omitted" not in on_one_line(text)
    headings = ("bound", "memory", "warm", "CPU", "eff.", "main loss")
    (heading,) = [
        line for line in text.splitlines() if "speedup" in line and "workers" in line and "time" in line
    ]
    assert all(name in heading for name in headings)
    sentences = text.partition("\nfrom ")[0].partition("main loss:")[2]
    assert max(map(len, sentences.splitlines())) <= 80


@pytest.mark.parametrize("name", STUDIES)
def test_no_line_ends_in_blanks(name: str) -> None:
    lines = render_terminal(STUDIES[name]()).splitlines()
    assert [line for line in lines if line != line.rstrip()] == []


def test_plain_text_has_no_escape_sequences_and_a_terminal_has_colours() -> None:
    study = STUDIES["failures"]()
    assert "\x1b" not in render_terminal(study)
    assert "\x1b[33mwarning" in render_terminal(study, Screen(colors="standard"))
    assert "\x1b[33m" not in render_terminal(study, Screen(colors="standard", no_color=True))


def test_the_folder_is_never_broken_over_lines() -> None:
    study = analysed_study([analysed_cell()], study=study_facts(name="long"))
    assert render_terminal(study, Screen(width=10)).endswith(
        "\nresults: results/made\npage: results/made/report.html\n"
    )


# --- the table of the cells ---------------------------------------------------------------------------


def test_the_columns_of_a_pool() -> None:
    text = render_terminal(analysed_study([analysed_cell(), analysed_cell("process", 2, speedup=2.0)]))
    headings = ["executor", "workers", "time", "speedup", "95%", "interval", "bound", "eff.", "CPU"]
    assert rows_of(text)[0] == headings
    assert row_of(text, "process", "2") == [
        *("process", "2", "1.00", "s", "2.00", "1.90–2.10", "2.00", "100%", "1.00", "s")
    ]


def wide_pool(**changes: Any) -> StudyAnalysis:
    """Return a study in which no column is empty."""
    figures: dict[str, Any] = {
        "speedup": 2.0,
        "warm_speedup": estimate(2.0),
        "memory": Memory(peak_pss_bytes=38_400_000, error=""),
        "losses": (loss(0.48),),
    }
    return analysed_study([analysed_cell(), analysed_cell("process", 2, **{**figures, **changes})])


@pytest.mark.slow
def test_columns_are_omitted_in_order_and_the_main_loss_last() -> None:
    orders = []
    for width in range(80, 40, -1):
        _, separator, omitted = on_one_line(render_terminal(wide_pool(), Screen(width=width))).partition(
            "summary.csv): "
        )
        orders.append(set(omitted.partition(" Use ")[0].split(", ")) if separator else set())
    appearance = list(dict.fromkeys(name for omitted in orders for name in sorted(omitted)))
    assert appearance == ["bound", "memory", "warm", "CPU", "eff.", "main loss"]


def test_the_main_loss_is_shown_in_short() -> None:
    text = render_terminal(wide_pool())
    assert row_of(text, "process", "2")[-2:] == ["GIL", "48%"]
    assert "main loss: largest loss of worker time" in on_one_line(text)


@pytest.mark.parametrize(
    ("is_range", "heading"),
    [((False, False), "99.9% interval"), ((True, True), "range"), ((False, True), "bounds")],
)
def test_bounds_are_named_by_what_they_are(is_range: tuple[bool, bool], heading: str) -> None:
    pools = [analysed_cell("process", workers) for workers in (2, 4)]
    ranged = [
        replace(pool, speedup=estimate(2.0, is_range=kind), speedup_of_best=None)
        for pool, kind in zip(pools, is_range, strict=True)
    ]
    serial = analysed_cell(speedup_of_best=None)
    study = analysed_study([serial, *ranged], study=study_facts(confidence=0.999))
    assert f"speedup {heading} bound" in on_one_line(render_terminal(study))


def test_a_single_repetition_has_no_bounds() -> None:
    single = Estimate(value=2.0, low=2.0, high=2.0, is_range=True)
    pool = replace(analysed_cell("process", 2), speedup=single, speedup_of_best=None)
    text = on_one_line(render_terminal(analysed_study([analysed_cell(speedup_of_best=None), pool])))
    assert "speedup bound" in text
    assert "interval" not in text.partition("Use ")[0]


def chunked(size: ChunkSize, tasks_per_chunk: int | None = None) -> CellAnalysis:
    pool = replace(cell("process", 2), id=f"chunk{size}", chunk_size=size)
    return analysed_cell(cell=pool, tasks_per_chunk=tasks_per_chunk)


def test_chunk_sizes_are_a_column_where_they_differ() -> None:
    text = render_terminal(analysed_study([analysed_cell(), chunked(1), chunked(10), chunked(None)]))
    assert rows_of(text)[0][1] == "chunk"
    assert [row[1] for row in rows_of(text) if row[0] == "process"] == ["1", "10", "all"]
    assert row_of(text, "serial")[:2] == ["serial", "1.00"]
    assert "chunk" not in rows_of(render_terminal(analysed_study([analysed_cell(), chunked(None)])))[0]


def test_a_chunk_size_of_auto_is_shown_with_the_size_that_was_chosen() -> None:
    text = render_terminal(analysed_study([analysed_cell(), chunked("auto", tasks_per_chunk=128)]))
    assert row_of(text, "process")[1:3] == ["auto", "(128)"]


@pytest.mark.parametrize("values", [(10, 1000000), (10, 1000000, ""), ("fork", "null")])
def test_a_swept_setting_is_a_column(values: Sequence[object]) -> None:
    base = analysed_cell(swept={"workload.items.count": None})
    pools = [
        analysed_cell(cell=replace(cell("process", 2), id=str(value)), swept={"workload.items.count": value})
        for value in values
    ]
    study = analysed_study([base, *pools], study=study_facts(swept=("workload.items.count",)))
    text = render_terminal(study)
    assert rows_of(text)[0][1] == "count"
    shown = [row[1] for row in rows_of(text) if row[0] == "process"]
    assert shown == [str(value) or "''" for value in values]


def test_the_column_of_the_best_baseline_is_shown_where_baselines_differ() -> None:
    same = wide_pool()
    assert "vs best" not in on_one_line(render_terminal(same))
    better = [replace(cell, speedup_of_best=estimate(0.67)) for cell in same.cells.values()]
    assert "vs best" in on_one_line(render_terminal(analysed_study(better)))


@pytest.mark.parametrize(
    ("limit", "note"),
    [
        (Limit(kind="tasks", count=2), "2 tasks"),
        (Limit(kind="chunks", count=1), "1 chunk"),
        (Limit(kind="cpus", count=1), "on 1 CPU"),
    ],
)
def test_a_note_shows_what_limits_the_workers(limit: Limit, note: str) -> None:
    text = render_terminal(analysed_study([analysed_cell(), analysed_cell("process", 4, limit=limit)]))
    assert " ".join(row_of(text, "process", "4")).endswith(f" {note}")


def test_a_failed_cell_has_its_status_and_no_figures() -> None:
    failed = analysed_cell("process", 2, status="wrong_result", memory=Memory(peak_pss_bytes=1, error=""))
    text = render_terminal(analysed_study([analysed_cell(), failed]))
    assert row_of(text, "process", "2") == ["process", "2", "wrong", "result"]


def test_a_cell_without_a_baseline_says_so() -> None:
    study = analysed_study([analysed_cell(status="failed"), analysed_cell("process", 2, speedup=None)])
    assert row_of(render_terminal(study), "process", "2")[-2:] == ["no", "baseline"]


@pytest.mark.parametrize(
    ("bytes_held", "text"),
    [(0, "0 B"), (999, "999 B"), (5_760_000, "5.8 MB"), (999_900_000, "1.0 GB"), (38_400_000, "38 MB")],
)
def test_sizes_have_two_digits_at_least(bytes_held: int, text: str) -> None:
    assert size(bytes_held) == text


# --- snippets -----------------------------------------------------------------------------------------


def snippet_rows(cells: Sequence[CellAnalysis], *snippets: TaskAnalysis) -> list[list[str]]:
    text = render_terminal(analysed_study(cells, tasks=snippets))
    _, heading, table = text.strip().partition("\nsnippet ")
    return [line.split() for line in f"{heading.strip()} {table}".partition("\n\n")[0].splitlines()]


def test_snippets_in_several_interpreters_have_a_column_each() -> None:
    old = analysed_cell(cell=replace(cell("serial", None), python="3.11.7"))
    new = analysed_cell(cell=replace(cell("serial", None), id="new", baseline="new", python="3.13.0"))
    rows = snippet_rows(
        [old, new],
        analysed_snippet("set", 2e-6, relative=estimate(2.0)),
        analysed_snippet("list", 1e-6, relative=estimate(1.0)),
        analysed_snippet("set", 1e-6, cell="new"),
        analysed_snippet("sum", 3e-6, cell="new"),
    )
    assert rows == [
        ["snippet", "3.11.7", "relative", "3.13.0"],
        ["list", "1.00", "µs", "×1.00"],
        ["set", "2.00", "µs", "×2.00", "1.00", "µs"],
        ["sum", "3.00", "µs"],
    ]


# --- code ---------------------------------------------------------------------------------------------


def study_of_groups(count: int, *, is_alike: bool = False) -> StudyAnalysis:
    """Return this many baselines, whose code differs in its items unless they are alike."""
    cells = []
    for place in range(count):
        workload = {**FUNCTION, "items": [0 if is_alike else place]}
        settings = {"executor": SERIAL, "workload": workload}
        name = f"base{place}"
        base = replace(
            cell("serial", None), id=name, baseline=name, settings=settings, workload=f"work {place}"
        )
        cells.append(analysed_cell(cell=base))
    return analysed_study(cells)


def test_two_answers_come_with_the_code_of_each() -> None:
    text = render_terminal(study_of_groups(2))
    for place in (0, 1):
        assert f"for work {place}:\nfrom mymodule import work\n" in text
        assert f"items = [{place}]\n" in text


def test_the_code_of_many_answers_is_in_the_verdict() -> None:
    text = render_terminal(study_of_groups(3))
    assert "the code to paste for each of them is in verdict.json" in text
    assert "items = [0]" not in text


def test_code_that_all_answers_share_is_printed_once() -> None:
    assert render_terminal(study_of_groups(3, is_alike=True)).count("items = [0]\n") == 1


def test_snippets_that_ran_in_the_second_python_only_are_shown_with_its_times() -> None:
    old = analysed_cell(cell=replace(cell("serial", None), python="3.11.7"))
    new = analysed_cell(cell=replace(cell("serial", None), id="new", baseline="new", python="3.13.0"))
    snippets = [
        analysed_snippet("list", 1e-6, cell="new", relative=estimate(1.0, 1.0, 1.0)),
        analysed_snippet("sum", 2e-6, cell="new", relative=estimate(2.0)),
    ]
    lines = render_terminal(analysed_study([old, new], tasks=tuple(snippets))).splitlines()
    assert [line.split()[:4] for line in lines if line.startswith(("list", "sum"))] == [
        ["list", "1.00", "µs", "×1.00"],
        ["sum", "2.00", "µs", "×2.00"],
    ]


def test_the_cell_of_a_profile_is_named_by_what_was_swept() -> None:
    spot = Hotspot(name="work", place="mine.py", amount=1.0, share=1.0)
    profile = ProfileAnalysis(cell="base100", purpose="cpu-profile", error="", hotspots=(spot,))
    study = replace(STUDIES["sizes"](), profiles=(profile,))
    table = render_terminal(study).partition("CPU profile")[2].partition("full profiles")[0]
    assert "serial (count=100)" in on_one_line(table)
