"""Real processes, most of them small scripts, under the supervising process."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.supervise import client as client_module
from runner.supervise.client import Supervisor, SupervisorDied
from runner.supervise.protocol import NOTE_MARK, REPLY_MARK, Ending, Launch
from runner.supervise.server import OUTPUT_CAP_BYTES
from tests.conftest import PATIENCE_S, processes_of, wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]

PRELUDE = f"""
import hashlib, json, os, signal, sys, time

def reply(value):
    body = json.dumps(value).encode()
    sys.stdout.buffer.write({REPLY_MARK.encode()!r} + b"%d\\n" % len(body) + body)
    sys.stdout.buffer.flush()

def burn(seconds):
    while time.process_time() < seconds:
        pass

def hang():
    while True:
        signal.pause()
"""

#: Three processes: the command itself, a child in a new session, and a daemon.
HANGING_FAMILY = """
if os.fork() == 0:
    os.setsid()
    hang()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        hang()
    os._exit(0)
os.wait()
hang()
"""
IGNORING = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


@pytest.fixture
def supervising() -> Iterator[Supervisor]:
    with Supervisor() as client:
        yield client
    assert processes_of(client.study_id) == []


def launch(folder: Path, script: str, *, time_limit_s: float = PATIENCE_S, specification: str = "") -> Launch:
    return Launch(
        command=[sys.executable, "-I", "-S", "-c", PRELUDE + script],
        environment=dict(os.environ),
        specification=specification,
        output=str(folder / "output.txt"),
        time_limit_s=time_limit_s,
    )


def decoded(ending: Ending) -> Any:
    return None if ending.reply is None else json.loads(ending.reply)


def in_background(client: Supervisor, wanted: Launch) -> "Future[Ending]":
    pool = ThreadPoolExecutor(1)
    future = pool.submit(client.run, wanted)
    pool.shutdown(wait=False)
    return future


def test_a_reply_is_found_in_other_output(supervising: Supervisor, tmp_path: Path) -> None:
    script = """
print("chatter " * 400_000)
reply({"text": "\\u2028 and a mark \\x1erunner-reply 3"})
print("more chatter")
"""
    ending = supervising.run(launch(tmp_path, script))
    assert decoded(ending) == {"text": "\u2028 and a mark \x1erunner-reply 3"}
    assert (ending.ended, ending.exit_code, ending.error) == ("exited", 0, "")
    assert (ending.killed, ending.orphans_cpu_s) == (0, 0.0)


def test_a_reply_larger_than_a_pipe_arrives_whole(supervising: Supervisor, tmp_path: Path) -> None:
    ending = supervising.run(launch(tmp_path, 'reply({"text": "x" * 20_000_000})'))
    assert decoded(ending) == {"text": "x" * 20_000_000}


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("", id="nothing"),
        pytest.param("print('chatter')", id="chatter alone"),
        pytest.param(f"os.write(1, {REPLY_MARK.encode()!r} + b'9\\n{{}}')", id="half a reply"),
        pytest.param(f"os.write(1, {REPLY_MARK.encode()!r} + b'nine\\n{{}}')", id="no length"),
    ],
)
def test_an_incomplete_reply_counts_as_none(supervising: Supervisor, tmp_path: Path, script: str) -> None:
    ending = supervising.run(launch(tmp_path, script))
    assert (ending.reply, ending.ended, ending.exit_code) == (None, "exited", 0)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_death_by_a_signal_has_its_negative_number_as_exit_code(
    supervising: Supervisor, tmp_path: Path, number: int
) -> None:
    ending = supervising.run(launch(tmp_path, f"os.kill(os.getpid(), {int(number)})"))
    assert (ending.reply, ending.ended, ending.exit_code) == (None, "exited", -number)


def test_the_exit_code_and_the_output_are_kept(supervising: Supervisor, tmp_path: Path) -> None:
    ending = supervising.run(launch(tmp_path, "sys.exit('a message')"))
    assert (ending.reply, ending.ended, ending.exit_code) == (None, "exited", 1)
    assert (tmp_path / "output.txt").read_text() == "a message\n"


@pytest.mark.parametrize(
    ("command", "environment", "error"),
    [
        pytest.param("/no/such/python", {}, "No such file or directory: /no/such/python", id="missing"),
        pytest.param("/etc", {}, "Permission denied: /etc", id="no program"),
        pytest.param("/bin/true", {"A=B": "1"}, "illegal environment variable name: /bin/true", id="name"),
    ],
)
def test_a_program_that_cannot_be_started_is_reported_with_the_reason(
    supervising: Supervisor, tmp_path: Path, command: str, environment: dict[str, str], error: str
) -> None:
    wanted = Launch(
        command=[command],
        environment=environment,
        specification="",
        output=str(tmp_path / "output.txt"),
        time_limit_s=PATIENCE_S,
    )
    ending = supervising.run(wanted)
    assert (ending.reply, ending.ended, ending.exit_code, ending.error) == (None, "not_started", None, error)
    assert decoded(supervising.run(launch(tmp_path, "reply({})"))) == {}


def test_every_process_of_an_invocation_carries_the_mark_of_the_study(
    supervising: Supervisor, tmp_path: Path
) -> None:
    ending = supervising.run(launch(tmp_path, "reply({'mark': os.environ['RUNNER_STUDY']})"))
    assert decoded(ending) == {"mark": supervising.study_id}


def test_a_specification_of_five_megabytes_arrives(supervising: Supervisor, tmp_path: Path) -> None:
    specification = json.dumps({"items": list(range(700_000))})
    assert len(specification) > 5_000_000
    script = "reply({'digest': hashlib.sha256(sys.stdin.buffer.read()).hexdigest()})"
    ending = supervising.run(launch(tmp_path, script, specification=specification))
    assert decoded(ending) == {"digest": hashlib.sha256(specification.encode()).hexdigest()}


def test_one_supervisor_runs_many_invocations(supervising: Supervisor, tmp_path: Path) -> None:
    replies = [
        decoded(supervising.run(launch(tmp_path, f"reply({{'number': {number}}})"))) for number in range(3)
    ]
    assert replies == [{"number": 0}, {"number": 1}, {"number": 2}]


def test_a_process_that_hangs_is_terminated_at_the_time_limit(
    supervising: Supervisor, tmp_path: Path
) -> None:
    ending = supervising.run(launch(tmp_path, "hang()", time_limit_s=1.0))
    assert (ending.reply, ending.ended, ending.exit_code) == (None, "timeout", -signal.SIGTERM)
    assert ending.killed == 1
    assert ending.seconds >= 1.0


def test_a_process_that_ignores_sigterm_is_killed(supervising: Supervisor, tmp_path: Path) -> None:
    ending = supervising.run(launch(tmp_path, IGNORING + "hang()", time_limit_s=2.0))
    assert (ending.reply, ending.ended, ending.exit_code) == (None, "timeout", -signal.SIGKILL)


@pytest.mark.parametrize(
    ("prefix", "number"), [("", signal.SIGTERM), (IGNORING, signal.SIGKILL)], ids=["obedient", "ignoring"]
)
def test_at_the_time_limit_sessions_and_daemons_end_too(
    supervising: Supervisor, tmp_path: Path, prefix: str, number: int
) -> None:
    running = in_background(supervising, launch(tmp_path, prefix + HANGING_FAMILY, time_limit_s=3.0))
    ending = running.result(PATIENCE_S)
    assert (ending.ended, ending.exit_code, ending.killed) == ("timeout", -number, 3)
    assert processes_of(supervising.study_id) == []


def test_a_reply_before_a_hang_is_kept(supervising: Supervisor, tmp_path: Path) -> None:
    ending = supervising.run(launch(tmp_path, "reply({'all': 'well'})\nhang()", time_limit_s=3.0))
    assert (decoded(ending), ending.ended, ending.killed) == ({"all": "well"}, "exited", 1)


def test_a_flood_of_output_does_not_delay_the_time_limit(supervising: Supervisor, tmp_path: Path) -> None:
    ending = supervising.run(launch(tmp_path, "while True: os.write(1, bytes(65536))", time_limit_s=1.0))
    assert (ending.reply, ending.ended) == (None, "timeout")


NOTE = f"""
def note(value):
    os.write(1, {NOTE_MARK.encode()!r} + json.dumps(value).encode() + b"\\n")
"""


def test_what_takes_long_before_the_tasks_has_a_limit_of_its_own(
    supervising: Supervisor, tmp_path: Path
) -> None:
    script = NOTE + "note({'activity': 'importing mine'})\nhang()"
    loading = replace(launch(tmp_path, script), load_limit_s=1.0)
    ending = supervising.run(loading)
    assert (ending.ended, ending.activity) == ("timeout", "importing mine")
    assert ending.evidence is not None
    assert ending.evidence.seconds >= 1.0


ANNOUNCE = """
os.read(0, 1 << 20)  # the specification
def announce(activity, at_s):
    os.write(0, json.dumps({'activity': activity, 'at_s': at_s}).encode() + b"\\n")
"""


@pytest.mark.parametrize("at_s", ["time.monotonic()", "0.0", "1e12"], ids=["now", "the past", "the future"])
def test_an_activity_is_read_from_the_file_of_the_specification(
    supervising: Supervisor, tmp_path: Path, at_s: str
) -> None:
    """The clock of another time namespace may say anything: the limit then begins when the file is read."""
    script = ANNOUNCE + f"announce('importing mine', {at_s})\nhang()"
    ending = supervising.run(replace(launch(tmp_path, script), load_limit_s=1.0))
    assert (ending.ended, ending.activity) == ("timeout", "importing mine")
    assert 1.0 <= ending.seconds < PATIENCE_S


def test_the_limit_of_the_tasks_begins_when_the_last_activity_ended(
    supervising: Supervisor, tmp_path: Path
) -> None:
    script = (
        ANNOUNCE + "announce('a', time.monotonic())\ntime.sleep(1)\nannounce('', time.monotonic())\nhang()"
    )
    ending = supervising.run(
        replace(launch(tmp_path, ANNOUNCE + script, time_limit_s=1.0), load_limit_s=PATIENCE_S)
    )
    assert (ending.ended, ending.activity) == ("timeout", "")
    assert ending.evidence is None or ending.evidence.seconds >= 1.0
    assert ending.seconds >= 2.0


def test_the_limit_of_the_tasks_begins_with_them(supervising: Supervisor, tmp_path: Path) -> None:
    activities = "".join(f"note({{'activity': '{name}'}})\ntime.sleep(0.5)\n" for name in ("a", "b", "c"))
    script = NOTE + activities + "note({'activity': ''})\nreply({'all': 'well'})"
    ending = supervising.run(replace(launch(tmp_path, script, time_limit_s=1.4), load_limit_s=PATIENCE_S))
    assert (decoded(ending), ending.ended, ending.activity) == ({"all": "well"}, "exited", "")


def test_an_activity_that_takes_long_is_reported_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = client_module._PROGRAM.replace(
        "from runner",
        "import runner.supervise.server as server; server._REPORT_AFTER_S = 0.1; from runner",
        1,
    )
    monkeypatch.setattr(client_module, "_PROGRAM", program)
    reported: list[str] = []
    script = NOTE + "note({'activity': 'importing mine'})\ntime.sleep(1)\nnote({'activity': ''})\nreply(1)"
    with Supervisor(reported.append) as supervising:
        for _ in range(2):
            supervising.run(replace(launch(tmp_path, script), load_limit_s=PATIENCE_S))
    assert reported == ["importing mine"]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_at_the_time_limit_processes_tell_their_progress_and_their_stacks(
    supervising: Supervisor, tmp_path: Path
) -> None:
    script = """
import faulthandler, subprocess
faulthandler.register(62, file=2)
signal.signal(61, lambda *_: note({'progress': {'ended': 3, 'tasks': 9, 'since_last_s': 0.5}}))
subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(100)'])  # handles no signal
if os.fork() == 0:
    hang()
hang()
"""
    ending = supervising.run(launch(tmp_path, NOTE + script, time_limit_s=2.0))
    evidence = ending.evidence
    assert evidence is not None
    assert (evidence.ended, evidence.tasks, evidence.since_last_s) == (3, 9, 0.5)
    assert evidence.cpu_share < 0.5
    assert len(evidence.processes) == 3
    assert ["in hang" in process.stacks for process in evidence.processes].count(True) == 2
    assert {bool(process.system_calls) for process in evidence.processes} == {True}


def test_leftover_processes_are_terminated_and_counted(supervising: Supervisor, tmp_path: Path) -> None:
    script = """
if os.fork() == 0:
    os.setsid()
    hang()
reply({})
"""
    ending = supervising.run(launch(tmp_path, script))
    assert (decoded(ending), ending.ended, ending.exit_code, ending.killed) == ({}, "exited", 0, 1)
    assert processes_of(supervising.study_id) == []


def test_a_helper_that_ends_with_its_parent_is_not_terminated(
    supervising: Supervisor, tmp_path: Path
) -> None:
    script = """
source, sink = os.pipe()
if os.fork() == 0:
    os.close(sink)
    os.read(source, 1)
    os._exit(0)
reply({})
"""
    ending = supervising.run(launch(tmp_path, script))
    assert (decoded(ending), ending.killed) == ({}, 0)


def test_an_interrupt_ends_the_invocation_in_progress_and_all_later_ones(
    supervising: Supervisor, tmp_path: Path
) -> None:
    running = in_background(supervising, launch(tmp_path, IGNORING + HANGING_FAMILY))
    wait_until(lambda: len(processes_of(supervising.study_id)) >= 3)
    supervising.interrupt()
    ending = running.result(PATIENCE_S)
    assert (ending.reply, ending.ended) == (None, "interrupted")
    assert processes_of(supervising.study_id) == []
    assert supervising.run(launch(tmp_path, "hang()")).ended == "interrupted"


def test_the_output_file_keeps_its_beginning_its_end_and_a_bounded_size(
    supervising: Supervisor, tmp_path: Path
) -> None:
    script = """
os.write(2, b"begin")
for _ in range(1000):
    os.write(2, b"x" * 50_000)
os.write(2, b"the reason")
reply({})
"""
    ending = supervising.run(launch(tmp_path, script))
    assert decoded(ending) == {}
    printed = (tmp_path / "output.txt").read_bytes()
    assert len(printed) == OUTPUT_CAP_BYTES
    assert printed.startswith(b"beginxxx")
    assert printed.endswith(b"xxxthe reason")
    assert b"x\n[...]\nx" in printed


def test_an_output_file_that_cannot_be_created_fails_only_its_invocation(
    supervising: Supervisor, tmp_path: Path
) -> None:
    nowhere = replace(launch(tmp_path, "reply({})"), output=str(tmp_path / "nowhere" / "output.txt"))
    ending = supervising.run(nowhere)
    assert (ending.ended, ending.error) == ("not_started", f"No such file or directory: {nowhere.output}")
    assert decoded(supervising.run(launch(tmp_path, "reply({})"))) == {}


def test_the_cpu_time_of_a_daemon_is_counted(supervising: Supervisor, tmp_path: Path) -> None:
    script = """
source, sink = os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        burn(0.3)
        os.write(sink, repr(time.process_time()).encode())
        os._exit(0)
    os._exit(0)
os.close(sink)
reply({"burnt_s": float(os.read(source, 100))})
"""
    ending = supervising.run(launch(tmp_path, script))
    burnt_s = decoded(ending)["burnt_s"]
    assert burnt_s >= 0.3
    assert burnt_s - 0.001 <= ending.orphans_cpu_s < 2 * burnt_s, "counted, and not twice"


def test_the_cpu_time_of_a_child_that_was_waited_for_is_left_to_its_parent(
    supervising: Supervisor, tmp_path: Path
) -> None:
    script = """
if os.fork() == 0:
    burn(0.3)
    os._exit(0)
os.wait()
reply({})
"""
    assert supervising.run(launch(tmp_path, script)).orphans_cpu_s == 0.0


def test_the_cpu_time_of_terminated_processes_is_not_charged_to_the_next_invocation(
    supervising: Supervisor, tmp_path: Path
) -> None:
    script = """
import threading
for _ in range(3):
    threading.Thread(target=burn, args=(60,), daemon=True).start()
if os.fork() == 0:
    burn(60)
burn(60)
"""
    assert supervising.run(launch(tmp_path, script, time_limit_s=1.0)).ended == "timeout"
    assert supervising.run(launch(tmp_path, "reply({})")).orphans_cpu_s == 0.0


def test_processes_that_cannot_be_killed_are_counted_once(tmp_path: Path) -> None:
    hanging = launch(tmp_path, "import time\ntime.sleep(60)", time_limit_s=1.0)
    script = f"""
import os, signal
from dataclasses import asdict
from runner.supervise import server as supervisor
from runner.supervise.protocol import Launch
kill, os.kill = os.kill, lambda *_: None  # as if all were another user's
supervisor._GRACE_S = supervisor._KILLING_S = 0.2
supervisor._become_subreaper()
children, wake = os.pipe()
os.set_blocking(children, False)
requests, keep = os.pipe()
given_up = set()
for wanted in ({hanging!r}, {launch(tmp_path, "reply([])")!r}):
    ending = supervisor._Invocation(wanted, requests, keep, children, [], given_up).run()
    print(ending.ended, ending.killed, ending.alive, len(given_up))
for process in given_up:
    kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("timeout 0 1 1\nexited 0 0 1\n", "")


LEAVING = """
import tempfile
tempfile.mkdtemp()
tempfile.mkstemp()
os.symlink("/", tempfile.mktemp())
"""


def test_temporary_files_are_removed_after_every_invocation(supervising: Supervisor, tmp_path: Path) -> None:
    script = (
        LEAVING + "folder = tempfile.gettempdir()\nreply({'folder': folder, 'left': len(os.listdir(folder))})"
    )
    first, second = (decoded(supervising.run(launch(tmp_path, script))) for _ in range(2))
    assert first is not None
    assert first == second
    assert first["left"] == 3
    assert list(Path(first["folder"]).iterdir()) == []


def test_a_temporary_folder_that_a_workload_removes_is_created_again(
    supervising: Supervisor, tmp_path: Path
) -> None:
    script = "import tempfile\nfolder = tempfile.gettempdir()\nos.rmdir(folder)\nreply(folder)"
    first, second = (decoded(supervising.run(launch(tmp_path, script))) for _ in range(2))
    assert first == second is not None


def test_a_cell_may_set_its_own_folder_for_temporary_files(supervising: Supervisor, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    wanted = launch(tmp_path, LEAVING + "reply([])")
    supervising.run(replace(wanted, environment={**wanted.environment, "TMPDIR": str(folder)}))
    assert len(list(folder.iterdir())) == 3


def test_the_temporary_folder_is_not_changed_if_paths_of_sockets_would_be_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 80)
    deep.mkdir()
    monkeypatch.setenv("TMPDIR", str(deep))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with Supervisor() as client:
        ending = client.run(launch(tmp_path, "import tempfile\nreply({'folder': tempfile.gettempdir()})"))
    assert decoded(ending) == {"folder": str(deep)}
    assert list(deep.iterdir()) == []


HOLDING_A_SEMAPHORE = f"""
{IGNORING}
import multiprocessing
lock = multiprocessing.get_context("spawn").Lock()
print(lock._semlock.name, file=sys.stderr, flush=True)
hang()
"""


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="semaphores are no files here")
def test_semaphores_are_removed_even_if_their_owner_is_killed(
    supervising: Supervisor, tmp_path: Path
) -> None:
    ending = supervising.run(launch(tmp_path, HOLDING_A_SEMAPHORE, time_limit_s=1.0))
    name = (tmp_path / "output.txt").read_text().strip().removeprefix("/")
    assert (ending.ended, ending.alive) == ("timeout", 0)
    assert name
    assert not Path(f"/dev/shm/sem.{name}").exists()


def test_the_death_of_the_runner_ends_everything(tmp_path: Path) -> None:
    script = f"""
import sys
from runner.supervise import client as client_module
from runner.supervise.client import Supervisor
from runner.supervise.protocol import Launch
with Supervisor() as client:
    print(client.study_id, client._process.pid, client._temporary, flush=True)
    client.run({launch(tmp_path, IGNORING + HANGING_FAMILY)!r})
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as runner:
        assert runner.stdout is not None
        study_id, supervising_process, temporary = runner.stdout.readline().split()
        wait_until(lambda: len(processes_of(study_id)) >= 3)
        runner.kill()
    wait_until(lambda: not processes_of(study_id))
    wait_until(lambda: "runner.supervise.server" not in command_line(supervising_process))
    assert not Path(temporary).exists()


def command_line(process: str) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return ""


def test_the_death_of_the_supervising_process_is_reported(tmp_path: Path) -> None:
    with Supervisor() as client:
        running = in_background(client, launch(tmp_path, "hang()"))
        (probe,) = wait_until(lambda: processes_of(client.study_id))
        client._process.kill()
        message = "^the supervising process was killed$"
        with pytest.raises(SupervisorDied, match=message):
            running.result(PATIENCE_S)
        with pytest.raises(SupervisorDied, match=message):
            client.run(launch(tmp_path, "hang()"))
        client.interrupt()  # there is no process to interrupt; it must not fail
        os.kill(probe, signal.SIGKILL)
        temporary = Path(client._temporary)
    assert not temporary.exists()
    wait_until(lambda: not processes_of(client.study_id))
