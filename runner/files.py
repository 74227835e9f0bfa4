"""Files that a crash or a full disk leaves whole: the old one or the new one."""

import contextlib
import errno
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from runner.errors import RunnerError


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
    return f"python -m runner {shlex.quote(f'resume={folder}')}"
