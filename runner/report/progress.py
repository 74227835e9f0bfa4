"""What is shown while a study runs: drawn between invocations only, on standard error."""

import math
import statistics
from collections.abc import Iterable, Mapping
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from runner import study
from runner.plan import Plan
from runner.records import Cell

_MOST_ROWS = 20  # cells in the live view; a terminal is not endless


class Progress:
    """The live view on a terminal, plain lines elsewhere. Call it with every progress of the study."""

    def __init__(self, *, quiet: bool, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._quiet = quiet
        # Without auto-refresh rich starts no thread, so nothing runs beside a measurement.
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        if self._is_live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_live:
            self._live.stop()

    def __call__(self, progress: study.Progress) -> None:
        """Show where the study stands."""
        if self._quiet:
            return
        if self._is_live:
            self._live.update(
                Group(_cells(progress), Text(_line(progress)), Text(_provisional(progress))), refresh=True
            )
        elif progress.repetition_ended or progress.done == progress.total:
            self._console.print(_line(progress), highlight=False, soft_wrap=True)
            if progress.repetition == 1:
                self._console.print(_provisional(progress), highlight=False, soft_wrap=True)

    @property
    def _is_live(self) -> bool:
        return self._console.is_terminal and not self._quiet


def show_plan(plan: Plan, tasks: Mapping[str, int], repetitions: int, estimated_s: float) -> None:
    """Print what a study would measure."""
    console = Console(width=min(Console().width, 80))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("cell", "workload", "executor", "workers", "chunk", "python", *plan.swept, "tasks"):
        table.add_column(column)
    for cell in plan.cells:
        values = (cell.id, cell.workload, cell.executor, cell.workers, cell.chunk_size, cell.python)
        swept = (cell.swept[key] for key in plan.swept)
        table.add_row(*("" if value is None else str(value) for value in (*values, *swept, tasks[cell.id])))
    console.print(table)
    invocations = len(plan.cells) * repetitions
    console.print(
        f"{len(plan.cells)} cells × {repetitions} repetitions = {invocations} invocations, "
        f"about {duration(estimated_s)} if every cell takes as long as its baseline",
        highlight=False,
    )


def duration(seconds: float) -> str:
    """Show a time to wait, roughly."""
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _line(progress: study.Progress) -> str:
    if progress.repetition == 0:
        return "reference runs" if progress.left_s is None else f"about {duration(progress.left_s)} to go"
    left = "" if not progress.left_s else f", about {duration(progress.left_s)} left"
    failed = f", {len(progress.failed)} cells failed" if progress.failed else ""
    return (
        f"repetition {progress.repetition} of {progress.repetitions}: "
        f"{progress.done} of {progress.total} invocations{left}{failed}"
    )


def _provisional(progress: study.Progress) -> str:
    """Name the fastest cell so far, from the first complete repetition on."""
    counts = [len(progress.wall_s[cell.id]) for cell in _still_measured(progress)]
    if not counts or min(counts) < 1:
        return ""
    fastest = min(_still_measured(progress), key=lambda cell: statistics.median(progress.wall_s[cell.id]))
    baseline = progress.wall_s[fastest.baseline]
    if fastest.is_baseline or not baseline:
        return f"provisional: {name(fastest)} is fastest so far"
    ratios = [base / own for base, own in zip(baseline, progress.wall_s[fastest.id], strict=False)]
    spread = f"{min(ratios):.2f}" if len(ratios) == 1 else f"{min(ratios):.2f} to {max(ratios):.2f}"
    many = "1 repetition" if min(counts) == 1 else f"{min(counts)} repetitions"
    return f"provisional, after {many}: {name(fastest)} is fastest, {spread} times the baseline's speed"


def name(cell: Cell) -> str:
    """Name a cell by its executor and workers."""
    return cell.executor if cell.workers is None else f"{cell.executor} × {cell.workers}"


def _still_measured(progress: study.Progress) -> Iterable[Cell]:
    return [cell for cell in progress.plan.cells if cell.id not in progress.failed]


def _cells(progress: study.Progress) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("workload", "cell", "runs", "median"):
        table.add_column(column, justify="right" if column in ("runs", "median") else "left")
    for cell in progress.plan.cells[:_MOST_ROWS]:
        walls = progress.wall_s[cell.id]
        median = f"{statistics.median(walls):.3f} s" if walls else ""
        if cell.id in progress.failed:
            median = progress.failed[cell.id].status
        settings = " ".join(f"{key}={value}" for key, value in cell.swept.items() if value is not None)
        table.add_row(cell.workload, f"{name(cell)} {settings}", str(len(walls)), median)
    hidden = len(progress.plan.cells) - _MOST_ROWS
    if hidden > 0:
        table.add_row("", f"… and {hidden} more", "", "")
    return table
