"""Code under measurement: imported by measured interpreters, from Python 3.10 on."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator


def square(number: int) -> int:
    return number * number


def scaled(number: float, factor: float) -> float:
    return number * factor


async def squared_later(number: int) -> int:
    return number * number


def fail_on(number: int, bad: int) -> int:
    if number == bad:
        raise ValueError(f"cannot take {number}")
    return number


def leave(_: Any, code: int) -> NoReturn:
    os._exit(code)


def meet(_: Any, folder: str, count: int) -> int:
    """Wait until `count` tasks run at the same time; the last one releases the others."""
    gate = os.open(Path(folder) / "gate", os.O_RDWR)
    arrivals = os.open(Path(folder) / "arrivals", os.O_RDWR | os.O_APPEND | os.O_CREAT)
    os.write(arrivals, b".")
    if os.fstat(arrivals).st_size == count:
        os.write(gate, b"." * count)
    os.read(gate, 1)
    os.close(arrivals)
    os.close(gate)
    return count


def large(size: int) -> bytes:
    return b"x" * size


def lock(_: Any) -> object:
    return threading.Lock()


def ignore(number: int, **_: object) -> int:
    return number


def burn(_: Any, seconds: float) -> None:
    clock_started = time.process_time()
    while time.process_time() - clock_started < seconds:
        pass


def note(*texts: str, path: str) -> None:
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(" ".join(texts) + "\n")


def note_and_square(number: int, path: str) -> int:
    note("task", path=path)
    return square(number)


def square_at_most(number: int, calls: str, most: int) -> int:
    note("task", path=calls)
    if len(Path(calls).read_text(encoding="utf-8").splitlines()) > most:
        raise ValueError("called too often")
    return square(number)


def note_worker(path: str) -> None:
    note(str(os.getpid()), str(threading.get_native_id()), path=path)


def note_living(path: str) -> None:
    """Write the names of the threads, then the ids of the descendants of this process."""
    note(*(thread.name.replace(" ", "_") for thread in threading.enumerate()), path=path)
    note(*map(str, _below(os.getpid())), path=path)


def _below(process: int) -> list[int]:
    descendants: list[int] = []
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        for child in map(int, children.read_text(encoding="ascii").split()):
            descendants += [child, *_below(child)]
    return descendants


def give_up() -> NoReturn:
    raise RuntimeError("this worker does not start")


def show(text: str) -> str:
    """Print from Python, from C, and from another program."""
    print(text, end="")  # noqa: T201
    os.write(1, text.encode())
    os.system(f"printf %s {text}")  # noqa: S605
    return text


def flood(size: int) -> int:
    return os.write(1, b"." * size)


def close_output(number: int) -> int:
    os.close(1)
    return number


def read_input(_: Any) -> str:
    return sys.stdin.read()


LIST_DESCRIPTORS = """
import os
for descriptor in range(10):
    try:
        print(os.readlink(f"/proc/self/fd/{descriptor}"))
    except OSError:
        pass
"""


def descriptors_of_a_child(_: Any) -> list[str]:
    command = [sys.executable, "-c", LIST_DESCRIPTORS]
    child = subprocess.run(command, close_fds=False, capture_output=True, text=True, check=True)
    return child.stdout.split()


def stay_behind(_: Any, fifo: str) -> None:
    """Leave a process behind that keeps all descriptors open until the FIFO is written to."""
    if os.fork() == 0:
        with Path(fifo).open("rb"):
            os._exit(0)


def count_to(number: int) -> Iterator[int]:
    yield from range(number)


class Loop:
    """A pool without workers, and so without an initializer."""

    def __init__(self, number: int) -> None:
        self.number = number

    def shutdown(self, *, wait: bool) -> None:
        pass


def not_a_function_of_items() -> None:
    pass


ANSWER = 42
