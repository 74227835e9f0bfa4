"""Tasks that wait for something that serves one of them at a time, and a function that carries a table."""

import logging
import subprocess
import sys
import time
from pathlib import Path

_SERVER = Path(__file__).with_name("one_at_a_time.py")
_servers: list[tuple[int, "subprocess.Popen[str]"]] = []


class _SlowHandler(logging.Handler):
    """A handler that takes time, as one that writes to a network does; its lock admits one thread."""

    def emit(self, _: logging.LogRecord) -> None:
        time.sleep(0.004)


_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)
_LOG.propagate = False
_LOG.addHandler(_SlowHandler())


def open_server() -> None:
    """Start a server on a free port of 127.0.0.1; it ends by itself after five minutes."""
    server = subprocess.Popen([sys.executable, str(_SERVER)], stdout=subprocess.PIPE, text=True)
    if server.stdout is None:
        raise RuntimeError("the server has no output")
    _servers.append((int(server.stdout.readline()), server))


def close_server() -> None:
    """End the server."""
    _, server = _servers.pop()
    server.kill()
    server.communicate()


def ask_server(number: int) -> int:
    """Send a request to the server, which answers after 30 ms."""
    import socket  # noqa: PLC0415 - only this task needs it

    with socket.create_connection(("127.0.0.1", _servers[-1][0])) as connection:
        connection.sendall(str(number).encode())
        return int(connection.recv(100))


def log_slowly(steps: int) -> int:
    """Write a few log records to a slow handler."""
    for step in range(steps):
        _LOG.info("step %d", step)
    return steps


def table(count: int) -> dict[str, tuple[int, float]]:
    """Make a large table."""
    return {f"key{number}": (number, number * 0.5) for number in range(count)}


def look_up(start: int, table: dict[str, tuple[int, float]]) -> int:
    """Add up some entries of the table, which every call is given."""
    return sum(table[f"key{number % len(table)}"][0] for number in range(start * 1000, start * 1000 + 60_000))
