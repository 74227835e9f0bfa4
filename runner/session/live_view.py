"""The live view of a measurement, on standard error. It is drawn between invocations only."""

import itertools
import math
import statistics
from collections.abc import Callable, Mapping
from typing import Literal, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from runner.estimate import Estimate
from runner.measure.study_progress import StudyProgress
from runner.records import Cell, names
from runner.units import plural, seconds

_REFERENCES = "making the reference runs"
_LIMIT = "time_limit_s=SECONDS would end one that hangs"
_LONGEST_BAR = 60
_FEWEST_COLUMNS = 60  # of a terminal that has room for the bounds of the speedups

#: Estimates the speedup of every cell that has one.
Speedups = Callable[[StudyProgress], Mapping[str, Estimate]]


class LiveView:
    """A bar and a table that are updated in place on a terminal, and plain lines elsewhere.

    Call it with the progress of the study after every invocation.

    Args:
        quiet: show nothing
        speedups: asked after every repetition, on a terminal only
        console: standard error if None
    """

    def __init__(
        self, *, quiet: bool, speedups: Speedups = lambda _: {}, console: Console | None = None
    ) -> None:
        self._console = console or Console(stderr=True)
        self._quiet, self._estimate = quiet, speedups
        self._speedups: Mapping[str, Estimate] = {}
        self._has_begun = self._has_warned = False
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
            if progress.repetition_ended:
                self._speedups = self._estimate(progress)
            self._live.update(_view(progress, self._speedups, self._console), refresh=True)
        elif progress.untimed is not None and progress.untimed.number == 1:
            self._print(_line(progress))
        elif progress.repetition_ended or (progress.repetition == 0 and not self._has_begun):
            self._print(_line(progress))
            if progress.repetition == 1 and progress.repetition_ended:
                self._print(_provisional(progress))
            if progress.disturbances and not self._has_warned:
                self._print(_warning(progress))
                self._has_warned = True
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


def _warning(progress: StudyProgress) -> str:
    """Say how many runs were disturbed, and what disturbed the last of them; empty if none was."""
    if not progress.disturbances:
        return ""
    counted = f"{len(progress.disturbances)} of {plural(progress.done, 'run')} disturbed"
    return f"warning: {counted}; the last: {progress.disturbances[-1]}"


def _view(progress: StudyProgress, speedups: Mapping[str, Estimate], console: Console) -> Group:
    """Show the most important lines first, then as many cells as the terminal has room for."""
    texts = [
        Text(line, style=style)
        for line, style in (
            (_line(progress), ""),
            (_warning(progress), "yellow"),
            (_provisional(progress), "green"),
        )
        if line
    ]
    bar: list[RenderableType] = []
    if progress.repetition and progress.untimed is None:
        width = min(console.width - 1, _LONGEST_BAR)
        line = Table.grid()  # a bar alone does not end its line
        line.add_row(ProgressBar(total=progress.total, completed=progress.done, width=width))
        bar.append(line)
    height = len(bar) + sum(len(text.wrap(console, console.width)) for text in texts)
    room = console.height - height - 1  # writing on the last line would scroll
    return Group(*texts[:1], *bar, *texts[1:], *_cell_tables(progress, speedups, console.width, room))


def _cell_tables(
    progress: StudyProgress, speedups: Mapping[str, Estimate], width: int, room: int
) -> list[Table]:
    """Make a table of the cells in at most `room` lines; no table if there is no room for a cell."""
    cells, named = progress.plan.cells, names(progress.plan.cells)
    shown = cells if len(cells) < room else cells[: max(0, room - 2)]  # the header, and a line for the rest
    if not shown:
        return []
    columns = {
        "workload": [cell.workload for cell in shown] if len({cell.workload for cell in cells}) > 1 else [],
        "cell": [named[cell.id] for cell in shown],
        "runs": [str(len(progress.wall_s[cell.id])) for cell in shown],
        "median": [_median(cell, progress) for cell in shown],
        "speedup": [_speedup(cell, speedups) for cell in shown],
        "low–high": [_bounds(cell, speedups) for cell in shown] if width >= _FEWEST_COLUMNS else [],
    }
    if len(shown) < len(cells):
        columns["cell"].append(f"… and {len(cells) - len(shown)} more")
    table = Table(box=None, pad_edge=False, header_style="bold")
    filled = {heading: texts for heading, texts in columns.items() if any(texts) or heading == "median"}
    for heading in filled:
        justify: Literal["left", "right"] = "left" if heading in ("workload", "cell") else "right"
        table.add_column(heading, justify=justify, no_wrap=True, overflow="ellipsis")
    for row in itertools.zip_longest(*filled.values(), fillvalue=""):
        table.add_row(*row)
    return [table]


def _median(cell: Cell, progress: StudyProgress) -> str:
    """Return the median time of a cell's runs; if the cell failed, its status instead."""
    runs_s, failure = progress.wall_s[cell.id], progress.failed.get(cell.id)
    if failure is not None:
        return failure.status
    return seconds(statistics.median(runs_s)) if runs_s else ""


def _speedup(cell: Cell, speedups: Mapping[str, Estimate]) -> str:
    estimate = speedups.get(cell.id)
    return "" if estimate is None else f"{estimate.value:.2f}"


def _bounds(cell: Cell, speedups: Mapping[str, Estimate]) -> str:
    estimate = speedups.get(cell.id)
    return "" if estimate is None or estimate.is_exact else f"{estimate.low:.2f}–{estimate.high:.2f}"
