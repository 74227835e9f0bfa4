"""Evidence of what the processes of an invocation do at its time limit: CPU time, system calls and stacks.

Python processes of the study handle two signals (of `runner_probe.worker` and `runner_probe.iteration`),
which would terminate any other process. So a signal is sent only to processes whose mask in /proc shows that
they handle it. Standard library only: the supervisor uses this module.
"""

import contextlib
import os
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from runner.supervise.protocol import ProcessEvidence

STACKS_SIGNAL = 62
PROGRESS_SIGNAL = 61
_MAX_PROCESSES = 32  # whose stacks are read
_WAIT_FOR_STACKS_S = 0.3
_QUIET_S = 0.02  # without output: the stacks are complete
_MAX_STACK_BYTES = 100_000  # of one process
_COMMAND_LENGTH = 200  # characters
_CAUGHT = re.compile(r"^SigCgt:\s*([0-9a-f]+)$", re.MULTILINE)


def cpu_seconds(processes: Iterable[int]) -> dict[int, float]:
    """Read the CPU seconds of processes, without their children; omit processes that have ended."""
    tick = os.sysconf("SC_CLK_TCK")
    used = {}
    for process in processes:
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
            user, system = stat.rpartition(")")[2].split()[11:13]
            used[process] = (int(user) + int(system)) / tick
    return used


def ask_progress(processes: Iterable[int]) -> None:
    """Ask the probe for its progress: it is the first process that handles the signal, and writes a note."""
    for process in processes:
        if _handles(process, PROGRESS_SIGNAL):
            _send(process, PROGRESS_SIGNAL)
            return


def examine(cpu_shares: Mapping[int, float], output: int) -> list[ProcessEvidence]:
    """Examine what each process does, without stopping it.

    Args:
        cpu_shares: CPU seconds per second, by process
        output: descriptor of the file that the processes write to
    """
    return [
        ProcessEvidence(
            process=process,
            command=_command(process),
            cpu_share=share,
            system_calls=_system_calls(process),
            stacks=_stacks(process, output) if index < _MAX_PROCESSES else "",
        )
        for index, (process, share) in enumerate(cpu_shares.items())
    ]


def _handles(process: int, number: int) -> bool:
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    caught = _CAUGHT.search(status)
    return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)


def _send(process: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(process, number)


def _stacks(process: int, output: int) -> str:
    """Make a process write its stacks, and read them from the output."""
    if not _handles(process, STACKS_SIGNAL):
        return ""
    start = size = os.fstat(output).st_size
    _send(process, STACKS_SIGNAL)
    began = grew = time.monotonic()
    while (now := time.monotonic()) < began + _WAIT_FOR_STACKS_S and (size == start or now < grew + _QUIET_S):
        time.sleep(_QUIET_S / 4)
        if os.fstat(output).st_size > size:
            size, grew = os.fstat(output).st_size, time.monotonic()
    return os.pread(output, min(size - start, _MAX_STACK_BYTES), start).decode(errors="replace")


def _command(process: int) -> str:
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return ""
    return command.replace(b"\0", b" ").decode(errors="replace").strip()[:_COMMAND_LENGTH]


def _system_calls(process: int) -> list[int]:
    """List the numbers of the system calls in which threads wait, the oldest thread first; -1: it runs."""
    calls = []
    try:
        threads = sorted(int(thread.name) for thread in Path(f"/proc/{process}/task").iterdir())
    except OSError:
        return []
    for thread in threads:
        with contextlib.suppress(OSError):
            file = Path(f"/proc/{process}/task/{thread}/syscall")
            text = file.read_text(encoding="ascii").split()
            calls.append(int(text[0]) if text and text[0].lstrip("-").isdigit() else -1)
    return calls
