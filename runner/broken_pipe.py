"""Standard output and error that outlive their reader: `| head -1`, or a closed terminal."""

import errno
import io
import os
import stat
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def outlive_readers() -> None:
    """Discard output once its reader has gone, instead of ending the program."""
    if sys.__stdout__ is not None and sys.stdout is sys.__stdout__:
        sys.stdout = _discarding(sys.stdout)
    if sys.__stderr__ is not None and sys.stderr is sys.__stderr__:
        sys.stderr = _discarding(sys.stderr)


class _DiscardingFile(io.FileIO):
    """A descriptor that discards everything once its reader has gone."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)  # errors of a disk must not be hidden

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)  # None, despite its type, if a non-blocking one is full
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EIO) or self._is_file:
                raise
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self.fileno())
        os.close(null)
        return super().write(data)


def _discarding(stream: TextIO) -> TextIO:
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_DiscardingFile(stream.fileno())),
        encoding=stream.encoding,
        errors="replace" if stream.errors == "strict" else stream.errors,  # ASCII has no × and no …
        line_buffering=stream.isatty() or stream is sys.stderr,
        write_through=getattr(stream, "write_through", False),  # set by `python -u`
    )
