"""What a study that was stopped has left → what need not be measured again, and a folder with nothing else.

An invocation is whole when the row with its `invocation_s` is there, with its task records. What was cut off
or interrupted goes, with its task records and what it fixed for others: it is measured again.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from runner.errors import ConfigurationError
from runner.folder import reference_log
from runner.folder.atomic_files import reporting_write_errors
from runner.folder.results import Results
from runner.folder.rewriting import keep_only
from runner.records import CompletedRuns, ReferenceRecord, Sample

_Invocation = tuple[str, int]  # its cell and repetition


def earlier(results: Results) -> CompletedRuns:
    """Say what need not be measured again.

    Raises:
        ConfigurationError: where the loops that a lost reference fixed cannot be found again
        RunnerError: if the trace or the findings cannot be read
    """
    found = reference_log.read(results.folder)
    whole = _whole(results.samples) - _without_records(results)
    whole -= _without_finding(results, found, whole)
    return CompletedRuns(
        samples=[one for one in results.samples if _invocation(one) in whole],
        references=[one for one in found if _invocation(one) in whole],
        untimed=results.untimed,
    )


def mend(results: Results, kept: CompletedRuns) -> None:
    """Leave in the folder what is kept, and nothing else of what was measured.

    Raises:
        RunnerError: if it cannot be written
    """
    with reporting_write_errors(results.folder):
        reference_log.rewrite(results.folder, kept.references)
        keep_only(replace(results, samples=tuple(kept.samples)))


def _invocation(one: Sample | ReferenceRecord) -> _Invocation:
    return one.cell, one.repetition


def _whole(samples: Iterable[Sample]) -> set[_Invocation]:
    """Name the invocations whose last row is there, and that were not interrupted."""
    interrupted = {_invocation(one) for one in samples if one.status == "interrupted"}
    return {_invocation(one) for one in samples if one.invocation_s is not None} - interrupted


def _without_records(results: Results) -> set[_Invocation]:
    """Name the invocations of which a trace that was cut off has lost a task."""
    trace = results.trace()
    covered: Counter[tuple[str, int, int]] = Counter()
    columns = (trace[name].to_pylist() for name in ("cell", "repetition", "iteration", "tasks"))
    for cell, repetition, iteration, tasks in zip(*columns, strict=True):
        covered[cell, repetition, iteration] += tasks
    return {
        _invocation(one)
        for one in results.samples
        if one.status == "ok" and one.start_s is not None  # it was recorded
        if covered[one.cell, one.repetition, one.iteration] < one.tasks
    }


def _without_finding(
    results: Results, found: Iterable[ReferenceRecord], whole: set[_Invocation]
) -> set[_Invocation]:
    """Name the references of which it is not known any more what they fixed.

    Raises:
        ConfigurationError: if these were the loops of snippets that were already measured with them
    """
    known = {_invocation(one) for one in found if one.reference is not None}
    lost = {
        _invocation(one)
        for one in results.samples
        if one.repetition == 0 and one.status in ("ok", "wrong_result") and _invocation(one) in whole - known
    }
    loops = {cell.id for cell in results.cells if cell.settings["workload"]["snippets"]}
    looped = {one.cell for one in results.samples if one.repetition}
    if loops & {cell for cell, _ in lost} and loops & looped:
        reason = "references.jsonl does not hold the loops of its snippets any more"
        raise ConfigurationError([f"{results.folder}: {reason}; restore the file, or measure again"])
    return lost
