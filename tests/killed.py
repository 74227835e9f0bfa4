"""A program that runs studies which die at the moment that a test chooses. Each study is a fork of it.

A study is asked for with one line of JSON on standard input; its end is told with one on standard output.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet  # noqa: F401 - or each fork would load them anew

from runner import __main__ as program
from runner.cli.compose import collect
from runner.errors import RunnerError
from runner.settings import Point


class Steps:
    """Operations that reach the disk, counted; before one of them this process kills itself.

    Args:
        last: the number of that operation, from 1; None to survive
        torn_bytes: taken from the end of what was being appended, as a crash of the machine would
    """

    def __init__(self, last: int | None, torn_bytes: int) -> None:
        self.count = 0
        self._last, self._torn_bytes = last, torn_bytes

    def watch(self) -> None:
        """Count from now on."""
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
        with contextlib.suppress(OSError):  # of a file that is written whole, and open for reading
            os.ftruncate(descriptor, max(0, os.fstat(descriptor).st_size - self._torn_bytes))


def main() -> None:
    """Run the studies that are asked for."""
    points = collect()
    program.report = lambda *_, **__: True  # the test makes the tables itself
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            _run(points, asked)
        if asked["after_s"] is not None:
            time.sleep(asked["after_s"])
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _run(points: Sequence[Point], asked: dict[str, Any]) -> None:
    steps = Steps(asked["last_step"], asked["torn_bytes"])
    changes = {"results_dir": asked["results_dir"], "resume": asked["resume"]}
    overrides = {"resume": asked["resume"]} if asked["resume"] else points[0].overrides
    if asked["resume"]:
        changes = {"resume": asked["resume"]}
    steps.watch()
    sys.argv = ["runner", *(f"{key}={value}" for key, value in overrides.items())]
    code = 70
    try:
        code = program.run(
            [replace(one, config=replace(one.config, **changes), overrides=overrides) for one in points]
        )
    except RunnerError as error:
        sys.stderr.write(f"error: {error}\n")
        code = error.exit_code
    finally:
        sys.stderr.write(f"steps: {steps.count}\n")
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
