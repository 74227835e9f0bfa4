"""Result folders: everything written can be read, and damage is reported."""

import csv
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import ConfigurationError, RunnerError
from runner.folder import store
from runner.folder.atomic_files import reporting_write_errors, write_table
from runner.folder.results import Results, read, read_profile, read_trace
from runner.folder.store import Store
from runner.folder.study_description import FORMAT, ResumedSession, StudyAnswer
from runner.records import Cell, Mode, Sample, TaskRecord, UntimedRun
from tests.factories import cell as make_cell
from tests.factories import describe_study

CELLS = (make_cell(id="s"), make_cell(id="t", baseline="s", executor="thread", workers=2))
SAMPLE = Sample(
    cell="t",
    repetition=1,
    position=0,
    iteration=0,
    warmup=False,
    tasks=2,
    started_at="2026-01-01T00:00:00.000+00:00",
    start_s=0.1,
    work_s=1 / 3,
    end_s=1e-9,
    wall_s=0.1 + 1 / 3 + 1e-9,
    cpu_s=0.0,
)
RECORD = TaskRecord(
    cell="t",
    repetition=1,
    iteration=0,
    task=0,
    label="one",
    worker=0,
    host="here",
    process_id=5,
    thread_id=6,
    submitted_ns=1,
    started_ns=2,
    ended_ns=2**62,
    received_ns=2**62 + 1,
    busy_ns=7,
    cpu_ns=None,
    run_delay_ns=None,
    tasks=1,
    calls=1,
    differs=False,
)

#: Commas, quotes, and every character that some program takes for the end of a line, except those of CSV.
AWKWARD = st.text(
    st.one_of(
        st.sampled_from(",;\"'\t\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\ufeff#=\\ "),
        st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"),
    )
)
TIMES = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))
NANOSECONDS = st.integers(min_value=0, max_value=2**63 - 1)
SAMPLES = st.builds(
    Sample,
    cell=st.sampled_from(["s", "t"]),
    repetition=st.integers(min_value=0),
    position=st.integers(min_value=0),
    iteration=st.integers(min_value=0),
    warmup=st.booleans(),
    tasks=st.integers(min_value=0),
    started_at=AWKWARD,
    start_s=TIMES,
    work_s=TIMES,
    end_s=TIMES,
    wall_s=TIMES,
    cpu_s=TIMES,
    status=st.sampled_from(["ok", "failed", "crashed", "timeout", "wrong_result", "interrupted"]),
    error=AWKWARD,
)
RECORDS = st.builds(
    TaskRecord,
    cell=st.just("t"),
    repetition=st.just(1),
    iteration=st.just(0),
    task=NANOSECONDS,
    label=AWKWARD,
    worker=NANOSECONDS,
    host=AWKWARD,
    process_id=NANOSECONDS,
    thread_id=NANOSECONDS,
    submitted_ns=NANOSECONDS,
    started_ns=NANOSECONDS,
    ended_ns=NANOSECONDS,
    received_ns=NANOSECONDS,
    busy_ns=NANOSECONDS,
    cpu_ns=st.one_of(st.none(), NANOSECONDS),
    run_delay_ns=st.one_of(st.none(), NANOSECONDS),
    tasks=NANOSECONDS,
    calls=NANOSECONDS,
    differs=st.booleans(),
)


def make_store(folder: Path, cells: Sequence[Cell] = CELLS, swept: Sequence[str] = ()) -> Store:
    store = Store.create(folder, "name", cells, swept)
    store.write_study(describe_study())
    return store


@pytest.fixture
def storing(tmp_path: Path) -> Iterator[Store]:
    with make_store(tmp_path) as store:
        yield store


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "samples.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def records_of(results: Results) -> list[TaskRecord]:
    return [TaskRecord(**row) for row in results.trace().to_pylist()]


@pytest.mark.slow
@given(samples=st.lists(SAMPLES))
def test_samples_are_read_as_they_were_written(samples: list[Sample]) -> None:
    with tempfile.TemporaryDirectory() as folder, make_store(Path(folder)) as store:
        for sample in samples:
            store.add([sample], [])
        assert read(store.folder).samples == tuple(samples)


@pytest.mark.slow
@given(records=st.lists(RECORDS))
def test_task_records_are_read_as_they_were_written_while_measuring_and_afterwards(
    records: list[TaskRecord],
) -> None:
    with tempfile.TemporaryDirectory() as folder, make_store(Path(folder)) as store:
        store.add([SAMPLE], records)
        assert records_of(read(store.folder)) == records
        store.finish()
        assert records_of(read(store.folder)) == records


@pytest.mark.slow
@given(error=st.text())
def test_every_row_is_one_line_whatever_its_strings(error: str) -> None:
    with tempfile.TemporaryDirectory() as folder, make_store(Path(folder)) as store:
        store.add([replace(SAMPLE, error=error), SAMPLE], [replace(RECORD, label=error)])
        assert (store.folder / "samples.csv").read_bytes().count(b"\n") == 3
        assert (store.folder / "trace.csv").read_bytes().count(b"\n") == 2
        changed, clean = read(store.folder).samples
        assert clean == SAMPLE
        assert changed.error == re.sub(r"[\r\n]+", " ", error)


def test_characters_of_undecodable_file_names_are_written_as_escapes(storing: Store) -> None:
    storing.add([replace(SAMPLE, error="no file \udcff")], [replace(RECORD, label="\udcff.txt")])
    storing.log("no file \udcff")
    assert read(storing.folder).samples[0].error == "no file \\udcff"
    assert records_of(read(storing.folder))[0].label == "\\udcff.txt"


@pytest.mark.slow
@given(
    swept=st.dictionaries(st.text(min_size=1), st.one_of(st.none(), st.text()), max_size=3),
    workload=st.text(),
    items=st.lists(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text())),
)
def test_cells_are_read_as_they_were_written(swept: dict[str, Any], workload: str, items: list[Any]) -> None:
    settings = {**CELLS[0].settings, "workload": {"name": workload, "items": items}}
    cells = (
        make_cell(id="s", swept=swept, workload=workload, settings=settings),
        make_cell(id="t", baseline="s", swept=swept, workload=workload, workers=2, chunk_size=None),
    )
    with tempfile.TemporaryDirectory() as folder, make_store(Path(folder), cells, list(swept)) as store:
        results = read(store.folder)
    assert results.cells == cells
    assert results.swept == tuple(swept)


def test_cells_with_the_same_workload_share_it_in_their_file(tmp_path: Path) -> None:
    def settings(first: Any) -> dict[str, Any]:
        return {**CELLS[0].settings, "workload": {"name": "w", "items": [first, "a-mark"]}}

    cells = tuple(
        make_cell(id=f"c{n}", settings=settings(first)) for n, first in enumerate([1, 1, True, 1.0, 1])
    )
    with make_store(tmp_path, cells) as store:
        cells_read = read(store.folder).cells
    assert (store.folder / "cells.yaml").read_text().count("a-mark") == 3
    assert cells_read == cells
    firsts = [cell.settings["workload"]["items"][0] for cell in cells_read]
    assert [type(first) for first in firsts] == [int, int, bool, float, int]


def test_undecodable_file_names_are_read_as_they_were_written(storing: Store) -> None:
    texts = ("\udcff", "\x85\u2028\U0001f600")
    storing.write_study(describe_study(command_line=texts))
    assert read(storing.folder).study.command_line == texts


def test_a_row_holds_the_settings_of_its_cell(tmp_path: Path) -> None:
    cells = (make_cell(id="t", swept={"env.A": "1", "items.size": None}, executor="thread", workers=2),)
    with make_store(tmp_path, cells, ["env.A", "items.size"]) as store:
        store.add([SAMPLE], [])
    (row,) = rows_of(store.folder)
    assert list(row) == [
        *("cell", "workload", "executor", "workers", "chunk_size", "python", "env.A", "items.size"),
        *(name for name in asdict(SAMPLE) if name != "cell"),
    ]
    values = {key: row[key] for key in ("cell", "workload", "executor", "workers", "env.A", "items.size")}
    assert values == {
        "cell": "t",
        "workload": "work",
        "executor": "thread",
        "workers": "2",
        "env.A": "1",
        "items.size": "",
    }


@pytest.mark.slow
def test_an_unfinished_last_line_is_not_a_row(storing: Store) -> None:
    storing.add([SAMPLE], [RECORD])
    storing.add([replace(SAMPLE, repetition=2, error='a "quoted", text')], [replace(RECORD, repetition=2)])
    samples = storing.folder / "samples.csv"
    whole = samples.read_bytes()
    first_row_ends = whole.index(b"\n", whole.index(b"\n") + 1) + 1
    for length in range(first_row_ends, len(whole)):
        samples.write_bytes(whole[:length])
        results = read(storing.folder)
        assert results.samples == (SAMPLE,)
    assert records_of(results) == [RECORD]


@pytest.mark.slow
def test_an_unfinished_last_line_of_the_trace_is_not_a_record(storing: Store) -> None:
    storing.add([SAMPLE], [RECORD, replace(RECORD, task=1, label="two, or more")])
    trace = storing.folder / "trace.csv"
    whole = trace.read_bytes()
    first_row_ends = whole.index(b"\n", whole.index(b"\n") + 1) + 1
    for length in range(first_row_ends, len(whole)):
        trace.write_bytes(whole[:length])
        assert records_of(read(storing.folder)) == [RECORD]


def test_a_sample_is_written_after_its_task_records(storing: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    storing.add([SAMPLE], [RECORD])
    synced: list[str] = []

    def crash_at_the_trace(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        if len(synced) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", crash_at_the_trace)
    with pytest.raises(KeyboardInterrupt):
        storing.add([replace(SAMPLE, repetition=2)], [replace(RECORD, repetition=2)])
    assert (storing.folder / "trace.csv").read_text().count("\n") == 3
    assert read(storing.folder).samples == (SAMPLE,)
    storing.add([replace(SAMPLE, repetition=3)], [])
    assert synced == ["trace.csv", "trace.csv", "samples.csv"]


def test_task_records_without_their_sample_are_not_committed(storing: Store) -> None:
    storing.add([SAMPLE, replace(SAMPLE, iteration=1)], [RECORD, replace(RECORD, iteration=1)])
    storing.add([], [replace(RECORD, repetition=2), replace(RECORD, cell="s")])
    expected = [RECORD, replace(RECORD, iteration=1)]
    assert records_of(read(storing.folder)) == expected
    storing.finish()
    assert records_of(read(storing.folder)) == expected


def test_an_added_invocation_is_in_the_files_at_once(storing: Store) -> None:
    for repetition in range(1, 4):
        storing.add([replace(SAMPLE, repetition=repetition)], [replace(RECORD, repetition=repetition)])
        assert [row["repetition"] for row in rows_of(storing.folder)] == list("123"[:repetition])
        assert len(records_of(read(storing.folder))) == repetition


def test_finishing_turns_the_trace_into_parquet_and_removes_empty_outputs(storing: Store) -> None:
    storing.add([SAMPLE], [replace(RECORD, task=task) for task in range(100)])
    before = storing.folder / "trace.csv"
    from_text = read_trace(storing.folder)
    storing.output_file("s", 0).write_text("")
    storing.output_file("t", 1).write_text("hello\n")
    storing.finish()
    assert not before.exists()
    assert (storing.folder / "trace.parquet").is_file()
    assert read_trace(storing.folder).equals(from_text)
    assert [file.name for file in (storing.folder / "output").iterdir()] == ["t_1.txt"]


def test_a_study_without_any_task_record_can_be_finished_and_read(storing: Store) -> None:
    storing.finish()
    results = read(storing.folder)
    assert (results.samples, records_of(results)) == ((), [])


def test_the_study_and_its_environment_are_read_as_they_were_written(storing: Store) -> None:
    study = describe_study(
        name="näme",
        mode=Mode.weak,
        untimed=("memory",),
        overrides=({"executor": "thread"}, {}),
        known_answers=(StudyAnswer(workload="work", executor="thread", at_least=1.0),),
        configuration={"workload": {"name": "work", "items": [1, None]}},
        study_id="abc",
        sessions=(ResumedSession(after="ab", command_line=("runner",)),),
        further={"later": [1]},
    )
    storing.write_study(study)
    storing.write_environment({"start": {"cpu": {"usable_cpus": 2}}})
    results = read(storing.folder)
    assert results.folder == storing.folder
    assert results.study == replace(study, format=FORMAT)
    assert results.environment == {"start": {"cpu": {"usable_cpus": 2}}}


def test_a_folder_of_the_first_version_can_be_read(storing: Store) -> None:
    storing.add([SAMPLE], [RECORD])
    settings = "repetitions: 7\niterations: 1\ntime_limit_s: null\nconfidence: 0.95\nseed: 36\n"
    rest = "results_dir: results\nname: example\nstudy: 00dc\ncommand_line: []\noverrides: []\nswept: []\n"
    (storing.folder / "study.yaml").write_text(settings + rest)
    study = read(storing.folder).study
    assert (study.format, study.mode, study.precision, study.study_id) == (None, Mode.tasks, None, "00dc")


@pytest.mark.parametrize(
    ("written", "damaged"),
    [
        ("seed: 1", "seed: true"),
        ("seed: 1", "seed: 1.5"),
        ("confidence: 0.95", "confidence: high"),
        ("mode: tasks", "mode: other"),
        ("name: made", "name: 3"),
        ("overrides: []", "overrides: {}"),
        ("known_answers: []", "known_answers: [1]"),
        ("configuration: {}", "configuration: null"),
    ],
)
def test_a_setting_that_no_study_writes_is_named(storing: Store, written: str, damaged: str) -> None:
    file = storing.folder / "study.yaml"
    assert written in file.read_text()
    file.write_text(file.read_text().replace(written, damaged))
    with pytest.raises(
        RunnerError, match=r"study.yaml: it cannot be read \(ValueError: .*; restore the file"
    ):
        read(storing.folder)


def crash_at_the_disk(_: int) -> None:
    raise KeyboardInterrupt


def test_a_crash_while_a_file_is_rewritten_leaves_the_old_file(
    storing: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    storing.write_environment({"workers": {}})
    monkeypatch.setattr(os, "fsync", crash_at_the_disk)
    with pytest.raises(KeyboardInterrupt):
        storing.write_environment({"workers": {}, "resumed": []})
    assert read(storing.folder).environment == {"workers": {}}


class FixedClock(datetime):
    """A clock that always shows the same second."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2026, 1, 2, 3, 4, 5, tzinfo=tz)


def test_a_table_is_a_csv_file_with_one_line_per_row(tmp_path: Path) -> None:
    write_table(tmp_path / "summary.csv", ["cell", "note"], [["a", "one, two"], ["b", None]])
    assert (tmp_path / "summary.csv").read_bytes() == b'cell,note\na,"one, two"\nb,\n'


def test_a_crash_while_a_table_is_rewritten_leaves_the_old_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_table(tmp_path / "summary.csv", ["cell"], [["old"]])
    monkeypatch.setattr(os, "fsync", crash_at_the_disk)
    with pytest.raises(KeyboardInterrupt):
        write_table(tmp_path / "summary.csv", ["cell"], [["new"]])
    assert (tmp_path / "summary.csv").read_text() == "cell\nold\n"


def test_folders_of_the_same_second_have_different_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "datetime", FixedClock)
    names = []
    for _ in range(3):
        with make_store(tmp_path) as new_store:
            names.append(new_store.folder.name)
    stem = "2026-01-02_03-04-05_name"
    assert names == [stem, f"{stem}_2", f"{stem}_3"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a/../b c", "a-..-b-c"), ("größe", "gr-e"), ("x" * 100, "x" * 60), ("", "")],
)
def test_a_name_is_reduced_to_characters_that_every_file_system_accepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, shown: str
) -> None:
    monkeypatch.setattr(store, "datetime", FixedClock)
    with Store.create(tmp_path, name, CELLS, ()) as new_store:
        assert new_store.folder == tmp_path / f"2026-01-02_03-04-05_{shown}"


def test_a_results_dir_that_cannot_be_written_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder, reason in ((tmp_path / "file", "File exists"), (tmp_path / "file/inside", "Not a directory")):
        with pytest.raises(ConfigurationError) as raised:
            Store.create(folder, "name", CELLS, ())
        problem = f"results_dir={folder}: no result folder can be created there ({reason})"
        assert raised.value.problems == [f"{problem}; name another with results_dir=FOLDER"]


def test_a_full_disk_is_reported_on_one_line(storing: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(RunnerError) as raised:
        storing.add([SAMPLE], [RECORD])
    problem = f"{storing.folder}: it cannot be written (No space left on device)"
    resuming = f"python -m runner resume={storing.folder}"
    assert str(raised.value) == f"{problem}; free disk space, then resume with {resuming}"


@pytest.mark.parametrize("missing", ["samples.csv", "cells.yaml", "study.yaml"])
def test_a_folder_that_is_not_a_result_folder_is_refused(storing: Store, missing: str) -> None:
    (storing.folder / missing).unlink()
    with pytest.raises(RunnerError) as raised:
        read(storing.folder)
    assert str(raised.value) == (
        f"{storing.folder}: it is not a result folder, because it has no {missing}; "
        "name the result folder of a study"
    )


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param("study.yaml", b"", "TypeError", id="empty study"),
        pytest.param("study.yaml", b"name: x\nseed: 1\n", "KeyError: 'repetitions'", id="truncated study"),
        pytest.param("study.yaml", b"[1, 2", "ParserError", id="not YAML"),
        pytest.param("study.yaml", b"- 1\n", "TypeError", id="a list instead of a study"),
        pytest.param("cells.yaml", b"", "TypeError", id="no cells"),
        pytest.param("cells.yaml", b"- id: s\n", "TypeError", id="truncated cell"),
        pytest.param("cells.yaml", b"- {id: s, strange: 1}\n", "TypeError", id="unknown field"),
        pytest.param("cells.yaml", b"\xff\xfe", "UnicodeDecodeError", id="not text"),
        pytest.param("samples.csv", b"a,b\n1,2\n", "KeyError: 'cell'", id="other columns"),
        pytest.param("samples.csv", b"cell,repetition\nt\n", "a row is too short: t", id="short row"),
        pytest.param("samples.csv", b'cell,repetition\n"t"x,1\n', "Error: ',' expected", id="quotes"),
        pytest.param("samples.csv", b"cell\nunknown\n", "there is no cell 'unknown'", id="unknown cell"),
        pytest.param("samples.csv", b"cell\n\xff\n", "UnicodeDecodeError", id="bytes"),
        pytest.param("environment.json", b'{"start": ', "JSONDecodeError", id="truncated environment"),
    ],
)
def test_a_damaged_file_is_reported_with_the_reason(
    storing: Store, name: str, content: bytes, reason: str
) -> None:
    storing.add([SAMPLE], [RECORD])
    (storing.folder / name).write_bytes(content)
    with pytest.raises(RunnerError) as raised:
        read(storing.folder)
    message = str(raised.value)
    assert message.startswith(f"{storing.folder / name}: it cannot be read (")
    assert reason in message
    assert message.endswith("; restore the file, or measure again")
    assert "\n" not in message


def test_a_value_that_is_not_a_number_is_reported(storing: Store) -> None:
    storing.add([SAMPLE], [])
    samples = storing.folder / "samples.csv"
    samples.write_text(samples.read_text().replace(",0.1,", ",nought,"))
    with pytest.raises(RunnerError, match="could not convert string to float: 'nought'"):
        read(storing.folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [("trace.csv", b""), ("trace.csv", b"cell\na,b\n"), ("trace.parquet", b"PAR1")],
)
def test_a_damaged_trace_is_reported(storing: Store, name: str, content: bytes) -> None:
    (storing.folder / name).write_bytes(content)
    with pytest.raises(RunnerError, match=rf"{name}: it cannot be read \(.*\); restore the file"):
        read(storing.folder).trace()


def test_a_missing_trace_is_reported(storing: Store) -> None:
    (storing.folder / "trace.csv").unlink()
    with pytest.raises(RunnerError, match=r"trace\.csv: it cannot be read \(FileNotFoundError: "):
        read(storing.folder).trace()


@pytest.mark.parametrize("name", ["study.yaml", "cells.yaml"])
def test_reading_a_file_never_executes_anything(storing: Store, tmp_path: Path, name: str) -> None:
    created = tmp_path / "created"
    attack = f'swept: !!python/object/apply:os.mkdir ["{created}"]\n'
    (storing.folder / name).write_text(attack)
    with pytest.raises(RunnerError, match="could not determine a constructor for the tag"):
        read(storing.folder)
    assert not created.exists()


def test_the_log_grows(storing: Store) -> None:
    storing.log("first")
    storing.log("second\nwith a traceback\n")
    lines = (storing.folder / "study.log").read_text().splitlines()
    assert [line.partition(" ")[2] or line for line in lines] == ["first", "second", "a traceback"]


MEMORY = UntimedRun(
    cell="t", purpose="memory", started_at="2026-01-01T00:00:00.000+00:00", peak_pss_bytes=38_000_000, looks=9
)


def test_untimed_runs_are_read_separately_from_samples(storing: Store) -> None:
    failed = replace(MEMORY, cell="s", peak_pss_bytes=None, looks=0, status="failed", error="no, none")
    storing.add([SAMPLE], [])
    storing.add_untimed(MEMORY)
    storing.add_untimed(failed)
    results = read(storing.folder)
    assert results.untimed == (MEMORY, failed)
    assert results.samples == (SAMPLE,)


def test_without_untimed_runs_there_is_no_file_of_them(storing: Store) -> None:
    assert read(storing.folder).untimed == ()
    assert not (storing.folder / "untimed.csv").exists()


def test_a_profile_has_a_file_named_after_its_cell_and_can_be_read(storing: Store) -> None:
    run = UntimedRun(cell="t", purpose="memory-profile", started_at="", profile="work_thread_2_t.csv")
    file = storing.profile_file("t", "memory-profile")
    assert file == storing.folder / "profiles" / run.profile
    file.parent.mkdir()
    file.write_text("file,line\na.py,3\n", encoding="utf-8")
    assert read_profile(storing.folder, run) == [{"file": "a.py", "line": "3"}]


def test_a_profile_is_only_read_from_the_folder_of_profiles(storing: Store) -> None:
    run = UntimedRun(cell="t", purpose="cpu-profile", started_at="", profile="../../elsewhere.json")
    with pytest.raises(RunnerError, match=r"profiles/elsewhere.json: it cannot be read"):
        read_profile(storing.folder, run)


def test_a_folder_that_cannot_be_written_is_reported_on_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunnerError) as raised, reporting_write_errors(tmp_path):
        raise OSError(30, "Read-only file system")
    problem = f"{tmp_path}: it cannot be written (Read-only file system); make it writable"
    assert str(raised.value) == f"{problem}, then resume with python -m runner resume={tmp_path}"
