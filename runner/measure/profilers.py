"""Profilers, which show what takes the time or the memory in an untimed run."""

import csv
import json
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from runner.errors import ConfigurationError
from runner.measure.interpreter import CheckedInterpreter, Interpreter, Supervises
from runner.records import Purpose
from runner.temporary_files import temporary_folder

MEMORY_COLUMNS = ("process_id", "file", "line", "source", "held_bytes", "blocks")

_SAMPLES_PER_S = 200
_TRIAL = "import time; until = time.perf_counter() + 0.3\nwhile time.perf_counter() < until: pass"
_TRIAL_LIMIT_S = 60.0


def with_py_spy(command: Sequence[str], python: str, file: Path) -> list[str]:
    """Insert py-spy before the interpreter in a command, to profile it and its child processes."""
    position = command.index(python)
    record = ["record", "--subprocesses", "--rate", str(_SAMPLES_PER_S), "--format", "speedscope"]
    return [
        *command[:position],
        _py_spy() or "py-spy",
        *record,
        "--output",
        str(file),
        "--",
        *command[position:],
    ]


def collect_allocations(folder: Path, file: Path) -> None:
    """Combine the files that the processes of a run wrote, each at its own memory peak, into one table."""
    peaks: dict[str, tuple[int, Path]] = {}
    for path in folder.glob("*.json"):
        process_id, _, held_bytes = path.stem.partition("-")
        peaks[process_id] = max(peaks.get(process_id, (0, path)), (int(held_bytes), path))
    with file.open("w", newline="", encoding="utf-8", errors="backslashreplace") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(MEMORY_COLUMNS)
        for process_id, (_, path) in sorted(peaks.items()):
            rows = json.loads(path.read_text(encoding="utf-8"))
            writer.writerows([process_id, *row] for row in rows)


def check_profiler(
    purpose: Purpose, interpreters: Iterable[CheckedInterpreter], supervisor: Supervises
) -> None:
    """Check that the profiler can read every interpreter.

    Raises:
        ConfigurationError: naming the interpreters that it cannot read
    """
    if purpose == "cpu-profile":
        problems = _spy_problems(interpreters, supervisor)
    else:
        problems = [
            f"profile=memory: {checked.interpreter.python} is {checked.facts['implementation']}, and only "
            "CPython has tracemalloc; measure it without profile, or with profile=cpu"
            for checked in interpreters
            if checked.facts["implementation"] != "CPython"
        ]
    if problems:
        raise ConfigurationError(list(dict.fromkeys(problems)))


def _spy_problems(interpreters: Iterable[CheckedInterpreter], supervisor: Supervises) -> list[str]:
    if _py_spy() is None:
        install = "pip install 'parallel-runner[profile]' (in a checkout: pip install '.[profile]')"
        return [f"profile=cpu: py-spy is not installed; install it: {install}"]
    remedy = "remove this interpreter, or use profile=memory"
    problems = []
    for checked in interpreters:
        python = checked.interpreter.python
        if checked.facts["free_threaded"]:
            problems.append(f"profile=cpu: py-spy cannot read the free-threaded {python}; {remedy}")
        elif why := _why_unreadable(checked.interpreter, supervisor):
            problems.append(f"profile=cpu: py-spy cannot read {python} here ({why}); {remedy}")
    return problems


def _why_unreadable(interpreter: Interpreter, supervisor: Supervises) -> str:
    """Profile an interpreter for a third of a second; return why that failed, or an empty text."""
    with temporary_folder() as folder:
        profile, output = folder / "profile.json", folder / "output.txt"
        launch = interpreter.launch(None, output, _TRIAL_LIMIT_S, "-c", _TRIAL)
        command = with_py_spy(launch.command, interpreter.python, profile)
        ending = supervisor.run(replace(launch, command=command))
        if ending.ended == "interrupted":
            raise KeyboardInterrupt
        if profile.exists():
            return ""
        printed = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return printed[-1] if printed else f"{shlex.join(command[:2])} wrote no profile"


def _py_spy() -> str | None:
    """Find py-spy: next to our own interpreter, or on the PATH."""
    scripts = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent)]
    return next(filter(None, (shutil.which("py-spy", path=folder) for folder in (*scripts, None))), None)
