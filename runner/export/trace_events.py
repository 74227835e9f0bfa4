"""The traced runs of a study in Chrome's trace format, for https://ui.perfetto.dev and similar viewers."""

import json
from collections.abc import Iterator
from typing import Any

from runner.facts import StudyAnalysis
from runner.folder.results import Results

_US = 1e3  # nanoseconds in a microsecond


def render_trace(results: Results, study: StudyAnalysis) -> str:
    """Render each traced run as a process whose threads are its workers; all runs start at time 0.

    A task is a slice, and the time that it waited for a worker an asynchronous one.
    """
    runs: dict[tuple[str, int, int], list[dict[str, Any]]] = {}
    for record in results.trace().to_pylist():
        runs.setdefault((record["cell"], record["repetition"], record["iteration"]), []).append(record)
    events: list[dict[str, Any]] = []
    order = {cell: number for number, cell in enumerate(study.cells)}
    for number, key in enumerate(sorted(runs, key=lambda run: (order[run[0]], *run[1:])), 1):
        cell, repetition, iteration = key
        analysed = study.cells[cell]
        name = f"{analysed.cell.workload}: {analysed.name}, repetition {repetition}"
        name = f"{name}, iteration {iteration}" if iteration else name
        events += _named("process", number, 0, name)
        events += _run(number, runs[key])
    content = {
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {"study": study.study.name, "runner": study.provenance.runner_version},
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"


def _named(kind: str, process: int, thread: int, name: str) -> Iterator[dict[str, Any]]:
    yield {"ph": "M", "name": f"{kind}_name", "pid": process, "tid": thread, "args": {"name": name}}
    yield {
        "ph": "M",
        "name": f"{kind}_sort_index",
        "pid": process,
        "tid": thread,
        "args": {"sort_index": thread if kind == "thread" else process},
    }


def _run(process: int, records: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Make the events of one run; tasks of a worker that overlap, as coroutines do, get further threads."""
    opened_ns = min(min(record["submitted_ns"], record["started_ns"]) for record in records)
    threads: dict[int, list[int]] = {}  # by worker: the end of the last task on each of its threads
    numbers: dict[tuple[int, int], int] = {}
    for number, record in enumerate(sorted(records, key=lambda record: record["started_ns"])):
        ends = threads.setdefault(record["worker"], [])
        place = next((place for place, end in enumerate(ends) if end <= record["started_ns"]), len(ends))
        ends[place : place + 1] = [record["ended_ns"]]
        key = record["worker"], place
        if key not in numbers:
            numbers[key] = len(numbers) + 1
            more = f" ({place + 1})" if place else ""
            yield from _named("thread", process, numbers[key], f"worker {record['worker'] + 1}{more}")
        yield from _task(process, numbers[key], record, opened_ns, number)


def _task(
    process: int, thread: int, record: dict[str, Any], opened_ns: int, number: int
) -> Iterator[dict[str, Any]]:
    label, started_ns = record["label"], record["started_ns"]
    if record["submitted_ns"] < started_ns:
        wait = {"cat": "queue", "name": "waits", "id": f"{process}.{number}", "pid": process, "tid": thread}
        yield {"ph": "b", "ts": (record["submitted_ns"] - opened_ns) / _US, **wait}
        yield {"ph": "e", "ts": (started_ns - opened_ns) / _US, **wait}
    figures = {
        "task": record["task"],
        "tasks": record["tasks"],
        "cpu_us": None if record["cpu_ns"] is None else record["cpu_ns"] / _US,
        "run_delay_us": None if record["run_delay_ns"] is None else record["run_delay_ns"] / _US,
        "wrong_result": record["differs"] or None,
    }
    yield {
        "ph": "X",
        "cat": "task",
        "name": label,
        "pid": process,
        "tid": thread,
        "ts": (started_ns - opened_ns) / _US,
        "dur": (record["ended_ns"] - started_ns) / _US,
        "args": {name: figure for name, figure in figures.items() if figure is not None},
    }
