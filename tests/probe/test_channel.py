"""The reply arrives regardless of what a workload does to its input and output."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.supervise.protocol import NOTE_MARK, REPLY_MARK
from tests.probe.probing import MEASURED, PATIENCE_S, PROBE, ask, specify


def test_the_output_of_a_workload_goes_to_standard_error() -> None:
    answer = ask(specify(function="bag.show", items=["hello"]))
    assert answer.reply["status"] == "ok"
    assert answer.chatter == b""
    assert answer.printed.count("hello") == 3


def test_the_reply_is_found_after_output_was_closed() -> None:
    answer = ask(specify(function="bag.close_output", items=[1, 2]))
    # The second task finds the descriptors closed already.
    assert (answer.reply["status"], answer.reply["error"]) == (
        "failed",
        "items[1] = 2 raised OSError: [Errno 9] Bad file descriptor (bag.py:122)",
    )


def test_the_reply_is_found_after_a_flood_of_output() -> None:
    answer = ask(specify(function="bag.flood", items=[3_000_000]))
    assert answer.reply["status"] == "ok"
    assert answer.values() == [3_000_000]
    assert len(answer.printed) == 3_000_000


def test_the_reply_is_found_although_its_mark_was_printed() -> None:
    answer = ask(specify(function="bag.show", items=[f"'{REPLY_MARK}'7"]))
    assert answer.reply["status"] == "ok"
    assert answer.chatter == b""


def test_a_reply_larger_than_a_pipe_arrives_whole() -> None:
    items = [f"{number:040}" for number in range(5_000)]
    answer = ask(specify(function="bag.ignore", items=items, chunk_size=None, tracing="chunk"))
    assert answer.reply["labels"] == items


def test_the_input_of_a_workload_is_empty() -> None:
    assert ask(specify(function="bag.read_input", items=[1])).values() == [""]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_programs_that_a_workload_starts_do_not_hold_the_channel() -> None:
    [descriptors] = ask(specify(function="bag.descriptors_of_a_child", items=[1])).values()
    kinds = [descriptor.partition(":")[0] for descriptor in descriptors]
    assert kinds[0] == "/dev/null"
    assert kinds.count("pipe") == 2  # its output and its errors, and no third


def test_the_reply_is_complete_without_an_end_of_file(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    specification = specify(function="bag.stay_behind", items=[1], arguments={"fifo": str(fifo)})
    received = {
        "path": [str(MEASURED)],
        "reply_mark": REPLY_MARK,
        "note_mark": NOTE_MARK,
        "specification": specification,
    }
    probe = subprocess.Popen(
        [sys.executable, str(PROBE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert probe.stdin is not None
    assert probe.stdout is not None
    probe.stdin.write(json.dumps(received).encode())
    probe.stdin.close()
    reply = _read_reply(probe.stdout)
    assert reply["status"] == "ok"
    assert probe.wait(PATIENCE_S) == 0
    fifo.write_bytes(b"")  # lets the process that stayed behind go
    assert probe.stdout.read() == b""
    probe.stdout.close()


def _read_reply(stream: Any) -> dict[str, Any]:
    notes = NOTE_MARK.strip("\n").encode()
    while (line := stream.readline()) == b"\n" or line.startswith(notes):
        pass
    mark, _, length = line.rpartition(b" ")
    assert mark + b" " == REPLY_MARK.strip("\n").encode()
    reply: dict[str, Any] = json.loads(stream.read(int(length)))
    return reply


def test_the_folders_of_the_specification_come_first_on_the_path(tmp_path: Path) -> None:
    (tmp_path / "bag.py").write_text("def square(number): return 'mine'\n", encoding="utf-8")
    assert ask(specify(), path=[tmp_path, MEASURED]).values() == ["mine"] * 3


def test_a_module_named_like_the_runner_is_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "runner.py").write_text("def square(number): return 'mine'\n", encoding="utf-8")
    assert ask(specify(function="runner.square"), path=[tmp_path]).values() == ["mine"] * 3


def test_a_safe_path_in_the_environment_does_not_hide_the_probe() -> None:
    answer = ask(specify(), environment={"PYTHONSAFEPATH": "1"})
    assert answer.reply["status"] == "ok"


def test_a_preflight_check_uses_the_same_channel() -> None:
    specification = specify()
    cell = {"workload": specification["workload"], "pool": specification["pool"], "in_window": False}
    reply = ask({"kind": "preflight", "cells": [cell]}).reply
    (checked,) = reply["cells"]
    assert (checked["tasks"], checked["is_async"], checked["problems"]) == (3, False, [])
    assert reply["interpreter"]["executable"] == sys.executable
