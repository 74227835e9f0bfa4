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
    from runner_probe.wire import ProbeInput, Reply


class Channel:
    """Takes over standard input and output: a workload reads nothing, and prints to standard error."""

    def __init__(self) -> None:
        self._descriptor = os.dup(1)  # not inherited by programs that the workload starts
        self._mark = b""
        os.dup2(2, 1)

    def receive(self) -> ProbeInput:
        """Read standard input, then replace it by an empty one for the workload."""
        received: ProbeInput = loads(sys.stdin.buffer.read().decode())
        self._mark = received["reply_mark"].encode()
        empty = os.open(os.devnull, os.O_RDONLY)
        os.dup2(empty, 0)
        os.close(empty)
        return received

    def send(self, reply: Reply) -> None:
        """Write the whole reply."""
        body = dumps(reply).encode()
        data = memoryview(self._mark + b"%d\n" % len(body) + body)
        while data:
            data = data[os.write(self._descriptor, data) :]
