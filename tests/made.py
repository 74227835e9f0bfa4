"""Result folders made of figures that a test chooses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.folder.results import Results, read
from runner.folder.store import Store
from runner.folder.study_description import StudyDescription
from runner.records import Cell, Mode, Sample, Status, TaskRecord

FUNCTION = {"name": "work", "function": "mymodule.work", "items": [1, 2], "arguments": {}, "snippets": {}}
SERIAL = {"name": "serial", "pool": {"_target_": "runner_probe.adapters.serial.Serial"}}
POOL = {
    "name": "process",
    "pool": {"_target_": "concurrent.futures.ProcessPoolExecutor", "max_workers": 2, "mp_context": "fork"},
}

CPU = {"usable_cpus": 2, "affinity": [0, 1], "cpu_quota": None, "cpu_model": "made"}

MakeResults = Callable[..., Results]
Walls = dict[Cell, list[float | Status]]  #: seconds by repetition, or how it ended


def describe_study(**changes: Any) -> StudyDescription:
    """Describe a study as the folder of a study holds it."""
    given = {
        "name": "made",
        "repetitions": 7,
        "iterations": 1,
        "time_limit_s": None,
        "confidence": 0.95,
        "seed": 1,
    }
    return StudyDescription(**{**given, **changes})


def cell(executor: str, workers: int | None, **changes: Any) -> Cell:
    """Make a cell of two tasks; its id is its name."""
    name = executor if workers is None else f"{executor}{workers}"
    settings = {"workload": FUNCTION, "executor": SERIAL if workers is None else POOL}
    given: dict[str, Any] = {
        "id": name,
        "baseline": "serial",
        "workload": "work",
        "executor": executor,
        "workers": workers,
        "chunk_size": None if workers is None else 1,
        "python": "3.11.7",
        "settings": settings,
    }
    return Cell(**{**given, **changes})


@pytest.fixture
def make_results(tmp_path: Path) -> MakeResults:
    """Write a folder in which each cell took the given seconds, one a repetition, and read it.

    Cells in `apart` were not traced but in a run apart, which took what is given there.
    """

    def make(
        walls: Mapping[Cell, Sequence[float | Status]],
        swept: Sequence[str] = (),
        mode: str = "tasks",
        apart: Mapping[Cell, Sequence[float]] | None = None,
    ) -> Results:
        with Store.create(tmp_path, "made", list(walls), swept) as folder:
            folder.write_study(describe_study(mode=Mode(mode)))
            folder.write_environment({"start": {"cpu": CPU}})
            for one, found in walls.items():
                for repetition, wall in enumerate(found, 1):
                    samples, records = _invocation(one, repetition, wall)
                    if apart and one in apart:
                        traced, records = _invocation(one, repetition, apart[one][repetition - 1])
                        samples += [replace(sample, iteration=1, tracing=True) for sample in traced]
                        records = [replace(record, iteration=1) for record in records]
                    folder.add(samples, records)
            folder.finish()
        return read(folder.folder)

    return make


def _invocation(one: Cell, repetition: int, wall: float | Status) -> tuple[list[Sample], list[TaskRecord]]:
    facts = {
        "cell": one.id,
        "repetition": repetition,
        "position": 0,
        "iteration": 0,
        "warmup": False,
        "tasks": 2,
        "started_at": "2026-01-01T00:00:00+00:00",
    }
    if isinstance(wall, str):
        return [Sample(**facts, status=wall, error="it went wrong")], []  # type: ignore[arg-type]
    if "duration_s" in one.settings:
        return [_window_sample(one, facts, wall)], []
    sample = Sample(**facts, start_s=0.0, work_s=wall, end_s=0.0, wall_s=wall, cpu_s=1.0)  # type: ignore[arg-type]
    lanes = one.workers or 1
    length = int(wall * 1e9) * min(lanes, 2) // 2
    return [sample], [
        record(one, repetition, task=task, lane=task % lanes, length=length) for task in range(2)
    ]


def _window_sample(one: Cell, facts: dict[str, Any], task_s: float) -> Sample:
    """Make the sample of a window whose workers together ended a task every so many seconds."""
    window_s = one.settings["duration_s"]
    facts = {**facts, "tasks": round(window_s / task_s), "start_s": 0.1, "work_s": window_s, "end_s": 0.0}
    service_s = task_s * (one.workers or 1)
    return Sample(
        **facts,
        wall_s=0.1 + window_s,
        cpu_s=1.0,
        in_progress=1,
        service_p50_s=service_s,
        service_p90_s=1.5 * service_s,
        service_p99_s=2 * service_s,
    )


def record(one: Cell, repetition: int, *, task: int, lane: int, length: int) -> TaskRecord:
    """Make the record of one task."""
    started = (task // (one.workers or 1)) * length
    return TaskRecord(
        cell=one.id,
        repetition=repetition,
        iteration=0,
        task=task,
        label=f"task {task}",
        worker=lane,
        host="here",
        process_id=lane,
        thread_id=lane,
        submitted_ns=0,
        started_ns=started,
        ended_ns=started + length,
        received_ns=started + length,
        busy_ns=length,
        cpu_ns=length,
        run_delay_ns=0,
        tasks=1,
        calls=1,
        differs=False,
    )
