"""The runner's end of the supervising process: starts it, and hands it one invocation at a time."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Self

from runner.errors import RunnerError
from runner.folder.atomic_files import reporting_temporary_errors
from runner.supervise.server import STUDY_MARKER, Ending, Launch, read_frame, write_frame

#: Nothing but the standard library and this package, whatever else lies beside it, can be in its way.
_PROGRAM = "import sys; sys.path.append(sys.argv[1]); from runner.supervise.server import main; main()"
_CHECKOUT = Path(__file__).resolve().parents[2]
_LONGEST_TEMPORARY = 75  # characters; a fork server's socket below takes 32 more, and 107 is all there may be


class SupervisorDied(RunnerError):  # noqa: N818 - it says what happened
    """The supervising process is gone."""


class Supervisor:
    """The runner's end: starts the supervising process, hands it one invocation at a time.

    Every process of a study carries the study's id in its environment, as RUNNER_STUDY. Temporary files go
    into one folder, which is emptied after every invocation. Both ends remove it, so that one may die.
    """

    def __init__(self) -> None:
        self.study_id = uuid.uuid4().hex
        self.mark = f"{STUDY_MARKER}={self.study_id}"

    def __enter__(self) -> Self:
        with reporting_temporary_errors():
            self._temporary = tempfile.mkdtemp(prefix="run-")  # short: sockets are put there
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM, str(_CHECKOUT), self._temporary],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the runner's to handle
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        assert self._process.stdout is not None  # noqa: S101
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def run(self, launch: Launch) -> Ending:
        """Run one invocation to its end; SupervisorDied if the supervising process was killed."""
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        assert self._process.stdout is not None  # noqa: S101
        try:
            placed = {**vars(launch), "environment": self._place(launch.environment)}
            write_frame(self._process.stdin.fileno(), json.dumps(placed).encode())
            frame = read_frame(self._process.stdout.fileno())
        except BrokenPipeError:
            frame = None
        if frame is None:
            raise SupervisorDied("the supervising process was killed")
        return Ending(**json.loads(frame))

    def _place(self, environment: dict[str, str]) -> dict[str, str]:
        """Add the mark, and the folder for temporary files unless the cell names one of its own."""
        marked = {**environment, STUDY_MARKER: self.study_id}
        is_inherited = environment.get("TMPDIR") == os.environ.get("TMPDIR")
        if is_inherited and len(self._temporary) <= _LONGEST_TEMPORARY:
            return {**marked, "TMPDIR": self._temporary}
        return marked

    def interrupt(self) -> None:
        """End the invocation in progress, and any that is asked for later. Safe in a signal handler."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGINT)
