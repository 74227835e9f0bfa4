"""Profilers: how they are started, which interpreters they cannot read, and profiles of real processes."""

import csv
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from runner.errors import ConfigurationError
from runner.measure import profilers
from runner.measure.interpreter import CheckedInterpreter, Interpreter
from runner.measure.profilers import check_profiler, collect_allocations, with_py_spy
from runner.measure.untimed_runs import UntimedRequest, run_untimed
from runner.records import Purpose, UntimedRun
from runner.supervise.client import Supervisor
from runner.supervise.protocol import Ending, Launch
from tests.conftest import PATIENCE_S
from tests.factories import cell as make_cell
from tests.measure.test_invocation import make_ending

if TYPE_CHECKING:
    from runner_probe.wire import InterpreterFacts

PYTHON = "/usr/bin/python3"
INTERPRETER = Interpreter(python=PYTHON, env={}, prefix=[])
FACTS = {"implementation": "CPython", "free_threaded": False}

needs_py_spy = pytest.mark.skipif(profilers._py_spy() is None, reason="py-spy is not installed")


class FakePySpy:
    """A supervisor under which py-spy writes a profile, or prints why it cannot."""

    def __init__(self, printed: str = "") -> None:
        self.printed = printed

    def run(self, launch: Launch) -> Ending:
        if self.printed:
            Path(launch.output).write_text(self.printed, encoding="utf-8")
        else:
            Path(launch.command[launch.command.index("--output") + 1]).write_text("{}", encoding="utf-8")
        return make_ending()


def problems(purpose: Purpose, supervisor: FakePySpy, **changes: Any) -> list[str]:
    facts = cast("InterpreterFacts", {**FACTS, **changes})
    checked = CheckedInterpreter(interpreter=INTERPRETER, cells=["a"], async_cells=[], facts=facts)
    try:
        check_profiler(purpose, [checked], supervisor)
    except ConfigurationError as error:
        return str(error).splitlines()
    return []


@pytest.fixture
def _with_py_spy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profilers, "_py_spy", lambda: "/bin/py-spy")


@pytest.mark.usefixtures("_with_py_spy")
def test_py_spy_starts_the_interpreter_after_the_prefix() -> None:
    command = with_py_spy(["nice", "-n5", PYTHON, "probe"], PYTHON, Path("p.json"))
    assert command[:4] == ["nice", "-n5", "/bin/py-spy", "record"]
    assert "--subprocesses" in command
    assert command[-5:] == ["--output", "p.json", "--", PYTHON, "probe"]


@pytest.mark.usefixtures("_with_py_spy")
def test_an_interpreter_that_py_spy_can_read_is_accepted() -> None:
    assert problems("cpu-profile", FakePySpy()) == []


@pytest.mark.usefixtures("_with_py_spy")
def test_an_interpreter_that_py_spy_cannot_read_is_reported_with_the_reason() -> None:
    (problem,) = problems("cpu-profile", FakePySpy("Error: Permission Denied"))
    assert problem == (
        f"profile=cpu: py-spy cannot read {PYTHON} here (Error: Permission Denied); "
        "remove this interpreter, or use profile=memory"
    )


@pytest.mark.usefixtures("_with_py_spy")
def test_a_free_threaded_interpreter_has_no_cpu_profile() -> None:
    (problem,) = problems("cpu-profile", FakePySpy(), free_threaded=True)
    assert problem.startswith(
        f"profile=cpu: py-spy cannot read the free-threaded {PYTHON}; remove this interpreter"
    )


def test_without_py_spy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profilers, "_py_spy", lambda: None)
    (problem,) = problems("cpu-profile", FakePySpy())
    assert problem == (
        "profile=cpu: py-spy is not installed; install it: "
        "pip install 'parallel-runner[profile]' (in a checkout: pip install '.[profile]')"
    )


def test_a_memory_profile_needs_nothing_but_cpython() -> None:
    assert problems("memory-profile", FakePySpy(), free_threaded=True) == []
    (problem,) = problems("memory-profile", FakePySpy(), implementation="PyPy")
    assert problem.startswith(
        f"profile=memory: {PYTHON} is PyPy, and only CPython has tracemalloc; measure it"
    )


WORK = """
import time
from json import loads

early = bytearray(5_000_000)

def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass

def hold(megabytes):
    held = [bytearray(1_000_000) for _ in range(megabytes)]
    return len(held)

raw = bytearray

async def hold_later(megabytes):
    return hold(megabytes)
"""
THREAD = {"_target_": "concurrent.futures.ThreadPoolExecutor", "max_workers": 2}
SERIAL = {"_target_": "runner_probe.pools.Serial"}
POOLS = [
    pytest.param(SERIAL, id="serial"),
    pytest.param(THREAD, id="thread"),
    *(
        pytest.param(
            {
                "_target_": "concurrent.futures.ProcessPoolExecutor",
                "max_workers": 2,
                "mp_context": start_method,
            },
            id=start_method,
        )
        for start_method in ("fork", "spawn", "forkserver")
    ),
]


def profiled(
    folder: Path, purpose: Purpose, function: str, items: list[Any], pool: Mapping[str, Any], **env: str
) -> UntimedRun:
    (folder / "working.py").write_text(WORK, encoding="utf-8")
    settings = {
        **make_cell(id="abc").settings,
        "python": sys.executable,
        "env": env,
        "workload": {"function": f"working.{function}", "items": items},
        "executor": {"pool": dict(pool)},
    }
    request = UntimedRequest(
        cell=make_cell(id="abc", chunk_size=1, settings=settings),
        purpose=purpose,
        calls=None,
        time_limit_s=PATIENCE_S,
        output=folder / "output.txt",
        profile=folder / "profiles" / "abc.json",
    )
    with Supervisor() as supervisor:
        return run_untimed(request, supervisor)


@pytest.mark.slow
@needs_py_spy
@pytest.mark.parametrize("pool", POOLS)
def test_a_cpu_profile_includes_the_tasks_of_every_pool(
    pool: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = profiled(tmp_path, "cpu-profile", "burn", [0.3, 0.3], pool)
    assert (run.status, run.error, run.profile) == ("ok", "", "abc.json")
    assert '"burn"' in (tmp_path / "profiles" / "abc.json").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("function", ["hold", "hold_later"])
@pytest.mark.parametrize("pool", POOLS)
def test_a_memory_profile_includes_the_tasks_of_every_pool(
    pool: Mapping[str, Any], function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = profiled(tmp_path, "memory-profile", function, [200], pool)
    assert (run.status, run.error) == ("ok", "")
    with (tmp_path / "profiles" / "abc.json").open(encoding="utf-8", newline="") as file:
        most = max(csv.DictReader(file), key=lambda row: int(row["held_bytes"]))
    assert (Path(most["file"]).name, most["source"]) == (
        "working.py",
        "held = [bytearray(1_000_000) for _ in range(megabytes)]",
    )


@pytest.mark.slow
def test_memory_of_a_function_not_written_in_python_is_attributed_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    profiled(tmp_path, "memory-profile", "raw", [20_000_000], SERIAL)
    with (tmp_path / "profiles" / "abc.json").open(encoding="utf-8", newline="") as file:
        most = max(csv.DictReader(file), key=lambda row: int(row["held_bytes"]))
    assert most["source"] == "(the function itself, which is not written in Python)"
    assert int(most["held_bytes"]) >= 20_000_000


@pytest.mark.slow
def test_memory_of_a_library_function_is_attributed_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    profiled(tmp_path, "memory-profile", "loads", [f"[{'1.5,' * 100_000}1]"], SERIAL)
    with (tmp_path / "profiles" / "abc.json").open(encoding="utf-8", newline="") as file:
        most = max(csv.DictReader(file), key=lambda row: int(row["held_bytes"]))
    assert Path(most["file"]) == Path(json.__file__)
    assert int(most["held_bytes"]) > 2_000_000


@pytest.mark.slow
@pytest.mark.parametrize("pool", [POOLS[0], POOLS[2]])
def test_memory_allocated_before_the_tasks_is_not_attributed_to_them(
    pool: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    profiled(tmp_path, "memory-profile", "hold", [200], pool, PYTHONTRACEMALLOC="1")
    with (tmp_path / "profiles" / "abc.json").open(encoding="utf-8", newline="") as file:
        sources = {row["source"] for row in csv.DictReader(file)}
    assert "held = [bytearray(1_000_000) for _ in range(megabytes)]" in sources
    assert not [source for source in sources if source.startswith("early")]


def test_the_highest_peak_counts_if_a_process_has_several_interpreters(tmp_path: Path) -> None:
    for name, held_bytes in (("7-900", 900), ("7-1000", 1000), ("8-30", 30)):
        rows = [["work.py", 3, "held = []", held_bytes, 1]]
        (tmp_path / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
    collect_allocations(tmp_path, tmp_path / "run.csv")
    with (tmp_path / "run.csv").open(encoding="utf-8", newline="") as file:
        assert [(row["process_id"], row["held_bytes"]) for row in csv.DictReader(file)] == [
            ("7", "1000"),
            ("8", "30"),
        ]


@pytest.mark.slow
@pytest.mark.parametrize("pool", [POOLS[0], POOLS[1]])
def test_memory_of_the_pool_is_not_in_a_memory_profile(
    pool: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    profiled(tmp_path, "memory-profile", "hold", [0, 0, 0], pool)
    with (tmp_path / "profiles" / "abc.json").open(encoding="utf-8", newline="") as file:
        assert {Path(row["file"]).name for row in csv.DictReader(file)} <= {"working.py"}


@pytest.mark.slow
def test_a_task_that_fails_under_a_profiler_leaves_no_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = profiled(tmp_path, "memory-profile", "hold", ["many"], SERIAL)
    assert (run.status, run.profile) == ("failed", "")
    assert "TypeError" in run.error
