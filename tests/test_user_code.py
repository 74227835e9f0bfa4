"""The code and files of a user, in a folder outside the checkout that contains another `runner.py`."""

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest

from runner.folder.results import Results, read
from runner.paths import conf_dir

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parent.parent

#: What the console script runs. -P keeps the working directory, with the user's runner.py, off the path.
CONSOLE_SCRIPT = ("-P", "-c", "from runner.__main__ import main; main()")

_FILES = {
    "runner.py": """\
        POWER = 2

        if __name__ == "__main__":
            print("the user's own program")
        """,
    "mymodule.py": """\
        from pathlib import Path

        import runner  # the user's

        def square(number):
            return number ** runner.POWER

        def size(path):
            return len(Path(path).read_text())
        """,
    "mine/workload/squares.yaml": """\
        description: Squares of three numbers
        function: mymodule.square
        items: [1, 2, 3]
        expect: [1, 4, 9]
        """,
    "mine/workload/words.yaml": """\
        function: builtins.len
        items: {lines: words.txt}
        expect: [3, 0, 5]
        """,
    "mine/workload/files.yaml": """\
        function: mymodule.size
        items: {glob: "data/**/*.txt"}
        expect: [1, 2]
        """,
    "words.txt": "one\n\nthree\n",
    "data/a.txt": "a",
    "data/deep/b.txt": "bb",
}


@pytest.fixture
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the user's folder, and change to it."""
    for name, text in _FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return tmp_path


def run(*command: str, start: Sequence[str] = CONSOLE_SCRIPT) -> str:
    """Run the program in the working directory; return what it prints."""
    process = subprocess.run([sys.executable, *start, *command], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    assert "Traceback" not in process.stderr
    return process.stdout


def measure(*command: str, start: Sequence[str] = CONSOLE_SCRIPT) -> Results:
    """Measure one repetition; return the results, in which every sample succeeded."""
    run(*command, "repetitions=1", "memory=false", "quiet=true", start=start)
    (folder,) = filter(Path.is_dir, Path("results").iterdir())
    results = read(folder)
    assert {(sample.status, sample.error) for sample in results.samples} == {("ok", "")}
    return results


def entries(folder: Path) -> set[str]:
    """List the names in a folder."""
    return {path.name for path in folder.iterdir()}


#: What the user's folder contains after a study: neither outputs/ nor multirun/, which Hydra would make.
_AFTER_A_STUDY = {*(name.partition("/")[0] for name in _FILES), "results"}


@pytest.mark.parametrize(
    ("start", "safe_path"),
    [(CONSOLE_SCRIPT, ""), (("-P", "-m", "runner"), ""), (("-m", "runner"), "1")],
    ids=["the console script", "python -P -m runner", "PYTHONSAFEPATH=1 python -m runner"],
)
def test_all_workers_import_the_runner_py_of_the_user(
    start: Sequence[str], safe_path: str, user_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONSAFEPATH", safe_path)
    results = measure(
        *("workload=squares", "--config-dir", "mine", "-m"),
        *("executor=process", "workers=2", "executor.start_method=spawn,forkserver"),
        start=start,
    )
    assert [cell.executor for cell in results.cells] == ["serial", "process", "process"]
    assert entries(user_folder) == _AFTER_A_STUDY


def test_without_a_safe_path_python_m_runner_starts_the_user_s_program(user_folder: Path) -> None:
    assert (user_folder / "runner.py").exists()
    assert run("workers=2", start=("-m", "runner")) == "the user's own program\n"


def test_items_may_be_the_lines_of_a_file_and_the_paths_of_a_glob(
    user_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_CONFIG_DIR", str(user_folder / "mine"))
    results = measure("workload=words,files", "executor=thread", "workers=2", "-m")
    assert {(sample.cell, sample.tasks) for sample in results.samples if sample.repetition == 1} == {
        (cell.id, {"words": 3, "files": 2}[cell.workload]) for cell in results.cells
    }
    assert "words-files" in results.folder.name


def test_a_function_without_yaml_gives_the_right_results_in_chunks_of_auto_size_on_every_executor(
    user_folder: Path,
) -> None:
    items = list(range(300))
    results = measure(
        *("workload=function", "workload.function=mymodule.square", f"workload.items={items}"),
        f"workload.expect={[item**2 for item in items]}",
        *("executor=thread,process,pool,thread_per_task", "workers=2", "chunk_size=auto", "-m"),
    )
    (loop, *pools) = results.cells
    assert [cell.chunk_size for cell in results.cells] == [None, *["auto"] * 4]
    sizes = {sample.cell: sample.tasks_per_chunk for sample in results.samples}
    assert sizes[loop.id] is None
    assert all(1 <= (sizes[cell.id] or 0) <= 150 for cell in pools)
    log = (results.folder / "study.log").read_text(encoding="utf-8")
    assert all(
        f"cell {cell.id} ({cell.executor}): chunk_size=auto is {sizes[cell.id]}:" in log for cell in pools
    )
    assert entries(user_folder) == _AFTER_A_STUDY


@pytest.mark.usefixtures("user_folder")
def test_a_dry_run_shows_cells_invocations_and_time_and_leaves_no_folder() -> None:
    before = set(Path.cwd().rglob("*"))
    shown = run(
        *("workload=squares", "--config-dir", "mine", "executor=thread,process", "workers=1,2", "-m"),
        "dry_run=true",
    )
    lines = [line.split() for line in shown.splitlines()]
    assert lines[0] == ["cell", "workload", "executor", "workers", "chunk", "python", "tasks"]
    assert [line[1:-2] for line in lines[1:6]] == [
        ["squares", "serial"],
        ["squares", "thread", "1", "1"],
        ["squares", "thread", "2", "1"],
        ["squares", "process", "1", "1"],
        ["squares", "process", "2", "1"],
    ]
    assert {line[-1] for line in lines[1:6]} == {"3"}
    summary = " ".join(" ".join(line) for line in lines[6:])
    assert summary.startswith("5 cells × 7 repetitions = 35 invocations and 5 untimed runs (memory): about ")
    assert set(Path.cwd().rglob("*")) == before


@pytest.mark.usefixtures("user_folder")
def test_options_that_only_show_something_write_no_file() -> None:
    before = set(Path.cwd().rglob("*"))
    assert "function: mymodule.square" in run("--cfg", "job", "workload=squares", "--config-dir", "mine")
    assert "workload/squares" in run("--info", "defaults", "workload=squares", "--config-dir", "mine")
    assert run("--version").startswith("runner ")
    assert "Hydra" in run("--hydra-help")
    assert set(Path.cwd().rglob("*")) == before


@pytest.mark.usefixtures("user_folder")
def test_help_names_every_option_and_five_commands() -> None:
    page = run("--help", "--config-dir", "mine")
    for group in ("workload", "executor", "experiment"):
        listed = re.search(rf"^  {group}=(.*(?:\n {{9,}}.*)*)", page, re.MULTILINE)
        assert listed is not None
        options = {file.stem for file in (conf_dir() / group).glob("*.yaml")}
        if group == "workload":
            options |= {"squares", "words", "files"}
        assert set(re.split(r",\s+", listed[1])) == options
    commands = page.partition("Five commands to try\n")[2].partition("\n\n")[0]
    assert commands.count("  python -m runner ") == 5
    assert max(map(len, page.splitlines())) <= 110


def _complete(line: str) -> set[str]:
    """Request completions in the same way as Hydra's script for bash."""
    process = subprocess.run(
        [sys.executable, *CONSOLE_SCRIPT, "-sc", "query=bash"],
        env={**os.environ, "COMP_LINE": line, "COMP_POINT": str(len(line))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stderr == ""
    return set(process.stdout.split())


def test_tab_completes_options_settings_and_the_workloads_of_the_user(
    user_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _complete("runner workload=p") == {"workload=primes"}
    assert {"executor=thread", "executor=process"} <= _complete("runner workers=2 executor=")
    assert "workers=" in _complete("runner work")
    monkeypatch.setenv("RUNNER_CONFIG_DIR", str(user_folder / "mine"))
    assert _complete("runner workload=s") == {"workload=squares"}
    assert not (user_folder / "results").exists()
