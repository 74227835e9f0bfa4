"""The live view of a measurement, on standard error. It is drawn between invocations only."""

import math
import statistics
from typing import Literal, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from runner.measure.study_progress import StudyProgress
from runner.records import Cell, names
from runner.units import plural, seconds

_REFERENCES = "making the reference runs"
_LIMIT = "time_limit_s=SECONDS would end one that hangs"


class LiveView:
    """A table that is updated in place on a terminal, and plain lines elsewhere.

    Call it with the progress of the study after every invocation.
    """

    def __init__(self, *, quiet: bool, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._quiet = quiet
        self._has_begun = False
        # Without auto-refresh rich starts no thread, so nothing runs next to a measurement.
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        if self._is_live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_live:
            self._live.stop()

    def __call__(self, progress: StudyProgress) -> None:
        """Show how far the study has come."""
        if self._quiet:
            return
        if self._is_live:
            self._live.update(_view(progress, self._console), refresh=True)
        elif progress.untimed is not None and progress.untimed.number == 1:
            self._print(_line(progress))
        elif progress.repetition_ended or (progress.repetition == 0 and not self._has_begun):
            self._print(_line(progress))
            if progress.repetition == 1 and progress.repetition_ended:
                self._print(_provisional(progress))
        self._has_begun = True

    def _print(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True)

    @property
    def _is_live(self) -> bool:
        return not self._quiet and self._console.is_terminal and not self._console.is_dumb_terminal


def waiting_time(seconds_left: float) -> str:
    """Format a time to wait, rounded up: `89 s`, `2 min`, `2.5 h`."""
    if seconds_left < 90:
        return f"{math.ceil(seconds_left)} s"
    minutes = math.ceil(seconds_left / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _line(progress: StudyProgress) -> str:
    limit, about = ("at most ", "at most") if progress.at_most else ("", "about")
    left_s, untimed = progress.left_s, progress.untimed
    if untimed is not None:
        cell = f"cell {untimed.number} of {untimed.cells}"
        return f"untimed runs ({untimed.purpose}): {cell}, about {waiting_time(left_s or 0.0)} left"
    if progress.repetition == 0:
        if left_s is None:
            return _REFERENCES if progress.has_time_limit else f"{_REFERENCES}; {_LIMIT}"
        return f"{about} {waiting_time(left_s)} left" if left_s else "the reference runs are made"
    left = f", {about} {waiting_time(left_s)} left" if left_s else ""
    failed = f", {plural(len(progress.failed), 'cell')} failed" if progress.failed else ""
    return (
        f"repetition {progress.repetition} of {limit}{progress.repetitions}: "
        f"{progress.done} of {limit}{progress.total} invocations{left}{failed}"
    )


def _provisional(progress: StudyProgress) -> str:
    """Name the fastest cell so far, from the first complete repetition on."""
    cells = [cell for cell in progress.plan.cells if cell.id not in progress.failed]
    repetitions = min((len(progress.wall_s[cell.id]) for cell in cells), default=0)
    if not repetitions:
        return ""
    complete = {cell.id: progress.wall_s[cell.id][:repetitions] for cell in cells}
    fastest = min(cells, key=lambda cell: statistics.median(complete[cell.id]))
    name = names(progress.plan.cells)[fastest.id]
    baseline = complete.get(fastest.baseline)
    if fastest.is_baseline or not baseline:
        return f"provisional: {name} is fastest so far"
    speedups = [base_s / cell_s for base_s, cell_s in zip(baseline, complete[fastest.id], strict=True)]
    spread = " to ".join(dict.fromkeys(f"{speedup:.2f}" for speedup in (min(speedups), max(speedups))))
    after = f"provisional, after {plural(repetitions, 'repetition')}"
    return f"{after}: {name} is fastest, {spread} times the baseline's speed"


def _view(progress: StudyProgress, console: Console) -> Group:
    """Show the most important lines first, then as many cells as the terminal has room for."""
    texts = [Text(line) for line in (_line(progress), _provisional(progress)) if line]
    height = sum(len(text.wrap(console, console.width)) for text in texts)
    room = console.height - height - 1  # writing on the last line would scroll
    return Group(*texts, *_cell_tables(progress, room))


def _cell_tables(progress: StudyProgress, room: int) -> list[Table]:
    """Make a table of the cells in at most `room` lines; no table if there is no room for a cell."""
    cells, named = progress.plan.cells, names(progress.plan.cells)
    shown = cells if len(cells) < room else cells[: max(0, room - 2)]  # the header, and a line for the rest
    if not shown:
        return []
    with_workloads = len({cell.workload for cell in cells}) > 1
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in (*(["workload"] if with_workloads else []), "cell", "runs", "median"):
        justify: Literal["left", "right"] = "right" if column in ("runs", "median") else "left"
        table.add_column(column, justify=justify, no_wrap=True, overflow="ellipsis")
    for cell in shown:
        row = (named[cell.id], *_runs_and_median(cell, progress))
        table.add_row(*([cell.workload] if with_workloads else []), *row)
    if len(shown) < len(cells):
        rest = f"… and {len(cells) - len(shown)} more"
        table.add_row(*([""] if with_workloads else []), rest, "", "")
    return [table]


def _runs_and_median(cell: Cell, progress: StudyProgress) -> tuple[str, str]:
    """Return the number of runs and their median time; if the cell failed, its status replaces the median."""
    runs_s, failure = progress.wall_s[cell.id], progress.failed.get(cell.id)
    median = seconds(statistics.median(runs_s)) if runs_s else ""
    return str(len(runs_s)), median if failure is None else failure.status
