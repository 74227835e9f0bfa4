"""Disturbances, from CPU times of the kernel and from the canary."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from runner.measure.noise import Canary, Reading, disturbance

BEFORE = Reading(at_s=100.0, busy_s=50.0, steal_s=1.0, runner_s=2.0)


def after(seconds: float = 2.0, busy: float = 0.0, steal: float = 0.0, runner: float = 0.0) -> Reading:
    return replace(
        BEFORE,
        at_s=BEFORE.at_s + seconds,
        busy_s=BEFORE.busy_s + busy,
        steal_s=BEFORE.steal_s + steal,
        runner_s=BEFORE.runner_s + runner,
    )


def test_the_work_of_the_invocation_is_not_a_disturbance() -> None:
    assert disturbance(BEFORE, after(busy=4.0), invocation_cpu_s=4.0) == ""


def test_the_work_of_the_runner_is_not_a_disturbance() -> None:
    assert disturbance(BEFORE, after(busy=4.5, runner=0.5), invocation_cpu_s=4.0) == ""


def test_cpu_time_of_other_processes_is_reported_in_cpus() -> None:
    assert disturbance(BEFORE, after(busy=3.0), invocation_cpu_s=2.0) == "other processes took 0.50 CPUs"


def test_stolen_cpu_time_is_reported() -> None:
    message = disturbance(BEFORE, after(busy=2.0, steal=0.6), invocation_cpu_s=2.0)
    assert message == "the host of this virtual machine took 0.30 CPUs"


def test_small_amounts_are_tolerated() -> None:
    assert disturbance(BEFORE, after(busy=2.1), invocation_cpu_s=2.0) == ""


def test_the_resolution_of_the_kernel_is_not_a_disturbance() -> None:
    assert disturbance(BEFORE, after(seconds=0.05, busy=0.06), invocation_cpu_s=0.02) == ""


def test_a_system_that_does_not_report_cpu_times_has_no_disturbances(tmp_path: Path) -> None:
    assert Reading.take(tmp_path / "none") is None
    assert disturbance(None, BEFORE, 1.0) == ""


def test_cpu_times_are_read_as_the_kernel_writes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sysconf", lambda _: 100)
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 20 30 9999 50 6 4 70 0 0\ncpu0 50 10 15 4999 25 3 2 35 0 0\n")
    reading = Reading.take(stat)
    assert reading is not None
    assert reading.busy_s == pytest.approx(1.6)
    assert reading.steal_s == pytest.approx(0.7)


class ScriptedWork:
    """Fixed work with a clock of its own, whose runs take these seconds, one after the other."""

    def __init__(self, *seconds: float) -> None:
        self.seconds, self.now = list(seconds), 0.0

    def work(self) -> None:
        self.now += self.seconds.pop(0)

    def clock(self) -> float:
        return self.now


def test_a_machine_at_its_best_speed_is_not_slow() -> None:
    scripted = ScriptedWork(0.05, 0.05, 0.06, 0.05, 0.05, 0.06)
    assert Canary(scripted.work, scripted.clock).disturbance() == ""


def test_the_slowdown_of_the_machine_is_reported() -> None:
    scripted = ScriptedWork(0.05, 0.05, 0.06, 0.05, 0.05, 0.10)
    message = Canary(scripted.work, scripted.clock).disturbance()
    assert message == "before the repetition the machine was 2.00 times slower than at its best"


def test_a_machine_that_was_slow_at_first_is_compared_with_its_best_speed_so_far() -> None:
    scripted = ScriptedWork(0.10, 0.10, 0.10, 0.10, 0.10, 0.05, 0.10)
    canary = Canary(scripted.work, scripted.clock)
    assert canary.disturbance() == ""
    assert canary.slowdown() == pytest.approx(2.0)


@pytest.mark.slow
def test_the_fixed_work_lasts_long_enough_to_be_timed() -> None:
    started = time.perf_counter()
    Canary()
    assert time.perf_counter() - started > 0.05
