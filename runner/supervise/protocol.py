"""The messages between the runner and the supervising process: a launch one way, its ending the other way.

The probe's reply passes through as bytes; the supervisor does not read it. Standard library only.
"""

import json
import os
import struct
from dataclasses import dataclass
from typing import Literal

STUDY_MARKER = "RUNNER_STUDY"  # environment variable of every process of a study
REPLY_MARK = "\n\x1erunner-reply "  # the probe writes this, the length of its reply, a newline, the reply
_LENGTH = struct.Struct("!Q")

EndedBy = Literal["exited", "timeout", "interrupted", "not_started"]


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How to start a measured interpreter."""

    command: list[str]
    environment: dict[str, str]
    specification: str  #: passed on standard input
    output: str  #: file for the output of the invocation
    time_limit_s: float
    memory: bool = False  #: sample the memory of its processes every few milliseconds; never in a timed run


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


def write_launch(descriptor: int, launch: Launch) -> None:
    """Send a launch to the supervising process."""
    _write_frame(descriptor, json.dumps(vars(launch)).encode())


def read_launch(descriptor: int) -> Launch | None:
    """Wait for a launch; None if the other end is closed."""
    frame = _read_frame(descriptor)
    return None if frame is None else Launch(**json.loads(frame))


def write_ending(descriptor: int, ending: Ending) -> None:
    """Send an ending to the runner, with its reply in a separate frame."""
    _write_frame(descriptor, json.dumps({**vars(ending), "reply": None}).encode())
    _write_frame(descriptor, ending.reply or b"")


def read_ending(descriptor: int) -> Ending | None:
    """Wait for an ending; None if the other end is closed."""
    fields, reply = _read_frame(descriptor), _read_frame(descriptor)
    if fields is None or reply is None:
        return None
    return Ending(**{**json.loads(fields), "reply": reply or None})


def _write_frame(descriptor: int, body: bytes) -> None:
    """Write the length, then the body."""
    for part in (_LENGTH.pack(len(body)), body):
        data = memoryview(part)
        while data:
            data = data[os.write(descriptor, data) :]


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
