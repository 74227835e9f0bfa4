"""One study at a time on a machine: two that measure beside each other disturb each other.

The lock is the kernel's, on a file of the user's own in the folder for temporary files. It ends with the
process that holds it, however that ends, so it is never stale; what the file says is only for people.
"""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.errors import ConfigurationError

_LONGEST_BYTES = 10_000  # of what the file says


@contextmanager
def measuring_alone(tell: Callable[[str], None], *, wait: bool) -> Iterator[Callable[[Path], None]]:
    """Hold the machine while measuring; gives what tells the others into which folder.

    Args:
        tell: is told who measures already, if somebody does
        wait: until that has ended; otherwise both measure
    """
    try:
        descriptor = _open()
    except OSError as error:
        tell(f"warning: nothing keeps others from measuring meanwhile ({error.strerror}: {error.filename})")
        yield lambda _: None
        return
    with os.fdopen(descriptor, "r+b") as file:
        if _take(file.fileno(), block=False):
            yield lambda folder: _say(file.fileno(), folder)
            return
        tell(_told(file.fileno(), wait=wait))
        if wait:
            _take(file.fileno(), block=True)
            yield lambda folder: _say(file.fileno(), folder)
        else:
            yield lambda _: None


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Keep other processes from going on with the study of a folder while this one measures into it.

    Raises:
        ConfigurationError: another one does
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # whoever reads it tells why
        yield
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            taken = f"{folder}: another process is measuring into it; wait until that has ended"
            raise ConfigurationError([taken]) from error
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(descriptor)


def _open() -> int:
    path = Path(tempfile.gettempdir()) / f"parallel-runner-{os.getuid()}.lock"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def _take(descriptor: int, *, block: bool) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if block else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    with contextlib.suppress(OSError):  # of a full disk: it is only for people
        _write(descriptor, f"process {os.getpid()} is measuring")
    return True


def _say(descriptor: int, folder: Path) -> None:
    with contextlib.suppress(OSError):
        _write(descriptor, f"process {os.getpid()} is measuring into {folder.absolute()}")


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(errors="backslashreplace"), 0)


def _told(descriptor: int, *, wait: bool) -> str:
    holder = os.pread(descriptor, _LONGEST_BYTES, 0).decode(errors="replace") or "another study is measuring"
    if wait:
        return f"waiting: {holder}; wait=false measures beside it"
    return f"warning: {holder}; both disturb each other; wait=true waits until it has ended"
