"""A result folder → its tables, plots and the terminal view. Needs nothing but the folder."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from runner.analysis.study import analyse
from runner.analysis.tables import Tables, tabulate
from runner.analysis.verdict import judge
from runner.folder.atomic_files import reporting_write_errors, write, write_table
from runner.folder.file_names import VERDICT
from runner.folder.results import read
from runner.report import terminal
from runner.report.plots import render_plots


def report(folder: Path) -> bool:
    """Write the tables, verdict.json and plots/, and print the result; True if every cell was measured."""
    results = read(folder)
    tables = tabulate(results)
    with reporting_write_errors(folder):
        for name, frame in _csv_files(tables):
            rows = frame.astype(object).where(frame.notna(), None)
            write_table(folder / f"{name}.csv", list(frame.columns), rows.itertuples(index=False))
        plots_folder = folder / "plots"
        plots_folder.mkdir(exist_ok=True)
        for plot, picture in render_plots(analyse(results)).items():
            write(plots_folder / plot, picture)
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
