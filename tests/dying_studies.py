"""A program that runs studies in forks, each of which kills itself at a step that a test chooses.

A line of JSON on standard input requests a study; a line on standard output has its exit code.
"""

import contextlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet  # noqa: F401 - so that the forks need not load it

from runner import __main__ as program
from runner.cli.compose import collect
from runner.errors import RunnerError
from runner.session import dry_run, measuring, preflight, report_wait, supervised  # noqa: F401 - as above
from runner.settings import Point


class Steps:
    """Counts the operations that reach the disk; before the last one this process kills itself.

    Args:
        last: number of the last operation, from 1; None: the process survives
        torn_bytes: bytes removed from the end of the growing file, as in a crash of the machine
    """

    def __init__(self, last: int | None, torn_bytes: int) -> None:
        self.count = 0
        self._last, self._torn_bytes = last, torn_bytes

    def watch(self) -> None:
        """Start counting."""
        os.fsync = self._counted(os.fsync)
        for name in ("write_text", "replace", "rename", "unlink", "mkdir"):
            setattr(Path, name, self._counted(getattr(Path, name)))

    def _counted(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            self.count += 1
            if self.count == self._last:
                if isinstance(args[0], int):
                    self._tear(args[0])
                os.kill(os.getpid(), signal.SIGKILL)
            return act(*args, **options)

        return counted

    def _tear(self, descriptor: int) -> None:
        with contextlib.suppress(OSError):  # a file that is open for reading, because it is written at once
            os.ftruncate(descriptor, max(0, os.fstat(descriptor).st_size - self._torn_bytes))


def main() -> None:
    """Run the studies that are requested."""
    points = collect()
    program.report = lambda *_, **__: True  # the test makes the tables itself
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if not child:
            _run(points, request)
        if request["after_s"] is not None:
            time.sleep(request["after_s"])
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _run(points: Sequence[Point], request: dict[str, Any]) -> None:
    steps = Steps(request["last_step"], request["torn_bytes"])
    changes = {"results_dir": request["results_dir"], "resume": request["resume"]}
    overrides = {"resume": request["resume"]} if request["resume"] else points[0].overrides
    if request["resume"]:
        changes = {"resume": request["resume"]}
    steps.watch()
    sys.argv = ["runner", *(f"{key}={value}" for key, value in overrides.items())]
    code = 70
    try:
        code = program.run(
            [replace(point, config=replace(point.config, **changes), overrides=overrides) for point in points]
        )
    except RunnerError as error:
        sys.stderr.write(f"error: {error}\n")
        code = error.exit_code
    except Exception:  # noqa: BLE001 - whatever it is, the test must show it
        traceback.print_exc()
    finally:
        sys.stderr.write(f"steps: {steps.count}\n")
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
