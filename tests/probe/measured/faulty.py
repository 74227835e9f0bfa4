"""Tasks that fail at item 2 and square every other item; tests/faults.yaml says what is reported."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import multiprocessing
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

_FOREVER_S = 1000
_MEBIBYTE = 1 << 20
_MEMORY_BYTES = 1 << 30


def _at_two(fault: Callable[[], Any]) -> Callable[[int], Any]:
    """Make a task from a fault, which it calls at item 2."""

    @functools.wraps(fault)
    def task(number: int) -> Any:
        return fault() if number == 2 else number * number

    return task


@_at_two
def healthy() -> int:
    return 4


@_at_two
def raises() -> NoReturn:
    raise ValueError("no such number")


class _NeverPickled(Exception):  # noqa: N818 - only its pickling matters
    def __reduce__(self) -> NoReturn:
        raise TypeError("not to be pickled")


@_at_two
def raises_the_unpicklable() -> NoReturn:
    raise _NeverPickled("held a lock")


@_at_two
def returns_the_unpicklable() -> Any:
    return threading.Lock()


def _refuse() -> NoReturn:
    raise ValueError("not to be rebuilt")


class _NeverRebuilt:
    def __reduce__(self) -> Any:
        return _refuse, ()


@_at_two
def returns_what_cannot_be_rebuilt() -> Any:
    return _NeverRebuilt()


@_at_two
def recurses() -> int:
    def deeper(depth: int) -> int:
        return deeper(depth + 1)

    return deeper(0)


@_at_two
def overflows_the_stack() -> str:
    sys.setrecursionlimit(10**9)
    nested: list[Any] = []
    for _ in range(10**6):
        nested = [nested]
    return repr(nested)


@_at_two
def exits() -> NoReturn:
    sys.exit(3)


@_at_two
def exits_at_once() -> NoReturn:
    os.write(2, b"so long\n")
    os._exit(3)


@_at_two
def aborts() -> NoReturn:
    os.abort()


@_at_two
def is_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@_at_two
def segfaults() -> None:
    ctypes.string_at(0)


@_at_two
def hangs() -> None:
    time.sleep(_FOREVER_S)


@_at_two
def hangs_in_c() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    ctypes.CDLL(None).sleep(_FOREVER_S)


@_at_two
def backtracks() -> None:
    re.match(r"(a+)+b", "a" * 64)


@_at_two
def ignores_sigterm() -> None:
    with contextlib.suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen(["/bin/sh", "-c", f"trap '' TERM; sleep {_FOREVER_S}; sleep {_FOREVER_S}"])
    time.sleep(_FOREVER_S)


@_at_two
def leaves_a_daemon() -> int:
    subprocess.Popen(["/bin/sleep", str(_FOREVER_S)], start_new_session=True)
    return 4


@_at_two
def leaves_files() -> int:
    tempfile.mkstemp(prefix="fault-")
    tempfile.mkdtemp(prefix="fault-")
    return 4


@_at_two
def closes_stdout() -> int:
    sys.stdout.close()
    with contextlib.suppress(OSError):
        os.close(1)
    return 4


@_at_two
def floods() -> int:
    for _ in range(1 << 10):
        os.write(1, bytes(_MEBIBYTE))
    return 4


@_at_two
def closes_every_descriptor() -> int:
    os.closerange(0, 1024)
    return 4


@_at_two
def changes_directory() -> int:
    os.chdir("/")
    return 4


@_at_two
def changes_start_method() -> int:
    multiprocessing.set_start_method("spawn", force=True)
    return 4


@_at_two
def handles_signals() -> int:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGALRM):
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(number, lambda *_: None)
    return 4


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


@_at_two
def exhausts_memory() -> NoReturn:
    held = []
    while True:
        held.append(bytearray(64 * _MEBIBYTE))


def has_no_licence() -> NoReturn:
    raise RuntimeError("no licence")


def break_interpreters() -> None:
    """Prevent later interpreters from starting; see the scripts in tests/test_fault_table.py."""
    Path("broken").touch()
