"""The messages between the runner and the supervising process: a launch one way, its ending the other way.

The probe's reply passes through as bytes; the supervisor does not read it. Standard library only.
"""

import json
import os
import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

STUDY_MARKER = "RUNNER_STUDY"  # environment variable of every process of a study
NOTE_MARK = "\n\x1erunner-note "  # precedes each note of the probe before its reply: one line of JSON
REPLY_MARK = "\n\x1erunner-reply "  # the probe writes this, the length of its reply, a newline, and the reply
_LENGTH = struct.Struct("!Q")

EndedBy = Literal["exited", "timeout", "interrupted", "not_started"]


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How to start a measured interpreter."""

    command: list[str]
    environment: dict[str, str]
    specification: str  #: passed on standard input
    output: str  #: file for the output of the invocation
    time_limit_s: float  #: limit of the tasks or, without a limit for loading, of the whole invocation
    load_limit_s: float | None = None  #: limit of each activity of the probe before the tasks
    memory: bool = False  #: sample the memory of its processes every few milliseconds; never in a timed run


@dataclass(frozen=True, kw_only=True)
class ProcessEvidence:
    """What one process did at the time limit."""

    process: int
    command: str
    cpu_share: float  #: CPU seconds per second, in the last half second
    system_calls: list[int]  #: in which its threads waited, the oldest thread first; -1: a thread ran
    stacks: str  #: of all threads, as faulthandler writes them; empty for processes that do not write them


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What an invocation did when it reached its time limit, before its processes were terminated."""

    seconds: float  #: how long loading, or the tasks, had taken
    ended: int | None = None  #: number of tasks that had ended; None: unknown
    tasks: int | None = None  #: number of all tasks; None: unknown
    since_last_s: float | None = None  #: since the last task ended; None: unknown
    processes: list[ProcessEvidence] = field(default_factory=list)

    @property
    def cpu_share(self) -> float:
        """CPU seconds per second of all processes."""
        return sum(process.cpu_share for process in self.processes)

    @classmethod
    def read(cls, fields: dict[str, Any]) -> Self:
        """Make it from the fields of its JSON."""
        processes = [ProcessEvidence(**process) for process in fields["processes"]]
        return cls(**{**fields, "processes": processes})


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an invocation ended."""

    reply: bytes | None  #: JSON from the probe; None if it did not reply
    ended: EndedBy
    exit_code: int | None  #: negative: the number of the signal
    error: str = ""  #: why it was not started
    seconds: float  #: from start to the end of the last process
    orphans_cpu_s: float  #: CPU time of processes whose parent did not wait for them
    cpu_s: float  #: CPU time of all its processes
    killed: int  #: leftover processes that had to be terminated
    alive: int = 0  #: processes that could not be terminated
    peak_pss_bytes: int | None = None  #: peak memory of all its processes, if it was sampled
    memory_samples: int = 0
    activity: str = ""  #: the probe's last one before the tasks; empty if it ran tasks
    evidence: Evidence | None = None  #: if it reached a time limit


def write_launch(descriptor: int, launch: Launch) -> None:
    """Send a launch to the supervising process."""
    _write_frames(descriptor, json.dumps(vars(launch)).encode())


def read_launch(descriptor: int) -> Launch | None:
    """Wait for a launch; None if the runner has closed its end."""
    frame = _read_frame(descriptor)
    return None if frame is None else Launch(**json.loads(frame))


def write_ending(descriptor: int, ending: Ending) -> None:
    """Send an ending to the runner, with its reply in a separate frame."""
    _write_frames(descriptor, json.dumps(asdict(replace(ending, reply=None))).encode(), ending.reply or b"")


def write_activity(descriptor: int, activity: str) -> None:
    """Report an activity of the invocation that takes long to the runner, before the ending."""
    _write_frames(descriptor, json.dumps({"activity": activity, "ended": None}).encode())


def read_ending(descriptor: int, report: Callable[[str], None] = lambda _: None) -> Ending | None:
    """Wait for an ending; None if the supervisor has closed its end.

    Args:
        descriptor: descriptor to read from
        report: called with an activity of the invocation that takes long
    """
    while True:
        frame = _read_frame(descriptor)
        if frame is None:
            return None
        fields = json.loads(frame)
        if fields["ended"] is not None:
            break
        report(fields["activity"])
    reply = _read_frame(descriptor)
    if reply is None:
        return None
    evidence = None if fields["evidence"] is None else Evidence.read(fields["evidence"])
    return Ending(**{**fields, "reply": reply or None, "evidence": evidence})


def _write_frames(descriptor: int, *bodies: bytes) -> None:
    """Write each body after its length, all at once: every write wakes the other process."""
    data = [memoryview(part) for body in bodies for part in (_LENGTH.pack(len(body)), body) if part]
    while data:
        written = os.writev(descriptor, data)
        while data and written >= len(data[0]):
            written -= len(data.pop(0))
        if data:
            data[0] = data[0][written:]


def _read_frame(descriptor: int) -> bytes | None:
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
