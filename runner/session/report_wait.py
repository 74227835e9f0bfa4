"""The wait for the report: it is announced to the user, and a request to stop ends it at once."""

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, TextIO, cast

from runner.errors import INTERRUPTED
from runner.session.signals import on_stop_signal

ERASE_LINE = "\r\x1b[2K"  # on a terminal
_ANNOUNCEMENT = "finishing: tables and plots …"


@contextmanager
def making_report(folder: Path, *, quiet: bool) -> Iterator[None]:
    """Announce the report of a folder while it is made; a request to stop ends this process."""

    def leave() -> None:
        erase = ERASE_LINE if sys.stderr.isatty() else ""
        text = f"{erase}interrupted; python -m runner.report {folder} renders its tables and plots\n"
        with contextlib.suppress(OSError):
            os.write(sys.stderr.fileno(), text.encode())
        os._exit(INTERRUPTED)  # a library might swallow an exception, or print it

    with on_stop_signal(leave), announced(quiet=quiet):
        yield


@contextmanager
def announced(*, quiet: bool) -> Iterator[None]:
    """Say that the report is being made; on a terminal the line is erased when its first text is printed."""
    if quiet:
        yield
        return
    is_transient = sys.stderr.isatty()
    sys.stderr.write(_ANNOUNCEMENT if is_transient else f"{_ANNOUNCEMENT}\n")
    sys.stderr.flush()
    if not is_transient:
        yield
        return
    erasing = _ErasingStream(sys.stdout)
    with redirect_stdout(cast("TextIO", erasing)):
        try:
            yield
        finally:
            erasing.erase()


class _ErasingStream:
    """A stream that erases the announcement before its first text."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_erased = False

    def erase(self) -> None:
        if not self._is_erased:
            self._is_erased = True
            sys.stderr.write(ERASE_LINE)
            sys.stderr.flush()

    def write(self, text: str) -> int:
        self.erase()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
