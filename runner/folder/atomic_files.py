"""Files that a crash or a full disk leaves whole: the old one or the new one, or all rows but the last."""

import contextlib
import csv
import errno
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from runner.errors import RunnerError

STRANGE_CHARACTERS = "backslashreplace"  #: file names may hold bytes that are no text
_LINE_ENDS = re.compile(r"[\r\n]+")


def write(path: Path, text: str) -> None:
    """Write a file so that a crash leaves the old one or the new one."""
    unfinished = path.with_name(f"{path.name}.part")
    with leaving_no_part(unfinished):
        unfinished.write_text(text, encoding="utf-8")
        sync(unfinished)
        unfinished.replace(path)


def sync(path: Path) -> None:
    """Wait until a file is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def leaving_no_part(unfinished: Path) -> Iterator[None]:
    """Give back the room that a file takes which cannot be written whole."""
    try:
        yield
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise


@contextlib.contextmanager
def telling(folder: Path) -> Iterator[None]:
    """Tell on one line that a folder cannot be written: a full disk, say.

    Raises:
        RunnerError: with the reason
    """
    try:
        yield
    except OSError as error:
        message = f"{folder}: it cannot be written ({error.strerror or error})"
        no_room = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        remedy = "make room" if no_room else "make it writable"
        raise RunnerError(f"{message}; {remedy}, then {how_to_resume(folder)} goes on") from error


def how_to_resume(folder: Path) -> str:
    """Give the command that goes on with the study of a folder."""
    program = "runner" if Path(sys.argv[0]).name == "runner" else "python -m runner"
    return f"{program} {shlex.quote(f'resume={folder}')}"


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder for what is not kept.

    Raises:
        RunnerError: if there is no room for it
    """
    with telling_of_temporary_files():
        folder = tempfile.TemporaryDirectory(prefix="runner-")
    with folder as path:
        yield Path(path)


@contextlib.contextmanager
def telling_of_temporary_files() -> Iterator[None]:
    """Tell on one line that a folder for temporary files cannot be made.

    Raises:
        RunnerError: with the reason
    """
    try:
        yield
    except OSError as error:
        where = f"{Path(error.filename).parent}: " if error.filename else ""
        message = f"{where}no folder for temporary files can be made ({error.strerror or error})"
        raise RunnerError(f"{message}; make room, or name another place with TMPDIR=FOLDER") from error


class Appended:
    """A CSV file that grows row by row, each batch synced to the disk. A row is one line."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        new = not path.exists()
        self._file = path.open("a", newline="", encoding="utf-8", errors=STRANGE_CHARACTERS)
        self._writer = csv.writer(self._file, lineterminator="\n")
        if new:
            self.append([columns])

    def append(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows. When this returns, they are on the disk."""
        self._writer.writerows([_on_one_line(value) for value in row] for row in rows)
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):  # of what could not be appended, which was told
            self._file.close()


def _on_one_line(value: Any) -> Any:
    return _LINE_ENDS.sub(" ", value) if isinstance(value, str) else value
