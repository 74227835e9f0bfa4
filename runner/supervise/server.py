"""The process between the runner and the measured interpreters: it starts them, bounds them, ends them.

A program that `supervision` starts. It sleeps while an invocation is measured, but for a look at the
size of its output four times a second. As the subreaper of all that an invocation leaves behind it can end
every descendant, those that called `setsid` too, and it learns from a pipe that the runner has died.
Elsewhere than on Linux it ends the process group.

Standard library only, and `processes`, which needs no more.
"""

import contextlib
import ctypes
import json
import os
import selectors
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from runner.supervise.proc import Peak, descendants

STUDY_MARKER = "RUNNER_STUDY"  # environment variable of every process of a study
OUTPUT_CAP_BYTES = 1_000_000  # of what one invocation prints: its beginning and its end
_LAST_WORDS_BYTES = 64_000  # they tell why it ended
_CUT = b"\n[...]\n"
_WATCH_OUTPUT_S = 0.25
_WATCH_MEMORY_S = 0.005
_LEAVE_S = 10.0  # an interpreter that has answered leaves; threads of the workload may keep it
_LINGER_S = 1.0  # helper processes of a pool end by themselves when their pipes close
_GRACE_S = 2.0  # between SIGTERM and SIGKILL
_KILLING_S = 30.0  # another user's processes, or those that wait for a dead disk, may outlast any SIGKILL
_LARGEST_CHATTER_BYTES = 1_000_000  # what a prefix command may print before the reply
_MARK = b"\n\x1erunner-reply "
_LENGTH = struct.Struct("!Q")
_PR_SET_CHILD_SUBREAPER = 36
_ON_LINUX = sys.platform == "linux"


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How to start a measured interpreter."""

    command: list[str]
    environment: dict[str, str]
    specification: str  #: JSON, given on standard input
    output: str  #: file that gets what the invocation prints
    time_limit_s: float
    memory: bool = False  #: look at what its processes hold, every few milliseconds: never while it is timed


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an invocation ended."""

    reply: dict[str, Any] | None  #: what the probe answered, if it did
    ended: str  #: "exited", "timeout", "interrupted" or "not started"
    exit_code: int | None  #: negative: the number of the signal
    error: str = ""  #: why it was not started
    seconds: float  #: from start to the end of the last process
    orphans_cpu_s: float  #: CPU time of processes whose parent did not wait for them
    cpu_s: float  #: CPU time of all its processes, from start to end
    killed: int  #: processes that had to be ended
    alive: int = 0  #: processes that could not be ended
    peak_pss_bytes: int | None = None  #: the most that its processes held together, if that was looked at
    looks: int = 0  #: how often it was


def serve(requests: int, replies: int, temporary: Path) -> None:
    """Run invocations as they are asked for, until the runner closes its end or dies; remove their files."""
    try:
        _serve(requests, replies, temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _serve(requests: int, replies: int, temporary: Path) -> None:
    _become_subreaper()
    children, wake = os.pipe()
    os.set_blocking(children, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    interrupts: list[int] = []
    given_up: set[int] = set()
    signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
    while (frame := read_frame(requests)) is not None:
        launch = Launch(**json.loads(frame))
        if not temporary.is_dir():  # a workload may have removed it
            temporary.mkdir(mode=0o700)
        ending = _Invocation(launch, requests, children, interrupts, given_up).run()
        _empty(temporary)
        try:
            write_frame(replies, json.dumps(vars(ending)).encode())
        except BrokenPipeError:
            return


@dataclass
class _Invocation:
    """One measured interpreter, from its start until no descendant is left."""

    launch: Launch
    requests: int  #: readable when the runner is gone
    children: int  #: readable when a child has changed state, or the runner interrupts
    interrupts: list[int]  #: not empty once the runner has interrupted
    given_up: set[int]  #: processes of earlier invocations that could not be ended; they count no more
    received: bytearray = field(default_factory=bytearray)
    due: int | None = None  #: bytes of output up to the end of the reply, once its head has arrived
    exit_code: int | None = None
    orphans_cpu_s: float = 0.0
    cpu_s: float = 0.0
    killed: int = 0
    alive: int = 0
    peak: Peak | None = None  #: where memory is looked at

    def run(self) -> Ending:
        started = time.monotonic()
        if self.launch.memory and _ON_LINUX:
            self.peak = Peak(self._living)
        try:
            opened = open(self.launch.output, "a+b")  # noqa: PTH123, SIM115 - closed below
        except OSError as error:
            return self._ending("not started", started, error=f"{error.strerror}: {self.launch.output}")
        with opened as output:
            try:
                probe = self._start(output)
            except (OSError, ValueError) as error:  # ValueError: of an environment that cannot be
                reason = getattr(error, "strerror", None) or error
                return self._ending("not started", started, error=f"{reason}: {self.launch.command[0]}")
            assert probe.stdout is not None  # noqa: S101 - for the type checker
            self.pid, self.replies, self.output = probe.pid, probe.stdout.fileno(), output.fileno()
            os.set_blocking(self.replies, False)
            ended = self._watch(started + self.launch.time_limit_s)
            if ended == "exited":
                self._wait_for_the_rest(time.monotonic() + _LINGER_S)
            self._end_all()
            self._read_reply()
            probe.stdout.close()
            probe.returncode = (
                -signal.SIGKILL if self.exit_code is None else self.exit_code
            )  # not to be waited for
            self._cap_output()
        return self._ending(ended, started)

    def _start(self, output: BinaryIO) -> subprocess.Popen[bytes]:
        with tempfile.TemporaryFile() as specification:
            specification.write(self.launch.specification.encode())
            specification.seek(0)
            return subprocess.Popen(
                self.launch.command,
                stdin=specification,
                stdout=subprocess.PIPE,
                stderr=output,
                env=self.launch.environment,
                start_new_session=True,
            )

    def _ending(self, ended: str, started: float, error: str = "") -> Ending:
        return Ending(
            reply=_unpack(bytes(self.received)),
            ended=ended,
            exit_code=self.exit_code,
            error=error,
            seconds=time.monotonic() - started,
            orphans_cpu_s=self.orphans_cpu_s,
            cpu_s=self.cpu_s,
            killed=self.killed,
            alive=self.alive,
            peak_pss_bytes=self.peak.pss_bytes if self.peak else None,
            looks=self.peak.looks if self.peak else 0,
        )

    def _watch(self, deadline: float) -> str:
        """Sleep until the probe exits, its time is up, or the runner interrupts or dies."""
        nap_s = _WATCH_MEMORY_S if self.peak else _WATCH_OUTPUT_S
        with selectors.DefaultSelector() as selector:
            for descriptor in (self.requests, self.children, self.replies):
                selector.register(descriptor, selectors.EVENT_READ)
            while self.exit_code is None:
                if self.interrupts:
                    return "interrupted"
                left = deadline - time.monotonic()
                if left <= 0:
                    return "exited" if self._has_answered() else "timeout"
                for key, _ in selector.select(min(left, nap_s)):
                    if key.fd == self.requests:
                        return "interrupted"  # by the runner's death
                    if key.fd == self.replies and not self._read_reply():
                        selector.unregister(self.replies)
                    if key.fd == self.replies and self._has_answered():
                        deadline = min(deadline, time.monotonic() + _LEAVE_S)
                self._reap()
                self._cap_output()
                if self.peak:
                    self.peak.look()
        return "exited"

    def _has_answered(self) -> bool:
        """Whether the whole reply has arrived; the interpreter may still be leaving."""
        if self.due is None:
            self.due = _due(self.received)
        return self.due is not None and len(self.received) >= self.due

    def _wait_for_the_rest(self, deadline: float) -> None:
        while self._reap() and (left := deadline - time.monotonic()) > 0:
            self._sleep(left)

    def _end_all(self) -> None:
        """End every descendant; those that outlast the grace, or appear meanwhile, are killed.

        Those that tidy up after the others get a grace of their own.
        """
        if not self._reap() and _ON_LINUX:
            return
        remaining = self._living()
        self.killed = len(remaining)
        self._signal(remaining, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_S
        while self._reap() and (left := deadline - time.monotonic()) > 0 and not self._in_a_hurry():
            self._sleep(min(left, 0.05))
        spared_until, deadline = time.monotonic() + _GRACE_S, time.monotonic() + _KILLING_S
        while self._reap():
            if time.monotonic() > deadline:
                self._give_up()
                return
            sparing = time.monotonic() < spared_until
            self._signal([one for one in self._living() if not (sparing and _tidies_up(one))], signal.SIGKILL)
            self._sleep(0.05)

    def _in_a_hurry(self) -> bool:
        """Whether the runner has interrupted more than once."""
        return len(self.interrupts) > 1

    def _give_up(self) -> None:
        """Go on beside what cannot be killed."""
        left = self._living()
        self.alive = len(left)
        self.killed = max(0, self.killed - self.alive)
        self.given_up.update(left)

    def _living(self) -> list[int]:
        if _ON_LINUX:
            return [process for process in descendants() if process not in self.given_up]
        return [] if self.exit_code is not None else [self.pid]

    def _signal(self, processes: list[int], number: signal.Signals) -> None:
        for process in processes:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, number)
        if not _ON_LINUX:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def _sleep(self, seconds: float) -> None:
        """Sleep until a child changes state, at most so long."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.children, selectors.EVENT_READ)
            selector.select(seconds)

    def _reap(self) -> bool:
        """Collect every process that has ended; False once no child is left, and so no descendant.

        Those that were given up are overlooked.
        """
        with contextlib.suppress(BlockingIOError):
            while os.read(self.children, 1024):
                pass
        with contextlib.suppress(ChildProcessError):
            while True:
                process, status, usage = os.wait4(-1, os.WNOHANG)
                if process == 0:
                    return not self.given_up or bool(self._living())
                if process in self.given_up:
                    self.given_up.remove(process)  # its time was another invocation's
                    continue
                cpu_s = usage.ru_utime + usage.ru_stime
                self.cpu_s += cpu_s
                if process == self.pid:
                    self.exit_code = os.waitstatus_to_exitcode(status)
                else:
                    self.orphans_cpu_s += cpu_s
        return False

    def _read_reply(self) -> bool:
        """Take what has arrived; False at the end of file."""
        try:
            data = os.read(self.replies, 1 << 20)  # a pipe holds no more
        except BlockingIOError:
            return True
        self.received += data
        if _MARK not in self.received:
            del self.received[:-_LARGEST_CHATTER_BYTES]
        return bool(data)

    def _cap_output(self) -> None:
        size = os.fstat(self.output).st_size
        if size > OUTPUT_CAP_BYTES:
            last_words = os.pread(self.output, _LAST_WORDS_BYTES, size - _LAST_WORDS_BYTES)
            os.ftruncate(self.output, OUTPUT_CAP_BYTES - _LAST_WORDS_BYTES - len(_CUT))
            os.write(self.output, _CUT + last_words)


def _due(received: bytes | bytearray) -> int | None:
    """Tell how many bytes there will be at the end of the framed reply; None before its head has arrived."""
    mark = received.rfind(_MARK)
    head = received.find(b"\n", mark + len(_MARK))
    length = received[mark + len(_MARK) : head]
    return head + 1 + int(length) if mark >= 0 and head >= 0 and length.isdigit() else None


def _unpack(received: bytes) -> dict[str, Any] | None:
    """Read the framed reply; None if there is none, or not the whole of it."""
    due = _due(received)
    if due is None or len(received) < due:
        return None
    try:
        body = received[received.rfind(_MARK) + len(_MARK) : due].partition(b"\n")[2]
        reply: dict[str, Any] = json.loads(body)
    except ValueError:
        return None
    return reply


def _empty(folder: Path) -> None:
    try:
        left = list(folder.iterdir())
    except OSError:  # a workload has removed it
        return
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink()


def _become_subreaper() -> None:
    if _ON_LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _tidies_up(process: int) -> bool:
    """Whether it removes the shared memory and semaphores of a pool, once its other processes are gone."""
    try:
        return b"resource_tracker" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:  # gone meanwhile, or not on Linux
        return False


def write_frame(descriptor: int, body: bytes) -> None:
    """Write the length, then the body."""
    data = memoryview(_LENGTH.pack(len(body)) + body)
    while data:
        data = data[os.write(descriptor, data) :]


def read_frame(descriptor: int) -> bytes | None:
    """Read one frame; None if the other end is closed."""
    header = _read_exactly(descriptor, _LENGTH.size)
    if header is None:
        return None
    return _read_exactly(descriptor, _LENGTH.unpack(header)[0])


def _read_exactly(descriptor: int, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        part = os.read(descriptor, min(count - len(data), 1 << 20))
        if not part:
            return None
        data += part
    return bytes(data)


def main() -> None:
    """Be the supervising process."""
    serve(sys.stdin.fileno(), sys.stdout.fileno(), Path(sys.argv[2]))
