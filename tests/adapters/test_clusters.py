"""Dask and Ray on clusters of separate processes, in another folder and environment, some of which die."""

import json
import os
import signal
import site
import socket
import subprocess
import tempfile
import venv
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import wait_until
from tests.probe.probing import Answer, ask, specify

pytestmark = pytest.mark.slow

WORKERS = 2
# The clusters listen on the loopback interface only, and do not send usage statistics.
QUIET = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}
TARGETS = {
    "dask": "runner_probe.adapters.dask_pool.DaskPool",
    "ray": "runner_probe.adapters.ray_pool.RayPool",
}
IMPORT_OURS = "import runner.records"
LIBRARIES = {"dask": "distributed", "ray": "ray"}


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A running engine, or one that every pool starts."""

    engine: str
    address: str | None = None
    folder: Path = Path()
    prefix: Path = Path()  #: of the workers' environment
    head: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def specify(self, *, workers: int = WORKERS, **settings: Any) -> dict[str, Any]:
        pool = {"_target_": TARGETS[self.engine], "workers": workers, "address": self.address}
        return specify(pool, **settings)

    def ask(self, *, environment: Mapping[str, str] | None = None, **settings: Any) -> Answer:
        return ask(self.specify(**settings), environment={**QUIET, **(environment or {})})


@pytest.fixture(scope="session")
def worker_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a virtual environment with the same libraries but without the runner."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text("\n".join(site.getsitepackages()))
    imported = subprocess.run(
        [folder / "bin" / "python", "-c", IMPORT_OURS], cwd=folder, stderr=subprocess.DEVNULL, check=False
    )
    assert imported.returncode != 0, "runner is installed, not linked to, so other environments find it too"
    return folder


@pytest.fixture(scope="module", params=["dask", "ray"])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    pytest.importorskip(LIBRARIES[name])
    return name


@pytest.fixture(scope="module")
def cluster(engine: str, worker_environment: Path) -> Iterator[Cluster]:
    with running(engine, worker_environment) as cluster:
        yield cluster


@contextmanager
def running(engine: str, worker_environment: Path) -> Iterator[Cluster]:
    """Run an engine with two workers. The name of its folder is short, because Ray puts sockets there."""
    with tempfile.TemporaryDirectory(prefix="c") as name, tempfile.TemporaryFile() as log:
        folder, programs = Path(name), []

        def start(*command: str) -> "subprocess.Popen[bytes]":
            program = subprocess.Popen(
                [worker_environment / "bin" / "python", "-m", *command],
                cwd=folder,
                env={**os.environ, **QUIET},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            programs.append(program)
            return program

        try:
            head, address = {"dask": start_dask, "ray": start_ray}[engine](start, folder)
            yield Cluster(engine=engine, address=address, folder=folder, prefix=worker_environment, head=head)
        finally:
            for program in reversed(programs):
                end(program)


Start = Callable[..., "subprocess.Popen[bytes]"]


def start_dask(start: Start, folder: Path) -> tuple["subprocess.Popen[bytes]", str]:
    known = folder / "scheduler.json"
    local = ("--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0")
    head = start("distributed.cli.dask_scheduler", *local, "--port", "0", "--scheduler-file", str(known))
    options = ("--nthreads", "1", "--nworkers", "1", "--death-timeout", "30")
    for _ in range(WORKERS):
        start("distributed.cli.dask_worker", *local, *options, "--scheduler-file", str(known))
    return head, json.loads(wait_until(lambda: read(known)))["address"]


def start_ray(start: Start, folder: Path) -> tuple["subprocess.Popen[bytes]", str]:
    here = ("--head", "--block", "--node-ip-address=127.0.0.1", "--port=0", f"--num-cpus={WORKERS}")
    head = start("ray.scripts.scripts", "start", *here, "--include-dashboard=false", f"--temp-dir={folder}")
    return head, wait_until(lambda: read(folder / "ray_current_cluster"))


def read(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def end(program: "subprocess.Popen[bytes]") -> None:
    """End a program and its descendants."""
    program.terminate()
    with suppress(subprocess.TimeoutExpired):
        program.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait()


def test_tasks_run_where_the_code_is_not_installed(cluster: Cluster) -> None:
    answer = cluster.ask(function="held.environment", items=[1, 2, 3, 4], compare="close")
    assert (answer.reply["status"], answer.reply["error"]) == ("ok", "")
    folders, prefixes, importable, pools = zip(*answer.values(), strict=True)
    assert set(prefixes) == {str(cluster.prefix)}
    assert all(Path(folder).resolve() != Path.cwd() for folder in folders)
    assert importable == ([],) * 4
    assert pools == (1,) * 4, "nothing of earlier pools is left"


def test_equal_tasks_all_run_and_report_their_host_and_process(cluster: Cluster, tmp_path: Path) -> None:
    arguments = {"path": str(tmp_path / "notes")}
    answer = cluster.ask(function="bag.note_and_square", items=[3] * 8, arguments=arguments)
    assert answer.values() == [9] * 8
    assert (tmp_path / "notes").read_text().count("task\n") == 8
    records = answer.records()
    assert {record["host"] for record in records} == {os.uname().nodename}
    assert 1 <= len({record["process_id"] for record in records}) <= WORKERS
    for record in records:
        moments = [record[f"{moment}_ns"] for moment in ("submitted", "started", "ended", "received")]
        assert moments == sorted(moments)


def test_objects_of_user_classes_are_sent_and_returned(cluster: Cluster) -> None:
    points = [{"_target_": "held.Point", "x": x} for x in (1, 2)]
    answer = cluster.ask(function="held.mirror", items=points, compare="equal")
    assert answer.reply["reference"]["shown"] == ["Point(x=-1)", "Point(x=-4)"]


@pytest.mark.parametrize(
    "settings",
    [
        {"function": "bag.squared_later"},
        {"function": "bag.scaled", "arguments": {"factor": 2}, "items": [0.5, 2, 4.5], "tracing": "chunk"},
    ],
    ids=["coroutines", "short"],
)
def test_tasks_of_every_kind_run(cluster: Cluster, settings: dict[str, Any]) -> None:
    answer = cluster.ask(**settings, chunk_size=2, iterations=3)
    assert (answer.reply["status"], answer.reply["error"]) == ("ok", "")
    assert answer.values() == [1, 4, 9]
    assert len(answer.reply["iterations"]) == 4


def test_short_tasks_run_without_being_traced(cluster: Cluster) -> None:
    answer = cluster.ask(tracing="separate_run")
    assert (answer.reply["status"], answer.reply["error"]) == ("ok", "")
    assert answer.reply["reference"]["values"] == [1, 4, 9]
    assert [iteration["tracing"] for iteration in answer.reply["iterations"]] == [False, True]


def test_snippets_run(cluster: Cluster) -> None:
    answer = cluster.ask(function=None, items=None, snippets={"sum": "sum(range(1000))", "power": "2**64"})
    assert (answer.reply["status"], answer.reply["error"]) == ("ok", "")
    assert len(answer.records()) == 2


@pytest.mark.parametrize("workers", [1, 2])
def test_as_many_tasks_run_at_once_as_there_are_workers(
    cluster: Cluster, workers: int, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "gate")
    arguments = {"folder": str(tmp_path), "count": workers}
    answer = cluster.ask(
        workers=workers, function="bag.meet", items=list(range(workers)), arguments=arguments
    )
    assert answer.values() == [workers] * workers
    assert answer.reply["workers"]["distinct_workers"] == workers


def test_the_initializer_runs_once_in_each_worker(cluster: Cluster, tmp_path: Path) -> None:
    initializer = {"_target_": "bag.note_worker", "path": str(tmp_path / "workers")}
    answer = cluster.ask(items=list(range(8)), initializer=initializer)
    initialized = [int(line.split()[0]) for line in (tmp_path / "workers").read_text().splitlines()]
    assert len(set(initialized)) == len(initialized) <= WORKERS
    assert {record["process_id"] for record in answer.records()} <= set(initialized)


def test_a_worker_that_cannot_begin_is_a_crash(cluster: Cluster) -> None:
    reply = cluster.ask(initializer="bag.give_up").reply
    assert reply["status"] == "crashed"
    assert reply["error"].endswith("cannot begin: RuntimeError: this worker does not start")
    assert cluster.ask().values() == [1, 4, 9], "the next pool is not concerned"


def test_a_task_that_raises_is_reported_with_its_traceback(cluster: Cluster) -> None:
    reply = cluster.ask(function="bag.fail_on", arguments={"bad": 2}).reply
    assert (reply["status"], reply["error"].partition(" (bag.py:")[0]) == (
        "failed",
        "items[1] = 2 raised ValueError: cannot take 2",
    )
    assert 'raise ValueError(f"cannot take {number}")' in reply["traceback"]


def test_a_result_that_cannot_be_pickled_is_a_failure(cluster: Cluster) -> None:
    reply = cluster.ask(function="bag.lock", compare="none").reply
    assert reply["status"] == "failed"
    lost = "the result of items[0] = 1 cannot be pickled: TypeError: cannot pickle '_thread.lock' object"
    assert reply["error"] == lost


def test_a_lost_worker_ends_the_invocation_but_not_the_cluster(cluster: Cluster, tmp_path: Path) -> None:
    with held(cluster, tmp_path) as (waiting, processes):
        os.kill(processes[0], signal.SIGKILL)
        reply = waiting.result().reply
    assert reply["status"] == "crashed"
    assert "lost its worker" in reply["error"] or "WorkerCrashedError" in reply["error"]
    assert cluster.ask().values() == [1, 4, 9]


def test_a_lost_head_ends_the_invocation(engine: str, worker_environment: Path, tmp_path: Path) -> None:
    with running(engine, worker_environment) as cluster, held(cluster, tmp_path) as (waiting, _):
        os.kill(head_of(cluster), signal.SIGKILL)
        reply = waiting.result().reply
    assert reply["status"] == "crashed"


@contextmanager
def held(cluster: Cluster, folder: Path) -> Iterator[tuple["Future[Answer]", list[int]]]:
    """Measure tasks that wait; yield the future answer and the processes that run them."""
    os.mkfifo(folder / "gate")
    gate = os.open(folder / "gate", os.O_RDWR)
    notes = folder / "running"
    with ThreadPoolExecutor(1) as thread:
        task = partial(cluster.ask, function="held.hold", items=list(range(6)))
        waiting = thread.submit(task, arguments={"folder": str(folder)})
        try:
            wait_until(
                lambda: waiting.done() or (notes.exists() and notes.read_text().count("\n") == WORKERS)
            )
            assert not waiting.done(), waiting.result().reply["error"]
            yield waiting, [int(line) for line in notes.read_text().split()]
        finally:
            os.write(gate, b"." * 6)  # releases tasks that still wait in a worker of a running cluster
    os.close(gate)


def head_of(cluster: Cluster) -> int:
    """Find the process on which the whole cluster depends."""
    assert cluster.head is not None
    if cluster.engine == "dask":
        return cluster.head.pid
    for children in Path(f"/proc/{cluster.head.pid}/task").glob("*/children"):
        for child in children.read_text().split():
            if "gcs_server" in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
    raise AssertionError("the head of Ray has no server")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="t") as name:
        yield Path(name)


def test_an_engine_that_the_pool_started_leaves_nothing(
    engine: str, short_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working_folder = tmp_path / "working"
    working_folder.mkdir()
    monkeypatch.chdir(working_folder)
    answer = Cluster(engine=engine).ask(
        items=list(range(8)),
        initializer={"_target_": "bag.note_worker", "path": str(tmp_path / "workers")},
        teardown={"_target_": "held.note_programs", "path": str(tmp_path / "living")},
        environment={"TMPDIR": str(short_folder), "HOME": str(short_folder)},
    )
    assert (answer.reply["status"], answer.reply["error"], answer.printed) == ("ok", "", "")
    assert answer.values() == [number**2 for number in range(8)]
    initialized = [int(line.split()[0]) for line in (tmp_path / "workers").read_text().splitlines()]
    assert 1 <= len(set(initialized)) == len(initialized) <= WORKERS
    living = tmp_path / "living"
    programs = living.read_text().splitlines() if living.exists() else []
    assert [program for program in programs if "multiprocessing.resource_tracker" not in program] == []
    assert [*short_folder.iterdir(), *working_folder.iterdir()] == []


def test_a_dead_worker_of_an_engine_that_the_pool_started_is_a_crash(engine: str) -> None:
    reply = Cluster(engine=engine).ask(function="bag.leave", arguments={"code": 3}).reply
    assert (reply["status"], reply["iterations"]) == ("crashed", [])


def test_an_address_where_nothing_answers_is_reported_at_once(engine: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        reply = Cluster(engine=engine, address=address).ask().reply
    assert reply["status"] == "failed"
    assert f"executor.address={address}: nothing answers there" in reply["error"]


def test_more_workers_than_the_cluster_has_are_refused(cluster: Cluster) -> None:
    reply = cluster.ask(workers=3).reply
    assert reply["status"] == "failed"
    assert reply["error"].startswith("ValueError: workers=3")


@pytest.mark.parametrize(
    ("workers", "chosen"), [(2, ["a"]), (3, ["a", "b"]), (7, ["a", "b", "c"]), (None, ["a", "b", "c"])]
)
def test_workers_are_chosen_by_their_threads(workers: int | None, chosen: list[str]) -> None:
    choose = pytest.importorskip("runner_probe.adapters.dask_pool").choose_workers
    assert choose({"b": 1, "a": 2, "c": 4}, workers) == chosen


def test_workers_whose_threads_do_not_add_up_are_refused() -> None:
    choose = pytest.importorskip("runner_probe.adapters.dask_pool").choose_workers
    with pytest.raises(ValueError, match=r"^workers=4: the threads .* \(possible: 2, 3, 7\); start workers"):
        choose({"b": 1, "a": 2, "c": 4}, 4)
