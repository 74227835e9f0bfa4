"""What shows where the time or the memory of an untimed invocation goes."""

import csv
import json
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from runner.errors import ConfigurationError
from runner.folder.atomic_files import temporary_folder
from runner.measure.invocation import Supervises, environment
from runner.records import Purpose
from runner.supervise.server import Launch

MEMORY_COLUMNS = ("process_id", "file", "line", "source", "held_bytes", "blocks")

_SAMPLES_PER_S = 200
_TRIAL = "import time; until = time.perf_counter() + 0.3\nwhile time.perf_counter() < until: pass"
_TRIAL_LIMIT_S = 60.0


def spying(command: Sequence[str], python: str, file: Path) -> list[str]:
    """Let py-spy start the interpreter of a command and look at it, and at its children, until they end."""
    at = command.index(python)
    record = ["record", "--subprocesses", "--rate", str(_SAMPLES_PER_S), "--format", "speedscope"]
    return [*command[:at], _py_spy() or "py-spy", *record, "--output", str(file), "--", *command[at:]]


def collect_allocations(pieces: Path, file: Path) -> None:
    """Make one table of what the processes of an invocation wrote, each at its own peak."""
    peaks: dict[str, tuple[int, Path]] = {}
    for piece in pieces.glob("*.json"):
        process_id, _, held_bytes = piece.stem.partition("-")
        peaks[process_id] = max(peaks.get(process_id, (0, piece)), (int(held_bytes), piece))
    with file.open("w", newline="", encoding="utf-8", errors="backslashreplace") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(MEMORY_COLUMNS)
        for process_id, (_, piece) in sorted(peaks.items()):
            rows = json.loads(piece.read_text(encoding="utf-8"))
            writer.writerows([process_id, *row] for row in rows)


def check_profiler(
    purpose: Purpose, interpreters: Iterable[Mapping[str, Any]], supervisor: Supervises
) -> None:
    """Make sure that a profiler can look into every interpreter.

    Raises:
        ConfigurationError: naming those into which it cannot
    """
    if purpose == "cpu-profile":
        problems = _spy_problems(interpreters, supervisor)
    else:
        problems = [
            f"profile=memory: {one['python']} is {one['implementation']}, and only CPython has tracemalloc; "
            "measure it without profile, or with profile=cpu"
            for one in interpreters
            if one["implementation"] != "CPython"
        ]
    if problems:
        raise ConfigurationError(list(dict.fromkeys(problems)))


def _spy_problems(interpreters: Iterable[Mapping[str, Any]], supervisor: Supervises) -> list[str]:
    if _py_spy() is None:
        install = "pip install 'parallel-runner[profile]' (in a checkout: pip install '.[profile]')"
        return [f"profile=cpu: it needs py-spy, which is not installed; install it: {install}"]
    remedy = "leave it out of this study, or take profile=memory"
    problems = []
    for one in interpreters:
        if one["free_threaded"]:
            problems.append(f"profile=cpu: py-spy cannot read the free-threaded {one['python']}; {remedy}")
        elif why := _trial(one, supervisor):
            problems.append(f"profile=cpu: py-spy cannot read {one['python']} here ({why}); {remedy}")
    return problems


def _trial(interpreter: Mapping[str, Any], supervisor: Supervises) -> str:
    """Look at a third of a second of an interpreter; says why that failed, or nothing."""
    python = interpreter["python"]
    with temporary_folder() as folder:
        profile, output = folder / "profile.json", folder / "output.txt"
        launch = Launch(
            command=spying([*interpreter["prefix"], python, "-c", _TRIAL], python, profile),
            environment=environment(interpreter),
            specification="",
            output=str(output),
            time_limit_s=_TRIAL_LIMIT_S,
        )
        ending = supervisor.run(launch)
        if ending.ended == "interrupted":
            raise KeyboardInterrupt
        if profile.exists():
            return ""
        printed = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return printed[-1] if printed else f"{shlex.join(launch.command[:2])} gave no profile"


def _py_spy() -> str | None:
    """Find py-spy: beside our own interpreter, or on the PATH."""
    scripts = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent)]
    return next(filter(None, (shutil.which("py-spy", path=folder) for folder in (*scripts, None))), None)
