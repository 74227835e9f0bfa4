"""A report: every file that is made from a folder, and the result on standard output."""

import io
import json
import shutil
from pathlib import Path

import pytest

from runner.facts import CellAnalysis
from runner.report.page import STUDY_LIST
from runner.report.renderers import render
from runner.report.write import report, write_report
from runner.settings import Printed
from tests.analysis_factories import analysed_cell, analysed_study
from tests.factories import MakeResults, cell

SERIAL, TWO = cell("serial", None), cell("process", 2)
NOISE = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01]


@pytest.mark.slow
def test_a_report_is_made_from_the_folder_alone_and_is_the_same_every_time(
    make_results: MakeResults, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = make_results({SERIAL: [2 * n for n in NOISE], TWO: list(reversed(NOISE))})
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(results.folder, elsewhere)
    assert report(elsewhere)
    names = ("summary.csv", "tasks.csv", "fits.csv", "verdict.json", "plots/speedup.svg", "report.html")
    first = {name: (elsewhere / name).read_bytes() for name in names}
    assert "Use process × 2." in capsys.readouterr().out
    assert report(elsewhere)
    assert {name: (elsewhere / name).read_bytes() for name in first} == first


@pytest.mark.slow
def test_a_report_with_a_failed_cell_is_not_complete(
    make_results: MakeResults, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not report(make_results({SERIAL: NOISE, TWO: ["crashed"]}).folder)
    assert "crashed" in capsys.readouterr().out


@pytest.mark.slow
def test_a_standard_output_limited_to_ascii_is_not_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(out, encoding="ascii", write_through=True))
    monkeypatch.setattr("runner.report.write.write", lambda *_: None)
    write_report(analysed_study([analysed_cell(), analysed_cell("process", 2, wall_s=0.5)]), tmp_path)
    assert b"Use process ? 2. It is fastest" in out.getvalue()


def test_files_without_content_are_not_rendered() -> None:
    paths = [path for path, _ in render(analysed_study([analysed_cell(status="failed")]))]
    assert paths == ["summary.csv", "tasks.csv", "fits.csv", "verdict.json", "report.html"]


def printed(what: Printed, *cells: CellAnalysis, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what is printed of a study, without writing its files."""
    out = io.StringIO()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("runner.report.renderers.RENDERERS", {})
    write_report(analysed_study(cells), Path("results/made"), what)
    return out.getvalue()


def test_the_verdict_can_be_printed_for_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed("json", analysed_cell(), analysed_cell("process", 2, wall_s=0.5), monkeypatch=monkeypatch)
    assert json.loads(text)["groups"][0]["answer"] == "helps"


def test_the_answer_can_be_printed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = analysed_cell(), analysed_cell("process", 2, wall_s=0.5)
    whole, answer = (printed(what, *cells, monkeypatch=monkeypatch) for what in ("result", "answer"))
    assert answer.startswith("Use process × 2. It is fastest")
    assert answer in whole
    for part in ("95% interval ", "eff.", "import ", "results: ", "page: "):
        assert part in whole
        assert part not in answer


def test_the_answer_alone_names_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = analysed_cell(), analysed_cell("process", 2, status="failed", error="it raised")
    assert "results/made/study.log" in printed("answer", *cells, monkeypatch=monkeypatch)


@pytest.mark.slow
def test_a_list_of_studies_is_kept_where_they_were_made(
    make_results: MakeResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_results({SERIAL: NOISE}).folder
    monkeypatch.setattr("runner.report.write.results_dir_of", lambda _: folder.parent.resolve())
    report(folder)
    file = folder.parent / STUDY_LIST
    assert folder.name in file.read_text(encoding="utf-8")
    file.write_text("<h1>my web site</h1>", encoding="utf-8")
    report(folder)
    assert file.read_text(encoding="utf-8") == "<h1>my web site</h1>"
