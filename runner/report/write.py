"""A result folder → its tables, plots and the terminal view. Needs nothing but the folder."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from runner.analysis.identity import plain_loops
from runner.analysis.sample_size import fewest_blocks
from runner.analysis.tables import Tables, tabulate
from runner.analysis.verdict import judge
from runner.folder.atomic_files import reporting_write_errors, write, write_table
from runner.folder.file_names import VERDICT
from runner.folder.results import Results, read
from runner.report import plots, terminal
from runner.report.labels import with_chunks_named


def report(folder: Path) -> bool:
    """Write the tables, verdict.json and plots/, and print the result; True if every cell was measured."""
    results = read(folder)
    tables = tabulate(results)
    with reporting_write_errors(folder):
        for name, frame in _csv_files(tables):
            rows = frame.astype(object).where(frame.notna(), None)
            write_table(folder / f"{name}.csv", list(frame.columns), rows.itertuples(index=False))
        summary = with_chunks_named(tables.summary, plain_loops(results.cells))
        facts = _facts(results, summary, tables)
        plots.save(plots.draw(tables.samples, summary, tables.tasks, facts, tables.laws), folder / "plots")
        verdicts = judge(results, tables)
        content = json.dumps([asdict(verdict) for verdict in verdicts], indent=2, ensure_ascii=False)
        write(folder / VERDICT, f"{content}\n")
    terminal.show(results, tables, verdicts)
    return bool((tables.summary["status"] == "ok").all())


def _csv_files(tables: Tables) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give the tables by name; those of what few studies ask for only where there is a row."""
    yield from (("summary", tables.summary), ("tasks", tables.tasks), ("fits", tables.fits))
    for name in ("break_even", "known_answers"):
        if len(getattr(tables, name)):
            yield name, getattr(tables, name)


def _facts(results: Results, summary: pd.DataFrame, tables: Tables) -> plots.Facts:
    start = results.environment.get("start", {})
    cpu = start.get("cpu", {})
    confidence = results.study.confidence
    usable = tables.machine.most_usable_cpus(results.cells) or 1
    return plots.Facts(
        usable_cpus=usable,
        confidence=confidence,
        host=f"{cpu.get('cpu_model') or 'unknown CPU'}, {usable} CPU{'s' * (usable != 1)}",
        swept=results.swept,
        mode=tables.terms.mode,
        window_s=tables.terms.window_s,
        is_range=bool(summary[summary["status"] == "ok"]["repetitions"].min() < fewest_blocks(confidence)),
    )
