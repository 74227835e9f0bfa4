"""The process between the runner and the measured interpreters: it starts, limits and terminates them.

`client` starts this program. It sleeps while an invocation is measured, except that it checks the size of the
output and the probe's announcements four times a second. As a subreaper it inherits everything that an
invocation leaves behind, so it can terminate every descendant, even those that called `setsid`. A closed pipe
shows that the runner has died. On systems other than Linux it terminates the process group.

It imports only the standard library, and modules of this package that need nothing else.
"""

import contextlib
import ctypes
import io
import json
import math
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from runner.supervise.evidence import ask_progress, cpu_seconds, examine
from runner.supervise.proc import Peak, descendants
from runner.supervise.protocol import (
    NOTE_MARK,
    REPLY_MARK,
    EndedBy,
    Ending,
    Evidence,
    Launch,
    read_launch,
    write_activity,
    write_ending,
)

OUTPUT_CAP_BYTES = 1_000_000  # of the output of one invocation: its beginning and its end are kept
_OUTPUT_END_BYTES = 64_000  # the end says why it failed
_CUT = b"\n[...]\n"
_CHECK_OUTPUT_S = 0.25
_SAMPLE_MEMORY_S = 0.005
_EXIT_S = 10.0  # in which an interpreter must exit after its reply; threads of the workload may keep it alive
_LINGER_S = 1.0  # helper processes of a pool exit by themselves when their pipes close
_GRACE_S = 2.0  # between SIGTERM and SIGKILL
_KILLING_S = 30.0  # processes of other users, or those that wait for a dead disk, may survive SIGKILL
_MAX_PREFIX_OUTPUT_BYTES = 1_000_000  # that a prefix command may print before the reply
_REPORT_AFTER_S = 10.0  # an activity of the probe before the tasks that takes longer is reported to the user
_EVIDENCE_S = 0.5  # during which CPU time is measured at the time limit
_MARK = REPLY_MARK.encode()
_MAX_ANNOUNCED_BYTES = 1_000_000  # of announcements that are read at a time
_NOTE_MARK = NOTE_MARK.encode()
_PR_SET_CHILD_SUBREAPER = 36
_ON_LINUX = sys.platform == "linux"


def serve(requests: int, replies: int, temporary: Path) -> None:
    """Run the invocations that the runner requests until it closes its end or dies; remove their files.

    Args:
        requests: descriptor to read launches from
        replies: descriptor to write endings to
        temporary: folder for the temporary files of the invocations
    """
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
    unkillable: set[int] = set()
    signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
    while (launch := read_launch(requests)) is not None:
        if not temporary.is_dir():  # a workload may have removed it
            temporary.mkdir(mode=0o700)
        ending = _Invocation(launch, requests, replies, children, interrupts, unkillable).run()
        _empty(temporary)
        try:
            write_ending(replies, ending)
        except BrokenPipeError:
            return


@dataclass
class _Invocation:
    """One measured interpreter, from its start until no descendant is left."""

    launch: Launch
    requests: int  #: descriptor; readable once the runner has died
    runner: int  #: descriptor that the runner reads from
    children: int  #: descriptor; readable once a child has changed state, or the runner interrupts
    interrupts: list[int]  #: one entry for each time the runner has interrupted
    unkillable: set[int]  #: processes that could not be terminated, and are ignored
    received: bytearray = field(default_factory=bytearray)  #: what the probe has written
    reply_end: int | None = None  #: bytes up to the end of the reply, once its length is known
    exit_code: int | None = None
    orphans_cpu_s: float = 0.0
    cpu_s: float = 0.0
    killed: int = 0
    alive: int = 0
    peak: Peak | None = None  #: set if memory is sampled
    activity: str = "starting the interpreter"  #: of the probe; empty while the tasks run
    since: float = 0.0  #: when the activity began
    is_reported: bool = False  #: whether the activity was reported to the runner
    progress: dict[str, Any] = field(default_factory=dict)  #: as the probe last reported it
    evidence: Evidence | None = None
    specification: io.FileIO = field(init=False)  #: of the probe, which appends its announcements
    announced: int = field(init=False)  #: bytes of it that were read
    pid: int = field(init=False)  #: of the probe
    replies: int = field(init=False)  #: descriptor that the probe writes to
    output: int = field(init=False)  #: descriptor of the output of the invocation

    def run(self) -> Ending:
        self.since = started = time.monotonic()
        if self.launch.load_limit_s is None:
            self.activity = ""
        if self.launch.memory and _ON_LINUX:
            self.peak = Peak(self._living)
        try:
            opened = open(self.launch.output, "a+b")  # noqa: PTH123, SIM115 - closed below
        except OSError as error:
            return self._ending("not_started", started, error=f"{error.strerror}: {self.launch.output}")
        # The probe appends its announcements to the specification.
        with opened as output, tempfile.TemporaryFile(buffering=0) as self.specification:
            try:
                probe = self._start(output)
            except (OSError, ValueError) as error:  # ValueError: an invalid environment
                reason = getattr(error, "strerror", None) or error
                return self._ending("not_started", started, error=f"{reason}: {self.launch.command[0]}")
            assert probe.stdout is not None  # noqa: S101 - for the type checker
            self.pid, self.replies, self.output = probe.pid, probe.stdout.fileno(), output.fileno()
            os.set_blocking(self.replies, False)
            ended = self._watch()
            if ended != "timeout":  # a later activity would hide which one took too long
                self._read_announcements()
            if ended == "timeout" and _ON_LINUX:
                self.evidence = self._collect_evidence()
            if ended == "exited":
                self._wait_for_descendants(time.monotonic() + _LINGER_S)
            self._end_all()
            self._read_reply()
            probe.stdout.close()
            # Set, so that Popen does not wait for a process that was reaped already.
            probe.returncode = -signal.SIGKILL if self.exit_code is None else self.exit_code
            self._cap_output()
        return self._ending(ended, started)

    def _start(self, output: BinaryIO) -> subprocess.Popen[bytes]:
        specification = self.launch.specification.encode()
        self.specification.write(specification)
        self.specification.seek(0)
        self.announced = len(specification)
        return subprocess.Popen(
            self.launch.command,
            stdin=self.specification,
            stdout=subprocess.PIPE,
            stderr=output,
            env=self.launch.environment,
            start_new_session=True,
        )

    def _ending(self, ended: EndedBy, started: float, error: str = "") -> Ending:
        return Ending(
            reply=_reply(self.received),
            ended=ended,
            exit_code=self.exit_code,
            error=error,
            seconds=time.monotonic() - started,
            orphans_cpu_s=self.orphans_cpu_s,
            cpu_s=self.cpu_s,
            killed=self.killed,
            alive=self.alive,
            peak_pss_bytes=self.peak.pss_bytes if self.peak else None,
            memory_samples=self.peak.samples if self.peak else 0,
            activity=self.activity,
            evidence=self.evidence,
        )

    @property
    def _deadline(self) -> float:
        """The time at which the activity or, without one, the tasks reach their limit."""
        limit_s = self.launch.load_limit_s if self.activity else None
        return self.since + (self.launch.time_limit_s if limit_s is None else limit_s)

    def _watch(self) -> EndedBy:
        """Sleep until the probe exits, its time limit is reached, or the runner interrupts or dies."""
        nap_s = _SAMPLE_MEMORY_S if self.peak else _CHECK_OUTPUT_S
        exit_deadline = math.inf
        with selectors.DefaultSelector() as selector:
            for descriptor in (self.requests, self.children, self.replies):
                selector.register(descriptor, selectors.EVENT_READ)
            while self.exit_code is None:
                if self.interrupts:
                    return "interrupted"
                self._read_announcements()
                left_s = min(self._deadline, exit_deadline) - time.monotonic()
                if left_s <= 0:
                    return "exited" if self._has_replied() else "timeout"
                for key, _ in selector.select(min(left_s, nap_s)):
                    if key.fd == self.requests:
                        return "interrupted"  # by the runner's death
                    if key.fd == self.replies and not self._read_reply():
                        selector.unregister(self.replies)
                    if key.fd == self.replies and self._has_replied():
                        exit_deadline = min(exit_deadline, time.monotonic() + _EXIT_S)
                self._reap()
                self._cap_output()
                self._report_activity()
                if self.peak:
                    self.peak.sample()
        return "exited"

    def _report_activity(self) -> None:
        """Report an activity before the tasks that takes long to the runner, once."""
        if self.activity and not self.is_reported and time.monotonic() > self.since + _REPORT_AFTER_S:
            self.is_reported = True
            with contextlib.suppress(BrokenPipeError):
                write_activity(self.runner, self.activity)

    def _collect_evidence(self) -> Evidence:
        """Examine what the processes do, before they are terminated."""
        seconds = time.monotonic() - self.since
        living = self._living()
        before, began = cpu_seconds(living), time.monotonic()
        ask_progress(living)
        while (left_s := began + _EVIDENCE_S - time.monotonic()) > 0 and not self.interrupts:
            with selectors.DefaultSelector() as selector:
                selector.register(self.replies, selectors.EVENT_READ)
                if not (selector.select(left_s) and self._read_reply()):
                    break
        time.sleep(max(0.0, began + _EVIDENCE_S - time.monotonic()))
        passed = time.monotonic() - began
        used = {process: cpu_s - before.get(process, 0.0) for process, cpu_s in cpu_seconds(living).items()}
        shares = {process: cpu_s / passed for process, cpu_s in used.items()}
        return Evidence(seconds=seconds, processes=examine(shares, self.output), **self.progress)

    def _has_replied(self) -> bool:
        """Whether the whole reply has arrived; the interpreter may still have to exit."""
        if self.reply_end is None:
            self.reply_end = _reply_end(self.received)
        return self.reply_end is not None and len(self.received) >= self.reply_end

    def _wait_for_descendants(self, deadline: float) -> None:
        while self._reap() and (left_s := deadline - time.monotonic()) > 0:
            self._sleep(left_s)

    def _end_all(self) -> None:
        """Terminate every descendant; kill those that survive the grace period or appear during it.

        Resource trackers clean up after the others, so they get a grace period of their own.
        """
        if not self._reap() and _ON_LINUX:
            return
        remaining = self._living()
        self.killed = len(remaining)
        self._signal(remaining, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_S
        while self._reap() and (left_s := deadline - time.monotonic()) > 0 and not self._is_urgent():
            self._sleep(min(left_s, 0.05))
        spared_until, deadline = time.monotonic() + _GRACE_S, time.monotonic() + _KILLING_S
        while self._reap():
            if time.monotonic() > deadline:
                self._give_up()
                return
            sparing = time.monotonic() < spared_until
            self._signal(
                [process for process in self._living() if not (sparing and _is_resource_tracker(process))],
                signal.SIGKILL,
            )
            self._sleep(0.05)

    def _is_urgent(self) -> bool:
        """Whether the runner has interrupted more than once."""
        return len(self.interrupts) > 1

    def _give_up(self) -> None:
        """Ignore the processes that cannot be killed from now on."""
        living = self._living()
        self.alive = len(living)
        self.killed = max(0, self.killed - self.alive)
        self.unkillable.update(living)

    def _living(self) -> list[int]:
        if _ON_LINUX:
            return [process for process in descendants() if process not in self.unkillable]
        return [] if self.exit_code is not None else [self.pid]

    def _signal(self, processes: list[int], number: signal.Signals) -> None:
        for process in processes:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, number)
        if not _ON_LINUX:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def _sleep(self, seconds: float) -> None:
        """Sleep until a child changes state, at most `seconds`."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.children, selectors.EVENT_READ)
            selector.select(seconds)

    def _reap(self) -> bool:
        """Reap every process that has ended; return False once no child is left, and so no descendant.

        Processes that cannot be killed are ignored.
        """
        with contextlib.suppress(BlockingIOError):
            while os.read(self.children, 1024):
                pass
        with contextlib.suppress(ChildProcessError):
            while True:
                process, status, usage = os.wait4(-1, os.WNOHANG)
                if process == 0:
                    return not self.unkillable or bool(self._living())
                if process in self.unkillable:
                    self.unkillable.remove(process)  # its CPU time belongs to an earlier invocation
                    continue
                cpu_s = usage.ru_utime + usage.ru_stime
                self.cpu_s += cpu_s
                if process == self.pid:
                    self.exit_code = os.waitstatus_to_exitcode(status)
                else:
                    self.orphans_cpu_s += cpu_s
        return False

    def _read_reply(self) -> bool:
        """Read what the probe has written; False at the end of the file."""
        try:
            data = os.read(self.replies, 1 << 20)  # a pipe holds no more
        except BlockingIOError:
            return True
        self.received += data
        if self.reply_end is None and _NOTE_MARK in self.received:
            self._read_notes()
        if _MARK not in self.received:
            del self.received[:-_MAX_PREFIX_OUTPUT_BYTES]
        return bool(data)

    def _read_notes(self) -> None:
        """Apply the complete notes of the probe, and remove them from what was received."""
        while (start := self.received.find(_NOTE_MARK)) >= 0:
            begin = start + len(_NOTE_MARK)
            end = self.received.find(b"\n", begin)
            reply = self.received.find(_MARK)
            if end < 0 or 0 <= reply < start:
                return
            self._apply_note(bytes(self.received[begin:end]))
            del self.received[start : end + 1]

    def _read_announcements(self) -> None:
        """Read what the probe has appended to its specification."""
        added = os.pread(self.specification.fileno(), _MAX_ANNOUNCED_BYTES, self.announced)
        lines, newline, _ = added.rpartition(b"\n")
        self.announced += len(lines) + len(newline)
        for line in lines.splitlines():
            self._apply_note(line)

    def _apply_note(self, text: bytes) -> None:
        """Apply a note of the probe; ignore what a workload has written instead."""
        try:
            note = json.loads(text)
        except ValueError:
            return
        if not isinstance(note, dict):
            return
        if isinstance(note.get("activity"), str):
            now, at_s = time.monotonic(), note.get("at_s")
            # In another time namespace, the probe's clock may be ahead or behind.
            self.since = min(max(self.since, at_s if isinstance(at_s, (int, float)) else now), now)
            self.activity, self.is_reported = note["activity"], False
        if isinstance(note.get("progress"), dict):
            self.progress = {key: note["progress"].get(key) for key in ("ended", "tasks", "since_last_s")}

    def _cap_output(self) -> None:
        size = os.fstat(self.output).st_size
        if size > OUTPUT_CAP_BYTES:
            end = os.pread(self.output, _OUTPUT_END_BYTES, size - _OUTPUT_END_BYTES)
            os.ftruncate(self.output, OUTPUT_CAP_BYTES - _OUTPUT_END_BYTES - len(_CUT))
            os.write(self.output, _CUT + end)


def _reply_end(received: bytes | bytearray) -> int | None:
    """Compute where the reply ends in the received bytes; None before its length has arrived."""
    mark = received.rfind(_MARK)
    head = received.find(b"\n", mark + len(_MARK))
    length = received[mark + len(_MARK) : head]
    return head + 1 + int(length) if mark >= 0 and head >= 0 and length.isdigit() else None


def _reply(received: bytes | bytearray) -> bytes | None:
    """Extract the reply from the received bytes; None if it is missing or incomplete."""
    end = _reply_end(received)
    if end is None or len(received) < end:
        return None
    return bytes(received[received.rfind(_MARK) + len(_MARK) : end].partition(b"\n")[2])


def _empty(folder: Path) -> None:
    try:
        paths = list(folder.iterdir())
    except OSError:  # a workload has removed it
        return
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink()


def _become_subreaper() -> None:
    if _ON_LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _is_resource_tracker(process: int) -> bool:
    """Whether a process removes a pool's shared memory and semaphores when its other processes have ended."""
    try:
        return b"resource_tracker" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:  # it has ended, or this is not Linux
        return False


def main() -> None:
    """Run the supervising process."""
    serve(sys.stdin.fileno(), sys.stdout.fileno(), Path(sys.argv[2]))
