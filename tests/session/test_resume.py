"""Studies that go on in their folder: what is found there, what is refused, and what is left as it was."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.errors import ConfigurationError, RunnerError
from runner.folder.results import read
from runner.folder.rewriting import finish
from runner.folder.store import Store
from runner.folder.study_description import FORMAT
from runner.plan import plan
from runner.records import Mode, Reference, ReferenceRecord, Sample, TaskRecord
from runner.session import repair as mend
from runner.session.resume import read_stopped
from runner.session.same_machine import (
    changed_packages,
    changes,
    other_directory,
    other_interpreters,
    other_machine,
)
from runner.session.session import conclude
from runner.settings import Config, ExecutorConfig, Origin, Point, WorkloadConfig
from tests.made import describe_study, record

FILES = Origin(option="made", path="made.yaml")


def point(**changes: Any) -> Point:
    """Make the point of a thread pool; changes of the study's settings are given on the command line."""
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
    given = {
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
    return Sample(cell=cell, repetition=repetition, **given)


INVOCATIONS = ((SERIAL, 0), (SERIAL, 1), (THREAD, 1), (THREAD, 2))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make the folder of a study that was killed in its second repetition."""
    with Store.create(tmp_path / "results", "made", PLAN.cells, PLAN.swept) as made:
        made.write_study(STUDY)
        made.write_environment({})
        for cell, repetition in INVOCATIONS:
            if (cell, repetition) == (SERIAL, 0):
                made.add_reference(ReferenceRecord(cell=cell, repetition=0, reference=Reference(), facts={}))
            add(made, sample(cell, repetition))
    return made.folder


def add(made: Store, *samples: Sample, tasks: Sequence[int] = (0, 1)) -> None:
    made.add(samples, [record_of(samples[0].cell, samples[0].repetition, task) for task in tasks])


def record_of(cell: str, repetition: int, task: int) -> TaskRecord:
    (one,) = (one for one in PLAN.cells if one.id == cell)
    return record(one, repetition, task=task, lane=0, length=1000)


def invocations(samples: Sequence[Sample]) -> list[tuple[str, int]]:
    return [(one.cell, one.repetition) for one in samples]


def goes_on_with(folder: Path) -> list[tuple[str, int]]:
    """Name the invocations that are not measured again, once the folder is mended."""
    stopped = read_stopped([resuming(folder)])
    mend.mend(stopped.results, stopped.earlier)
    mended = read(folder)
    assert invocations(mended.samples) == invocations(stopped.earlier.samples)
    keys = mended.trace().select(["cell", "repetition"]).to_pylist()
    assert [(row["cell"], row["repetition"]) for row in keys] == [
        one for one in invocations(mended.samples) for _ in range(2)
    ]
    assert mend.earlier(mended) == stopped.earlier
    return invocations(mended.samples)


def resuming(folder: Path, **given: Any) -> Point:
    """Make the point of a command line that names the folder, and what is given besides."""
    made = point(**{"repetitions": Config.repetitions, "seed": None, **given})
    made.config.resume = str(folder)
    return replace(
        made, overrides={"resume": str(folder), **{key: str(value) for key, value in given.items()}}
    )


def refused(folder: Path, **given: Any) -> str:
    with pytest.raises(ConfigurationError) as raised:
        read_stopped([resuming(folder, **given)])
    return str(raised.value)


def test_all_that_is_whole_is_kept(folder: Path) -> None:
    assert goes_on_with(folder) == list(INVOCATIONS)


@pytest.mark.slow
def test_a_row_cut_off_anywhere_is_measured_again(folder: Path) -> None:
    samples = folder / "samples.csv"
    whole = samples.read_bytes()
    begins = whole.rindex(b"\n", 0, len(whole) - 1) + 1
    for length in range(begins, len(whole), 7):
        samples.write_bytes(whole[:length])
        assert goes_on_with(folder) == list(INVOCATIONS[:-1])


def test_a_row_cut_within_a_character_is_measured_again(folder: Path) -> None:
    with (folder / "samples.csv").open("ab") as file:
        file.write("größe".encode()[:3])
    assert goes_on_with(folder) == list(INVOCATIONS)


def test_a_trace_that_was_cut_off_has_its_invocations_measured_again(folder: Path) -> None:
    trace = folder / "trace.csv"
    trace.write_bytes(trace.read_bytes()[:-5])
    assert goes_on_with(folder) == list(INVOCATIONS[:-1])


def test_records_without_their_row_go(folder: Path) -> None:
    results = read(folder)
    with Store(folder, results.cells, results.swept) as made:
        made.add([], [record_of(SERIAL, 2, 0)])
    assert goes_on_with(folder) == list(INVOCATIONS)


@pytest.mark.parametrize(
    "rows",
    [
        [sample(SERIAL, 2, status="interrupted", start_s=None)],
        [sample(SERIAL, 2, invocation_s=None)],
    ],
    ids=["interrupted", "only the first of its rows"],
)
def test_an_invocation_that_is_not_whole_is_measured_again(folder: Path, rows: list[Sample]) -> None:
    results = read(folder)
    with Store(folder, results.cells, results.swept) as made:
        made.add_reference(ReferenceRecord(cell=SERIAL, repetition=2, reference=None, facts={"a": 1}))
        add(made, *rows)
    assert goes_on_with(folder) == list(INVOCATIONS)


def test_a_finished_study_can_be_gone_on_with(folder: Path) -> None:
    finish(folder)
    assert not (folder / "trace.csv").exists()
    assert goes_on_with(folder) == list(INVOCATIONS)
    assert not (folder / "trace.parquet").exists()


def test_a_study_of_which_nothing_is_left_to_measure_keeps_no_torn_row(folder: Path) -> None:
    with (folder / "samples.csv").open("a") as samples:
        samples.write("a8fc5c395f,func")
    conclude(read_stopped([resuming(folder)]))
    assert not (folder / "samples.csv").read_text().endswith("func")
    assert invocations(read(folder).samples) == list(INVOCATIONS)


def test_a_folder_without_its_empty_folders_is_gone_on_with(folder: Path) -> None:
    (folder / "output").rmdir()
    with Store(folder, PLAN.cells, PLAN.swept) as opened:
        assert opened.output_file(SERIAL, 1).parent.is_dir()
    finish(folder)


def test_a_reference_of_which_nothing_is_kept_is_made_anew(folder: Path) -> None:
    (folder / "references.jsonl").unlink()
    assert goes_on_with(folder) == list(INVOCATIONS[1:])


def test_a_finding_cut_off_is_no_finding(folder: Path) -> None:
    with (folder / "references.jsonl").open("a") as file:
        file.write('{"cell": "')
    assert goes_on_with(folder) == list(INVOCATIONS)


@pytest.mark.parametrize("file", ["samples.csv", "cells.yaml", "study.yaml"])
def test_a_folder_that_lacks_a_file_is_no_result_folder(folder: Path, file: str) -> None:
    (folder / file).unlink()
    told = f"{folder}: it is not a result folder, because it has no {file}; name the result folder of a study"
    assert refused(folder) == told


def test_a_folder_of_another_format_is_refused(folder: Path) -> None:
    study = folder / "study.yaml"
    written = study.read_text()
    for found, reason in (
        ("", "it has no format number"),
        ("format: 1\n", f"its format is 1, not {FORMAT}"),
    ):
        study.write_text(written.replace(f"format: {FORMAT}\n", found))
        told = f"{folder}: {reason}: another version made it; use that one, or measure again"
        assert refused(folder) == told
    newer = FORMAT + 1
    study.write_text(written.replace(f"format: {FORMAT}\n", f"format: {newer}\n"))
    message = f"its format {newer} is newer than the {FORMAT} that this version reads; use"
    with pytest.raises(RunnerError, match=message):
        read(folder)


def test_changed_cells_are_refused(folder: Path) -> None:
    cells = folder / "cells.yaml"
    cells.write_text(cells.read_text().replace("max_workers: 2", "max_workers: 3"))
    told = f"{folder}/cells.yaml: cell {THREAD} is not what was measured; restore it, or measure again"
    assert refused(folder) == told


def test_changed_settings_are_refused(folder: Path) -> None:
    study = folder / "study.yaml"
    study.write_text(study.read_text().replace("iterations: 1", "iterations: many"))
    reason = "ValueError: iterations: 'many' is not what a study writes"
    remedy = "restore the file, or measure again"
    assert refused(folder) == f"{folder}/study.yaml: it cannot be read ({reason}); {remedy}"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"repetitions": 2}, "repetitions=2: the study has 3, and may only ask for more"),
        ({"seed": 2}, "seed=2: the study has 1; leave it out"),
        ({"mode": Mode.weak}, "mode=weak: the study has tasks; leave it out"),
        ({"duration_s": 2.0}, "duration_s=2.0: the study has null; leave it out"),
        ({"iterations": 3}, "iterations=3: the study has 1; leave it out"),
        ({"confidence": 0.9}, "confidence=0.9: the study has 0.95; leave it out"),
        (
            {"time_budget_s": 60.0},
            "time_budget_s=60.0: the study has null, no limit, and may only ask for more",
        ),
        ({"precision": 0.1, "max_repetitions": 2}, "max_repetitions=2: the study has 31, and may only"),
        (
            {"workload": WorkloadConfig(name="work", function="work.work", items=[1, 2, 3])},
            "workload.items: the study has [1, 2], and [1, 2, 3] is asked for; leave it out",
        ),
        (
            {"executor": ExecutorConfig(name="process", pool={"_target_": "z"}, chunk_size=1)},
            "resume: the study has work: thread × 2, Python",
        ),
    ],
)
def test_another_study_than_that_of_the_folder_is_refused(
    folder: Path, given: dict[str, Any], told: str
) -> None:
    assert refused(folder, **given).startswith(told)


@pytest.mark.parametrize(
    "given",
    [
        {"repetitions": 9},
        {"max_repetitions": 41},
        {"precision": 0.05},
        {"time_limit_s": 2.0},
        {"executor": ExecutorConfig(name="thread", pool={"_target_": "x", "max_workers": 2}, chunk_size=1)},
    ],
)
def test_what_is_given_besides_may_ask_for_more_or_the_same(folder: Path, given: dict[str, Any]) -> None:
    settings = read_stopped([resuming(folder, **given)]).settings
    assert settings.repetitions == given.get("repetitions", 3)
    assert settings.max_repetitions == given.get("max_repetitions", 31)
    assert settings.precision == given.get("precision")
    assert settings.time_limit_s == given.get("time_limit_s")


def test_the_plan_is_that_of_the_folder(folder: Path) -> None:
    stopped = read_stopped([resuming(folder)])
    assert stopped.plan.cells == PLAN.cells
    assert (stopped.settings.repetitions, stopped.settings.seed) == (3, 1)


NOT_COMPARABLE = "go on where it was begun, or measure again"
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


def test_another_machine_is_refused_and_other_changes_are_told() -> None:
    there = {
        **HERE,
        "machine": {**HERE["machine"], "host_name": "b"},
        "git": {"revision": "r2", "dirty": None},
    }
    assert (other_machine(HERE, HERE), changes(HERE, HERE)) == ([], [])
    assert other_machine(HERE, there) == [
        f"machine.host_name was 'a' when the study was begun, and is 'b'; {NOT_COMPARABLE}"
    ]
    assert changes(HERE, there) == [
        "git.revision was 'r1' when the study was begun, and is 'r2'",
        "git.dirty was 'False' when the study was begun, and is unknown",
    ]


def test_another_build_of_an_interpreter_is_refused_and_other_packages_are_told() -> None:
    now = {**PYTHON, "build": "next", "packages": {"a": "2", "b": "1"}}
    assert other_interpreters([PYTHON], [PYTHON]) == changed_packages([PYTHON], [PYTHON]) == []
    assert other_interpreters([PYTHON], [now]) == [
        f"python=/p: build was 'main' when the study was begun, and is 'next'; {NOT_COMPARABLE}"
    ]
    assert changed_packages([PYTHON], [now]) == [
        "python=/p: a was '1' when the study was begun, and is '2'",
        "python=/p: b was unknown when the study was begun, and is '1'",
    ]


def test_another_working_directory_is_refused_if_the_first_is_still_there(tmp_path: Path) -> None:
    assert other_directory(str(tmp_path), tmp_path) == []
    assert other_directory(str(tmp_path), tmp_path / "else") == [
        f"working_directory: the study was begun in {tmp_path}, and imports from there; cd {tmp_path}"
    ]
    assert other_directory(str(tmp_path / "gone"), tmp_path) == []


EVIL = "!!python/object/apply:os.system ['touch executed']"


@pytest.mark.parametrize("file", ["cells.yaml", "study.yaml"])
def test_nothing_in_a_folder_is_executed(
    folder: Path, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (folder / file).write_text(f"- {EVIL}\n" if file == "cells.yaml" else f"name: {EVIL}\n")
    assert re.match(rf"{folder}/{file}: it cannot be read \(ConstructorError: ", refused(folder))
    with pytest.raises(RunnerError, match="ConstructorError"):
        read(folder)
    assert not (tmp_path / "executed").exists()
