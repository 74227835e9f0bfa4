"""Rewriting a result folder: its trace in the final form, or only the complete invocations."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runner.folder.atomic_files import removing_partial, sync, write_table
from runner.folder.file_names import FINAL_TRACE, OUTPUT, SAMPLES, TRACE, UNTIMED
from runner.folder.results import Results, read_trace
from runner.folder.rows import columns_of, row_of
from runner.records import Sample, UntimedRun

if TYPE_CHECKING:
    import pyarrow as pa


def finish(folder: Path) -> None:
    """Turn the trace into its final form, and remove files that stayed empty or unfinished."""
    for partial in folder.glob("*.part"):
        partial.unlink()
    if (folder / TRACE).exists():
        _compress_trace(folder)
    for file in (folder / OUTPUT).glob("*.txt"):
        if file.stat().st_size == 0:
            file.unlink()


def _compress_trace(folder: Path) -> None:
    import pyarrow.parquet  # noqa: PLC0415 - slow to import, and not needed to measure

    table = read_trace(folder)
    partial = folder / f"{FINAL_TRACE}.part"
    with removing_partial(partial):
        pyarrow.parquet.write_table(table, partial)
        sync(partial)  # trace.csv is removed only once this is on the disk
        partial.rename(folder / FINAL_TRACE)
    (folder / TRACE).unlink(missing_ok=True)


def keep_only(results: Results, trace: "pa.Table") -> None:
    """Rewrite the folder so that it holds only these samples, their task records and these untimed runs.

    Afterwards rows can be appended to all its tables again.

    Args:
        results: what to keep
        trace: the trace of the folder, as it was read
    """
    cells = {cell.id: cell for cell in results.cells}
    kept = results.select_records(trace)
    records = (row for batch in kept.to_batches() for row in zip(*batch.to_pydict().values(), strict=True))
    write_table(results.folder / TRACE, kept.column_names, records)
    (results.folder / FINAL_TRACE).unlink(missing_ok=True)

    def write_rows(name: str, kind: type[Sample | UntimedRun], kept: Sequence[Sample | UntimedRun]) -> None:
        rows = (row_of(record, cells[record.cell], results.swept) for record in kept)
        write_table(results.folder / name, columns_of(kind, results.swept), rows)

    write_rows(SAMPLES, Sample, results.samples)
    if results.untimed:
        write_rows(UNTIMED, UntimedRun, results.untimed)
    else:  # the file may hold an unfinished first row
        (results.folder / UNTIMED).unlink(missing_ok=True)
