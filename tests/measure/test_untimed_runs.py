"""Untimed runs: what they request, and what is recorded."""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.errors import RunnerError
from runner.measure.untimed_runs import UntimedRequest, run_untimed
from runner.supervise.client import Supervisor
from tests.conftest import PATIENCE_S
from tests.factories import cell as make_cell
from tests.measure.test_invocation import FakeSupervisor, make_ending, specification_of

OK = {"status": "ok", "error": "", "traceback": ""}
UNKNOWN_MEMORY = "this system does not report shared memory; Linux does, in /proc/PID/smaps_rollup"


def make_request(folder: Path, **settings: Any) -> UntimedRequest:
    cell = make_cell(id="abc")
    return UntimedRequest(
        cell=make_cell(id="abc", chunk_size=1, settings={**cell.settings, **settings}),
        purpose="memory",
        calls={"one": 10},
        time_limit_s=PATIENCE_S,
        output=folder / "output.txt",
        profile=folder / "profiles" / "abc",
    )


def test_memory_is_sampled_in_an_untimed_run(tmp_path: Path) -> None:
    supervisor = FakeSupervisor(make_ending(OK, peak_pss_bytes=38_000_000, memory_samples=7))
    run = run_untimed(make_request(tmp_path), supervisor)
    (launch,) = supervisor.launches
    specification = specification_of(launch)
    assert launch.memory
    assert (specification["kind"], specification["calls"]) == ("untimed", {"one": 10})
    assert (run.cell, run.purpose, run.status, run.error) == ("abc", "memory", "ok", "")
    assert (run.peak_pss_bytes, run.looks) == (38_000_000, 7)


def test_a_failed_run_has_no_figure(tmp_path: Path) -> None:
    reply = {"status": "failed", "error": "ValueError: no\nmore", "traceback": "…"}
    run = run_untimed(
        make_request(tmp_path), FakeSupervisor(make_ending(reply, peak_pss_bytes=38, memory_samples=7))
    )
    assert (run.status, run.error, run.peak_pss_bytes) == ("failed", "ValueError: no more", None)


def test_an_interrupted_run_has_no_figure_even_if_it_replied(tmp_path: Path) -> None:
    run = run_untimed(
        make_request(tmp_path), FakeSupervisor(make_ending(OK, "interrupted", peak_pss_bytes=38))
    )
    assert (run.status, run.peak_pss_bytes) == ("interrupted", None)


def test_a_full_disk_is_reported_on_one_line_with_how_to_resume(tmp_path: Path) -> None:
    (tmp_path / "output").mkdir()
    request = replace(make_request(tmp_path / "output"), purpose="memory-profile", profile=Path("/dev/full"))
    error = rf"^{tmp_path}: it cannot be written \(No space left on device\); free disk space, then .*resume="
    with pytest.raises(RunnerError, match=error):
        run_untimed(request, FakeSupervisor(make_ending(OK)))


def test_a_missing_folder_for_temporary_files_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    error = rf"^{tmp_path}/gone: no temporary folder can be created \(No such file or directory\); "
    with pytest.raises(
        RunnerError, match=f"{error}free disk space, or name another place with TMPDIR=FOLDER"
    ):
        run_untimed(
            replace(make_request(tmp_path), purpose="memory-profile"), FakeSupervisor(make_ending(OK))
        )


def test_a_system_that_does_not_report_memory_is_the_stated_reason(tmp_path: Path) -> None:
    run = run_untimed(make_request(tmp_path), FakeSupervisor(make_ending(OK)))
    assert (run.status, run.error, run.peak_pss_bytes) == ("ok", UNKNOWN_MEMORY, None)


def test_nothing_is_run_on_systems_other_than_linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    supervisor = FakeSupervisor(make_ending(OK))
    assert run_untimed(make_request(tmp_path), supervisor).error == UNKNOWN_MEMORY
    assert supervisor.launches == []


HOLD = f"""
import os
import pathlib
import time

def hold(megabytes):
    held = b"x" * (megabytes * 1_000_000)
    time.sleep(0.5)
    return len(held)

def hold_beside_another(megabytes):
    # the scheduler may let one of two workers begin long after the other
    held = b"x" * (megabytes * 1_000_000)
    pathlib.Path(f"{{os.getpid()}}.holds").touch()
    give_up = time.monotonic() + {PATIENCE_S}
    while len(list(pathlib.Path().glob("*.holds"))) < 2:
        assert time.monotonic() < give_up, "no other worker holds memory"
        time.sleep(0.01)
    time.sleep(0.5)
    return len(held)

HELD = []

def hold_here():
    HELD.append(b"x" * 100_000_000)

def look_at_it(number):
    time.sleep(0.5)
    return len(HELD[0])
"""


def measured_bytes(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> int:
    (folder / "holding.py").write_text(HOLD, encoding="utf-8")
    monkeypatch.chdir(folder)
    with Supervisor() as supervisor:
        request = make_request(folder, python=sys.executable, **settings)
        run = run_untimed(request, supervisor)
    assert (run.status, run.error) == ("ok", "")
    assert run.peak_pss_bytes is not None
    return run.peak_pss_bytes


def forked(workers: int) -> dict[str, Any]:
    target = "concurrent.futures.ProcessPoolExecutor"
    return {"pool": {"_target_": target, "max_workers": workers, "mp_context": "fork"}}


@pytest.mark.slow
def test_a_hundred_megabytes_in_a_task_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workload = {"function": "holding.hold", "items": [100]}
    assert 100e6 < measured_bytes(tmp_path, monkeypatch, workload=workload) < 200e6


@pytest.mark.slow
def test_the_memory_of_two_workers_adds_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workload = {"function": "holding.hold_beside_another", "items": [100, 100]}
    assert 200e6 < measured_bytes(tmp_path, monkeypatch, workload=workload, executor=forked(2)) < 300e6


@pytest.mark.slow
def test_memory_shared_by_forked_workers_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workload = {"function": "holding.look_at_it", "items": [1, 2, 3, 4], "setup": "holding.hold_here"}
    assert 100e6 < measured_bytes(tmp_path, monkeypatch, workload=workload, executor=forked(4)) < 200e6
