"""The code to paste, run as a script."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner.codegen.code import code_to_paste
from runner.codegen.imports import split
from runner.records import Cell
from tests.factories import FUNCTION, SERIAL, cell

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PROCESS = "concurrent.futures.ProcessPoolExecutor"

#: A user's module: classes, coroutines, functions that show what an initializer did, and names that clash.
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
    """An executor with `submit` and `shutdown` only."""

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

async def main(item):
    return item
'''

SUMS = {"function": "experiments.numbers.sum_of_squares", "items": [3, 4, 5]}
SHIFTED = {"function": "mine.shifted", "items": [1, 2]}
DATE = {"_target_": "datetime.date.fromisoformat", "_args_": ["2024-02-28"]}


def cell_of(
    workload: Mapping[str, Any],
    pool: Mapping[str, Any] = SERIAL["pool"],  # type: ignore[assignment]
    *,
    chunk_size: int | None = 1,
    **settings: Any,
) -> Cell:
    """Make a cell with these settings."""
    all_settings = {"workload": {**FUNCTION, **workload}, "executor": {"name": "x", "pool": pool}, **settings}
    return replace(cell("x", 2), chunk_size=chunk_size, settings=all_settings)


def threads(**arguments: Any) -> dict[str, Any]:
    return {"_target_": "concurrent.futures.ThreadPoolExecutor", "max_workers": 2, **arguments}


def processes(method: str | None = "fork", **arguments: Any) -> dict[str, Any]:
    return {"_target_": PROCESS, "max_workers": 2, "mp_context": method, **arguments}


def adapter(name: str, **arguments: Any) -> dict[str, Any]:
    """Return the settings of an adapter, with two workers."""
    return {"_target_": f"runner_probe.adapters.{name}", "workers": 2, **arguments}


POOL = "multiprocessing_pool.MultiprocessingPool"
JOBLIB = "joblib_parallel.JoblibParallel"
INTERPRETERS = "interpreter_pool.InterpreterPool"
LOOP = "asyncio_loop.AsyncioLoop"
LOOPS = "asyncio_process.AsyncioProcess"
DASK = "dask_pool.DaskPool"
RAY = "ray_pool.RayPool"
THREAD_PER_TASK = "thread_per_task.ThreadPerTask"
PROCESS_PER_TASK = "process_per_task.ProcessPerTask"


def run(code: str, folder: Path) -> str:
    """Run the code as a script that prints its results; return what it printed."""
    (folder / "mine.py").write_text(MINE, encoding="utf-8")
    write_script(code, folder / "pasted.py")
    return run_python(folder, "pasted.py")


def write_script(code: str, file: Path) -> None:
    indent = "    " if "__main__" in code else ""
    file.write_text(f"{code}\n{indent}print(results)\n", encoding="utf-8")


def run_python(folder: Path, *arguments: str) -> str:
    completed = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout.strip()


#: Runs one script after another as the main program of one interpreter, which saves most of their time.
RUN_ALL = """
import contextlib, io, json, runpy, sys, traceback
printed = {}
for script in sys.argv[1:]:
    sys.modules.pop("mine", None)  # scripts must not share its state
    with contextlib.redirect_stdout(io.StringIO()) as output:
        try:
            runpy.run_path(script, run_name="__main__")
        except Exception:
            print(traceback.format_exc())
    printed[script] = output.getvalue().strip()
print(json.dumps(printed))
"""


@dataclass(frozen=True, kw_only=True)
class Code:
    """The code of a case and what its script must print."""

    text: str
    printed: str

    @property
    def can_share_an_interpreter(self) -> bool:
        """Return False for processes that are not forked: they import the main program."""
        return "get_context" not in self.text or 'get_context("fork")' in self.text


def run_all(codes: Mapping[str, Code], folder: Path) -> dict[str, str]:
    """Run the scripts that can share an interpreter; return what each printed, by case."""
    (folder / "mine.py").write_text(MINE, encoding="utf-8")
    scripts = {case: f"pasted{number}.py" for number, case in enumerate(codes)}
    for case, script in scripts.items():
        write_script(codes[case].text, folder / script)
    shared = [script for case, script in scripts.items() if codes[case].can_share_an_interpreter]
    printed = json.loads(run_python(folder, "-c", RUN_ALL, *shared))
    return {case: printed[script] for case, script in scripts.items() if script in printed}


CASES: dict[str, tuple[Cell, str]] = {
    "the plain loop": (cell_of(SUMS, chunk_size=None), "[5, 14, 30]"),
    "threads": (cell_of(SUMS, threads()), "[5, 14, 30]"),
    "threads, in batches": (cell_of(SUMS, threads(), chunk_size=2), "[5, 14, 30]"),
    "threads, in one batch": (cell_of(SUMS, threads(), chunk_size=None), "[5, 14, 30]"),
    "threads, in batches with arguments": (
        cell_of(
            {"function": "mine.results", "items": [1, 2, 3], "arguments": {"task": 7}},
            threads(),
            chunk_size=2,
        ),
        "[8, 9, 10]",
    ),
    "forked processes": (cell_of(SUMS, processes()), "[5, 14, 30]"),
    "spawned processes": (cell_of(SUMS, processes("spawn")), "[5, 14, 30]"),
    "processes from a server": (cell_of(SUMS, processes("forkserver"), chunk_size=2), "[5, 14, 30]"),
    "processes of the default method": (cell_of(SUMS, processes(None), chunk_size=None), "[5, 14, 30]"),
    "a pool that has submit and shutdown only": (
        cell_of(SUMS, {"_target_": "mine.Pool", "size": 2, "since": DATE}),
        "[5, 14, 30]",
    ),
    "such a pool, in batches": (
        cell_of(SUMS, {"_target_": "mine.Pool", "size": 2}, chunk_size=2),
        "[5, 14, 30]",
    ),
    "arguments": (
        cell_of({"function": "mine.results", "items": [1, 2], "arguments": {"task": 7}}, processes("spawn")),
        "[8, 9]",
    ),
    "arguments whose names are no identifiers": (
        cell_of({"function": "mine.results", "items": [1], "arguments": {"a b": 1, "if": 2, "task": 3}}),
        "[6]",
    ),
    "arguments too long for a line": (
        cell_of(
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
        cell_of(
            {"function": "mine.days_after", "items": [1, 2], "arguments": {"start": DATE}}, processes("spawn")
        ),
        "[datetime.date(2024, 2, 29), datetime.date(2024, 3, 1)]",
    ),
    "an initializer": (cell_of({**SHIFTED, "initializer": "mine.prepare"}, processes("spawn")), "[6, 7]"),
    "an initializer with arguments": (
        cell_of({**SHIFTED, "initializer": {"_target_": "mine.prepare", "base": 8}}, processes("spawn")),
        "[9, 10]",
    ),
    "an initializer of threads": (cell_of({**SHIFTED, "initializer": "mine.prepare"}, threads()), "[6, 7]"),
    "an initializer of the plain loop": (cell_of({**SHIFTED, "initializer": "mine.prepare"}), "[6, 7]"),
    "set-up and teardown": (
        cell_of(
            {**SUMS, "setup": "mine.announce", "teardown": {"_target_": "mine.announce", "word": "over"}}
        ),
        "ready\nover\n[5, 14, 30]",
    ),
    "a method of a class": (
        cell_of({"function": "mine.Scale.triple", "items": [1, 2]}, processes()),
        "[3, 6]",
    ),
    "a method of a class in a class": (
        cell_of({"function": "mine.Scale.Twice.double", "items": [1, 2]}, threads()),
        "[2, 4]",
    ),
    "a method of a class of the standard library": (
        cell_of({"function": "datetime.date.fromisoformat", "items": ["2024-02-28"]}),
        "[datetime.date(2024, 2, 28)]",
    ),
    "a built-in function": (cell_of({"function": "builtins.len", "items": ["ab", "c"]}, threads()), "[2, 1]"),
    "a function that is named as something in the code": (
        cell_of({"function": "mine.partial", "items": [1, 2], "initializer": DATE}, threads(), chunk_size=2),
        "[-1, -2]",
    ),
    "items that a function makes": (
        cell_of(
            {**SUMS, "items": {"_target_": "experiments.numbers.numbers", "count": 2, "size": 3}}, processes()
        ),
        "[5, 14]",
    ),
    "items that are made one by one": (
        cell_of({"function": "datetime.date.isoformat", "items": [DATE]}),
        "['2024-02-28']",
    ),
    "the lines of a file": (
        cell_of({"function": "builtins.len", "items": {"lines": "mine.py"}, "teardown": "mine.announce"}),
        f"ready\n{[len(line) for line in MINE.splitlines()]}",
    ),
    "the paths of a pattern": (
        cell_of({"function": "os.path.basename", "items": {"glob": "**/mine.p*"}}, processes()),
        "['mine.py']",
    ),
}

PREPARED = {**SHIFTED, "initializer": {"_target_": "mine.prepare", "base": 8}}
RESULTS_BY_7 = {"function": "mine.results", "items": [1, 2, 3], "arguments": {"task": 7}}

ADAPTED: dict[str, tuple[Cell, str]] = {
    "the loop once more": (cell_of(SUMS, chunk_size=None), "[5, 14, 30]"),
    "a forked pool": (cell_of(SUMS, adapter(POOL, mp_context="fork")), "[5, 14, 30]"),
    "a pool, in chunks": (cell_of(SUMS, adapter(POOL, mp_context="spawn"), chunk_size=2), "[5, 14, 30]"),
    "a pool, in one chunk": (cell_of(SUMS, adapter(POOL, mp_context=None), chunk_size=None), "[5, 14, 30]"),
    "a pool, with arguments": (cell_of(RESULTS_BY_7, adapter(POOL, mp_context="fork")), "[8, 9, 10]"),
    "a pool, with an initializer": (cell_of(PREPARED, adapter(POOL, mp_context="spawn")), "[9, 10]"),
    "a pool that replaces workers": (
        cell_of(SUMS, adapter(POOL, mp_context="fork", maxtasksperchild=1)),
        "[5, 14, 30]",
    ),
    "a thread for each task": (cell_of(SUMS, adapter(THREAD_PER_TASK)), "[5, 14, 30]"),
    "a thread for each batch": (cell_of(PREPARED, adapter(THREAD_PER_TASK), chunk_size=2), "[9, 10]"),
    "a process for each task": (cell_of(PREPARED, adapter(PROCESS_PER_TASK, mp_context="spawn")), "[9, 10]"),
    "a process for each chunk": (
        cell_of(RESULTS_BY_7, adapter(PROCESS_PER_TASK, mp_context="fork"), chunk_size=2),
        "[8, 9, 10]",
    ),
}

JOBLIB_CASES: dict[str, tuple[Cell, str]] = {
    "loky": (cell_of(RESULTS_BY_7, adapter(JOBLIB, backend="loky")), "[8, 9, 10]"),
    "loky, in batches": (cell_of(RESULTS_BY_7, adapter(JOBLIB, backend="loky"), chunk_size=2), "[8, 9, 10]"),
    "threads": (cell_of(SUMS, adapter(JOBLIB, backend="threading"), chunk_size=None), "[5, 14, 30]"),
    "processes": (cell_of(SUMS, adapter(JOBLIB, backend="multiprocessing")), "[5, 14, 30]"),
    "an initializer": (cell_of(PREPARED, adapter(JOBLIB, backend="loky")), "[9, 10]"),
    "an initializer of one worker": (
        cell_of(PREPARED, {**adapter(JOBLIB, backend="loky"), "workers": 1}),
        "[9, 10]",
    ),
}

INTERPRETER_CASES: dict[str, tuple[Cell, str]] = {
    "interpreters": (cell_of(RESULTS_BY_7, adapter(INTERPRETERS)), "[8, 9, 10]"),
    "interpreters, in batches": (cell_of(SUMS, adapter(INTERPRETERS), chunk_size=2), "[5, 14, 30]"),
    "an initializer": (cell_of(PREPARED, adapter(INTERPRETERS)), "[9, 10]"),
}

#: Code that starts engines, which is too slow to run here.
ENGINE_CASES: dict[str, Cell] = {
    "Dask": cell_of(RESULTS_BY_7, adapter(DASK, address=None)),
    "Dask, in batches": cell_of(PREPARED, adapter(DASK, address=None), chunk_size=2),
    "a cluster of Dask": cell_of(RESULTS_BY_7, adapter(DASK, address="tcp://head:8786")),
    "Ray": cell_of(RESULTS_BY_7, adapter(RAY, address=None)),
    "Ray, in batches": cell_of(PREPARED, adapter(RAY, address=None), chunk_size=2),
    "a cluster of Ray": cell_of(RESULTS_BY_7, adapter(RAY, address="head:6379"), chunk_size=None),
}

LATER = {"function": "mine.later", "items": [1, 2, 3]}
LATER_BY_9 = {**LATER, "arguments": {"plus": 9}}

ASYNC_CASES: dict[str, tuple[Cell, str]] = {
    "the plain loop": (cell_of(LATER, chunk_size=None), "[1, 4, 9]"),
    "the plain loop, with arguments and an initializer": (
        cell_of({**LATER_BY_9, "initializer": "mine.prepare"}, chunk_size=None),
        "[15, 18, 23]",
    ),
    "threads": (cell_of(LATER, threads()), "[1, 4, 9]"),
    "threads, with arguments": (cell_of(LATER_BY_9, threads()), "[10, 13, 18]"),
    "threads, in batches": (cell_of(LATER, threads(), chunk_size=2), "[1, 4, 9]"),
    "threads, in one batch": (cell_of(LATER, threads(), chunk_size=None), "[1, 4, 9]"),
    "forked processes": (cell_of(LATER, processes()), "[1, 4, 9]"),
    "spawned processes, with arguments": (cell_of(LATER_BY_9, processes("spawn")), "[10, 13, 18]"),
    "spawned processes, in batches with arguments and an initializer": (
        cell_of({**LATER_BY_9, "initializer": "mine.prepare"}, processes("spawn"), chunk_size=2),
        "[15, 18, 23]",
    ),
    "a pool that has submit and shutdown only": (
        cell_of(LATER, {"_target_": "mine.Pool", "size": 2}),
        "[1, 4, 9]",
    ),
    "such a pool, in batches": (
        cell_of(LATER, {"_target_": "mine.Pool", "size": 2}, chunk_size=2),
        "[1, 4, 9]",
    ),
    "a function that is named as the library": (
        cell_of({"function": "mine.asyncio", "items": [1, 2]}, threads()),
        "[1, 2]",
    ),
    "one event loop": (cell_of(LATER, adapter(LOOP)), "[1, 4, 9]"),
    "one event loop, with arguments and an initializer": (
        cell_of({**LATER_BY_9, "initializer": "mine.prepare"}, adapter(LOOP)),
        "[15, 18, 23]",
    ),
    "one event loop, in batches": (cell_of(LATER_BY_9, adapter(LOOP), chunk_size=2), "[10, 13, 18]"),
    "one event loop, in one batch": (cell_of(LATER, adapter(LOOP), chunk_size=None), "[1, 4, 9]"),
    "one event loop, and a function that is named as something in the code": (
        cell_of({"function": "mine.main", "items": [1, 2]}, adapter(LOOP)),
        "[1, 2]",
    ),
    "a pool": (cell_of(LATER, adapter(POOL, mp_context="fork")), "[1, 4, 9]"),
    "a pool, in batches": (
        cell_of(LATER_BY_9, adapter(POOL, mp_context="spawn"), chunk_size=2),
        "[10, 13, 18]",
    ),
    "a thread for each task": (cell_of(LATER, adapter(THREAD_PER_TASK)), "[1, 4, 9]"),
}


def test_workers_await_each_coroutine_in_an_event_loop() -> None:
    assert code_to_paste(cell_of(LATER_BY_9, threads()), is_async=True) == (
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
    assert code_to_paste(cell_of(LATER), is_async=True) == (
        "import asyncio\n"
        "from mine import later\n"
        "\n\n"
        "async def run_all(items):\n"
        "    return [await later(item) for item in items]\n"
        "\n\n"
        "items = [1, 2, 3]\n"
        "results = asyncio.run(run_all(items))"
    )


CODES: dict[str, Code] = {
    **{
        f"{kind}: {case}": Code(text=code_to_paste(cell), printed=printed)
        for kind, cases in (("plain", CASES), ("adapter", ADAPTED))
        for case, (cell, printed) in cases.items()
    },
    **{
        f"async: {case}": Code(text=code_to_paste(cell, is_async=True), printed=printed)
        for case, (cell, printed) in ASYNC_CASES.items()
    },
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what the scripts that can share an interpreter print, by case."""
    return run_all(CODES, tmp_path_factory.mktemp("scripts"))


@pytest.mark.slow
@pytest.mark.parametrize("case", CODES)
def test_the_code_runs_as_a_script_and_gives_the_results(
    case: str, printed: dict[str, str], tmp_path: Path
) -> None:
    code = CODES[case]
    actual = printed[case] if code.can_share_an_interpreter else run(code.text, tmp_path)
    assert actual == code.printed, code.text


@pytest.mark.parametrize("case", ASYNC_CASES)
def test_the_code_for_coroutines_has_at_most_79_columns(case: str) -> None:
    code = code_to_paste(ASYNC_CASES[case][0], is_async=True)
    assert max(map(len, code.splitlines())) < 80, code


@pytest.mark.parametrize("case", CASES)
def test_the_code_is_python_of_at_most_79_columns(case: str) -> None:
    code = code_to_paste(CASES[case][0])
    ast.parse(code)
    assert max(map(len, code.splitlines())) < 80, code


@pytest.mark.slow
@pytest.mark.skipif(find_spec("joblib") is None, reason="joblib is not installed")
@pytest.mark.parametrize("case", JOBLIB_CASES)
def test_the_code_for_joblib_runs_without_the_adapter(case: str, tmp_path: Path) -> None:
    cell, printed = JOBLIB_CASES[case]
    assert run(code_to_paste(cell), tmp_path) == printed


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info < (3, 14), reason="this Python has no pool of interpreters")
@pytest.mark.parametrize("case", INTERPRETER_CASES)
def test_the_code_for_interpreters_runs_without_the_adapter(case: str, tmp_path: Path) -> None:
    cell, printed = INTERPRETER_CASES[case]
    assert run(code_to_paste(cell), tmp_path) == printed


EVERY_ADAPTED_CELL: dict[str, Cell] = {
    **{f"adapter: {case}": cell for case, (cell, _) in ADAPTED.items()},
    **{f"joblib: {case}": cell for case, (cell, _) in JOBLIB_CASES.items()},
    **{f"interpreters: {case}": cell for case, (cell, _) in INTERPRETER_CASES.items()},
    **{f"engine: {case}": cell for case, cell in ENGINE_CASES.items()},
}


@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "async"])
@pytest.mark.parametrize("case", EVERY_ADAPTED_CELL)
def test_the_code_does_not_use_the_adapter_and_has_at_most_79_columns(case: str, *, is_async: bool) -> None:
    code = code_to_paste(EVERY_ADAPTED_CELL[case], is_async=is_async)
    compile(code, "pasted.py", "exec")
    assert "runner_probe" not in code
    assert max(map(len, code.splitlines())) < 80, code


def test_the_code_for_every_shipped_executor_does_not_use_the_probe() -> None:
    shipped = sorted((CHECKOUT / "conf" / "executor").glob("*.yaml"))
    assert shipped
    for file in shipped:
        pool = yaml.safe_load(file.read_text(encoding="utf-8"))["pool"]
        settings = {"workers": 2, "max_workers": 2, "mp_context": "fork", "address": None}
        pool.update({key: settings[key] for key in pool if key in settings})
        assert "runner_probe" not in code_to_paste(cell_of(SUMS, pool)), file.name


def test_a_multiprocessing_pool_gets_the_chunk_size_of_the_cell() -> None:
    assert code_to_paste(cell_of(SUMS, adapter(POOL, mp_context="fork"))) == (
        "from multiprocessing import get_context\n"
        "from experiments.numbers import sum_of_squares\n"
        "\n"
        'if __name__ == "__main__":\n'
        "    items = [3, 4, 5]\n"
        '    with get_context("fork").Pool(2) as pool:\n'
        "        results = pool.map(sum_of_squares, items, chunksize=1)"
    )
    in_chunks = code_to_paste(cell_of(SUMS, adapter(POOL, mp_context="fork"), chunk_size=16))
    assert in_chunks.endswith("pool.map(sum_of_squares, items, chunksize=16)")


def test_joblib_gets_one_task_at_a_time() -> None:
    code = code_to_paste(cell_of(SUMS, adapter(JOBLIB, backend="loky")))
    assert '    parallel = Parallel(n_jobs=2, backend="loky", batch_size=1)\n' in code
    assert code.endswith("    results = parallel(delayed(sum_of_squares)(item) for item in items)")


def test_one_event_loop_awaits_as_many_coroutines_at_a_time_as_there_are_workers() -> None:
    assert code_to_paste(cell_of(LATER, adapter(LOOP)), is_async=True) == (
        "import asyncio\n"
        "from mine import later\n"
        "\n\n"
        "async def main(items):\n"
        "    semaphore = asyncio.Semaphore(2)\n"
        "\n"
        "    async def run_item(item):\n"
        "        async with semaphore:\n"
        "            return await later(item)\n"
        "\n"
        "    return await asyncio.gather(*map(run_item, items))\n"
        "\n\n"
        "items = [1, 2, 3]\n"
        "results = asyncio.run(main(items))"
    )


@pytest.mark.parametrize(
    ("pool", "lines"),
    [
        (
            adapter(THREAD_PER_TASK),
            [
                "# A pool does the same with less overhead than a thread for each task.",
                "with ThreadPoolExecutor(max_workers=2) as pool:",
            ],
        ),
        (
            adapter(PROCESS_PER_TASK, mp_context="spawn"),
            [
                '    context = get_context("spawn")',
                "    # A pool does the same with less overhead than a process for each task.",
                "    with ProcessPoolExecutor(max_workers=2, mp_context=context) as pool:",
            ],
        ),
    ],
    ids=["threads", "processes"],
)
def test_one_worker_per_task_is_written_as_an_equivalent_pool(pool: dict[str, Any], lines: list[str]) -> None:
    assert "\n".join(lines) in code_to_paste(cell_of(SUMS, pool))


def test_interpreters_are_a_pool_of_the_standard_library() -> None:
    code = code_to_paste(cell_of(SUMS, adapter(INTERPRETERS)))
    assert "from concurrent.futures import InterpreterPoolExecutor\n" in code
    assert "    with InterpreterPoolExecutor(max_workers=2) as pool:\n" in code


def test_dask_starts_workers_here_or_joins_a_cluster() -> None:
    here = code_to_paste(cell_of(SUMS, adapter(DASK, address=None)))
    assert "LocalCluster(n_workers=2, threads_per_worker=1) as cluster,\n" in here
    assert "Client(cluster) as client,\n" in here
    assert here.endswith(
        "        pool = client.get_executor(pure=False)\n"
        "        results = list(pool.map(sum_of_squares, items))"
    )
    there = code_to_paste(cell_of(PREPARED, adapter(DASK, address="tcp://head:8786")))
    assert "LocalCluster" not in there
    assert (
        "    # The workers of the cluster must be able to import what is imported here.\n"
        '    with Client("tcp://head:8786") as client:\n'
        "        client.run(partial(prepare, base=8))\n"
    ) in there


def test_ray_starts_workers_here_or_joins_a_cluster() -> None:
    assert code_to_paste(cell_of(PREPARED, adapter(RAY, address=None))) == (
        "import ray\n"
        "from mine import prepare, shifted\n"
        "\n\n"
        "def run_item(item):\n"
        "    return shifted(item)\n"
        "\n\n"
        "is_ready = []  # in each worker\n"
        "\n\n"
        "def run_ready(*arguments):\n"
        "    if not is_ready:\n"
        "        prepare(base=8)\n"
        "        is_ready.append(True)\n"
        "    return run_item(*arguments)\n"
        "\n\n"
        'if __name__ == "__main__":\n'
        "    items = [1, 2]\n"
        "    ray.init(num_cpus=2)\n"
        "    run = ray.remote(max_retries=0)(run_ready)\n"
        "    results = ray.get([run.remote(item) for item in items])"
    )
    there = code_to_paste(cell_of(SUMS, adapter(RAY, address="head:6379")))
    assert '    ray.init(address="head:6379")\n' in there


def test_a_process_pool_has_a_main_guard_and_the_settings_of_the_cell() -> None:
    workload = {"function": "mymodule.work", "items": [1, 2], "arguments": {"base": 7}}
    assert code_to_paste(cell_of(workload, processes(), chunk_size=16)) == (
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


def test_a_process_pool_gets_all_tasks_in_one_chunk() -> None:
    assert "items, chunksize=len(items))" in code_to_paste(cell_of(SUMS, processes(), chunk_size=None))


def test_threads_that_run_one_task_at_a_time_need_no_batches() -> None:
    code = code_to_paste(cell_of(SUMS, threads()))
    assert code.endswith("    results = list(pool.map(sum_of_squares, items))")
    assert "__main__" not in code


def test_the_plain_loop_is_a_loop() -> None:
    assert code_to_paste(cell_of(SUMS)) == (
        "from experiments.numbers import sum_of_squares\n"
        "\n"
        "items = [3, 4, 5]\n"
        "results = list(map(sum_of_squares, items))"
    )


@pytest.mark.parametrize("items", [[*range(101)], ["x" * 1200]], ids=["many", "long"])
def test_long_lists_of_items_are_not_written_out(items: list[Any]) -> None:
    assert (
        "items = load_items()  # write this function: it returns the items of workload work"
        in code_to_paste(cell_of({"items": items}))
    )


def test_a_list_of_a_hundred_items_is_written_out() -> None:
    code = code_to_paste(cell_of({"items": [*range(100)]}))
    assert f"items = [{', '.join(map(str, range(100)))}]" == " ".join(
        code.partition("\n\n")[2].partition("\nresults")[0].split()
    ).replace("[ ", "[").replace(", ]", "]")


def test_loky_gets_the_chunk_size() -> None:
    code = code_to_paste(
        cell_of(SUMS, {"_target_": "loky.ProcessPoolExecutor", "max_workers": 2}, chunk_size=2)
    )
    ast.parse(code)
    assert "from loky import ProcessPoolExecutor" in code
    assert "        results = list(pool.map(sum_of_squares, items, chunksize=2))" in code


def test_the_environment_and_the_prefix_are_in_a_comment() -> None:
    code = code_to_paste(cell_of(SUMS, env={"OMP_NUM_THREADS": "1"}, prefix=["taskset", "-c", "0"]))
    assert code.startswith("# Run as: OMP_NUM_THREADS=1 taskset -c 0 python ...\n")


def test_snippets_have_no_code_to_paste() -> None:
    assert not code_to_paste(cell_of({"snippets": {"one": "1"}}))


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


@pytest.mark.slow
@pytest.mark.parametrize("chunk_size", [1, 2])
def test_each_process_has_an_event_loop_for_its_share(chunk_size: int, tmp_path: Path) -> None:
    pool = adapter(LOOPS, concurrency=10, mp_context="fork")
    code = code_to_paste(cell_of(LATER, pool, chunk_size=chunk_size), is_async=True)
    assert "    semaphore = asyncio.Semaphore(10)\n" in code
    assert "    with ProcessPoolExecutor(max_workers=2, mp_context=context) as pool:\n" in code
    assert run(code, tmp_path) == run(code_to_paste(cell_of(LATER), is_async=True), tmp_path)
