"""Writing a result folder while a study is measured: records → files.

`samples.csv` and `trace.csv` grow. The row of a sample is its commit: it is written and synced after the task
records of the same invocation.
"""

import contextlib
import copy
import dataclasses
import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from runner.errors import ConfigurationError
from runner.folder import plain_yaml, reference_log
from runner.folder.atomic_files import UNENCODABLE, GrowingTable, reporting_write_errors, write
from runner.folder.environment_record import Environment
from runner.folder.file_names import (
    CELLS,
    ENVIRONMENT,
    LOG,
    OUTPUT,
    PROFILE_SUFFIXES,
    PROFILES,
    SAMPLES,
    STUDY,
    TRACE,
    UNTIMED,
)
from runner.folder.rewriting import finish
from runner.folder.rows import TRACE_COLUMNS, columns_of, row_of
from runner.folder.study_description import FORMAT, StudyDescription
from runner.records import Cell, Purpose, ReferenceRecord, Sample, TaskRecord, UntimedRun

_MAX_NAME_LENGTH = 60  # characters


class Store:
    """A result folder that a study is measured into.

    All methods that write raise RunnerError if the folder cannot be written: a full disk, for example.
    """

    def __init__(self, folder: Path, cells: Sequence[Cell], swept: Sequence[str]) -> None:
        self.folder = folder
        self._cells = {cell.id: cell for cell in cells}
        self._swept = tuple(swept)
        (folder / OUTPUT).mkdir(exist_ok=True)  # a copy of the folder may lack its empty folders
        self._samples = GrowingTable(folder / SAMPLES, columns_of(Sample, swept))
        self._trace = GrowingTable(folder / TRACE, TRACE_COLUMNS)

    @classmethod
    def create(cls, results_dir: Path, name: str, cells: Sequence[Cell], swept: Sequence[str]) -> Self:
        """Make a new folder, named after the current time and the study.

        Raises:
            ConfigurationError: if it cannot be written
        """
        try:
            folder = _new_folder(results_dir, name)
            write(folder / CELLS, plain_yaml.dump(_sharing_workloads(cells)))
            return cls(folder, cells, swept)
        except OSError as error:
            message = f"results_dir={results_dir}: no result folder can be created there ({error.strerror})"
            raise ConfigurationError([f"{message}; name another with results_dir=FOLDER"]) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._samples.close()
        self._trace.close()

    def output_file(self, cell: str, repetition: int | Purpose) -> Path:
        """Return the path for the output of one invocation: a repetition's, or an untimed run's."""
        return self.folder / OUTPUT / f"{cell}_{repetition}.txt"

    def profile_file(self, cell: str, purpose: Purpose) -> Path:
        """Return the path for the profile of a cell."""
        profiled = self._cells[cell]
        workers = () if profiled.workers is None else (str(profiled.workers),)
        stem = _file_name("_".join((profiled.workload, profiled.executor, *workers)))
        return self.folder / PROFILES / f"{stem}_{cell}{PROFILE_SUFFIXES.get(purpose, '')}"

    def add(self, samples: Iterable[Sample], records: Iterable[TaskRecord]) -> None:
        """Append one invocation. When this returns, it is on the disk."""
        with reporting_write_errors(self.folder):
            self._trace.append([dataclasses.astuple(record) for record in records])
            self._samples.append([self._row(sample) for sample in samples])

    def add_untimed(self, run: UntimedRun) -> None:
        """Append one untimed run. When this returns, it is on the disk."""
        with reporting_write_errors(self.folder):
            table = GrowingTable(self.folder / UNTIMED, columns_of(UntimedRun, self._swept))
            with contextlib.closing(table):
                table.append([self._row(run)])

    @property
    def references_file(self) -> Path:
        """The file that `add_reference` appends to."""
        return self.folder / reference_log.FILE

    def add_reference(self, record: ReferenceRecord) -> None:
        """Append what an invocation fixes; call it before `add`. When this returns, it is on the disk."""
        with reporting_write_errors(self.folder):
            reference_log.append(self.folder, record)

    def log(self, text: str) -> None:
        """Append a line, or a traceback, to the study's log."""
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        log = self.folder / LOG
        with reporting_write_errors(self.folder), log.open("a", encoding="utf-8", errors=UNENCODABLE) as file:
            file.write(f"{now} {text.rstrip()}\n")

    def write_study(self, study: StudyDescription) -> None:
        """Write the description of the study, in the current format."""
        description = dataclasses.replace(study, format=FORMAT, swept=self._swept)
        with reporting_write_errors(self.folder):
            write(self.folder / STUDY, plain_yaml.dump(description.to_mapping()))

    def write_environment(self, environment: Environment) -> None:
        """Write the facts about the machine and the interpreters."""
        with reporting_write_errors(self.folder):
            write(self.folder / ENVIRONMENT, json.dumps(environment, indent=2) + "\n")

    def finish(self) -> None:
        """Turn the trace into its final form, and remove output files that stayed empty."""
        self._trace.close()
        with reporting_write_errors(self.folder):
            finish(self.folder)

    def _row(self, record: Sample | UntimedRun) -> list[Any]:
        return row_of(record, self._cells[record.cell], self._swept)


def _new_folder(results_dir: Path, name: str) -> Path:
    stem = f"{datetime.now().astimezone():%Y-%m-%d_%H-%M-%S}_{_file_name(name)}"
    results_dir.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        folder = results_dir / (stem if number == 1 else f"{stem}_{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(17, "too many studies started within this second")


def _file_name(name: str) -> str:
    """Make a name that every file system accepts."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:_MAX_NAME_LENGTH]


def _sharing_workloads(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """Describe cells so that YAML writes each distinct workload, which may have many items, only once."""
    workloads: dict[str, Any] = {}
    described = []
    for cell in cells:
        fields = {field.name: getattr(cell, field.name) for field in dataclasses.fields(cell)}
        workload = cell.settings["workload"]
        # Compared as text, because 1 == True.
        shared = workloads.setdefault(repr(workload), workload)
        fields["swept"] = dict(cell.swept)
        fields["settings"] = {**copy.deepcopy({**cell.settings, "workload": None}), "workload": shared}
        described.append(fields)
    return described
