"""Studies taken elsewhere: Markdown, Parquet, pyperf and Chrome's trace format, each read back."""

import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from runner.analysis.study import analyse
from runner.export.exporters import EXPORTERS
from runner.folder.results import Results
from runner.report import wording
from runner.report.markdown import escaped, render_github, render_markdown
from runner.report.tables import cell_columns
from tests.analysis_factories import analysed_cell, analysed_study
from tests.factories import MakeResults, cell
from tests.report.golden_studies import STUDIES

SERIAL, TWO = cell("serial", None), cell("process", 2)
NOISE = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01]


@pytest.fixture
def results(make_results: MakeResults) -> Results:
    return make_results({SERIAL: [2 * n for n in NOISE], TWO: list(reversed(NOISE))})


def exported(name: str, results: Results) -> Any:
    return EXPORTERS[name].render(results, analyse(results))


# --- Markdown -----------------------------------------------------------------------------------------


def plain(markdown: str) -> str:
    return re.sub(r"\\(.)", r"\1", markdown)


@pytest.mark.parametrize("render", [render_markdown, render_github])
@pytest.mark.parametrize("name", STUDIES)
def test_markdown_has_every_sentence_of_the_answer(name: str, render: Any) -> None:
    study = STUDIES[name]()
    text = plain(render(study))
    for group in study.groups:
        for sentence in vars(wording.sentences_of(group, study, wording.group_name(group, study))).values():
            assert " ".join(sentence.split()) in text


@pytest.mark.parametrize("name", STUDIES)
def test_the_table_in_markdown_is_that_of_the_terminal(name: str) -> None:
    study = STUDIES[name]()
    tables = re.findall(r"(?:^\|.*\|\n)+", render_markdown(study), re.MULTILINE)
    for number, workload in enumerate(study.workloads):
        cells = study.of_workload(workload)
        columns = [column for column in cell_columns(cells, study) if any(column.texts)]
        lines = tables[number].splitlines() if number == 0 else []
        if lines:
            rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
            assert [plain(entry).strip() for entry in rows[0]] == [column.heading for column in columns]
            assert [[plain(entry).strip() for entry in row] for row in rows[2:]] == [
                [" ".join(text.split()) for text in row]
                for row in zip(*(column.texts for column in columns), strict=True)
            ]


def test_nothing_of_a_users_is_markdown() -> None:
    assert escaped("a|b `c` <d> *e*\n# f") == r"a\|b \`c\` \<d\> \*e\* \# f"
    evil = replace(cell("serial"), workload="a|b\n<script>")
    text = render_markdown(analysed_study([analysed_cell(cell=evil)]))
    assert "<script>" not in text
    assert r"a\|b \<script\>" in text


def test_a_job_summary_has_the_decision_first_and_folds_the_rest() -> None:
    text = render_github(STUDIES["pools"]())
    assert text.index("**Use process × 4") < text.index("<details>") < text.index("| executor |")


# --- other programs -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_pyperf_reads_the_cells_and_compares_them(results: Results, tmp_path: Path) -> None:
    file = tmp_path / "study.json"
    file.write_text(exported("pyperf", results), encoding="utf-8")

    def pyperf(*arguments: str) -> str:
        command = [sys.executable, "-m", "pyperf", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    shown = pyperf("stats", str(file))
    assert "Number of run with values: 7" in shown
    assert re.search(r"Median \+- MAD: +2\.00 sec", shown)
    assert "process × 2" in shown
    compared = pyperf("compare_to", str(file), str(file), "--verbose")
    assert compared.count("Not significant!") == 2


def test_a_trace_has_a_process_for_each_run_and_a_thread_for_each_worker(results: Results) -> None:
    events = json.loads(exported("chrome-trace", results))["traceEvents"]
    names = [event["args"]["name"] for event in events if event["name"] == "process_name"]
    assert len(names) == 14
    assert names[0] == "work: serial, repetition 1"
    slices = [event for event in events if event["ph"] == "X"]
    assert len(slices) == 28  # two tasks in each run
    last = [event for event in slices if event["pid"] == 14]
    assert [(event["tid"], event["ts"], event["dur"]) for event in last] == [(1, 0, 1e6), (2, 0, 1e6)]
    assert last[0]["args"] == {"task": 0, "tasks": 1, "cpu_us": 1e6, "run_delay_us": 0.0}


def test_the_tasks_of_one_thread_never_overlap(results: Results) -> None:
    events = json.loads(exported("chrome-trace", results))["traceEvents"]
    ends: dict[tuple[int, int], float] = {}
    for event in (event for event in events if event["ph"] == "X"):
        thread = event["pid"], event["tid"]
        assert event["ts"] >= ends.get(thread, 0.0)
        ends[thread] = event["ts"] + event["dur"]


def test_parquet_has_a_row_for_each_sample_with_its_settings(results: Results) -> None:
    table = pq.read_table(io.BytesIO(exported("parquet", results)))
    assert table.num_rows == len(results.samples)
    assert {"study", "workload", "executor", "workers", "repetition", "wall_s"} <= set(table.column_names)
    assert sorted(set(table["workers"].to_pylist()), key=str) == [2, None]


# --- the command line ---------------------------------------------------------------------------------


def export(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runner.export", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPORTERS)
def test_a_format_is_written_beside_the_study(results: Results, name: str) -> None:
    completed = export(str(results.folder), "--to", name)
    assert completed.stderr == ""
    file = results.folder / EXPORTERS[name].file
    assert completed.stdout == f"written: {file}\n"
    assert file.read_bytes()


@pytest.mark.slow
def test_a_format_can_go_to_standard_output(results: Results) -> None:
    printed = export(str(results.folder), "--to", "markdown", "--output", "-").stdout
    assert printed == exported("markdown", results)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere", "--to", "markdown"), "error: nowhere: there is no such folder"),
        ((".", "--to", "excel"), "invalid choice: 'excel'"),
    ],
)
def test_wrong_use_is_told_on_one_line(arguments: tuple[str, ...], message: str) -> None:
    completed = export(*arguments)
    assert completed.returncode == 2
    assert message in completed.stderr
