"""The result on the terminal: a table, at most three warnings, the answer, the code to paste."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from runner.analysis.statistics import FEWEST_BLOCKS
from runner.analysis.tables import Tables
from runner.analysis.units import text
from runner.analysis.verdict import Verdict
from runner.store import Results
from runner.units import seconds, three_digits

WIDTH = 80
_MOST_WARNINGS = 3


def show(results: Results, tables: Tables, verdicts: list[Verdict], console: Console | None = None) -> None:
    """Print the result of a study on standard output."""
    console = console or Console()
    console.width = min(console.width, WIDTH)
    for workload, summary in tables.summary.groupby("workload", sort=False):
        console.print()
        console.print(Text(_title(str(workload), results), style="bold"))
        console.print(_table(summary, results))
        if summary["cell"].isin(tables.tasks.loc[tables.tasks["per_call"].eq(other=True), "cell"]).any():
            console.print()
            console.print(_snippets(tables, summary))
    for warning in _warnings(results, tables):
        console.print(Text(f"warning: {warning}", style="yellow"))
    several = len({verdict.workload for verdict in verdicts}) > 1
    for verdict in verdicts:
        console.print()
        named = [*([verdict.workload] if several or verdict.where else []), *filter(None, [verdict.where])]
        where = f"{', '.join(named)}: " if named else ""
        console.print(Text(f"{where}{verdict.sentence}.", style="bold green"))
        if verdict.why:
            console.print(Text(f"Why not more: {verdict.why}."))
    if len(verdicts) == 1 and verdicts[0].code:
        console.print()
        # Soft-wrapped: code is pasted, so it is neither cut nor padded.
        console.print(Syntax("", "python").highlight(verdicts[0].code.rstrip()), soft_wrap=True, end="")
    elif any(verdict.code for verdict in verdicts):
        console.print()
        console.print(Text("the code to paste, for each of them: verdict.json"))
    console.print()
    console.print(Text(f"results: {results.folder}", overflow="fold"))


def _title(workload: str, results: Results) -> str:
    cpu = results.environment.get("start", {}).get("cpu", {})
    on = f", {cpu['usable_cpus']} CPUs" if cpu.get("usable_cpus") else ""
    return f"{workload}{on}, {_plural(int(results.study['repetitions']), 'repetition')}"


def _disturbed(tables: Tables) -> Iterator[str]:
    samples = tables.samples
    headlines = samples[samples["repetition"].gt(0) & samples["iteration"].eq(0) & samples["status"].eq("ok")]
    disturbed = headlines[headlines["noisy"].ne("")]
    if len(disturbed):
        runs = f"{len(disturbed)} of {len(headlines)} runs were disturbed"
        yield f"{runs} ({disturbed['noisy'].iloc[0]}); end what runs beside, and measure again"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _table(summary: pd.DataFrame, results: Results) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    extra = [key for key in ("python", "chunk_size", *results.swept) if _varies(summary, key)]
    table.add_column("executor", no_wrap=True)
    for key in extra:
        table.add_column(key.rpartition(".")[2], overflow="fold")
    for column in ("workers", "time", "speedup", "", "bound", "eff.", "CPU"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("note", overflow="fold", style="dim")
    for _, row in summary.iterrows():
        bounds = f"{row['speedup_low']:.2f}–{row['speedup_high']:.2f}" if pd.notna(row["speedup"]) else ""
        table.add_row(
            str(row["executor"]),
            *(text(row[key]) for key in extra),
            text(row["workers"]),
            seconds(row["wall_s"]) if pd.notna(row["wall_s"]) else "",
            f"{row['speedup']:.2f}" if pd.notna(row["speedup"]) else "",
            "baseline" if row["is_baseline"] else bounds,
            f"{row['speedup_bound']:.2f}" if pd.notna(row["speedup_bound"]) else "",
            f"{row['efficiency']:.0%}" if pd.notna(row["efficiency"]) else "",
            f"{three_digits(row['cpu_s'])} s" if pd.notna(row["cpu_s"]) else "",
            _short_note(row, results),
            style="red" if row["status"] != "ok" else "",
        )
    return table


def _snippets(tables: Tables, summary: pd.DataFrame) -> Table:
    """Show the time per call of every snippet, as the first baseline runs it."""
    baseline = summary[summary["is_baseline"]]["cell"].iloc[0]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("snippet")
    table.add_column("per call", justify="right")
    table.add_column("", justify="left")
    for _, row in tables.tasks[tables.tasks["cell"] == baseline].iterrows():
        low, high = seconds(row["time_s_low"]), seconds(row["time_s_high"])
        table.add_row(row["label"], seconds(row["time_s"]), "" if low == high else f"{low} to {high}")
    return table


def _warnings(results: Results, tables: Tables) -> Iterator[str]:
    """Say what the reader must know, the worst first, at most three."""
    warnings = [*_failures(tables.summary), *_too_few(results, tables.summary), *_disturbed(tables)]
    yield from warnings[:_MOST_WARNINGS]
    if len(warnings) > _MOST_WARNINGS:
        yield f"{len(warnings) - _MOST_WARNINGS} more warnings are in the notes of summary.csv"


def _failures(summary: pd.DataFrame) -> Iterator[str]:
    for _, row in summary[summary["status"] != "ok"].iterrows():
        workers = "" if pd.isna(row["workers"]) else f" × {row['workers']}"
        yield f"{row['executor']}{workers} makes no claim: {row['note']}"


def _too_few(results: Results, summary: pd.DataFrame) -> Iterator[str]:
    fewest = (
        int(summary.loc[summary["status"].eq("ok"), "repetitions"].min())
        if summary["status"].eq("ok").any()
        else 0
    )
    if 0 < fewest < 6:
        yield (
            f"bounds are ranges, not {float(results.study['confidence']):.0%} intervals: "
            f"a cell has {fewest} of the {FEWEST_BLOCKS} repetitions needed; repetitions=7 gives intervals"
        )


def _short_note(row: "pd.Series[Any]", results: Results) -> str:
    """Say in a word or two what limits a row; summary.csv has the whole note."""
    if row["status"] != "ok":
        return str(row["status"])
    cpus = results.environment.get("start", {}).get("cpu", {}).get("usable_cpus")
    more = cpus and pd.notna(row["workers"]) and row["workers"] > cpus
    return f"on {cpus} CPUs" if more else ""


def _varies(summary: pd.DataFrame, key: str) -> bool:
    return summary[key].nunique(dropna=True) > 1
