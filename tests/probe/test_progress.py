"""The progress that the probe reports on a signal, read while tasks run."""

from collections.abc import Callable
from typing import Any

import pytest

from runner_probe.iteration import UntracedIteration
from runner_probe.progress import progress
from runner_probe.worker import run_chunk, run_lean


def in_third_task(run: Callable[[Callable[[int], Any]], Any]) -> dict[str, Any]:
    """Return the progress during the third task of a chunk."""
    reports = []

    def task(item: int) -> int:
        if item == 2:
            reports.append(progress(UntracedIteration(tasks=4)))
        return item

    run(task)
    return dict(reports[0])


@pytest.mark.parametrize(
    ("run", "is_traced"),
    [
        (lambda task: run_chunk(task, 0, range(4), per_task=True), True),
        (lambda task: run_chunk(task, 0, range(4), per_task=False), False),
        (lambda task: run_lean(task, 0, range(4)), False),
    ],
)
def test_tasks_of_an_unfinished_chunk_count(
    run: Callable[[Callable[[int], Any]], Any],
    is_traced: bool,  # noqa: FBT001 - a parameter
) -> None:
    report = in_third_task(run)
    assert (report["ended"], report["tasks"]) == (2, 4)
    assert (report["since_last_s"] is not None) == is_traced
