"""The command line as users run it, with workloads that misbehave and studies that are interrupted."""

import csv
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from runner.folder.results import read
from runner.supervise.server import OUTPUT_CAP_BYTES
from tests.conftest import PATIENCE_S, processes_of, wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]

WORK = """
import contextlib, ctypes, multiprocessing, os, signal, subprocess, sys, threading, time

def in_thread():
    return threading.current_thread() is not threading.main_thread()

def in_process():
    return multiprocessing.parent_process() is not None

def in_the_loop():
    return not in_thread() and not in_process()

def square(number):
    return number * number

def prints(number):
    print("printed", number)
    os.write(2, b"written")
    return number

def closes_stdout(number):
    sys.stdout.close()
    with contextlib.suppress(OSError):
        os.close(1)
    return number

def floods(number):
    for _ in range(260):
        os.write(1, b"x" * 65536)
    return number

def raises(number):
    raise ValueError("never")

def raises_in_thread(number):
    if in_thread():
        raise ValueError("not\\nthis one")
    return number

def exits_in_thread(number):
    if in_thread():
        sys.exit(3)
    return number

def exits_in_process(number):
    if in_process():
        os._exit(3)
    return number

def is_killed_in_process(number):
    if in_process():
        os.kill(os.getpid(), signal.SIGKILL)
    return number

def exits_at_once_in_thread(number):
    if in_thread():
        print("so long")
        os._exit(0)
    return number

def aborts_in_the_loop(number):
    if in_the_loop():
        os.abort()
    return number

def segfaults_in_the_loop(number):
    if in_the_loop():
        ctypes.string_at(0)
    return number

def hangs_in_thread(number):
    if in_thread():
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
        time.sleep(1000)
    return number

LOCK = threading.Lock()

def hold_the_lock():
    holder = threading.Thread(target=lambda: LOCK.acquire() and time.sleep(1000), daemon=True)
    holder.start()
    while not LOCK.locked():
        time.sleep(0.001)

def needs_the_lock(number):
    if in_process():
        with LOCK:
            pass
    return number

def cannot_be_pickled(number):
    return lambda: number

def is_wrong_in_thread(number):
    return -1 if in_thread() and number == 2 else number

def takes_a_while(number):
    time.sleep(0.05)
    return number

def ignores_sigterm(number):
    signal.signal(signal.SIGTERM, lambda *_: open("asked", "w").close())
    open("begun", "w").close()
    time.sleep(0.5)
    return number

def waits_for_permission(number):
    open("begun", "w").close()
    while not os.path.exists("permitted"):
        time.sleep(0.02)
    return number

def never_ends(number):
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    time.sleep(1000)
"""


SELFISH = """
from concurrent.futures import ProcessPoolExecutor

def square(number):
    return number * number

print(list(ProcessPoolExecutor(2).map(square, range(4))))
"""


@dataclass(frozen=True, kw_only=True)
class Study:
    """A finished study."""

    folder: Path
    exit_code: int
    shown: str
    errors: str

    def rows(self) -> list[dict[str, str]]:
        return rows_of(self.folder)

    def failed(self, function: str | None = None) -> list[tuple[str, str, str]]:
        """List executor, status and error of the invocations that failed."""
        return [
            (row["executor"], row["status"], row["error"])
            for row in self.headlines(function)
            if row["status"] != "ok"
        ]

    def succeeded(self, function: str | None = None) -> Counter[str]:
        """Count the cold runs of every executor that succeeded."""
        return Counter(row["executor"] for row in self.headlines(function) if row["status"] == "ok")

    def headlines(self, function: str | None = None) -> list[dict[str, str]]:
        """List the first row of every invocation, of a function if one is given.

        Short tasks are traced in a second row.
        """
        return [
            row
            for row in self.rows()
            if row["iteration"] == "0"
            and (function is None or row["workload.function"] == f"work.{function}")
        ]

    def processes(self) -> list[int]:
        return processes_of(id_of(self.folder))


def command(function: str, *settings: str) -> list[str]:
    return [
        *(sys.executable, "-m", "runner", "--multirun"),
        *("workload=function", f"workload.function=work.{function}", "workload.items=[1,2,3]"),
        *("workers=2", "repetitions=2", "seed=1", "quiet=true", *settings),
    ]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a working directory with the workloads."""
    (tmp_path / "work.py").write_text(WORK)
    return tmp_path


def run_study(folder: Path, function: str, *settings: str) -> Study:
    """Run a study of one or several functions to its end."""
    done = subprocess.run(
        command(function, *settings),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )
    study = Study(folder=newest(folder), exit_code=done.returncode, shown=done.stdout, errors=done.stderr)
    assert "Traceback" not in study.shown + study.errors
    assert study.processes() == []
    return study


def sweep(folder: Path, functions: Iterable[str]) -> Study:
    """Run one study of several functions on the loop, threads and processes."""
    (folder / "work.py").write_text(WORK)
    return run_study(folder, ",work.".join(functions), *EXECUTORS)


EXECUTORS = ("executor=serial,thread,process",)
ONCE = len("printed 1\nwritten") * 3
#: By function: the sizes of the output of its invocations.
OUTPUTS = {
    "prints": {ONCE, 2 * ONCE},  # short tasks run once more, to be traced
    "closes_stdout": set[int](),
    "floods": {OUTPUT_CAP_BYTES},
}


@pytest.fixture(scope="module")
def printing(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Run all functions that use their output."""
    return sweep(tmp_path_factory.mktemp("printing"), OUTPUTS)


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Run all functions that fail on one of the executors."""
    return sweep(tmp_path_factory.mktemp("failing"), [function for function, *_ in FAULTS])


def newest(folder: Path) -> Path:
    return max(filter(Path.is_dir, (folder / "results").iterdir()), key=lambda path: path.stat().st_ctime_ns)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "samples.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def id_of(folder: Path) -> str:
    study: dict[str, str] = yaml.safe_load((folder / "study.yaml").read_text())
    return study["study"]


@pytest.mark.parametrize("function", OUTPUTS)
def test_the_output_of_a_workload_does_not_disturb_the_study(printing: Study, function: str) -> None:
    assert (printing.exit_code, printing.errors) == (0, "")
    assert printing.failed(function) == []
    assert printing.succeeded(function) == {"serial": 3, "thread": 2, "process": 2}
    cells = {row["cell"] for row in printing.headlines(function)}
    files = [file for file in (printing.folder / "output").iterdir() if file.name.partition("_")[0] in cells]
    assert {file.stat().st_size for file in files} == OUTPUTS[function]


#: By the executor that fails: headline runs that succeed, with the reference run of the next cell.
SUCCEEDED = {
    "serial": {"thread": 3, "process": 2},
    "thread": {"serial": 3, "process": 2},
    "process": {"serial": 3, "thread": 2},
}

#: Function, executor that fails, status, part of the error.
FAULTS = [
    ("raises_in_thread", "thread", "failed", "items[0] = 1 raised ValueError: not this one"),
    ("exits_in_thread", "thread", "failed", "items[0] = 1 raised SystemExit: 3"),
    (
        "exits_at_once_in_thread",
        "thread",
        "crashed",
        "the interpreter exited with code 0 before it replied; its last output: so long",
    ),
    ("exits_in_process", "process", "crashed", "a worker exited with code 3: BrokenProcessPool"),
    (
        "is_killed_in_process",
        "process",
        "crashed",
        # The rest of the message depends on whether tasks were still being dispatched.
        "a worker was killed by SIGKILL, which the system sends when memory runs out: BrokenProcessPool",
    ),
    ("aborts_in_the_loop", "serial", "crashed", "the interpreter was killed by SIGABRT"),
    ("segfaults_in_the_loop", "serial", "crashed", "the interpreter was killed by SIGSEGV"),
    ("cannot_be_pickled", "process", "failed", "Can't pickle local object"),
    (
        "is_wrong_in_thread",
        "thread",
        "wrong_result",
        "items[1] = 2 returned -1, but 2 in the reference run",
    ),
]


@pytest.mark.parametrize(("function", "executor", "status", "error"), FAULTS)
def test_a_fault_is_one_row_and_the_rest_of_the_grid_is_measured(
    failing: Study, function: str, executor: str, status: str, error: str
) -> None:
    (row,) = failing.failed(function)
    assert row[:2] == (executor, status)
    assert error in row[2]
    assert failing.succeeded(function) == SUCCEEDED[executor]
    assert (failing.exit_code, failing.errors) == (1, "")
    assert executor in failing.shown


def test_failures_and_their_tracebacks_are_in_the_log(failing: Study) -> None:
    log = (failing.folder / "study.log").read_text()
    for function, executor, status, _ in FAULTS:
        (cell,) = {row["cell"] for row in failing.headlines(function) if row["executor"] == executor}
        assert re.search(rf"cell {cell} \({executor}\), repetition \d: {status}: ", log)
    assert 'work.py", line' in log
    assert "in raises_in_thread" in log


def test_a_study_in_which_nothing_succeeds_ends_like_any_other(folder: Path) -> None:
    study = run_study(folder, "raises", *EXECUTORS)
    error = "items[0] = 1 raised ValueError: never (work.py:33)"
    assert sorted(study.failed()) == [
        (executor, "failed", error) for executor in ("process", "serial", "thread")
    ]
    assert (study.exit_code, study.succeeded()) == (1, {})
    assert study.errors == ""


def test_a_hang_is_terminated_at_the_time_limit_with_its_child_processes(folder: Path) -> None:
    study = run_study(folder, "hangs_in_thread", *EXECUTORS, "time_limit_s=8")
    ((executor, status, error),) = study.failed()
    assert (executor, status) == ("thread", "timeout")
    assert error.startswith("terminated at its time limit of 8 s: 0 of 3 tasks ended, at ")
    assert re.search(r"both workers in hangs_in_thread \(work.py:\d+\), asleep; raise time_limit_s if", error)
    assert study.succeeded() == {"serial": 3, "process": 2}
    assert study.exit_code == 1


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_lock_held_at_the_fork_is_reported_as_a_hang_with_its_remedy(folder: Path) -> None:
    settings = "workload.setup=work.hold_the_lock", "executor=process", "time_limit_s=4"
    study = run_study(folder, "needs_the_lock", *settings)
    ((executor, status, error),) = study.failed()
    assert (executor, status) == ("process", "timeout")
    # Starting the workers takes some CPU time, on a busy machine up to some hundredths of the four seconds.
    assert re.match(
        r"hung: 0 of 3 tasks ended in 4 s at \d % CPU; both workers in needs_the_lock \(work\.py:", error
    )
    assert "waiting for a lock; if a thread of the parent held it when the pool forked" in error
    assert "start_method=spawn" in error
    assert (study.folder / "study.log").read_text().count("in needs_the_lock\n") == 2


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_module_that_waits_for_its_own_pool_is_refused_at_the_limit_of_loading(folder: Path) -> None:
    (folder / "selfish.py").write_text(SELFISH)
    done = subprocess.run(
        [*command("square", "load_limit_s=3"), "workload.function=selfish.square"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.stderr.startswith(
        "error: importing selfish took longer than load_limit_s=3 (at 0 % CPU): hung; "
    )
    assert "in <module> (selfish.py:7), waiting for the result of a future" in done.stderr
    assert "not when the module is imported" in done.stderr
    assert not (folder / "results").exists()


STOPPING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _without_nohup() -> Iterator[None]:
    """Let the closing of a terminal stop studies even if these tests run under `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def start(folder: Path, function: str, *settings: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command(function, "executor=serial,thread", "repetitions=200", *settings),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_rows(folder: Path, count: int) -> Path:
    """Wait until a study has this number of rows, and return its folder."""

    def has_rows() -> bool:
        files = list(folder.glob("results/*/samples.csv"))
        return bool(files) and files[0].read_bytes().count(b"\n") > count

    wait_until(has_rows)
    return newest(folder)


def kept_in(results: Path) -> str:
    return f"completed runs are kept; resume with: python -m runner resume=results/{results.name}"


def test_the_death_of_the_runner_loses_the_invocation_in_progress_only(folder: Path) -> None:
    with start(folder, "takes_a_while") as runner:
        results = wait_for_rows(folder, 4)
        runner.kill()
        runner.communicate(timeout=PATIENCE_S)
    assert runner.returncode == -signal.SIGKILL
    wait_until(lambda: not processes_of(id_of(results)))

    content = read(results)
    assert len(content.samples) >= 4
    assert {sample.status for sample in content.samples} == {"ok"}
    repetitions = [sample.repetition for sample in content.samples]
    assert repetitions == [0, *(1 + number // 2 for number in range(len(repetitions) - 1))]
    assert content.trace().num_rows == 3 * len(content.samples)
    assert len(content.environment["workers"]) == 2, "stored in the first repetition"

    done = subprocess.run(
        [sys.executable, "-m", "runner.report", results],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (results / "summary.csv").is_file()
    assert list((results / "plots").iterdir()) != []


@pytest.mark.parametrize("number", STOPPING)
def test_an_interrupted_study_is_kept_and_reported(folder: Path, number: signal.Signals) -> None:
    with start(folder, "takes_a_while") as runner:
        results = wait_for_rows(folder, 4)
        runner.send_signal(number)
        shown, errors = runner.communicate(timeout=PATIENCE_S)
    assert runner.returncode == 130
    assert processes_of(id_of(results)) == []
    *kept, last = rows_of(results)
    measured = sum(row["repetition"] != "0" for row in kept)
    assert errors == f"interrupted after {measured} of 400 invocations; {kept_in(results)}\n"
    assert {row["status"] for row in kept} == {"ok"}
    assert len(kept) >= 4
    assert (last["status"], last["error"]) == ("interrupted", "the runner was interrupted")
    assert "serial takes" in " ".join(shown.split())
    assert (results / "summary.csv").is_file()
    assert (results / "trace.parquet").is_file()
    assert list((results / "plots").iterdir()) != []


def test_a_study_interrupted_twice_ends_without_a_report(folder: Path) -> None:
    with start(folder, "ignores_sigterm", "executor=serial") as runner:
        results = wait_for_rows(folder, 2)
        (folder / "begun").unlink()
        wait_until((folder / "begun").exists)
        runner.send_signal(signal.SIGINT)
        wait_until((folder / "asked").exists)  # two signals at the same time would count as one
        runner.send_signal(signal.SIGINT)
        shown, errors = runner.communicate(timeout=PATIENCE_S)
    assert (runner.returncode, shown) == (130, "")
    skipped = f"the report was skipped; python -m runner.report results/{results.name} renders it"
    assert errors.endswith(f"{kept_in(results)}\n{skipped}\n")
    assert processes_of(id_of(results)) == []
    assert not (results / "summary.csv").exists()
    assert [row["status"] for row in rows_of(results)][-1] == "interrupted"


MEASURED = "another process is measuring this study"


def resume(folder: Path, results: Path, *overrides: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "runner", f"resume={results}", "quiet=true", *overrides],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_resuming_a_study_that_is_still_measured_waits_and_continues_after_it(folder: Path) -> None:
    with start(folder, "waits_for_permission", "executor=serial", "repetitions=2") as first:
        wait_until((folder / "begun").exists)
        results = newest(folder)
        with resume(folder, results) as second:
            assert second.stderr is not None
            assert second.stderr.readline() == f"waiting: {results}: {MEASURED}\n"
            (folder / "permitted").touch()
            _, errors = second.communicate(timeout=PATIENCE_S)
        first.communicate(timeout=PATIENCE_S)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "nothing is left to measure: all 2 repetitions are measured" in errors
    assert [row["repetition"] for row in rows_of(results)] == list("012")


def test_a_folder_is_read_only_after_the_process_that_changes_it_has_ended(folder: Path) -> None:
    with start(folder, "waits_for_permission", "executor=serial", "repetitions=2") as first:
        wait_until((folder / "begun").exists)
        results = newest(folder)
        away = (results / "cells.yaml").rename(folder / "cells.yaml")  # as while the trace is replaced
        with resume(folder, results) as second:
            assert second.stderr is not None
            assert second.stderr.readline() == f"waiting: {results}: {MEASURED}\n"
            away.rename(results / "cells.yaml")
            (folder / "permitted").touch()
            second.communicate(timeout=PATIENCE_S)
        first.communicate(timeout=PATIENCE_S)
    assert (first.returncode, second.returncode) == (0, 0)


def test_without_waiting_a_study_that_is_still_measured_cannot_be_resumed(folder: Path) -> None:
    with start(folder, "waits_for_permission", "executor=serial", "repetitions=2") as first:
        wait_until((folder / "begun").exists)
        results = newest(folder)
        with resume(folder, results, "wait=false") as second:
            _, errors = second.communicate(timeout=PATIENCE_S)
        (folder / "permitted").touch()
        first.communicate(timeout=PATIENCE_S)
    assert (first.returncode, second.returncode) == (0, 2)
    assert f"{MEASURED}; resume it later, or use wait=true" in errors
    assert [row["repetition"] for row in rows_of(results)] == list("012")


def test_a_study_is_not_resumed_while_its_report_is_made(folder: Path) -> None:
    with start(folder, "square", "repetitions=1", "quiet=false") as first:
        assert first.stderr is not None
        while "finishing" not in (line := first.stderr.readline()):
            assert line
        first.send_signal(signal.SIGSTOP)
        with resume(folder, newest(folder), "wait=false", "repetitions=2") as second:
            _, errors = second.communicate(timeout=PATIENCE_S)
        first.send_signal(signal.SIGCONT)
        first.communicate(timeout=PATIENCE_S)
    assert (first.returncode, second.returncode) == (0, 2)
    assert f"{MEASURED}; resume it later, or use wait=true" in errors


@pytest.mark.parametrize("number", STOPPING)
def test_a_study_interrupted_at_its_first_reference_is_kept_too(folder: Path, number: signal.Signals) -> None:
    with start(folder, "never_ends") as runner:
        results = wait_for_rows(folder, 0)
        wait_until(lambda: (results / "study.yaml").exists() and len(processes_of(id_of(results))) >= 2)
        runner.send_signal(number)
        _, errors = runner.communicate(timeout=PATIENCE_S)
    assert runner.returncode == 130
    resume_with = f"resume with: python -m runner resume=results/{results.name}"
    assert errors == f"interrupted after 0 of 400 invocations; no run was completed; {resume_with}\n"
    assert processes_of(id_of(results)) == []
    (row,) = rows_of(results)
    assert (row["executor"], row["repetition"], row["status"]) == ("serial", "0", "interrupted")


@pytest.mark.parametrize("number", STOPPING)
def test_an_interruption_while_the_report_is_made_ends_the_program_at_once(
    folder: Path, number: signal.Signals
) -> None:
    with start(folder, "square", "repetitions=1", "quiet=false") as runner:
        assert runner.stderr is not None
        while "finishing" not in (line := runner.stderr.readline()):
            assert line
        runner.send_signal(number)
        shown, errors = runner.communicate(timeout=PATIENCE_S)
    results = newest(folder)
    again = f"python -m runner.report results/{results.name} renders its tables and plots"
    assert (runner.returncode, shown, errors) == (130, "", f"interrupted; {again}\n")
    assert {sample.status for sample in read(results).samples} == {"ok"}
    assert [row["repetition"] for row in rows_of(results) if row["iteration"] == "0"] == ["0", "1", "1"]
    assert read(results).trace().num_rows > 0


def test_a_study_started_with_nohup_survives_the_closing_of_its_terminal(folder: Path) -> None:
    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with subprocess.Popen(
        command("takes_a_while", "executor=thread"),
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        preexec_fn=ignore,  # noqa: PLW1509 - this process has no other threads
    ) as runner:
        results = wait_for_rows(folder, 1)
        runner.send_signal(signal.SIGHUP)
        assert runner.wait(PATIENCE_S) == 0
    assert {row["status"] for row in rows_of(results)} == {"ok"}


def test_a_study_whose_output_is_not_read_is_measured_to_its_end(folder: Path) -> None:
    source, sink = os.pipe()
    os.close(source)
    with subprocess.Popen(
        command("square", "executor=thread", "quiet=false"),
        cwd=folder,
        env=environment(),
        stdout=sink,
        stderr=sink,
    ) as runner:
        os.close(sink)
        assert runner.wait(PATIENCE_S) == 0
    assert (newest(folder) / "summary.csv").is_file()
    assert {row["repetition"] for row in rows_of(newest(folder))} == {"0", "1", "2"}


def test_if_the_supervisor_is_killed_its_processes_are_terminated_and_the_error_is_one_line(
    folder: Path,
) -> None:
    with start(folder, "never_ends") as runner:
        results = wait_for_rows(folder, 0)
        wait_until(lambda: (results / "study.yaml").exists() and len(processes_of(id_of(results))) == 2)
        os.kill(supervising_process(runner.pid), signal.SIGKILL)
        _, errors = runner.communicate(timeout=PATIENCE_S)
    assert processes_of(id_of(results)) == []
    ended = "its 2 leftover processes were terminated"
    assert runner.returncode == 1
    assert errors == f"error: the supervising process was killed; {kept_in(results)}; {ended}\n"
    assert list(read(results).samples) == []


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP)],
)
def test_an_interruption_during_the_preflight_leaves_nothing(
    folder: Path, number: signal.Signals, exit_code: int
) -> None:
    (folder / "work.py").write_text("import time\ntime.sleep(1000)\n")
    with start(folder, "never_imported") as runner:
        (probe,) = wait_until(lambda: probes_of(runner.pid))
        runner.send_signal(number)
        _, errors = runner.communicate(timeout=PATIENCE_S)
    expected = "interrupted; nothing was measured\n" if number is signal.SIGINT else ""
    assert (runner.returncode, errors) == (exit_code, expected)
    wait_until(lambda: not command_line(probe))
    assert not (folder / "results").exists()


def supervising_process(runner: int) -> int:
    (process,) = supervising_processes(runner)
    return process


def supervising_processes(runner: int) -> list[int]:
    return [child for child in children_of(runner) if "runner.supervise.server" in command_line(child)]


def probes_of(runner: int) -> list[int]:
    return [probe for supervising in supervising_processes(runner) for probe in children_of(supervising)]


def children_of(process: int) -> list[int]:
    files = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for file in files for child in file.read_text().split()]


def command_line(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return ""


def test_the_same_seed_gives_the_same_order(folder: Path) -> None:
    grid = ("executor=thread", "workers=1,2,3,4", "seed=5")
    first, second = (
        [(row["repetition"], row["cell"]) for row in run_study(folder, "square", *grid).headlines()]
        for _ in range(2)
    )
    assert first == second
    assert len(first) == 1 + 2 * 5


def test_duplicate_cells_are_measured_once(folder: Path) -> None:
    study = run_study(folder, "square", "executor=serial,process", "workers=1,2,4")
    visits = Counter((row["executor"], row["workers"]) for row in study.headlines())
    assert visits == {("serial", ""): 3, ("process", "1"): 2, ("process", "2"): 2, ("process", "4"): 2}
    assert (study.exit_code, study.failed()) == (0, [])


def test_a_report_on_a_folder_without_results_is_an_error_of_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "runner.report", tmp_path],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    reason = "it is not a result folder, because it has no cells.yaml"
    expected = f"{tmp_path}: {reason}; name the result folder of a study"
    assert done.stderr == f"error: {expected}\n"
