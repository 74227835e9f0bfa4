"""Workloads that misbehave, on every executor: tests/faults.yaml lists them with the expected reports."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner.supervise.server import OUTPUT_CAP_BYTES
from tests.conftest import PATIENCE_S
from tests.test_faults import ROOT, Study, environment, newest

pytestmark = pytest.mark.slow

MEASURED = ROOT / "tests" / "probe" / "measured"
TABLE: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load((ROOT / "tests" / "faults.yaml").read_text())
TIME_LIMITS_S = {"endless": 2.5}

HERE = ("serial", "thread")
PROCESSES = ("fork", "spawn", "forkserver")
EXECUTORS = (*HERE, *PROCESSES)
COLUMNS = {"all": EXECUTORS, "here": HERE, "processes": PROCESSES}


def expectations() -> Iterator[tuple[str, str, str, Sequence[str]]]:
    """Yield group, fault, executor, and the status and parts of the error."""
    for group, faults in TABLE.items():
        for fault, row in faults.items():
            newer = row.get("says_since_3_12") if sys.version_info >= (3, 12) else None
            for column, says in (newer or row["says"]).items():
                for executor in COLUMNS.get(column, (column,)):
                    yield group, fault, executor, says


def write_settings(folder: Path) -> None:
    """Write the workloads of the table, and a process pool for each start method."""
    for kind in ("workload", "executor"):
        (folder / kind).mkdir(parents=True)
    for faults in TABLE.values():
        for fault, row in faults.items():
            keys = {key: value for key, value in row.items() if not key.startswith("says")}
            workload = {"function": f"faulty.{fault}", "items": [1, 2, 3], "compare": "none", **keys}
            (folder / "workload" / f"{fault}.yaml").write_text(yaml.safe_dump(workload))
    for method in PROCESSES:
        pool = {
            "_target_": "concurrent.futures.ProcessPoolExecutor",
            "max_workers": "${workers}",
            "mp_context": method,
        }
        (folder / "executor" / f"{method}.yaml").write_text(yaml.safe_dump({"pool": pool}))


class Sweep:
    """A study in its own folder.

    Args:
        folder: its working directory
        settings: on the command line
    """

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder, self.settings = folder, settings
        self.temporary = folder / "t"  # short: the paths of sockets are limited
        self.temporary.mkdir()
        write_settings(folder / "conf")

    @cached_property
    def process(self) -> "subprocess.Popen[str]":
        """Start it."""
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "runner", "--config-dir", "conf", "--multirun", *self.settings),
                *("workers=2", "repetitions=1", "seed=1", "quiet=true"),
            ],
            cwd=self.folder,
            env={**environment(), "PYTHONPATH": f"{ROOT}:{MEASURED}", "TMPDIR": str(self.temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @cached_property
    def study(self) -> Study:
        """Wait for its end."""
        shown, errors = self.process.communicate(timeout=10 * PATIENCE_S)
        exit_code = self.process.returncode
        return Study(folder=newest(self.folder), exit_code=exit_code, shown=shown, errors=errors)

    def left(self) -> list[Path]:
        """List its leftover temporary files, without the runner's lock, which stays."""
        return [path for path in self.temporary.iterdir() if path.suffix != ".lock"]


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Sweep]]:
    """Sweep each group of faults over all executors."""
    prepared = {
        group: Sweep(
            tmp_path_factory.mktemp(group),
            f"workload={','.join(faults)}",
            f"executor={','.join(EXECUTORS)}",
            f"time_limit_s={TIME_LIMITS_S.get(group, PATIENCE_S):g}",
        )
        for group, faults in TABLE.items()
    }
    with prepared["endless"].process as endless:  # it mostly waits, so the others run at the same time
        yield prepared
        endless.terminate()  # in case none of its tests was selected


def endings(study: Study) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the last status and error of every cell, by workload and executor."""
    return {(row["workload"], row["executor"]): (row["status"], row["error"]) for row in study.rows()}


def assert_reported(study: Study, fault: str, executor: str, says: Sequence[str]) -> None:
    status, error = endings(study)[fault, executor]
    assert (status, bool(error)) == (says[0], says[0] != "ok"), error
    for part in says[1:]:
        assert part in error


@pytest.mark.parametrize(("group", "fault", "executor", "says"), list(expectations()))
def test_a_fault_is_reported(
    sweeps: Mapping[str, Sweep], group: str, fault: str, executor: str, says: Sequence[str]
) -> None:
    assert_reported(sweeps[group].study, fault, executor, says)


@pytest.mark.parametrize("group", list(TABLE))
def test_a_study_of_faults_measures_every_cell_and_leaves_nothing(
    sweeps: Mapping[str, Sweep], group: str
) -> None:
    sweep, study = sweeps[group], sweeps[group].study
    assert set(endings(study)) == {(fault, executor) for fault in TABLE[group] for executor in EXECUTORS}
    expected = 0 if group == "harmless" else 1
    assert (study.exit_code, study.errors) == (expected, "")
    assert "Traceback" not in study.shown
    assert study.processes() == []
    assert sweep.left() == []
    outputs = [file.stat().st_size for file in (study.folder / "output").iterdir()]
    assert max(outputs, default=0) <= OUTPUT_CAP_BYTES
    assert_reportable(study)


def assert_reportable(study: Study) -> None:
    (study.folder / "summary.csv").unlink()
    again = subprocess.run(
        [sys.executable, "-m", "runner.report", study.folder],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (again.returncode, again.stderr) == (study.exit_code, "")
    assert (study.folder / "summary.csv").is_file()


STARTING = """#!/bin/sh
[ -e broken ] && echo the licence has expired >&2 && exit 9
exec {command} "$@"
"""


@pytest.mark.parametrize("setting", [f"python={sys.executable},./start", "prefix=[],[./start]"])
def test_an_interpreter_that_no_longer_starts_is_reported(
    tmp_path_factory: pytest.TempPathFactory, setting: str
) -> None:
    folder = tmp_path_factory.mktemp("starting")
    start = folder / "start"
    start.write_text(STARTING.format(command=sys.executable if setting.startswith("python") else ""))
    start.chmod(0o755)
    executors = f"executor={','.join(EXECUTORS)}"
    breaking = "workload.setup=faulty.break_interpreters"  # after the preflight, which does not run setup
    study = Sweep(folder, "workload=healthy", breaking, executors, setting).study
    rows = [(row["status"], row["error"]) for row in study.headlines()]
    error = "the interpreter exited with code 9 before it replied; its last output: the licence has expired"
    assert rows.count(("crashed", error)) == len(EXECUTORS)
    assert rows.count(("ok", "")) == len(EXECUTORS) + 1, "with the reference run"
    assert (study.exit_code, study.processes()) == (1, [])


@pytest.mark.parametrize("engine", ["loky", "joblib"])
def test_an_engine_whose_worker_is_killed_is_reported(
    tmp_path_factory: pytest.TempPathFactory, engine: str
) -> None:
    pytest.importorskip(engine)
    sweep = Sweep(tmp_path_factory.mktemp("engine"), "workload=healthy,is_killed", f"executor={engine}")
    study = sweep.study
    assert_reported(study, "is_killed", engine, ["crashed", "TerminatedWorkerError", "SIGKILL(-9)"])
    assert_reported(study, "healthy", engine, ["ok"])
    assert study.processes() == []
    assert sweep.left() == []
