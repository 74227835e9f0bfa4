"""Records ↔ files: the only code that reads or writes a result folder.

While measuring, `samples.csv` and `trace.csv` grow. The row of a sample is its commit: it is written and
synced after the task records of the same invocation. Nothing in a folder is ever unpickled or evaluated.
"""

import contextlib
import copy
import csv
import dataclasses
import io
import json
import re
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TextIO, TypeVar, get_args, get_origin, get_type_hints

import yaml

from runner.errors import ConfigurationError, RunnerError
from runner.folder import plain_yaml, reference_log
from runner.folder.atomic_files import STRANGE_CHARACTERS, Appended, leaving_no_part, sync, telling, write
from runner.records import Cell, Purpose, ReferenceRecord, Sample, TaskRecord, UntimedRun

if TYPE_CHECKING:
    import pyarrow as pa

_T = TypeVar("_T")

_SAMPLES, _TRACE, _CELLS, _STUDY, _ENVIRONMENT = (
    "samples.csv",
    "trace.csv",
    "cells.yaml",
    "study.yaml",
    "environment.json",
)
_LASTING_TRACE = "trace.parquet"
_UNTIMED = "untimed.csv"
_OUTPUT = "output"  # the folder of what invocations printed
PROFILES = "profiles"  #: the folder of what profilers found
#: The file that each profiler leaves of a cell.
_PROFILE_SUFFIXES: Mapping[Purpose, str] = {"cpu-profile": ".speedscope.json", "memory-profile": ".csv"}
#: Of result folders; what is added so that older programs still read it right does not count.
FORMAT = 3
#: By the target of an adapter in folders of format 2: the module that holds it now.
_FORMER_TARGETS = {
    f"runner_probe.{former}.{name}": f"runner_probe.adapters.{module}.{name}"
    for former, module, name in (
        ("executors", "serial", "Serial"),
        ("asyncio_loop", "asyncio_loop", "AsyncioLoop"),
        ("dask_cluster", "dask_pool", "DaskPool"),
        ("ray_cluster", "ray_pool", "RayPool"),
        ("joblib_parallel", "joblib_parallel", "JoblibParallel"),
        ("multiprocessing_pool", "multiprocessing_pool", "MultiprocessingPool"),
        ("process_per_task", "process_per_task", "ProcessPerTask"),
        ("thread_per_task", "thread_per_task", "ThreadPerTask"),
        ("interpreter_pool", "interpreter_pool", "InterpreterPool"),
    )
}
_LOG = "study.log"
#: Columns of samples.csv that come from the cell, before those of the sample itself.
_CELL_COLUMNS = ("cell", "workload", "executor", "workers", "chunk_size", "python")
_SAMPLE_COLUMNS = tuple(field.name for field in dataclasses.fields(Sample) if field.name != "cell")
_TRACE_COLUMNS = tuple(field.name for field in dataclasses.fields(TaskRecord))
_UNTIMED_COLUMNS = tuple(field.name for field in dataclasses.fields(UntimedRun) if field.name != "cell")


@dataclass(frozen=True, kw_only=True)
class Results:
    """A result folder, read."""

    folder: Path
    cells: tuple[Cell, ...]
    swept: tuple[str, ...]
    samples: tuple[Sample, ...]
    study: Mapping[str, Any]
    environment: Mapping[str, Any]
    untimed: tuple[UntimedRun, ...] = ()

    def trace(self) -> "pa.Table":
        """Read the task records that were committed: a table with the fields of TaskRecord as columns."""
        import pyarrow.compute  # noqa: PLC0415 - slow, and not needed to measure

        table = read_trace(self.folder)
        iterations = pyarrow.compute.binary_join_element_wise(
            table["cell"], table["repetition"].cast("string"), table["iteration"].cast("string"), " "
        )
        committed = [f"{sample.cell} {sample.repetition} {sample.iteration}" for sample in self.samples]
        return table.filter(pyarrow.compute.is_in(iterations, value_set=pyarrow.array(committed, "string")))


class Store:
    """A result folder, being written."""

    def __init__(self, folder: Path, cells: Sequence[Cell], swept: Sequence[str]) -> None:
        self.folder = folder
        self._cells = {cell.id: cell for cell in cells}
        self._swept = tuple(swept)
        (folder / _OUTPUT).mkdir(exist_ok=True)  # of a copy that left empty folders out
        self._samples = Appended(folder / _SAMPLES, [*_CELL_COLUMNS, *swept, *_SAMPLE_COLUMNS])
        self._trace = Appended(folder / _TRACE, _TRACE_COLUMNS)

    @classmethod
    def create(cls, results_dir: Path, name: str, cells: Sequence[Cell], swept: Sequence[str]) -> Self:
        """Make a new folder, named by the time.

        Raises:
            ConfigurationError: if it cannot be written
        """
        try:
            folder = _new_folder(results_dir, name)
            write(folder / _CELLS, plain_yaml.dump(_sharing_workloads(cells)))
            return cls(folder, cells, swept)
        except OSError as error:
            message = f"results_dir={results_dir}: a result folder cannot be written there ({error.strerror})"
            raise ConfigurationError([f"{message}; name another with results_dir=FOLDER"]) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._samples.close()
        self._trace.close()

    def output_file(self, cell: str, repetition: int | Purpose) -> Path:
        """Name the file that gets what one invocation prints, timed or not."""
        return self.folder / _OUTPUT / f"{cell}_{repetition}.txt"

    def profile_file(self, cell: str, purpose: Purpose) -> Path:
        """Name the file that gets what a profiler finds."""
        labels = self._cells[cell]
        workers = () if labels.workers is None else (str(labels.workers),)
        stem = _fit("_".join((labels.workload, labels.executor, *workers)))
        return self.folder / PROFILES / f"{stem}_{cell}{_PROFILE_SUFFIXES.get(purpose, '')}"

    def add(self, samples: Iterable[Sample], records: Iterable[TaskRecord]) -> None:
        """Append one invocation. When this returns, it is on the disk.

        Raises:
            RunnerError: if there is no room, say
        """
        with telling(self.folder):
            self._trace.append([dataclasses.astuple(record) for record in records])
            self._samples.append([self._row(sample, _SAMPLE_COLUMNS) for sample in samples])

    def add_untimed(self, found: UntimedRun) -> None:
        """Append what an invocation without a clock found. When this returns, it is on the disk.

        Raises:
            RunnerError: if there is no room, say
        """
        with telling(self.folder):
            columns = [*_CELL_COLUMNS, *self._swept, *_UNTIMED_COLUMNS]
            with contextlib.closing(Appended(self.folder / _UNTIMED, columns)) as file:
                file.append([self._row(found, _UNTIMED_COLUMNS)])

    def add_reference(self, record: ReferenceRecord) -> None:
        """Append what an invocation fixes, before its own rows. When this returns, it is on the disk.

        Raises:
            RunnerError: if there is no room, say
        """
        with telling(self.folder):
            reference_log.append(self.folder, record)

    def log(self, text: str) -> None:
        """Append a line, or a traceback, to the study's log."""
        stamp = datetime.now().astimezone().isoformat(timespec="seconds")
        log = self.folder / _LOG
        with telling(self.folder), log.open("a", encoding="utf-8", errors=STRANGE_CHARACTERS) as file:
            file.write(f"{stamp} {text.rstrip()}\n")

    def write_study(self, study: Mapping[str, Any]) -> None:
        """Write the configuration that the study was started with."""
        described = {"format": FORMAT, **study, "swept": list(self._swept)}
        with telling(self.folder):
            write(self.folder / _STUDY, plain_yaml.dump(described))

    def write_environment(self, environment: Mapping[str, Any]) -> None:
        """Write the facts about the machine and the interpreters."""
        with telling(self.folder):
            write(self.folder / _ENVIRONMENT, json.dumps(environment, indent=2) + "\n")

    def finish(self) -> None:
        """Turn the trace into its lasting form, and remove output files that stayed empty."""
        self._trace.close()
        with telling(self.folder):
            finish(self.folder)

    def _row(self, record: Sample | UntimedRun, columns: Iterable[str]) -> list[Any]:
        return _row(record, columns, self._cells[record.cell], self._swept)


def _row(record: Sample | UntimedRun, columns: Iterable[str], cell: Cell, swept: Iterable[str]) -> list[Any]:
    values = [cell.id, *(getattr(cell, column) for column in _CELL_COLUMNS[1:])]
    values += [cell.swept[key] for key in swept]
    return values + [getattr(record, column) for column in columns]


def read(folder: Path) -> Results:
    """Read a result folder.

    Raises:
        RunnerError: if it is none, or not whole
    """
    if not folder.is_dir():
        raise RunnerError(f"{folder}: there is no such folder; name one made by a study")
    for name in (_CELLS, _SAMPLES, _STUDY):
        if not (folder / name).is_file():
            raise RunnerError(
                f"{folder}: it has no {name}, so it is no result folder; name one made by a study"
            )
    study = _read(folder / _STUDY, _read_study)
    if study.get("format", 1) > FORMAT:
        newer = f"its format {study['format']} is newer than the {FORMAT} that this version reads"
        raise RunnerError(f"{folder}: {newer}; use the version of the runner that made it, or a later one")
    cells = _read(folder / _CELLS, _read_cells)
    samples = _read(folder / _SAMPLES, partial(_read_rows, Sample, cells))
    untimed = folder / _UNTIMED
    environment = folder / _ENVIRONMENT
    return Results(
        folder=folder,
        cells=cells,
        swept=study["swept"],
        samples=samples,
        study=study,
        environment=_read(environment, json.load) if environment.exists() else {},
        untimed=_read(untimed, partial(_read_rows, UntimedRun, cells)) if untimed.exists() else (),
    )


def read_trace(folder: Path) -> "pa.Table":
    """Read the task records, from their lasting form or from what a stopped study left."""
    import pyarrow.csv  # noqa: PLC0415 - slow, and not needed to measure
    import pyarrow.parquet  # noqa: PLC0415

    parquet, text = folder / _LASTING_TRACE, folder / _TRACE
    try:
        if parquet.exists():
            return pyarrow.parquet.read_table(parquet)
        whole = text.read_bytes().rpartition(b"\n")[0] + b"\n"  # the last line may be half written
        options = pyarrow.csv.ConvertOptions(column_types=_trace_types())
        return pyarrow.csv.read_csv(pyarrow.BufferReader(whole), convert_options=options)
    except (OSError, ValueError) as error:
        raise _unreadable(parquet if parquet.exists() else text, error) from error


def finish(folder: Path) -> None:
    """Turn the trace into its lasting form, and remove files that stayed empty or unfinished."""
    for unfinished in folder.glob("*.part"):
        unfinished.unlink()
    if (folder / _TRACE).exists():
        compress_trace(folder)
    for file in (folder / _OUTPUT).glob("*.txt"):
        if file.stat().st_size == 0:
            file.unlink()


def compress_trace(folder: Path) -> None:
    """Turn trace.csv into trace.parquet."""
    import pyarrow.parquet  # noqa: PLC0415 - slow, and not needed to measure

    table = read_trace(folder)
    unfinished = folder / f"{_LASTING_TRACE}.part"
    with leaving_no_part(unfinished):
        pyarrow.parquet.write_table(table, unfinished)
        sync(unfinished)  # the text goes only when this is on the disk
        unfinished.rename(folder / _LASTING_TRACE)
    (folder / _TRACE).unlink(missing_ok=True)


def read_profile(folder: Path, found: UntimedRun) -> Any:
    """Read what a profiler found: the JSON of speedscope, or the rows of a table of allocations.

    Raises:
        RunnerError: if it cannot be read
    """
    parse = json.load if found.purpose == "cpu-profile" else _read_table
    return _read(folder / PROFILES / Path(found.profile).name, parse)


def _read_table(file: TextIO) -> list[dict[str, str]]:
    return list(csv.DictReader(file, strict=True))


def rewrite(results: Results) -> None:
    """Leave in a folder these rows alone, and their task records, so that all can grow again."""
    cells = {cell.id: cell for cell in results.cells}
    trace = results.trace()
    records = (row for batch in trace.to_batches() for row in zip(*batch.to_pydict().values(), strict=True))
    write_table(results.folder, "trace", trace.column_names, records)
    (results.folder / _LASTING_TRACE).unlink(missing_ok=True)
    for name, columns, grown in (
        ("samples", _SAMPLE_COLUMNS, results.samples),
        ("untimed", _UNTIMED_COLUMNS, results.untimed),
    ):
        rows = [_row(record, columns, cells[record.cell], results.swept) for record in grown]
        if rows or name == "samples":
            write_table(results.folder, name, [*_CELL_COLUMNS, *results.swept, *columns], rows)
        else:  # what may have been torn off its first row
            (results.folder / _UNTIMED).unlink(missing_ok=True)


def write_table(folder: Path, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table made of the samples, as NAME.csv."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write(folder / f"{name}.csv", text.getvalue())


def write_verdicts(folder: Path, verdicts: Sequence[Mapping[str, Any]]) -> None:
    """Write the verdicts, one a group of cells with a common baseline."""
    write(folder / "verdict.json", json.dumps(list(verdicts), indent=2, ensure_ascii=False) + "\n")


def _trace_types() -> dict[str, Any]:
    import pyarrow as pa  # noqa: PLC0415 - slow, and not needed to measure

    kinds = {int: pa.int64(), str: pa.string(), bool: pa.bool_()}
    return {name: kinds[_plain_type(hint)] for name, hint in get_type_hints(TaskRecord).items()}


def _read(path: Path, parse: Callable[[TextIO], _T]) -> _T:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return parse(file)
    except (OSError, ValueError, TypeError, KeyError, csv.Error, yaml.YAMLError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> RunnerError:
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return RunnerError(f"{path}: it cannot be read ({reason}); restore the file, or measure again")


def _read_study(file: TextIO) -> dict[str, Any]:
    study = plain_yaml.load(file.read())
    return {**study, "swept": tuple(study["swept"])}


def _read_cells(file: TextIO) -> tuple[Cell, ...]:
    cells = tuple(Cell(**cell) for cell in plain_yaml.load(file.read()))
    for cell in cells:
        pool = cell.settings["executor"]["pool"]
        pool["_target_"] = _FORMER_TARGETS.get(pool["_target_"], pool["_target_"])
    return cells


def _read_rows(kind: type[_T], cells: Iterable[Cell], file: TextIO) -> tuple[_T, ...]:
    """Read the records of a file that grew by rows; a last line that is half written is no row."""
    hints, known = get_type_hints(kind), {cell.id for cell in cells}
    whole = file.buffer.read().rpartition(b"\n")[0].decode()
    records = []
    for row in csv.DictReader(io.StringIO(whole, newline=""), strict=True):
        if None in row.values():
            raise ValueError(f"a row is too short: {','.join(filter(None, row.values()))}")
        if row["cell"] not in known:
            raise ValueError(f"there is no cell {row['cell']!r} in {_CELLS}")
        # A column that a folder of an older version lacks has its default.
        known_hints = {name: hint for name, hint in hints.items() if name in row}
        records.append(kind(**{name: _parse(row[name], hint) for name, hint in known_hints.items()}))
    return tuple(records)


def _parse(text: str, hint: Any) -> Any:
    kind = _plain_type(hint)
    if text == "" and type(None) in get_args(hint):
        return None
    return text == "True" if kind is bool else kind(text)


def _plain_type(hint: Any) -> type:
    """Reduce `int | None` to int and a Literal of texts to str."""
    kind: type = hint if get_origin(hint) is None else str
    if isinstance(hint, types.UnionType):
        kind = next(one for one in get_args(hint) if one is not type(None))
    return kind


def _new_folder(results_dir: Path, name: str) -> Path:
    stem = f"{datetime.now().astimezone():%Y-%m-%d_%H-%M-%S}_{_fit(name)}"
    results_dir.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        folder = results_dir / (stem if number == 1 else f"{stem}_{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(17, "too many folders of this second")


def _fit(name: str) -> str:
    """Make a name fit for a file."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:60]


def _sharing_workloads(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """Describe cells so that YAML holds each distinct workload, maybe of many items, once: by an alias."""
    workloads: dict[str, Any] = {}
    described = []
    for cell in cells:
        fields = {field.name: getattr(cell, field.name) for field in dataclasses.fields(cell)}
        workload = cell.settings["workload"]
        # By its text: of equal values, 1 and True are not the same.
        shared = workloads.setdefault(repr(workload), workload)
        fields["swept"] = dict(cell.swept)
        fields["settings"] = {**copy.deepcopy({**cell.settings, "workload": None}), "workload": shared}
        described.append(fields)
    return described
