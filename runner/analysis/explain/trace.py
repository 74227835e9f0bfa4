"""The task records of a study as arrays, read once: those of the runs that explain it.

These are the headline runs, or separate traced runs if the tasks are too short to be traced in headline runs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from runner.analysis.explain.attribution import TracedRun
from runner.analysis.headline import SamplesByCell
from runner.analysis.intervals import Values
from runner.folder.results import Results
from runner.records import Sample

if TYPE_CHECKING:
    import pyarrow as pa

_NS = 1e9
_Whole = NDArray[np.int64]
_WHOLE_COLUMNS = ("repetition", "task", "worker", "process_id", "thread_id", "tasks", "calls", "differs")
_TIME_COLUMNS = (
    "submitted_ns",
    "started_ns",
    "ended_ns",
    "received_ns",
    "busy_ns",
    "cpu_ns",
    "run_delay_ns",
)
_SEVERAL_CPUS = 1.1  # CPU time over time of a task in which a library's threads compute for it


@dataclass(frozen=True, kw_only=True, eq=False)
class TraceRecords:
    """Task records as columns, in the order in which they were recorded; times are seconds."""

    repetition: _Whole
    task: _Whole  #: index of the (first) task
    worker: _Whole
    process_id: _Whole
    thread_id: _Whole
    tasks: _Whole  #: in this record
    calls: _Whole
    differs: _Whole  #: 1 if the result of one of its tasks is wrong
    label: NDArray[np.object_]
    submitted: Values
    started: Values
    ended: Values
    received: Values
    busy: Values
    cpu: Values  #: NaN without a reading
    run_delay: Values

    def __len__(self) -> int:
        """Number of records."""
        return len(self.task)

    def rows(self, start: int, stop: int) -> "TraceRecords":
        """Return some successive records; nothing is copied."""
        return TraceRecords(**{name: values[start:stop] for name, values in vars(self).items()})

    def by_repetition(self) -> dict[int, "TraceRecords"]:
        """Split the records of one cell."""
        starts = _starts(self.repetition)
        stops = [*starts[1:], len(self)]
        return {
            int(self.repetition[start]): self.rows(start, stop)
            for start, stop in zip(starts, stops, strict=True)
        }


class Trace:
    """The traced runs of all cells.

    Args:
        results: the study
        samples: its samples by cell
    """

    def __init__(self, results: Results, samples: SamplesByCell) -> None:
        self._traced = {cell: _traced_samples(of_cell) for cell, of_cell in samples.items()}
        self._records = _records_by_cell(results.trace(), self._traced)

    def records(self, cell: str) -> TraceRecords | None:
        """Return the task records of a cell's traced runs, by repetition; None without any."""
        return self._records.get(cell)

    def sample(self, cell: str, repetition: int) -> Sample:
        """Return the sample of a traced run."""
        return self._traced[cell][repetition]

    def runs(self, cell: str, repetitions: Mapping[int, Any]) -> dict[int, TracedRun]:
        """Return the traced runs of a cell in some repetitions."""
        records = self._records.get(cell)
        return {
            repetition: _run(rows, self._traced[cell][repetition])
            for repetition, rows in (records.by_repetition().items() if records else ())
            if repetition in repetitions
        }


def _traced_samples(samples: Iterable[Sample]) -> dict[int, Sample]:
    """Choose the traced sample of each repetition; a separate traced run replaces the headline run."""
    return {
        sample.repetition: sample
        for sample in samples
        if sample.status == "ok" and sample.repetition > 0 and (sample.iteration == 0 or sample.tracing)
    }


def _records_by_cell(
    table: "pa.Table", traced: Mapping[str, Mapping[int, Sample]]
) -> dict[str, TraceRecords]:
    """Select the records of traced runs and group them by cell, and within a cell by repetition."""
    if not table.num_rows:
        return {}
    names, cell = _texts(table, "cell")
    repetition, iteration = _whole(table, "repetition"), _whole(table, "iteration")
    chosen = np.full((len(names), int(repetition.max()) + 1), -1)
    for row, name in enumerate(names):
        for number, sample in traced.get(name, {}).items():
            if number < chosen.shape[1]:
                chosen[row, number] = sample.iteration
    kept = np.flatnonzero(chosen[cell, repetition] == iteration)
    if not kept.size:  # every cell that was traced failed
        return {}
    order = kept[np.lexsort((repetition[kept], cell[kept]))]
    labels, label = _texts(table, "label")
    columns: dict[str, Any] = {name: _whole(table, name)[order] for name in _WHOLE_COLUMNS}
    columns |= {name.removesuffix("_ns"): _seconds(table, name)[order] for name in _TIME_COLUMNS}
    records = TraceRecords(label=np.array(labels, dtype=object)[label[order]], **columns)
    starts = _starts(cell[order])
    stops = [*starts[1:], len(order)]
    return {
        names[cell[order[start]]]: records.rows(start, stop)
        for start, stop in zip(starts, stops, strict=True)
    }


def _texts(table: "pa.Table", name: str) -> tuple[list[str], _Whole]:
    """Return the distinct texts of a column, and the index of each row's text among them."""
    encoded = table[name].combine_chunks().dictionary_encode()
    return encoded.dictionary.to_pylist(), _array(encoded.indices)


def _whole(table: "pa.Table", name: str) -> _Whole:
    """Return a column of whole numbers, or of truth values."""
    return _array(table[name].combine_chunks())


def _seconds(table: "pa.Table", name: str) -> Values:
    """Return a column of nanoseconds in seconds; NaN where there is none."""
    column = table[name].combine_chunks()
    return np.where(_array(column.is_null()), np.nan, _array(column) / _NS)


def _array(column: "pa.Array") -> _Whole:
    """Convert a column; any value where there is none. The conversions of pyarrow load pandas."""
    column = column.cast("int64")
    values = np.frombuffer(column.buffers()[1], dtype=np.int64)
    return values[column.offset : column.offset + len(column)]


def _starts(sorted_keys: NDArray[np.integer[Any]]) -> list[int]:
    """Return where each run of equal keys starts."""
    if not len(sorted_keys):
        return []
    return [0, *(np.flatnonzero(np.diff(sorted_keys)) + 1).tolist()]


def _run(records: TraceRecords, sample: Sample) -> TracedRun:
    opened = float(records.started.min()) - (sample.start_s or 0.0)
    return TracedRun(
        opened=opened,
        closed=opened + (sample.wall_s or 0.0),
        worker=records.worker,
        submitted=records.submitted,
        started=records.started,
        ended=records.ended,
        busy=records.busy,
        received=records.received,
        cpu=_cpu(records),
        run_delay=_readings(records.run_delay),
        tasks=records.tasks,
        thread=(records.process_id << 32) ^ records.thread_id,
        process_cpu_s=sample.cpu_s,
        own_cpu_s=sample.own_cpu_s,
        main_cpu_s=sample.main_cpu_s,
        main_delay_s=sample.main_delay_s,
        system_s=sample.system_s,
        minor_faults=sample.minor_faults,
        lost_cpus=sample.lost_cpus,
    )


def _cpu(records: TraceRecords) -> Values | None:
    """Return the CPU time of every record; None without readings.

    Threads that a library has just started spin for some hundredths of a second, which the first tasks of the
    main thread seem to use. So a task counts as using more than one CPU only if half of all of them do, by
    their time.
    """
    cpu = _readings(records.cpu)
    if cpu is None:
        return None
    several = records.busy[cpu > _SEVERAL_CPUS * records.busy].sum()
    return cpu if several >= records.busy.sum() / 2 else np.minimum(cpu, records.busy)


def _readings(values: Values) -> Values | None:
    return None if np.isnan(values).any() else values
