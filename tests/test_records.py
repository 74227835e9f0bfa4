"""Cells and their names; what a sample counts as."""

from dataclasses import replace

import pytest

from runner.records import FAILED_STATUSES, Sample, Status, names
from tests.factories import cell as make_cell

POOL = {"executor": {"name": "process", "pool": {"_target_": "pools.Process"}}, "workload": {}}


def test_a_cell_is_named_by_executor_and_workers() -> None:
    loop, pool = make_cell(id="a"), make_cell("process", 4, id="b", settings=POOL)
    assert names([loop, pool]) == {"a": "serial", "b": "process × 4"}


def test_names_have_the_settings_that_differ_and_reach_the_cell() -> None:
    loop = make_cell(id="loop", swept={"workload.items.count": None})
    pools = [
        make_cell(
            "process",
            2,
            id=str(size),
            chunk_size=size,
            swept={"workload.items.count": 6.0},
            settings=POOL,
        )
        for size in (1, None)
    ]
    assert names([loop, *pools]) == {
        "loop": "serial",
        "1": "process × 2 (chunk_size=1)",
        "None": "process × 2 (chunk_size=all)",
    }


COLD = Sample(
    cell="a", repetition=1, position=0, iteration=0, warmup=False, tasks=2, started_at="", wall_s=1.0
)


def test_only_cold_runs_of_repetitions_are_headline_runs() -> None:
    assert COLD.is_headline
    assert not replace(COLD, repetition=0).is_headline
    assert not replace(COLD, iteration=1, warmup=True).is_headline
    assert not replace(COLD, iteration=2).is_headline
    assert not replace(COLD, iteration=1, tracing=True).is_headline


@pytest.mark.parametrize("status", [*FAILED_STATUSES, "interrupted"])
def test_a_run_that_did_not_succeed_is_not_a_headline_run(status: Status) -> None:
    assert not replace(COLD, status=status).is_headline


def test_an_interruption_is_not_a_failure() -> None:
    assert FAILED_STATUSES == ("failed", "crashed", "timeout", "wrong_result")
    assert all(replace(COLD, status=status).has_failed for status in FAILED_STATUSES)
    assert not replace(COLD, status="interrupted").has_failed
    assert not COLD.has_failed


@pytest.mark.parametrize(
    ("noisy", "lost"),
    [
        ("", False),
        ("other processes took 0.50 CPUs", True),
        ("the host of this virtual machine took 0.30 CPUs", True),
        ("before the repetition the machine was 1.40 times slower than at its best", False),
    ],
)
def test_a_slow_machine_takes_no_cpus(noisy: str, lost: bool) -> None:  # noqa: FBT001
    assert replace(COLD, noisy=noisy).lost_cpus is lost
