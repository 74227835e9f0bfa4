"""The code to paste, run as the script that it is."""

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.analysis.code import code_to_paste
from runner.analysis.imports import split
from runner.records import Cell
from tests.made import FUNCTION, SERIAL, cell

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PROCESS = "concurrent.futures.ProcessPoolExecutor"

#: What a user might write: classes, coroutines, functions that say what an initializer left, names that clash
MINE = '''
import datetime
import threading

state = {"base": 0}

class Scale:
    class Twice:
        @staticmethod
        def double(n):
            return 2 * n

    @classmethod
    def triple(cls, n):
        return 3 * n

class Pool:
    """What has `submit` and `shutdown`, and nothing else."""

    def __init__(self, size, since=None):
        from concurrent.futures import ThreadPoolExecutor
        assert since is None or since.year == 2024
        self._inner = ThreadPoolExecutor(size)
        self.submit = self._inner.submit
        self.shutdown = self._inner.shutdown

def prepare(base=5):
    state["base"] = base

def shifted(n):
    return state["base"] + n

def days_after(n, start):
    return start + datetime.timedelta(days=n)

def results(item, task=0, **given):
    return item + task + len(given)

def partial(n):
    return -n

def announce(word="ready"):
    print(word)

async def later(n, plus=0):
    import asyncio
    await asyncio.sleep(0)
    return n * n + plus + state["base"]

async def asyncio(item):
    return item
'''

SUMS = {"function": "experiments.numbers.sum_of_squares", "items": [3, 4, 5]}
SHIFTED = {"function": "mine.shifted", "items": [1, 2]}
DATE = {"_target_": "datetime.date.fromisoformat", "_args_": ["2024-02-28"]}


def made(
    workload: Mapping[str, Any],
    pool: Mapping[str, Any] = SERIAL["pool"],  # type: ignore[assignment]
    *,
    chunk_size: int | None = 1,
    **settings: Any,
) -> Cell:
    """Make a cell of these settings."""
    given = {"workload": {**FUNCTION, **workload}, "executor": {"name": "x", "pool": pool}, **settings}
    return replace(cell("x", 2), chunk_size=chunk_size, settings=given)


def threads(**arguments: Any) -> dict[str, Any]:
    return {"_target_": "concurrent.futures.ThreadPoolExecutor", "max_workers": 2, **arguments}


def processes(method: str | None = "fork", **arguments: Any) -> dict[str, Any]:
    return {"_target_": PROCESS, "max_workers": 2, "mp_context": method, **arguments}


def run(code: str, folder: Path) -> str:
    """Run the code as a script that prints its results; returns what it printed."""
    (folder / "mine.py").write_text(MINE, encoding="utf-8")
    indent = "    " if "__main__" in code else ""
    script = folder / "pasted.py"
    script.write_text(f"{code}\n{indent}print(results)\n", encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, f"{code}\n{ended.stderr}"
    return ended.stdout.strip()


CASES: dict[str, tuple[Cell, str]] = {
    "the plain loop": (made(SUMS, chunk_size=None), "[5, 14, 30]"),
    "threads": (made(SUMS, threads()), "[5, 14, 30]"),
    "threads, in batches": (made(SUMS, threads(), chunk_size=2), "[5, 14, 30]"),
    "threads, in one batch": (made(SUMS, threads(), chunk_size=None), "[5, 14, 30]"),
    "threads, in batches with arguments": (
        made(
            {"function": "mine.results", "items": [1, 2, 3], "arguments": {"task": 7}},
            threads(),
            chunk_size=2,
        ),
        "[8, 9, 10]",
    ),
    "forked processes": (made(SUMS, processes()), "[5, 14, 30]"),
    "spawned processes": (made(SUMS, processes("spawn")), "[5, 14, 30]"),
    "processes from a server": (made(SUMS, processes("forkserver"), chunk_size=2), "[5, 14, 30]"),
    "processes of the default method": (made(SUMS, processes(None), chunk_size=None), "[5, 14, 30]"),
    "a pool that has submit and shutdown only": (
        made(SUMS, {"_target_": "mine.Pool", "size": 2, "since": DATE}),
        "[5, 14, 30]",
    ),
    "such a pool, in batches": (
        made(SUMS, {"_target_": "mine.Pool", "size": 2}, chunk_size=2),
        "[5, 14, 30]",
    ),
    "arguments": (
        made({"function": "mine.results", "items": [1, 2], "arguments": {"task": 7}}, processes("spawn")),
        "[8, 9]",
    ),
    "arguments whose names are no identifiers": (
        made({"function": "mine.results", "items": [1], "arguments": {"a b": 1, "if": 2, "task": 3}}),
        "[6]",
    ),
    "arguments too long for a line": (
        made(
            {
                "function": "mine.results",
                "items": [1],
                "arguments": {"a" * 30: "it's", "b" * 30: 'a "word"', "c" * 30: "\n", "task": 1},
            },
            processes(),
        ),
        "[5]",
    ),
    "arguments that are made": (
        made(
            {"function": "mine.days_after", "items": [1, 2], "arguments": {"start": DATE}}, processes("spawn")
        ),
        "[datetime.date(2024, 2, 29), datetime.date(2024, 3, 1)]",
    ),
    "an initializer": (made({**SHIFTED, "initializer": "mine.prepare"}, processes("spawn")), "[6, 7]"),
    "an initializer with arguments": (
        made({**SHIFTED, "initializer": {"_target_": "mine.prepare", "base": 8}}, processes("spawn")),
        "[9, 10]",
    ),
    "an initializer of threads": (made({**SHIFTED, "initializer": "mine.prepare"}, threads()), "[6, 7]"),
    "an initializer of the plain loop": (made({**SHIFTED, "initializer": "mine.prepare"}), "[6, 7]"),
    "set-up and teardown": (
        made({**SUMS, "setup": "mine.announce", "teardown": {"_target_": "mine.announce", "word": "over"}}),
        "ready\nover\n[5, 14, 30]",
    ),
    "a method of a class": (made({"function": "mine.Scale.triple", "items": [1, 2]}, processes()), "[3, 6]"),
    "a method of a class in a class": (
        made({"function": "mine.Scale.Twice.double", "items": [1, 2]}, threads()),
        "[2, 4]",
    ),
    "a method of a class of the standard library": (
        made({"function": "datetime.date.fromisoformat", "items": ["2024-02-28"]}),
        "[datetime.date(2024, 2, 28)]",
    ),
    "a built-in function": (made({"function": "builtins.len", "items": ["ab", "c"]}, threads()), "[2, 1]"),
    "a function that is named as something in the code": (
        made({"function": "mine.partial", "items": [1, 2], "initializer": DATE}, threads(), chunk_size=2),
        "[-1, -2]",
    ),
    "items that a function makes": (
        made(
            {**SUMS, "items": {"_target_": "experiments.numbers.numbers", "count": 2, "size": 3}}, processes()
        ),
        "[5, 14]",
    ),
    "items that are made one by one": (
        made({"function": "datetime.date.isoformat", "items": [DATE]}),
        "['2024-02-28']",
    ),
    "the lines of a file": (
        made({"function": "builtins.len", "items": {"lines": "mine.py"}, "teardown": "mine.announce"}),
        f"ready\n{[len(line) for line in MINE.splitlines()]}",
    ),
    "the paths of a pattern": (
        made({"function": "os.path.basename", "items": {"glob": "**/mine.p*"}}, processes()),
        "['mine.py']",
    ),
}

LATER = {"function": "mine.later", "items": [1, 2, 3]}
LATER_BY_9 = {**LATER, "arguments": {"plus": 9}}

ASYNC_CASES: dict[str, tuple[Cell, str]] = {
    "the plain loop": (made(LATER, chunk_size=None), "[1, 4, 9]"),
    "the plain loop, with arguments and an initializer": (
        made({**LATER_BY_9, "initializer": "mine.prepare"}, chunk_size=None),
        "[15, 18, 23]",
    ),
    "threads": (made(LATER, threads()), "[1, 4, 9]"),
    "threads, with arguments": (made(LATER_BY_9, threads()), "[10, 13, 18]"),
    "threads, in batches": (made(LATER, threads(), chunk_size=2), "[1, 4, 9]"),
    "threads, in one batch": (made(LATER, threads(), chunk_size=None), "[1, 4, 9]"),
    "forked processes": (made(LATER, processes()), "[1, 4, 9]"),
    "spawned processes, with arguments": (made(LATER_BY_9, processes("spawn")), "[10, 13, 18]"),
    "spawned processes, in batches with arguments and an initializer": (
        made({**LATER_BY_9, "initializer": "mine.prepare"}, processes("spawn"), chunk_size=2),
        "[15, 18, 23]",
    ),
    "a pool that has submit and shutdown only": (
        made(LATER, {"_target_": "mine.Pool", "size": 2}),
        "[1, 4, 9]",
    ),
    "such a pool, in batches": (made(LATER, {"_target_": "mine.Pool", "size": 2}, chunk_size=2), "[1, 4, 9]"),
    "a function that is named as the library": (
        made({"function": "mine.asyncio", "items": [1, 2]}, threads()),
        "[1, 2]",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", ASYNC_CASES)
def test_the_code_for_coroutines_awaits_them(case: str, tmp_path: Path) -> None:
    given, printed = ASYNC_CASES[case]
    code = code_to_paste(given, is_async=True)
    assert max(map(len, code.splitlines())) < 80, code
    assert run(code, tmp_path) == printed


def test_workers_await_each_coroutine_in_an_event_loop() -> None:
    assert code_to_paste(made(LATER_BY_9, threads()), is_async=True) == (
        "import asyncio\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from functools import partial\n"
        "from mine import later\n"
        "\n\n"
        "task = partial(later, plus=9)\n"
        "\n\n"
        "def run_item(item):\n"
        "    return asyncio.run(task(item))\n"
        "\n\n"
        "items = [1, 2, 3]\n"
        "with ThreadPoolExecutor(max_workers=2) as pool:\n"
        "    results = list(pool.map(run_item, items))"
    )


def test_the_plain_loop_awaits_all_coroutines_in_one_event_loop() -> None:
    assert code_to_paste(made(LATER), is_async=True) == (
        "import asyncio\n"
        "from mine import later\n"
        "\n\n"
        "async def run_all(items):\n"
        "    return [await later(item) for item in items]\n"
        "\n\n"
        "items = [1, 2, 3]\n"
        "results = asyncio.run(run_all(items))"
    )


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_the_code_runs_as_a_script_and_gives_the_results(case: str, tmp_path: Path) -> None:
    given, printed = CASES[case]
    assert run(code_to_paste(given), tmp_path) == printed


@pytest.mark.parametrize("case", CASES)
def test_the_code_is_python_of_at_most_79_columns(case: str) -> None:
    code = code_to_paste(CASES[case][0])
    ast.parse(code)
    assert max(map(len, code.splitlines())) < 80, code


def test_a_process_pool_is_opened_by_the_script_only_and_with_the_settings_of_the_cell() -> None:
    workload = {"function": "mymodule.work", "items": [1, 2], "arguments": {"base": 7}}
    assert code_to_paste(made(workload, processes(), chunk_size=16)) == (
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from functools import partial\n"
        "from multiprocessing import get_context\n"
        "from mymodule import work\n"
        "\n"
        'if __name__ == "__main__":\n'
        "    items = [1, 2]\n"
        '    context = get_context("fork")\n'
        "    with ProcessPoolExecutor(max_workers=2, mp_context=context) as pool:\n"
        "        results = list(pool.map(partial(work, base=7), items, chunksize=16))"
    )


def test_all_tasks_in_one_chunk_are_one_chunk_of_a_process_pool() -> None:
    assert "items, chunksize=len(items))" in code_to_paste(made(SUMS, processes(), chunk_size=None))


def test_threads_that_take_one_task_at_a_time_need_no_batches() -> None:
    code = code_to_paste(made(SUMS, threads()))
    assert code.endswith("    results = list(pool.map(sum_of_squares, items))")
    assert "__main__" not in code


def test_the_plain_loop_is_a_loop() -> None:
    assert code_to_paste(made(SUMS)) == (
        "from experiments.numbers import sum_of_squares\n"
        "\n"
        "items = [3, 4, 5]\n"
        "results = list(map(sum_of_squares, items))"
    )


@pytest.mark.parametrize("items", [[1, 2, 3, 4, 5, 6, 7], ["x" * 120]], ids=["many", "long"])
def test_items_that_would_fill_the_screen_are_left_to_the_reader(items: list[Any]) -> None:
    assert "items = ...  # the items of workload work" in code_to_paste(made({"items": items}))


def test_loky_heeds_the_size_of_chunks() -> None:
    code = code_to_paste(made(SUMS, {"_target_": "loky.ProcessPoolExecutor", "max_workers": 2}, chunk_size=2))
    ast.parse(code)
    assert "from loky import ProcessPoolExecutor" in code
    assert "        results = list(pool.map(sum_of_squares, items, chunksize=2))" in code


def test_an_environment_and_a_prefix_are_told() -> None:
    code = code_to_paste(made(SUMS, env={"OMP_NUM_THREADS": "1"}, prefix=["taskset", "-c", "0"]))
    assert code.startswith("# Run as: OMP_NUM_THREADS=1 taskset -c 0 python ...\n")


def test_snippets_have_no_code_to_paste() -> None:
    assert not code_to_paste(made({"snippets": {"one": "1"}}))


@pytest.mark.parametrize(
    ("dotted", "module", "attributes"),
    [
        ("mymodule.work", "mymodule", "work"),
        ("package.module.work", "package.module", "work"),
        ("package.module.Class.work", "package.module", "Class.work"),
        ("package._Hidden.work", "package", "_Hidden.work"),
        ("PIL.Image.open", "PIL", "Image.open"),
        ("math.sqrt", "math", "sqrt"),
        ("os.path.basename", "os", "path.basename"),
        ("datetime.date.fromisoformat", "datetime", "date.fromisoformat"),
        ("xml.etree.ElementTree.fromstring", "xml.etree.ElementTree", "fromstring"),
        ("concurrent.futures.ThreadPoolExecutor", "concurrent.futures", "ThreadPoolExecutor"),
        ("itertools.chain.from_iterable", "itertools", "chain.from_iterable"),
    ],
)
def test_a_dotted_name_is_split_into_its_module_and_attributes(
    dotted: str, module: str, attributes: str
) -> None:
    assert split(dotted) == (module, attributes.split("."))


def test_no_module_is_imported_to_split_its_name() -> None:
    before = set(sys.modules)
    for dotted in (
        "xml.dom.pulldom.parse",
        "wsgiref.simple_server.make_server",
        "experiments.numbers.numbers",
    ):
        split(dotted)
    assert set(sys.modules) == before
