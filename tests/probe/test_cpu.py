"""The CPU time of trees of real processes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner_probe import cpu
from runner_probe.cpu import _children, _living_usage, tree_usage
from tests.probe.probing import ask, process_pool, specify

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc")

TICK_S = 0.01  # /proc has user and system time in ticks

BURN = """
import os, sys, time
while time.process_time() < 0.05:
    pass
print(time.process_time(), flush=True)
"""
WAIT = BURN + "sys.stdin.read()\n"
PARENT = """
import subprocess, sys
subprocess.run([sys.executable, "-c", sys.argv[1]])
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a program whose input is closed when the test ends."""
    started = []

    def go(*command: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield go
    for process in started:
        process.communicate()


def read_figure(process: "subprocess.Popen[str]") -> float:
    assert process.stdout is not None
    return float(process.stdout.readline())


def test_the_cpu_time_of_this_process_counts() -> None:
    before, own_before = tree_usage().cpu_s, time.process_time()
    while time.process_time() < own_before + 0.02:
        pass
    assert tree_usage().cpu_s - before >= 0.02 - 1e-6


def test_the_cpu_time_of_a_child_that_has_ended_counts(start: Start) -> None:
    before = tree_usage().cpu_s
    child = start(sys.executable, "-S", "-c", BURN)
    used = read_figure(child)
    child.communicate()
    assert tree_usage().cpu_s - before >= used - 1e-6


@linux
@pytest.mark.parametrize("command", [("-c", WAIT), ("-c", PARENT, WAIT)], ids=["child", "grandchild"])
def test_the_cpu_time_of_living_descendants_counts(start: Start, command: tuple[str, ...]) -> None:
    before = tree_usage().cpu_s
    used = read_figure(start(sys.executable, "-S", *command))
    assert tree_usage().cpu_s - before >= used - 2 * TICK_S


@linux
def test_the_name_of_a_program_may_hold_spaces_and_brackets(start: Start, tmp_path: Path) -> None:
    program = tmp_path / "a) R 1 (b"
    program.symlink_to(os.path.realpath(sys.executable))
    child = start(str(program), "-I", "-S", "-c", WAIT)
    used = read_figure(child)
    assert used - 2 * TICK_S <= _living_usage(child.pid).cpu_s


@linux
def test_a_thread_that_ends_meanwhile_does_not_hide_the_children_of_others(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = start(sys.executable, "-S", "-c", WAIT)
    monkeypatch.setattr(os, "listdir", lambda _: ["no such thread", str(os.getpid())])
    assert child.pid in _children(os.getpid())


def test_a_process_that_has_ended_has_no_children_and_no_cpu_time() -> None:
    child = subprocess.Popen([sys.executable, "-S", "-c", ""])
    child.wait()
    assert _children(child.pid) == []
    assert _living_usage(child.pid).cpu_s == 0.0


def test_if_the_system_does_not_report_children_only_this_process_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cpu, "resource", None)
    monkeypatch.setattr(time, "process_time", lambda: 12.5)
    assert tree_usage().cpu_s == 12.5


@pytest.mark.slow
@pytest.mark.parametrize("start_method", ["fork", "spawn", "forkserver"])
def test_the_cpu_time_of_an_iteration_covers_that_of_its_tasks(start_method: str) -> None:
    answer = ask(
        specify(process_pool(start_method), function="bag.burn", items=[1, 2], arguments={"seconds": 0.1})
    )
    measured_in_workers = sum(record["cpu_ns"] for record in answer.records()) / 1e9
    assert measured_in_workers >= 0.2
    assert answer.reply["iterations"][0]["cpu_s"] >= measured_in_workers - 2 * TICK_S
