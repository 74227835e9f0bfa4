"""Probes started as the supervisor starts them, and their replies."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from runner.supervise.protocol import NOTE_MARK, REPLY_MARK
from runner_probe import probe_main
from runner_probe.iteration import RECORD_FIELDS

if TYPE_CHECKING:
    from runner_probe.wire import RunSpecification

ROOT = Path(__file__).resolve().parents[2]
PROBE = ROOT / "runner" / "probe" / "__main__.py"
MEASURED = Path(__file__).resolve().parent / "measured"

SERIAL = {"_target_": "runner_probe.pools.Serial"}
THREAD = {"_target_": "concurrent.futures.ThreadPoolExecutor", "max_workers": 2}
PATIENCE_S = 60.0  # a probe that takes longer hangs


def process_pool(start_method: str) -> dict[str, Any]:
    return {
        "_target_": "concurrent.futures.ProcessPoolExecutor",
        "max_workers": 2,
        "mp_context": start_method,
    }


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A probe's reply, and what it printed."""

    reply: dict[str, Any]
    chatter: bytes  #: on standard output, before the reply
    printed: str  #: on standard error

    def records(self, iteration: int = 0) -> list[dict[str, Any]]:
        return named_fields(self.reply["iterations"][iteration]["records"])

    def values(self) -> list[Any]:
        """List the tasks' results, of a workload with `compare: close`."""
        return list(self.reply["reference"]["values"])


def specify(
    pool: Mapping[str, Any] = SERIAL,
    *,
    chunk_size: int | None = 1,
    iterations: int = 1,
    tracing: str = "task",
    **workload: Any,
) -> dict[str, Any]:
    """Make the specification of a measurement; by default it squares three numbers."""
    settings = {"function": "bag.square", "items": [1, 2, 3], "compare": "close", **workload}
    return {
        "kind": "measurement",
        "workload": settings,
        "pool": dict(pool),
        "chunk_size": chunk_size,
        "iterations": iterations,
        "tracing": tracing,
        "calls": None,
        "reference": None,
        "with_labels": True,
        "with_native_threads": False,
        "with_payload": False,
        "with_held_share": False,
        "bags": 1,
    }


def named_fields(records: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Name the values of task records."""
    return [dict(zip(RECORD_FIELDS, values, strict=True)) for values in records]


def in_window(
    specification: Mapping[str, Any], folder: Path, *, workers: int = 1, duration_s: float = 0.15
) -> dict[str, Any]:
    """Change a specification so that workers run tasks until a window closes."""
    return {
        **specification,
        "kind": "window",
        "folder": str(folder),
        "workers": workers,
        "duration_s": duration_s,
    }


def dispatching(specification: Mapping[str, Any]) -> dict[str, Any]:
    """Change a specification so that it measures the cost of dispatch."""
    return {**specification, "kind": "dispatch"}


def untimed(specification: Mapping[str, Any]) -> dict[str, Any]:
    """Change a specification so that the tasks run once, untimed."""
    return {**specification, "kind": "untimed", "allocations": None}


def run(specification: Mapping[str, Any]) -> Any:
    """Run a specification in this process; return the reply."""
    return probe_main.run(cast("RunSpecification", specification))


def ask(
    specification: Mapping[str, Any],
    *,
    path: Sequence[Path] = (MEASURED,),
    python: str = sys.executable,
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Answer:
    """Start a probe; wait for its reply, and for the last process that it leaves behind."""
    received = {
        "path": list(map(str, path)),
        "reply_mark": REPLY_MARK,
        "note_mark": NOTE_MARK,
        "specification": specification,
    }
    probe = subprocess.Popen(
        [python, *options, str(PROBE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )
    try:
        output, errors = probe.communicate(json.dumps(received).encode(), timeout=PATIENCE_S)
    except BaseException:
        os.killpg(probe.pid, signal.SIGKILL)
        probe.communicate()
        raise
    chatter, mark, framed = output.partition(REPLY_MARK.encode())
    chatter = re.sub(re.escape(NOTE_MARK.encode()) + rb".*\n", b"", chatter)
    assert mark, f"no reply; printed: {errors.decode()}"
    length, _, body = framed.partition(b"\n")
    assert len(body) == int(length)
    return Answer(reply=json.loads(body), chatter=chatter, printed=errors.decode())


def interpreters() -> list[str]:
    """List installed interpreters of Python 3.10 and later, one for each version, including this one."""
    folders = [*(Path.home() / ".pyenv" / "versions").glob("*/bin")]
    folders += [Path(folder) for folder in os.get_exec_path()]
    paths = {f"{sys.version_info.major}.{sys.version_info.minor}": sys.executable}
    for program in (program for folder in folders for program in sorted(folder.glob("python3.*"))):
        version = re.fullmatch(r"python(3\.(\d+)t?)", program.name)
        if version and int(version[2]) >= 10 and program.is_file() and not _is_script(program):
            paths.setdefault(version[1], str(program))
    return [paths[version] for version in sorted(paths)]


def _is_script(program: Path) -> bool:
    """Whether a program is a shim of a version manager rather than an interpreter."""
    with program.open("rb") as file:
        return file.read(2) == b"#!"


class Clock:
    """A clock that only tasks and pools advance."""

    def __init__(self) -> None:
        self.now = 50_000

    def __call__(self) -> int:
        return self.now
