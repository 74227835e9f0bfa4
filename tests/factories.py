"""Factories of cells, and of result folders with the figures that a test chooses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.folder.environment_record import CpuFacts
from runner.folder.results import Results, read
from runner.folder.store import Store
from runner.folder.study_description import StudyDescription
from runner.records import Cell, Mode, Sample, Status, TaskRecord

FUNCTION = {"name": "work", "function": "mymodule.work", "items": [1, 2], "arguments": {}, "snippets": {}}
SERIAL = {"name": "serial", "pool": {"_target_": "runner_probe.pools.Serial"}}
POOL: dict[str, Any] = {
    "name": "process",
    "pool": {"_target_": "concurrent.futures.ProcessPoolExecutor", "max_workers": 2, "mp_context": "fork"},
}

SETTINGS: Mapping[str, Any] = {
    "workload": FUNCTION,
    "executor": SERIAL,
    "chunk_size": 1,
    "python": "/usr/bin/python3",
    "env": {},
    "prefix": [],
}

CPU: CpuFacts = {"usable_cpus": 2, "affinity": [0, 1], "cpu_quota": None, "cpu_model": "made"}

MakeResults = Callable[..., Results]
Walls = dict[Cell, list[float | Status]]  #: seconds or status, by repetition


def describe_study(**changes: Any) -> StudyDescription:
    """Describe a study of seven repetitions, unless `changes` say otherwise."""
    defaults = {
        "name": "made",
        "repetitions": 7,
        "iterations": 1,
        "time_limit_s": None,
        "confidence": 0.95,
        "seed": 1,
    }
    return StudyDescription(**{**defaults, **changes})


def cell(executor: str = "serial", workers: int | None = None, **fields: Any) -> Cell:
    """Make a cell whose id is its name, relative to `serial`; without workers it runs the plain loop.

    Args:
        executor: its name
        workers: None: it takes none
        fields: fields of Cell that replace the defaults; a cell of `serial` with another id is a baseline too
    """
    identity = fields.get("id", executor if workers is None else f"{executor}{workers}")
    defaults: dict[str, Any] = {
        "id": identity,
        "baseline": identity if executor == "serial" else "serial",
        "workload": "work",
        "executor": executor,
        "workers": workers,
        "chunk_size": None if workers is None else 1,
        "python": "3.11.7",
        "settings": SETTINGS if workers is None else {**SETTINGS, "executor": _pool_of(workers)},
    }
    return Cell(**{**defaults, **fields})


def _pool_of(workers: int) -> dict[str, Any]:
    return {**POOL, "pool": {**POOL["pool"], "max_workers": workers}}


@pytest.fixture
def make_results(tmp_path: Path) -> MakeResults:
    """Write a result folder and read it: by cell, the seconds or the status of each repetition.

    `separate_runs` has the seconds of the separate traced runs of cells whose headline runs are not traced.
    With `waits`, the tasks wait instead of computing.
    """

    def make(
        walls: Mapping[Cell, Sequence[float | Status]],
        swept: Sequence[str] = (),
        mode: str = "tasks",
        separate_runs: Mapping[Cell, Sequence[float]] | None = None,
        *,
        waits: bool = False,
    ) -> Results:
        with Store.create(tmp_path, "made", list(walls), swept) as folder:
            folder.write_study(describe_study(mode=Mode(mode)))
            folder.write_environment({"start": {"cpu": CPU}})
            for owner, repetitions in walls.items():
                for repetition, wall in enumerate(repetitions, 1):
                    samples, records = _invocation(owner, repetition, wall)
                    if separate_runs and owner in separate_runs:
                        traced, records = _invocation(owner, repetition, separate_runs[owner][repetition - 1])
                        samples += [replace(sample, iteration=1, tracing=True) for sample in traced]
                        records = [replace(record, iteration=1) for record in records]
                    if waits:
                        records = [replace(record, cpu_ns=0) for record in records]
                    folder.add(samples, records)
            folder.finish()
        return read(folder.folder)

    return make


def _invocation(owner: Cell, repetition: int, wall: float | Status) -> tuple[list[Sample], list[TaskRecord]]:
    facts = {
        "cell": owner.id,
        "repetition": repetition,
        "position": 0,
        "iteration": 0,
        "warmup": False,
        "tasks": 2,
        "started_at": "2026-01-01T00:00:00+00:00",
    }
    if wall == "wrong_result":  # it was measured and traced all the same
        samples, records = _invocation(owner, repetition, 1.0)
        return [replace(sample, status=wall, error="it went wrong") for sample in samples], records
    if isinstance(wall, str):
        return [Sample(**facts, status=wall, error="it went wrong")], []  # type: ignore[arg-type]
    if "duration_s" in owner.settings:
        return [_window_sample(owner, facts, wall)], []
    sample = Sample(**facts, start_s=0.0, work_s=wall, end_s=0.0, wall_s=wall, cpu_s=1.0)  # type: ignore[arg-type]
    lanes = owner.workers or 1
    length = int(wall * 1e9) * min(lanes, 2) // 2
    return [sample], [
        record(owner, repetition, task=task, lane=task % lanes, length=length) for task in range(2)
    ]


def _window_sample(owner: Cell, facts: dict[str, Any], task_s: float) -> Sample:
    """Make the sample of a window in which a task ended every `task_s` seconds."""
    window_s = owner.settings["duration_s"]
    facts = {**facts, "tasks": round(window_s / task_s), "start_s": 0.1, "work_s": window_s, "end_s": 0.0}
    service_s = task_s * (owner.workers or 1)
    return Sample(
        **facts,
        wall_s=0.1 + window_s,
        cpu_s=1.0,
        in_progress=1,
        service_p50_s=service_s,
        service_p90_s=1.5 * service_s,
        service_p99_s=2 * service_s,
    )


def record(owner: Cell, repetition: int, *, task: int, lane: int, length: int) -> TaskRecord:
    """Make the record of a task."""
    started = (task // (owner.workers or 1)) * length
    return TaskRecord(
        cell=owner.id,
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
