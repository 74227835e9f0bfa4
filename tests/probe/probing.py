"""Probes started as the supervisor starts them, and their replies."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner_probe.channel import MARK
from runner_probe.iteration import RECORD

ROOT = Path(__file__).resolve().parents[2]
PROBE = ROOT / "runner" / "probe" / "__main__.py"
MEASURED = Path(__file__).resolve().parent / "measured"

SERIAL = {"_target_": "runner_probe.adapters.serial.Serial"}
THREAD = {"_target_": "concurrent.futures.ThreadPoolExecutor", "max_workers": 2}
PATIENCE_S = 60.0  # a probe that lasts longer hangs


def process_pool(start_method: str) -> dict[str, Any]:
    return {
        "_target_": "concurrent.futures.ProcessPoolExecutor",
        "max_workers": 2,
        "mp_context": start_method,
    }


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a probe gave back."""

    reply: dict[str, Any]
    chatter: bytes  #: on standard output, before the reply
    printed: str  #: on standard error

    def records(self, iteration: int = 0) -> list[dict[str, Any]]:
        rows = self.reply["iterations"][iteration]["records"]
        return [dict(zip(RECORD, row, strict=True)) for row in rows]

    def values(self) -> list[Any]:
        """Return the tasks' values, of a workload with `compare: close`."""
        return [entry["value"] for entry in self.reply["reference"]]


def specify(
    pool: Mapping[str, Any] = SERIAL,
    *,
    chunk_size: int | None = 1,
    iterations: int = 1,
    tracing: str = "task",
    **workload: Any,
) -> dict[str, Any]:
    """Make the specification of an invocation; by default it squares three numbers."""
    settings = {"function": "bag.square", "items": [1, 2, 3], "compare": "close", **workload}
    return {
        "path": [str(MEASURED)],
        "workload": settings,
        "executor": {"pool": dict(pool)},
        "chunk_size": chunk_size,
        "dispatch": False,
        "iterations": iterations,
        "tracing": tracing,
        "look": False,
        "calls": None,
        "reference": None,
        "labelled": False,
        "bags": 1,
        "window": None,
    }


def ask(
    specification: Mapping[str, Any],
    *,
    python: str = sys.executable,
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Answer:
    """Start a probe and wait for its reply, and for the last process that it leaves."""
    probe = subprocess.Popen(
        [python, *options, str(PROBE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )
    try:
        output, errors = probe.communicate(json.dumps(specification).encode(), timeout=PATIENCE_S)
    except BaseException:
        os.killpg(probe.pid, signal.SIGKILL)
        probe.communicate()
        raise
    chatter, mark, framed = output.partition(MARK)
    assert mark, f"no reply; printed: {errors.decode()}"
    length, _, body = framed.partition(b"\n")
    assert len(body) == int(length)
    return Answer(reply=json.loads(body), chatter=chatter, printed=errors.decode())


def interpreters() -> list[str]:
    """List real interpreters of Python 3.10 and later, one a version; ours is always among them."""
    folders = [*(Path.home() / ".pyenv" / "versions").glob("*/bin")]
    folders += [Path(folder) for folder in os.get_exec_path()]
    found = {f"{sys.version_info.major}.{sys.version_info.minor}": sys.executable}
    for program in (program for folder in folders for program in sorted(folder.glob("python3.*"))):
        version = re.fullmatch(r"python(3\.(\d+)t?)", program.name)
        if version and int(version[2]) >= 10 and program.is_file() and not _is_script(program):
            found.setdefault(version[1], str(program))
    return [found[version] for version in sorted(found)]


def _is_script(program: Path) -> bool:
    """Tell a version manager's stand-in from an interpreter."""
    with program.open("rb") as file:
        return file.read(2) == b"#!"


class Clock:
    """Stands still unless a task or a pool tells it to go on."""

    def __init__(self) -> None:
        self.now = 50_000

    def __call__(self) -> int:
        return self.now
