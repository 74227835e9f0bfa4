"""Stopped studies: what their folder still contains, when resuming them is refused, and what is kept."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from runner.errors import ConfigurationError, RunnerError
from runner.folder import results
from runner.folder.results import read
from runner.folder.rewriting import finish
from runner.folder.store import Store
from runner.folder.study_description import FORMAT
from runner.plan import plan
from runner.records import Mode, Reference, ReferenceRecord, Sample, TaskRecord
from runner.session import resume
from runner.session.lock import SessionLocks
from runner.session.repair import FolderRepair
from runner.session.result_folder import finish_complete, open_folder
from runner.session.resume import ResumeRequest, StoppedStudy, read_stopped
from runner.session.same_machine import (
    changed_packages,
    changes,
    other_directory,
    other_interpreters,
    other_machine,
)
from runner.session.session import begin
from runner.settings import Config, ExecutorConfig, Origin, Point, WorkloadConfig
from tests.factories import describe_study, record

FILES = Origin(option="made", path="made.yaml")


def point(**changes: Any) -> Point:
    """Make the point of a thread pool; changes are set on the command line."""
    config: dict[str, Any] = {
        "workload": WorkloadConfig(name="work", function="work.work", items=[1, 2]),
        "executor": ExecutorConfig(name="thread", pool={"_target_": "x", "max_workers": 2}, chunk_size=1),
        "baseline": ExecutorConfig(name="serial", pool={"_target_": "y"}, chunk_size=1),
        "workers": 2,
        "repetitions": 3,
        "seed": 1,
    }
    return Point(
        config=Config(**{**config, **changes}),
        overrides={key: str(value) for key, value in changes.items()},
        origins=dict.fromkeys(("workload", "executor", "executor@baseline"), FILES),
        uses_workers={"executor": True, "baseline": False},
        uses_start_method={"executor": False, "baseline": False},
    )


PLAN = plan([point()])
SERIAL, THREAD = (cell.id for cell in PLAN.cells)
STUDY = describe_study(repetitions=3)


def sample(cell: str, repetition: int, **fields: Any) -> Sample:
    values = {
        "position": 0,
        "iteration": 0,
        "warmup": False,
        "tasks": 2,
        "started_at": "",
        "start_s": 0.0,
        "wall_s": 1.0,
        "invocation_s": 2.0,
        **fields,
    }
    return Sample(cell=cell, repetition=repetition, **values)


INVOCATIONS = ((SERIAL, 0), (SERIAL, 1), (THREAD, 1), (THREAD, 2))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make the folder of a study that was killed in its second repetition."""
    with Store.create(tmp_path / "results", "made", PLAN.cells, PLAN.swept) as store:
        store.write_study(STUDY)
        store.write_environment({})
        for cell, repetition in INVOCATIONS:
            if (cell, repetition) == (SERIAL, 0):
                store.add_reference(ReferenceRecord(cell=cell, repetition=0, reference=Reference(), facts={}))
            add(store, sample(cell, repetition))
    return store.folder


def add(store: Store, *samples: Sample, tasks: Sequence[int] = (0, 1)) -> None:
    store.add(samples, [record_of(samples[0].cell, samples[0].repetition, task) for task in tasks])


def record_of(cell: str, repetition: int, task: int) -> TaskRecord:
    (cell_,) = (planned for planned in PLAN.cells if planned.id == cell)
    return record(cell_, repetition, task=task, lane=0, length=1000)


def invocations(samples: Sequence[Sample]) -> list[tuple[str, int]]:
    return [(sample.cell, sample.repetition) for sample in samples]


def resumed(folder: Path, **settings: Any) -> StoppedStudy:
    return read_stopped(ResumeRequest.of([resuming(folder, **settings)]))


def kept_after_repair(folder: Path) -> list[tuple[str, int]]:
    """Repair a folder, and return the invocations that are not measured again."""
    stopped = resumed(folder)
    stopped.repair.apply()
    repaired = read(folder)
    assert invocations(repaired.samples) == invocations(stopped.completed.samples)
    rows = repaired.trace().select(["cell", "repetition"]).to_pylist()
    assert [(row["cell"], row["repetition"]) for row in rows] == [
        invocation for invocation in invocations(repaired.samples) for _ in range(2)
    ]
    assert FolderRepair(repaired).completed == stopped.completed
    return invocations(repaired.samples)


def resuming(folder: Path, **settings: Any) -> Point:
    """Make the point of a command line that names the folder and changes these settings."""
    new = point(**{"repetitions": Config.repetitions, "seed": None, **settings})
    new.config.resume = str(folder)
    overrides = {"resume": str(folder), **{key: str(value) for key, value in settings.items()}}
    return replace(new, overrides=overrides)


def refusal(folder: Path, **settings: Any) -> str:
    with pytest.raises(ConfigurationError) as raised:
        resumed(folder, **settings)
    return str(raised.value)


def test_complete_invocations_are_kept(folder: Path) -> None:
    assert kept_after_repair(folder) == list(INVOCATIONS)


@pytest.mark.slow
def test_the_invocation_of_a_truncated_row_is_measured_again(folder: Path) -> None:
    samples = folder / "samples.csv"
    whole = samples.read_bytes()
    begins = whole.rindex(b"\n", 0, len(whole) - 1) + 1
    for length in range(begins, len(whole), 7):
        samples.write_bytes(whole[:length])
        assert kept_after_repair(folder) == list(INVOCATIONS[:-1])


def test_a_row_truncated_within_a_character_is_removed(folder: Path) -> None:
    with (folder / "samples.csv").open("ab") as file:
        file.write("größe".encode()[:3])
    assert kept_after_repair(folder) == list(INVOCATIONS)


def test_an_invocation_that_lacks_a_task_record_is_measured_again(folder: Path) -> None:
    trace = folder / "trace.csv"
    trace.write_bytes(trace.read_bytes()[:-5])
    assert kept_after_repair(folder) == list(INVOCATIONS[:-1])


def test_task_records_without_a_sample_are_removed(folder: Path) -> None:
    content = read(folder)
    with Store(folder, content.cells, content.swept) as store:
        store.add([], [record_of(SERIAL, 2, 0)])
    assert kept_after_repair(folder) == list(INVOCATIONS)


@pytest.mark.parametrize(
    "rows",
    [
        [sample(SERIAL, 2, status="interrupted", start_s=None)],
        [sample(SERIAL, 2, invocation_s=None)],
    ],
    ids=["interrupted", "only the first of its rows"],
)
def test_an_incomplete_invocation_is_measured_again(folder: Path, rows: list[Sample]) -> None:
    content = read(folder)
    with Store(folder, content.cells, content.swept) as store:
        store.add_reference(
            ReferenceRecord(cell=SERIAL, repetition=2, reference=None, facts={"distinct_workers": 1})
        )
        add(store, *rows)
    assert kept_after_repair(folder) == list(INVOCATIONS)


def test_a_finished_study_can_be_resumed(folder: Path) -> None:
    finish(folder)
    assert not (folder / "trace.csv").exists()
    assert kept_after_repair(folder) == list(INVOCATIONS)
    assert not (folder / "trace.parquet").exists()


def test_a_complete_study_loses_its_truncated_row(folder: Path) -> None:
    with (folder / "samples.csv").open("a") as samples:
        samples.write("a8fc5c395f,func")
    finish_complete(resumed(folder))
    assert not (folder / "samples.csv").read_text().endswith("func")
    assert invocations(read(folder).samples) == list(INVOCATIONS)


def test_a_copy_without_empty_folders_can_be_resumed(folder: Path) -> None:
    (folder / "output").rmdir()
    with Store(folder, PLAN.cells, PLAN.swept) as opened:
        assert opened.output_file(SERIAL, 1).parent.is_dir()
    finish(folder)


def test_a_reference_run_whose_record_is_lost_is_measured_again(folder: Path) -> None:
    (folder / "references.jsonl").unlink()
    assert kept_after_repair(folder) == list(INVOCATIONS[1:])


def test_a_truncated_reference_record_is_ignored(folder: Path) -> None:
    with (folder / "references.jsonl").open("a") as file:
        file.write('{"cell": "')
    assert kept_after_repair(folder) == list(INVOCATIONS)


@pytest.mark.parametrize("file", ["samples.csv", "cells.yaml", "study.yaml"])
def test_a_folder_that_lacks_a_file_is_refused(folder: Path, file: str) -> None:
    (folder / file).unlink()
    message = (
        f"{folder}: it is not a result folder, because it has no {file}; name the result folder of a study"
    )
    assert refusal(folder) == message


def test_a_folder_of_another_format_is_refused(folder: Path) -> None:
    study = folder / "study.yaml"
    written = study.read_text()
    for line, reason in (
        ("", "no format number"),
        ("format: 1\n", f"format 1 instead of {FORMAT}"),
    ):
        study.write_text(written.replace(f"format: {FORMAT}\n", line))
        assert refusal(folder).startswith(
            f"{folder}: it has {reason}; resume it with the version that made it"
        )
    newer = FORMAT + 1
    study.write_text(written.replace(f"format: {FORMAT}\n", f"format: {newer}\n"))
    message = f"its format {newer} is newer than the {FORMAT} that this version reads; use"
    with pytest.raises(RunnerError, match=message):
        read(folder)


def test_changed_cells_are_refused(folder: Path) -> None:
    cells = folder / "cells.yaml"
    cells.write_text(cells.read_text().replace("max_workers: 2", "max_workers: 3"))
    problem = f"{folder}/cells.yaml: cell {THREAD} was changed after it was measured"
    assert refusal(folder) == f"{problem}; restore the file, or measure a new study"


def test_changed_settings_are_refused(folder: Path) -> None:
    study = folder / "study.yaml"
    study.write_text(study.read_text().replace("iterations: 1", "iterations: many"))
    reason = "ValueError: iterations: 'many' is not a valid value"
    remedy = "restore the file, or measure again"
    assert refusal(folder) == f"{folder}/study.yaml: it cannot be read ({reason}); {remedy}"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"repetitions": 2},
            "repetitions=2: the stopped study has 3 and can only be resumed with the same or more",
        ),
        ({"seed": 2}, "seed=2: the stopped study has 1; remove seed"),
        ({"mode": Mode.weak}, "mode=weak: the stopped study has tasks; remove mode"),
        ({"duration_s": 2.0}, "duration_s=2.0: the stopped study has null; remove duration_s"),
        ({"iterations": 3}, "iterations=3: the stopped study has 1; remove iterations"),
        ({"confidence": 0.9}, "confidence=0.9: the stopped study has 0.95; remove confidence"),
        (
            {"time_budget_s": 60.0},
            "time_budget_s=60.0: the stopped study has null (no limit) and can only be resumed with the same",
        ),
        (
            {"precision": 0.1, "max_repetitions": 2},
            "max_repetitions=2: the stopped study has 31 and can only",
        ),
        (
            {"workload": WorkloadConfig(name="work", function="work.work", items=[1, 2, 3])},
            "workload.items: the stopped study has [1, 2], not [1, 2, 3]; remove the setting",
        ),
        (
            {"executor": ExecutorConfig(name="process", pool={"_target_": "z"}, chunk_size=1)},
            "resume: the stopped study contains work: thread × 2; remove the settings that exclude it",
        ),
    ],
)
def test_settings_that_make_it_another_study_are_refused(
    folder: Path, settings: dict[str, Any], message: str
) -> None:
    assert refusal(folder, **settings).startswith(message)


def test_a_setting_of_cells_without_their_workload_is_refused_in_one_line(folder: Path) -> None:
    other = point(repetitions=Config.repetitions, seed=None, workers=3)
    other.config.resume, other.config.workload.name = str(folder), "primes"
    request = ResumeRequest.of([replace(other, overrides={"resume": str(folder), "workers": "3"})])
    with pytest.raises(ConfigurationError) as raised:
        read_stopped(request)
    (problem,) = raised.value.problems
    assert problem.startswith(
        f"workers=3: the cells of {folder} cannot be changed; remove it (only repetitions, "
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"repetitions": 9},
        {"max_repetitions": 41},
        {"precision": 0.05},
        {"time_limit_s": 2.0},
        {"executor": ExecutorConfig(name="thread", pool={"_target_": "x", "max_workers": 2}, chunk_size=1)},
    ],
)
def test_settings_may_extend_the_study_or_stay_the_same(folder: Path, settings: dict[str, Any]) -> None:
    study = resumed(folder, **settings).study
    assert study.repetitions == settings.get("repetitions", 3)
    assert study.max_repetitions == settings.get("max_repetitions", 31)
    assert study.precision == settings.get("precision")
    assert study.time_limit_s == settings.get("time_limit_s")


def test_plan_and_settings_are_read_from_the_folder(folder: Path) -> None:
    stopped = resumed(folder)
    assert stopped.plan.cells == PLAN.cells
    assert (stopped.study.repetitions, stopped.study.seed) == (3, 1)


NOT_COMPARABLE = "resume it where it was started, or measure a new study"
HERE: dict[str, dict[str, Any]] = {
    "machine": {"host_name": "a", "architecture": "x"},
    "cpu": {"cpu_model": "m", "logical_cpus": 2, "usable_cpus": 2},
    "git": {"revision": "r1", "dirty": False},
}
PYTHON = {
    "python": "/p",
    "env": {},
    "prefix": [],
    "version": "3.11.7",
    "build": "main",
    "packages": {"a": "1"},
}


def test_a_resumed_folder_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # no other session uses its lock file
    read_samples, read_trace = Mock(wraps=read), Mock(wraps=results.read_trace)
    monkeypatch.setattr(resume, "read", read_samples)
    monkeypatch.setattr(results, "read_trace", read_trace)
    with begin([resuming(folder)], print) as session, open_folder(session, [], "study").store:
        pass
    read_samples.assert_called_once_with(folder)
    read_trace.assert_called_once_with(folder)


def test_a_mistake_is_reported_before_the_wait_for_another_session(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def fail(line: str) -> None:
        pytest.fail(line)

    new = [point(repetitions=repetitions) for repetitions in (3, 5)]
    to_resume = [resuming(folder, repetitions=repetitions) for repetitions in (3, 5)]
    with SessionLocks(print, wait=True) as other:
        other.lock_folder(folder)
        other.lock_machine()
        for swept in (new, to_resume):
            refused = pytest.raises(ConfigurationError, match="repetitions: it applies to the whole study")
            with refused, begin(swept, fail):
                pass


def test_another_machine_is_a_problem_and_other_changes_are_warnings() -> None:
    there = {
        **HERE,
        "machine": {**HERE["machine"], "host_name": "b"},
        "git": {"revision": "r2", "dirty": None},
    }
    assert (other_machine(HERE, HERE), changes(HERE, HERE)) == ([], [])
    assert other_machine(HERE, there) == [
        f"machine.host_name was 'a' when the study was started and is 'b' now; {NOT_COMPARABLE}"
    ]
    assert changes(HERE, there) == [
        "git.revision was 'r1' when the study was started and is 'r2' now",
        "git.dirty was 'False' when the study was started and is unknown now",
    ]


def test_another_build_of_an_interpreter_is_a_problem_and_other_packages_are_warnings() -> None:
    now = {**PYTHON, "build": "next", "packages": {"a": "2", "b": "1"}}
    assert other_interpreters([PYTHON], [PYTHON]) == changed_packages([PYTHON], [PYTHON]) == []
    assert other_interpreters([PYTHON], [now]) == [
        f"python=/p: build was 'main' when the study was started and is 'next' now; {NOT_COMPARABLE}"
    ]
    assert changed_packages([PYTHON], [now]) == [
        "python=/p: a was '1' when the study was started and is '2' now",
        "python=/p: b was unknown when the study was started and is '1' now",
    ]


def test_another_working_directory_is_a_problem_if_the_first_still_exists(tmp_path: Path) -> None:
    assert other_directory(str(tmp_path), tmp_path) == []
    assert other_directory(str(tmp_path), tmp_path / "else") == [
        f"working_directory: the study was started in {tmp_path} and imports from there; run: cd {tmp_path}"
    ]
    assert other_directory(str(tmp_path / "gone"), tmp_path) == []


EVIL = "!!python/object/apply:os.system ['touch executed']"


@pytest.mark.parametrize("file", ["cells.yaml", "study.yaml"])
def test_nothing_in_a_folder_is_executed(
    folder: Path, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (folder / file).write_text(f"- {EVIL}\n" if file == "cells.yaml" else f"name: {EVIL}\n")
    assert re.match(rf"{folder}/{file}: it cannot be read \(ConstructorError: ", refusal(folder))
    with pytest.raises(RunnerError, match="ConstructorError"):
        read(folder)
    assert not (tmp_path / "executed").exists()
