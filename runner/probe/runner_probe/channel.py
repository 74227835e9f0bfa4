"""The two ends of an invocation: a specification comes in, a reply goes out, both as JSON.

The reply is preceded by a mark and its length. So it is complete without an end of file (a daemon that the
workload leaves behind may keep the descriptor open), and is found among what a prefix command prints.
"""

from __future__ import annotations

import os
import sys

from runner_probe.quick_json import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runner_probe.wire import Note, ProbeInput, Reply


class Channel:
    """Takes over standard input and output: a workload reads nothing, and prints to standard error."""

    def __init__(self) -> None:
        self._descriptor = os.dup(1)  # not inherited by programs that the workload starts
        self._mark = self._note_mark = b""
        self._is_replying = False
        os.dup2(2, 1)

    def receive(self) -> ProbeInput:
        """Read standard input, then replace it by an empty one for the workload."""
        received: ProbeInput = loads(sys.stdin.buffer.read().decode())
        self._mark, self._note_mark = received["reply_mark"].encode(), received["note_mark"].encode()
        empty = os.open(os.devnull, os.O_RDONLY)
        os.dup2(empty, 0)
        os.close(empty)
        return received

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
