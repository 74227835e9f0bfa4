"""The two ends of an invocation: a specification comes in, a reply goes out, both as JSON.

The reply is preceded by a mark and its length. So it needs no end of file (a daemon that the workload leaves
behind may keep the descriptor open), and can be told from what a prefix command prints.

The package `json` imports `re` and `enum`, which would cost 8 ms of every invocation. So this module uses the
package's C accelerator, and the package itself where the accelerator is missing or different.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runner_probe.wire import Note, ProbeInput, Reply


_FILE_TYPE, _REGULAR_FILE = 0o170000, 0o100000  # importing `stat` for them would take time


class Channel:
    """Takes over standard input and output: a workload reads nothing, and prints to standard error."""

    def __init__(self) -> None:
        self._descriptor = os.dup(1)  # not inherited by programs that the workload starts
        self._specification = os.dup(0)
        self._has_file = os.fstat(0).st_mode & _FILE_TYPE == _REGULAR_FILE
        self._mark = self._note_mark = b""
        self._is_replying = False
        os.dup2(2, 1)

    def receive(self) -> ProbeInput:
        """Read standard input, then replace it by an empty file for the workload."""
        received: ProbeInput = loads(sys.stdin.buffer.read().decode())
        self._mark, self._note_mark = received["reply_mark"].encode(), received["note_mark"].encode()
        empty = os.open(os.devnull, os.O_RDONLY)
        os.dup2(empty, 0)
        os.close(empty)
        return received

    def announce(self, activity: str) -> None:
        """Tell the supervisor what happens now, before the tasks run; empty: they run now.

        It is appended to the specification, a file of the supervisor's, which looks there from time to time:
        to wake it would take time from what is measured. A prefix command may pass on something else.
        """
        note: Note = {"activity": activity, "at_s": time.monotonic()}
        line = b"\n" + dumps(note).encode() + b"\n"  # the first newline ends a line that was cut off
        try:
            is_written = self._has_file and os.write(self._specification, line) == len(line)
        except OSError:  # it can only be read, or the disk is full
            is_written = False
        if not is_written:
            self.note(note)

    def note(self, note: Note) -> None:
        """Send the supervisor a note before the reply; do nothing once the reply is being written."""
        if not self._is_replying:
            self._write(self._note_mark + dumps(note).encode() + b"\n")

    def send(self, reply: Reply) -> None:
        """Write the whole reply."""
        body = dumps(reply).encode()
        self._is_replying = True
        self._write(self._mark + b"%d\n" % len(body) + body)

    def _write(self, text: bytes) -> None:
        data = memoryview(text)
        while data:
            data = data[os.write(self._descriptor, data) :]


def loads(text: str) -> Any:
    """Decode one JSON value."""
    try:
        from _json import make_scanner  # noqa: PLC0415

        decoder: Any = _Decoder
        value, _ = make_scanner(decoder)(text, 0)
    except (ImportError, AttributeError, TypeError, StopIteration):
        import json  # noqa: PLC0415

        value = json.loads(text)
    return value


def dumps(value: Any) -> str:
    """Encode one JSON value; raise TypeError for types that JSON lacks."""
    try:
        from _json import encode_basestring_ascii, make_encoder  # noqa: PLC0415

        encode = make_encoder(None, _refuse, encode_basestring_ascii, None, ": ", ", ", False, False, True)
        return "".join(encode(value, 0))
    except (ImportError, AttributeError, TypeError):
        import json  # noqa: PLC0415

        return json.dumps(value)


class _Decoder:
    """The settings of `json.JSONDecoder()`."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": -float("inf")}.__getitem__


def _refuse(value: Any) -> Any:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
