"""Result folders as data frames."""

import re
from pathlib import Path

import pytest

import runner
from runner.errors import RunnerError
from tests.factories import MakeResults
from tests.factories import cell as make_cell


@pytest.mark.slow
def test_studies_become_tidy_frames(make_results: MakeResults) -> None:
    serial, process = make_cell("serial", None), make_cell("process", 2)
    folders = [
        make_results({serial: [2.0] * 7, process: [1.0] * 7}).folder,
        make_results({serial: [3.0] * 7}).folder,
    ]
    frames = runner.read(f"{folders[0].parent}/*")
    assert list(frames.cells["study"]) == [folders[0].name, folders[0].name, folders[1].name]
    assert list(frames.cells["executor"]) == ["serial", "process", "serial"]
    assert list(frames.cells["speedup"]) == [1.0, 2.0, 1.0]
    assert len(frames.samples) == 21
    assert frames.samples.groupby("executor")["wall_s"].median()["process"] == 1.0
    assert set(frames.tasks["executor"]) == {"serial", "process"}


@pytest.mark.slow
def test_several_patterns_name_each_folder_once(make_results: MakeResults) -> None:
    folder = make_results({make_cell("serial", None): [2.0] * 7}).folder
    assert len(runner.read(folder, f"{folder.parent}/*").cells) == 1


@pytest.mark.slow
def test_a_notebook_shows_the_answers_of_the_studies(make_results: MakeResults) -> None:
    serial, process = make_cell("serial", None), make_cell("process", 2)
    folders = [make_results({serial: [2.0] * 7, process: [1.0] * 7}).folder for _ in range(12)]
    frames = runner.read(*folders)
    shown = frames._repr_markdown_()  # what a notebook asks for
    assert shown.count("**Use process × 2.") == 10
    assert "| executor |" in shown
    assert shown.endswith("More studies, not shown: 2")
    assert len(frames.reports) == 12
    assert "studies" not in repr(frames)


def test_a_pattern_without_result_folders_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    with pytest.raises(RunnerError, match=rf"^{re.escape(str(tmp_path))}/\*: no result folder matches"):
        runner.read(f"{tmp_path}/*")
