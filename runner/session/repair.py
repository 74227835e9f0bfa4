"""The complete invocations of a stopped study, and the removal of all others from its folder.

An invocation is complete if its last row, the one with `invocation_s`, and all its task records were written.
Incomplete and interrupted invocations are removed, with their task records and what they fixed for others,
and are measured again.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.errors import ConfigurationError
from runner.folder import reference_log
from runner.folder.atomic_files import reporting_write_errors
from runner.folder.results import Results
from runner.folder.rewriting import keep_only
from runner.records import CompletedRuns, ReferenceRecord, Sample

if TYPE_CHECKING:
    import pyarrow as pa

_Invocation = tuple[str, int]  # its cell and repetition


class FolderRepair:
    """Finds the complete invocations of a stopped study, and removes the others.

    Reads the trace, which may be large, and keeps it in memory until `apply`.

    Raises:
        ConfigurationError: if the inner-loop counts of snippets are lost
        RunnerError: if the trace or the references cannot be read
    """

    def __init__(self, results: Results) -> None:
        self._results = results
        self._trace: pa.Table | None = results.trace()
        references = reference_log.read(results.folder)
        complete = _with_last_row(results.samples) - _lacking_task_records(results.samples, self._trace)
        complete -= _lacking_reference(results, references, complete)
        self.completed = CompletedRuns(
            samples=[sample for sample in results.samples if _invocation(sample) in complete],
            references=[record for record in references if _invocation(record) in complete],
            untimed=results.untimed,
        )

    def apply(self) -> None:
        """Remove everything incomplete from the folder. Call it once.

        Raises:
            RunnerError: if the folder cannot be written
        """
        trace, self._trace = self._trace, None
        with reporting_write_errors(self._results.folder):
            reference_log.rewrite(self._results.folder, self.completed.references)
            keep_only(replace(self._results, samples=tuple(self.completed.samples)), trace)


def _invocation(row: Sample | ReferenceRecord) -> _Invocation:
    return row.cell, row.repetition


def _with_last_row(samples: Iterable[Sample]) -> set[_Invocation]:
    """Return the invocations that have their last row and were not interrupted."""
    interrupted = {_invocation(sample) for sample in samples if sample.status == "interrupted"}
    return {_invocation(sample) for sample in samples if sample.invocation_s is not None} - interrupted


def _lacking_task_records(samples: Iterable[Sample], trace: "pa.Table") -> set[_Invocation]:
    """Return the invocations whose trace lacks a task."""
    recorded: Counter[tuple[str, int, int]] = Counter()
    columns = (trace[name].to_pylist() for name in ("cell", "repetition", "iteration", "tasks"))
    for cell, repetition, iteration, tasks in zip(*columns, strict=True):
        recorded[cell, repetition, iteration] += tasks
    return {
        _invocation(sample)
        for sample in samples
        if sample.status == "ok" and sample.start_s is not None  # its tasks were traced
        if recorded[sample.cell, sample.repetition, sample.iteration] < sample.tasks
    }


def _lacking_reference(
    results: Results, references: Iterable[ReferenceRecord], complete: set[_Invocation]
) -> set[_Invocation]:
    """Return the complete reference runs for which `references.jsonl` has no reference.

    Raises:
        ConfigurationError: if they fixed inner-loop counts with which snippets have already been measured
    """
    recorded = {_invocation(record) for record in references if record.reference is not None}
    lacking = {
        _invocation(sample)
        for sample in results.samples
        if sample.is_reference and sample.status in ("ok", "wrong_result")
        if _invocation(sample) in complete - recorded
    }
    with_snippets = {cell.id for cell in results.cells if cell.settings["workload"]["snippets"]}
    measured = {sample.cell for sample in results.samples if not sample.is_reference}
    if with_snippets & {cell for cell, _ in lacking} and with_snippets & measured:
        reason = "references.jsonl lacks the inner-loop counts of its snippets"
        raise ConfigurationError([f"{results.folder}: {reason}; restore the file, or measure a new study"])
    return lacking
