"""The result on the terminal: tables, at most three warnings, the answer, the code to paste."""

from collections.abc import Iterator, Sequence

import pandas as pd
from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from runner.analysis.identity import plain_loops
from runner.analysis.tables import Tables
from runner.analysis.verdict import Verdict
from runner.folder.file_names import PROFILES
from runner.folder.results import Results
from runner.report.cell_table import cell_columns, explanation
from runner.report.known_table import known_columns, styles, told
from runner.report.labels import with_chunks_named
from runner.report.profile_table import profile_columns, titled, without
from runner.report.snippet_table import snippet_columns
from runner.report.text_table import print_columns, print_unpadded
from runner.report.warnings import traces_of_failures, warnings

WIDTH = 80
_MOST_CODES = 2


def show(
    results: Results, tables: Tables, verdicts: Sequence[Verdict], console: Console | None = None
) -> None:
    """Print the result of a study on standard output."""
    console = console or Console()
    console.width = min(console.width, WIDTH)
    summary = with_chunks_named(tables.summary, plain_loops(results.cells))
    for workload, rows in summary.groupby("workload", sort=False):
        console.print()
        _say(console, _title(str(workload), rows, results, tables), style="bold")
        _show_cells(console, rows, results, tables)
        _show_snippets(console, rows, results, tables)
    _show_profiles(console, tables)
    for warning in warnings(results, tables, summary):
        _say(console, f"warning: {warning}", style="yellow")
    if failures := traces_of_failures(results, tables):
        _say(console, failures)
    names = _names(verdicts)
    for name, verdict in zip(names, verdicts, strict=True):
        console.print()
        if verdict.snippets:
            _say(console, f"{f'{name}: ' if name else ''}{verdict.snippets}.", style="bold green")
        _say(console, f"{f'{name}: ' if name else ''}{verdict.sentence}.", style="bold green")
        for line in _reasons(verdict):
            _say(console, line)
    _show_comparisons(console, verdicts)
    _show_known_answers(console, tables)
    _show_codes(console, names, verdicts)
    console.print()
    # Soft-wrapped: what is pasted is neither cut nor padded.
    console.print(Text(f"results: {results.folder}"), soft_wrap=True)


def _say(console: Console, text: str, style: str = "") -> None:
    print_unpadded(console, Text(text, style=style), console.width)


def _title(workload: str, rows: pd.DataFrame, results: Results, tables: Tables) -> str:
    own = frozenset(rows["cell"])
    cpus = tables.machine.most_usable_cpus(cell for cell in results.cells if cell.id in own)
    on = f", {cpus} CPU{'s' * (cpus != 1)}" if cpus else ""
    asked, made = results.study.repetitions, int(rows["repetitions"].max())
    counted = f"{made} of {asked}" if made < asked else str(made)
    what = tables.terms.preamble.removesuffix(": ")
    return f"{workload}{on}, {counted} repetition{'s' * (counted != '1')}{what and f', {what}'}"


def _show_cells(console: Console, rows: pd.DataFrame, results: Results, tables: Tables) -> None:
    columns = cell_columns(rows, results, tables)
    styles = ["" if status == "ok" else "red" for status in rows["status"]]
    left_out = print_columns(console, columns, console.width, styles)
    if told := explanation(columns, left_out):
        _say(console, told, style="dim")


def _show_snippets(console: Console, rows: pd.DataFrame, results: Results, tables: Tables) -> None:
    columns = snippet_columns(rows, results, tables)
    if columns:
        console.print()
        if left_out := print_columns(console, columns, console.width):
            _say(console, f"in tasks.csv, for want of room: {', '.join(left_out)}", style="dim")


def _show_profiles(console: Console, tables: Tables) -> None:
    for title, profiles in titled(tables.profiles):
        console.print()
        _say(console, title, style="bold")
        if any(profile.spots for profile in profiles):
            print_columns(console, profile_columns(profiles), console.width)
        for line in without(profiles):
            _say(console, line, style="dim")
        viewer = "; https://speedscope.app shows it" if profiles[0].found.purpose == "cpu-profile" else ""
        _say(console, f"all of it: {PROFILES}/ below the results{viewer}", style="dim")


def _reasons(verdict: Verdict) -> Iterator[str]:
    """Say what else there is to an answer."""
    if verdict.more_repetitions:
        yield f"Not sure yet: {verdict.more_repetitions}."
    if verdict.more_workers:
        yield f"More workers: {verdict.more_workers}."
    if verdict.why:
        yield f"Why not more: {verdict.why}."


def _show_comparisons(console: Console, verdicts: Sequence[Verdict]) -> None:
    """Say what goes beyond one group of cells: interpreters, and sizes of the workload."""
    several = len({verdict.workload for verdict in verdicts}) > 1
    groups = (
        f"{verdict.workload}: {verdict.groups}" if several else verdict.groups
        for verdict in verdicts
        if verdict.groups
    )
    sizes = (sentence for verdict in verdicts for sentence in verdict.break_even)
    sentences = dict.fromkeys([*groups, *sizes])
    if sentences:
        console.print()
    for sentence in sentences:
        _say(console, f"{sentence}.", style="bold")


def _show_known_answers(console: Console, tables: Tables) -> None:
    known = tables.known_answers
    if known.empty:
        return
    console.print()
    left_out = print_columns(console, known_columns(known), console.width, styles(known))
    if left_out:
        _say(console, f"in known_answers.csv, for want of room: {', '.join(left_out)}", style="dim")
    _say(console, f"{told(known)}.", style="bold")


def _names(verdicts: Sequence[Verdict]) -> list[str]:
    """Name the groups of cells that verdicts are of; a single one needs no name."""
    several = len({verdict.workload for verdict in verdicts}) > 1
    return [
        ", ".join([*([verdict.workload] if several or verdict.where else []), *filter(None, [verdict.where])])
        for verdict in verdicts
    ]


def _show_codes(console: Console, names: Sequence[str], verdicts: Sequence[Verdict]) -> None:
    """Print what is to be pasted, if that is little, or say where it is."""
    codes: dict[str, list[str]] = {}
    for name, verdict in zip(names, verdicts, strict=True):
        if verdict.code:
            codes.setdefault(verdict.code, []).append(name)
    if len(codes) > _MOST_CODES:
        console.print()
        _say(console, "the code to paste, for each of them: verdict.json")
        return
    for code, own in codes.items():
        console.print()
        if len(codes) > 1:
            _say(console, f"for {'; '.join(own)}:")
        # Soft-wrapped: code is pasted, so it is neither cut nor padded.
        console.print(
            Syntax("", "python", theme="ansi_dark", background_color="default").highlight(code.rstrip()),
            soft_wrap=True,
            end="",
        )
