"""The speed of CPUs while others are busy."""

import subprocess
from typing import Any, Self

import pytest

from runner.measure import cpus_together
from runner.measure.cpus_together import measure_together


class FakeWorkers:
    """Processes whose work takes 10 ns of CPU time alone, and 12, 13, … ns at the same time."""

    def __init__(self, _: int) -> None:
        self.runs = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def cpu_ns(self, count: int, first: int = 0) -> float:
        return 10.0 if count == 1 else 12.0 + first


def test_the_median_of_interleaved_ratios_and_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpus_together, "_Workers", FakeWorkers)
    assert measure_together([2, 8, 1, None], cpus=2) == {
        "2": {"value": 0.625, "low": round(10 / 19, 4), "high": round(10 / 13, 4)}
    }


def test_only_numbers_of_workers_that_can_be_busy_at_the_same_time_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cpus_together, "_Workers", FakeWorkers)
    assert measure_together([1, None], cpus=8) == {}
    assert [*measure_together([1, 2, 4, 16], cpus=8)] == ["2", "4", "8"]
    assert measure_together([4], cpus=1) == {}


@pytest.mark.slow
def test_real_processes_are_measured_and_ended() -> None:
    speed = measure_together([2], cpus=2)["2"]
    assert 0 < speed["low"] <= speed["value"] <= speed["high"] <= 1


def test_a_system_without_processes_measures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert measure_together([2], cpus=2) == {}
