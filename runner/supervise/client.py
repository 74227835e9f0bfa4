"""The runner's side of the supervisor: it starts the process, and sends it one invocation at a time."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Self

from runner.errors import RunnerError
from runner.supervise.protocol import STUDY_MARKER, Ending, Launch, read_ending, write_launch
from runner.temporary_files import reporting_temporary_errors

#: Imports from the standard library and this package only, so that installed packages cannot interfere.
_PROGRAM = "import sys; sys.path.append(sys.argv[1]); from runner.supervise.server import main; main()"
_CHECKOUT = Path(__file__).resolve().parents[2]
_MAX_PATH_LENGTH = 75  # of the folder: a fork server's socket adds 32 characters, and a socket may have 107


class SupervisorDied(RunnerError):  # noqa: N818 - the name says what happened
    """The supervising process has died."""


class Supervisor:
    """Starts the supervising process and sends it one invocation at a time.

    Every process of a study has the study's id in its environment, as RUNNER_STUDY. Temporary files go into
    one folder, which is emptied after every invocation. Both processes remove it, in case the other one dies.

    Args:
        report: called once with each activity of an invocation that takes long
    """

    def __init__(self, report: Callable[[str], None] = lambda _: None) -> None:
        self._report = report
        self._reported: set[str] = set()
        self.study_id = uuid.uuid4().hex
        self.mark = f"{STUDY_MARKER}={self.study_id}"

    def __enter__(self) -> Self:
        with reporting_temporary_errors():
            self._temporary = tempfile.mkdtemp(prefix="run-")  # short: it holds sockets
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM, str(_CHECKOUT), self._temporary],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # the runner handles Ctrl-C
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
            write_launch(
                self._process.stdin.fileno(),
                replace(launch, environment=self._marked(launch.environment)),
            )
            ending = read_ending(self._process.stdout.fileno(), self._report_once)
        except BrokenPipeError:
            ending = None
        if ending is None:
            raise SupervisorDied("the supervising process was killed")
        return ending

    def _report_once(self, activity: str) -> None:
        if activity not in self._reported:
            self._reported.add(activity)
            self._report(activity)

    def _marked(self, environment: dict[str, str]) -> dict[str, str]:
        """Add the study's mark, and the folder for temporary files unless the cell sets its own."""
        marked = {**environment, STUDY_MARKER: self.study_id}
        is_inherited = environment.get("TMPDIR") == os.environ.get("TMPDIR")
        if is_inherited and len(self._temporary) <= _MAX_PATH_LENGTH:
            return {**marked, "TMPDIR": self._temporary}
        return marked

    def interrupt(self) -> None:
        """Terminate the invocation in progress, and any later one at once. Safe in a signal handler."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGINT)
