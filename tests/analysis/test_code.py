"""The code to paste, run as a user would run it."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.analysis.code import code_to_paste
from runner.records import Cell
from tests.made import FUNCTION, POOL, SERIAL, cell

ROOT = Path(__file__).resolve().parents[2]
THREADS = {"name": "thread", "pool": {"_target_": "concurrent.futures.ThreadPoolExecutor", "max_workers": 2}}
SPAWN = {"name": "process", "pool": {**POOL["pool"], "mp_context": "spawn"}}  # type: ignore[dict-item]


def made(executor: dict[str, Any] = SERIAL, chunk_size: int | None = 1, **workload: Any) -> Cell:
    pooled = executor is not SERIAL
    return cell(
        str(executor["name"]),
        2 if pooled else None,
        chunk_size=chunk_size,
        settings={"workload": {**FUNCTION, **workload}, "executor": executor},
    )


def run(code: str, folder: Path, module: str = "") -> str:
    (folder / "mymodule.py").write_text(module)
    script = folder / "pasted.py"
    shown = "    print(results)" if "__main__" in code else "print(results)"
    script.write_text(f"{code}\n{shown}\n")
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("executor", [SERIAL, THREADS, POOL, SPAWN])
def test_the_code_runs_as_a_script_and_gives_the_results(executor: dict[str, Any], tmp_path: Path) -> None:
    code = code_to_paste(made(executor, function="math.sqrt", items=[1, 4, 9]))
    assert run(code, tmp_path) == "[1.0, 2.0, 3.0]"


@pytest.mark.slow
def test_arguments_and_items_that_are_made_by_a_target_are_calls(tmp_path: Path) -> None:
    workload: dict[str, Any] = {
        "function": "experiments.delivery.deliver",
        "items": {"_target_": "experiments.delivery.parcels", "count": 2},
        "arguments": {"seconds": {"_target_": "fractions.Fraction", "_args_": [1, 1000]}},
    }
    code = code_to_paste(made(THREADS, **{**workload, "arguments": {"seconds": 0.001}}))
    assert run(code, tmp_path) == "['parcel 1 delivered', 'parcel 2 delivered']"
    assert "Fraction(1, 1000)" in code_to_paste(made(THREADS, **workload))


@pytest.mark.slow
@pytest.mark.parametrize("initializer", ["mymodule.prepare", {"_target_": "mymodule.prepare", "base": 5}])
def test_an_initializer_is_a_function_not_a_text(initializer: object, tmp_path: Path) -> None:
    prepare = "BASE = 0\ndef prepare(base=5):\n    global BASE\n    BASE = base\n"
    module = f"{prepare}def work(n):\n    return BASE + n\n"
    code = code_to_paste(made(POOL, items=[1, 2], initializer=initializer))
    assert run(code, tmp_path, module) == "[6, 7]"


@pytest.mark.slow
def test_a_method_of_a_class_is_imported_with_its_class(tmp_path: Path) -> None:
    code = code_to_paste(made(function="datetime.date.fromisoformat", items=["2024-02-29"]))
    assert "from datetime import date" in code
    assert run(code, tmp_path) == "[datetime.date(2024, 2, 29)]"


def test_a_user_s_class_is_told_by_its_capital() -> None:
    code = code_to_paste(made(function="package.module.Reader.parse"))
    assert "from package.module import Reader" in code
    assert "map(Reader.parse, items)" in code


def test_all_tasks_in_one_chunk_stay_one_chunk() -> None:
    assert "chunksize=len(items)" in code_to_paste(made(POOL, chunk_size=None))
    assert "chunksize=16" in code_to_paste(made(POOL, chunk_size=16))
    assert "chunksize" not in code_to_paste(made(THREADS, chunk_size=16))


def test_long_items_are_named_and_files_are_read() -> None:
    assert "items = [...]  # the 100 items of workload 'work'" in code_to_paste(made(items=list(range(100))))
    assert "Path('a.txt').read_text().splitlines()" in code_to_paste(made(items={"lines": "a.txt"}))
    assert "sorted(glob('*.jpg', recursive=True))" in code_to_paste(made(items={"glob": "*.jpg"}))


def test_every_form_is_python() -> None:
    for executor in (SERIAL, THREADS, POOL, SPAWN):
        ast.parse(code_to_paste(made(executor, arguments={"base": 7})))


def test_snippets_are_code_already() -> None:
    assert code_to_paste(made(snippets={"one": "1"})) == ""
