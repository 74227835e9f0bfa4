"""The two ends of an invocation: its specification comes in, its reply goes out.

Both are JSON. The reply is framed by a mark and its length, so it is complete without an end of file (a
daemon that the workload leaves may hold the descriptor for ever), and found among what a prefix command
prints.
"""

from __future__ import annotations

import os
import sys

from runner_probe.quick_json import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MARK = b"\n\x1erunner-reply "


class Channel:
    """Takes over standard input and output: the workload gets an empty input, and prints where errors go."""

    def __init__(self) -> None:
        self.descriptor = os.dup(1)  # not inherited by programs that the workload starts
        os.dup2(2, 1)

    def receive(self) -> dict[str, Any]:
        """Read the specification, then close standard input to the workload."""
        specification: dict[str, Any] = loads(sys.stdin.buffer.read().decode())
        empty = os.open(os.devnull, os.O_RDONLY)
        os.dup2(empty, 0)
        os.close(empty)
        return specification

    def send(self, reply: dict[str, Any]) -> None:
        """Write the reply, whole."""
        body = dumps(reply).encode()
        data = memoryview(MARK + b"%d\n" % len(body) + body)
        while data:
            data = data[os.write(self.descriptor, data) :]
