"""Standard output and error that outlive their reader: `| head -1`, or a terminal that was closed."""

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def outlive_readers() -> None:
    """From now on, what is written after the reader has gone vanishes, instead of ending the program."""
    if sys.__stdout__ is not None and sys.stdout is sys.__stdout__:
        sys.stdout = _outliving(sys.stdout)
    if sys.__stderr__ is not None and sys.stderr is sys.__stderr__:
        sys.stderr = _outliving(sys.stderr)


class _Outliving(io.FileIO):
    """A descriptor that leads nowhere once its reader has gone."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data) or 0  # None of a descriptor that does not block, and is full
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EIO):
                raise
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        return super().write(data) or 0


def _outliving(stream: TextIO) -> TextIO:
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Outliving(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.isatty() or stream is sys.stderr,
    )
