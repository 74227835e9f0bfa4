"""Temporary folders, and the error if none can be created."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from runner.errors import RunnerError


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Create a folder that is removed at the end of the `with` block.

    Raises:
        RunnerError: if it cannot be created
    """
    with reporting_temporary_errors():
        folder = tempfile.TemporaryDirectory(prefix="runner-")
    with folder as path:
        yield Path(path)


@contextlib.contextmanager
def reporting_temporary_errors() -> Iterator[None]:
    """Turn an OSError while a temporary folder is created into a message of one line.

    Raises:
        RunnerError: with the reason
    """
    try:
        yield
    except OSError as error:
        where = f"{Path(error.filename).parent}: " if error.filename else ""
        message = f"{where}no temporary folder can be created ({error.strerror or error})"
        raise RunnerError(f"{message}; free disk space, or name another place with TMPDIR=FOLDER") from error
