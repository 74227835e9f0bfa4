"""Files that survive a crash or a full disk: the old or the new content, or a table without its last row."""

import contextlib
import csv
import errno
import io
import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from runner.errors import RunnerError

UNENCODABLE = "backslashreplace"  #: file names may hold bytes that are not text
_LINE_ENDS = re.compile(r"[\r\n]+")


def write(path: Path, content: str | bytes) -> None:
    """Write a file so that a crash leaves either the old content or the new."""
    partial = path.with_name(f"{path.name}.part")
    with removing_partial(partial):
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
        sync(partial)
        partial.replace(path)


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV file so that a crash leaves either the old content or the new."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write(path, text.getvalue())


def sync(path: Path) -> None:
    """Wait until a file is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def removing_partial(partial: Path) -> Iterator[None]:
    """Remove a file that could not be written completely, which frees its space."""
    try:
        yield
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


@contextlib.contextmanager
def reporting_write_errors(folder: Path) -> Iterator[None]:
    """Turn an OSError while a result folder is written, such as a full disk, into a message of one line.

    Raises:
        RunnerError: with the reason
    """
    try:
        yield
    except OSError as error:
        message = f"{folder}: it cannot be written ({error.strerror or error})"
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        remedy = "free disk space" if is_full else "make it writable"
        raise RunnerError(f"{message}; {remedy}, then resume with {how_to_resume(folder)}") from error


def how_to_resume(folder: Path) -> str:
    """Return the command that resumes the study of a folder."""
    program = "runner" if Path(sys.argv[0]).name == "runner" else "python -m runner"
    return f"{program} {shlex.quote(f'resume={folder}')}"


class GrowingTable:
    """A CSV file to which rows are appended. Each row is one line."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        is_new = not path.exists()
        self._file = path.open("a", newline="", encoding="utf-8", errors=UNENCODABLE)
        self._writer = csv.writer(self._file, lineterminator="\n")
        if is_new:
            self.append([columns])

    def append(self, rows: Iterable[Sequence[Any]]) -> None:
        """Append rows. When this returns, they are on the disk."""
        self._writer.writerows([_on_one_line(value) for value in row] for row in rows)
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):  # rows that could not be written; that was reported already
            self._file.close()


def _on_one_line(value: Any) -> Any:
    return _LINE_ENDS.sub(" ", value) if isinstance(value, str) else value
