"""Programs whose output has lost its reader."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TypeAlias

import pytest

pytestmark = pytest.mark.slow

Ended: TypeAlias = "subprocess.CompletedProcess[str]"

ROOT = Path(__file__).resolve().parents[1]
WRITES = """
import sys
from runner.broken_pipe import outlive_readers
outlive_readers()
for number in range(3):
    print("x" * 100_000, file=sys.{stream}, flush=True)
print("not flushed")
sys.exit(3)
"""


def run(stream: str, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE) -> Ended:
    script = WRITES.format(stream=stream)
    return subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, stdout=stdout, stderr=stderr, text=True, check=False
    )


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_program_continues_when_its_reader_has_gone(stream: str) -> None:
    source, sink = os.pipe()
    os.close(source)
    done = run(stream, **{stream: sink})
    os.close(sink)
    assert done.returncode == 3
    assert not done.stderr


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_program_continues_when_its_terminal_is_closed(stream: str) -> None:
    master, terminal = os.openpty()
    os.close(master)
    done = run(stream, **{stream: terminal})
    os.close(terminal)
    assert done.returncode == 3
    assert not done.stderr


def test_output_that_is_read_is_complete() -> None:
    done = run("stderr")
    assert (done.stdout, done.stderr) == ("not flushed\n", ("x" * 100_000 + "\n") * 3)


def test_a_full_disk_is_an_error() -> None:
    with Path("/dev/full").open("wb") as full:
        done = run("stdout", stdout=full.fileno())
    assert "No space left on device" in done.stderr


def test_characters_that_an_ascii_stream_lacks_are_replaced() -> None:
    script = "from runner.broken_pipe import outlive_readers; outlive_readers(); print('2 cells × 7')"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "2 cells ? 7\n")
