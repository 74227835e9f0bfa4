"""Reading a result folder: files → records. Nothing in a folder is ever unpickled or evaluated."""

import csv
import json
import os
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar, get_type_hints

import yaml

from runner.errors import RunnerError
from runner.folder import plain_yaml
from runner.folder.environment_record import Environment, environment_of
from runner.folder.file_names import (
    CELLS,
    ENVIRONMENT,
    FINAL_TRACE,
    PROFILES,
    SAMPLES,
    STUDY,
    TRACE,
    UNTIMED,
)
from runner.folder.rows import plain_type, read_rows
from runner.folder.study_description import FORMAT, StudyDescription
from runner.records import LOOP, Cell, Sample, TaskRecord, UntimedRun

if TYPE_CHECKING:
    import pyarrow as pa

_T = TypeVar("_T")

_END_BYTES = 4_000  # of what an invocation printed
_BITS = 20  # repetitions and iterations are less than 2**20
#: The current target of an executor, by its target in folders of earlier versions.
_FORMER_TARGETS = {
    "runner_probe.executors.Serial": LOOP,
    "runner_probe.adapters.serial.Serial": LOOP,
} | {
    f"runner_probe.{former}.{name}": f"runner_probe.adapters.{module}.{name}"
    for former, module, name in (
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


@dataclass(frozen=True, kw_only=True)
class Results:
    """The content of a result folder."""

    folder: Path
    cells: tuple[Cell, ...]
    samples: tuple[Sample, ...]
    study: StudyDescription
    environment: Environment
    untimed: tuple[UntimedRun, ...] = ()

    @property
    def swept(self) -> tuple[str, ...]:
        """Further swept settings, each a column of the tables."""
        return self.study.swept

    def trace(self) -> "pa.Table":
        """Read the task records of `samples`: a table with the fields of TaskRecord as columns.

        Raises:
            RunnerError: if the trace cannot be read
        """
        return self.select_records(read_trace(self.folder))

    def select_records(self, trace: "pa.Table") -> "pa.Table":
        """Return the task records of `samples` in the trace."""
        import pyarrow.compute as pc  # noqa: PLC0415 - slow to import, and not needed to measure

        cells = trace["cell"].unique()
        numbers = {cell: number for number, cell in enumerate(cells.to_pylist())}
        bits = _int64(array("q", [_BITS, 2 * _BITS]))
        cell = pc.shift_left(pc.index_in(trace["cell"], value_set=cells).cast("int64"), bits[1])
        repetition = pc.shift_left(trace["repetition"], bits[0])
        committed = array(
            "q",
            (
                (numbers[sample.cell] << 2 * _BITS) + (sample.repetition << _BITS) + sample.iteration
                for sample in self.samples
                if sample.cell in numbers
            ),
        )
        iterations = pc.add(pc.add(cell, repetition), trace["iteration"])
        return trace.filter(pc.is_in(iterations, value_set=_int64(committed)))


def _int64(values: "array[int]") -> "pa.Array":
    """Make an array without pyarrow's conversions, which would load pandas."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import, and not needed to measure

    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])


def read(folder: Path) -> Results:
    """Read a result folder.

    Raises:
        RunnerError: if it is not a result folder, or is damaged
    """
    if not folder.is_dir():
        raise RunnerError(f"{folder}: there is no such folder; name the result folder of a study")
    for name in (CELLS, SAMPLES, STUDY):
        if not (folder / name).is_file():
            message = f"it is not a result folder, because it has no {name}"
            raise RunnerError(f"{folder}: {message}; name the result folder of a study")
    description = _read(folder / STUDY, _read_mapping)
    if description.get("format", 1) > FORMAT:
        newer = f"its format {description['format']} is newer than the {FORMAT} that this version reads"
        raise RunnerError(f"{folder}: {newer}; use the version of the runner that made it, or a later one")
    study = _read(folder / STUDY, lambda _: StudyDescription.from_mapping(description))
    cells = _read(folder / CELLS, _read_cells)
    untimed, environment = folder / UNTIMED, folder / ENVIRONMENT
    return Results(
        folder=folder,
        cells=cells,
        samples=_read(folder / SAMPLES, partial(read_rows, Sample, cells)),
        study=study,
        environment=_read(environment, _read_environment) if environment.exists() else {},
        untimed=_read(untimed, partial(read_rows, UntimedRun, cells)) if untimed.exists() else (),
    )


def read_trace(folder: Path) -> "pa.Table":
    """Read all task records, in the final form of the trace or in that of a study in progress.

    Raises:
        RunnerError: if the trace cannot be read
    """
    import pyarrow.csv  # noqa: PLC0415 - slow to import, and not needed to measure
    import pyarrow.parquet  # noqa: PLC0415

    final, growing = folder / FINAL_TRACE, folder / TRACE
    try:
        if final.exists():
            with pyarrow.parquet.ParquetFile(final) as file:  # read_table would load pandas
                return file.read()
        complete = growing.read_bytes().rpartition(b"\n")[0] + b"\n"  # the last line may be unfinished
        options = pyarrow.csv.ConvertOptions(column_types=_trace_types())
        return pyarrow.csv.read_csv(pyarrow.BufferReader(complete), convert_options=options)
    except (OSError, ValueError) as error:
        raise _unreadable(final if final.exists() else growing, error) from error


def read_profile(folder: Path, run: UntimedRun) -> Any:
    """Read the profile of an untimed run: the JSON of speedscope, or the rows of a table of allocations.

    Raises:
        RunnerError: if it cannot be read
    """
    parse = json.load if run.purpose == "cpu-profile" else _read_table
    return _read(folder / PROFILES / Path(run.profile).name, parse)


def read_end(folder: Path, file: str) -> str:
    """Read the end of what an invocation printed; empty if there is nothing, or it cannot be read.

    Args:
        folder: the result folder
        file: relative to it; empty: none
    """
    try:
        with (folder / file).open("rb") as output:
            output.seek(max(0, os.fstat(output.fileno()).st_size - _END_BYTES))
            return output.read().decode(errors="replace")
    except OSError:
        return ""


def _trace_types() -> dict[str, Any]:
    import pyarrow as pa  # noqa: PLC0415 - slow to import, and not needed to measure

    types = {int: pa.int64(), str: pa.string(), bool: pa.bool_()}
    return {name: types[plain_type(hint)] for name, hint in get_type_hints(TaskRecord).items()}


def _read(path: Path, parse: Callable[[TextIO], _T]) -> _T:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return parse(file)
    except (OSError, ValueError, TypeError, KeyError, csv.Error, yaml.YAMLError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> RunnerError:
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return RunnerError(f"{path}: it cannot be read ({reason}); restore the file, or measure again")


def _read_mapping(file: TextIO) -> dict[str, Any]:
    return {**plain_yaml.load(file.read())}


def _read_cells(file: TextIO) -> tuple[Cell, ...]:
    cells = tuple(Cell(**cell) for cell in plain_yaml.load(file.read()))
    for cell in cells:
        pool = cell.settings["executor"]["pool"]
        pool["_target_"] = _FORMER_TARGETS.get(pool["_target_"], pool["_target_"])
    return cells


def _read_table(file: TextIO) -> list[dict[str, str]]:
    return list(csv.DictReader(file, strict=True))


def _read_environment(file: TextIO) -> Environment:
    return environment_of(json.load(file))
