"""The locks of a session: one study at a time on a machine, and one process at a time in a result folder.

Both are locks of the kernel (flock). They end with the process that holds them, however it ends, so they are
never stale. The machine's lock is on a file in the folder for temporary files, one file per user; the text in
it is for people only.

A session that resumes a study locks the folder, then the machine. So the folder is read once, when no other
process can change it, and mistakes are reported before the wait for the machine. No process waits for a
folder while it holds the machine, so no two sessions can wait for each other.
"""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Self

from runner.errors import ConfigurationError

_MAX_TEXT_BYTES = 10_000  # of the lock file


class SessionLocks:
    """The locks that a session holds until the end of its `with` block.

    Args:
        show: shows a line to the user
        wait: whether to wait for other sessions; otherwise several studies may be measured at the same time
    """

    def __init__(self, show: Callable[[str], None], *, wait: bool) -> None:
        self._show, self._wait = show, wait
        self._held = contextlib.ExitStack()
        self._folder: Path | None = None
        self._lock_file: int | None = None  # its descriptor, while this session holds the machine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock_file = None
        self._held.close()

    def lock_folder(self, folder: Path) -> None:
        """Keep other sessions from resuming the study of a folder; wait if one already measures it.

        A folder that does not exist, and one on a file system without locks, is not locked.

        Raises:
            ConfigurationError: if another process holds it, and this session does not wait
        """
        self._folder = folder
        is_locked, descriptor = True, None
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            self._held.callback(os.close, descriptor)
            is_locked = _lock(descriptor, block=False)
        if descriptor is not None and not is_locked:
            conflict = f"{folder}: another process is measuring this study"
            if not self._wait or self._lock_file is not None:
                raise ConfigurationError([f"{conflict}; resume it later, or use wait=true"])
            self._show(f"waiting: {conflict}")
            _lock(descriptor, block=True)
        self._describe_holder()

    def lock_machine(self) -> None:
        """Wait until no other study is measured on this machine, or warn that there is one."""
        try:
            descriptor = _open_lock_file()
        except OSError as error:
            reason = f"the lock file cannot be opened ({error.strerror}: {error.filename})"
            self._show(f"warning: other studies may be measured at the same time: {reason}")
            return
        self._held.callback(os.close, descriptor)
        if not _lock(descriptor, block=False):
            self._show(_occupied(descriptor, wait=self._wait))
            if not self._wait:
                return
            _lock(descriptor, block=True)
        self._lock_file = descriptor
        self._describe_holder()

    def _describe_holder(self) -> None:
        """Write into the lock file which process holds the machine, for the messages of other sessions."""
        if self._lock_file is None:
            return
        folder = "" if self._folder is None else f" into {self._folder.absolute()}"
        text = f"process {os.getpid()} is measuring{folder}"
        with contextlib.suppress(OSError):  # a full disk
            os.ftruncate(self._lock_file, 0)
            os.pwrite(self._lock_file, text.encode(errors="backslashreplace"), 0)


def _open_lock_file() -> int:
    path = Path(tempfile.gettempdir()) / f"parallel-runner-{os.getuid()}.lock"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def _lock(descriptor: int, *, block: bool) -> bool:
    """Take an exclusive lock; False if another process holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if block else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _occupied(descriptor: int, *, wait: bool) -> str:
    holder = os.pread(descriptor, _MAX_TEXT_BYTES, 0).decode(errors="replace")
    holder = holder or "another process is measuring"
    if wait:
        return f"waiting: {holder}; use wait=false to measure at the same time"
    return f"warning: {holder}; the two studies disturb each other; use wait=true to wait for its end"
