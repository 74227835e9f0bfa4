"""What is shown while a study runs: drawn between invocations only, on standard error."""

import math
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any, Literal, Self, TextIO, cast

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from runner.measure.study_progress import StudyProgress
from runner.plan import Plan
from runner.records import Cell, StudySettings
from runner.units import seconds

ERASE_LINE = "\r\x1b[2K"  # of a terminal
_FINISHING = "finishing: tables and plots …"
_REFERENCES = "reference runs first (time_limit_s=SECONDS ends one that hangs)"


class Progress:
    """The live view on a terminal, plain lines elsewhere. Call it with every progress of the study."""

    def __init__(self, *, quiet: bool, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._quiet = quiet
        self._has_begun = False
        # Without auto-refresh rich starts no thread, so nothing runs beside a measurement.
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        if self._is_live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_live:
            self._live.stop()

    def __call__(self, progress: StudyProgress) -> None:
        """Show where the study stands."""
        if self._quiet:
            return
        if self._is_live:
            self._live.update(_view(progress, self._console), refresh=True)
        elif progress.untimed is not None and progress.untimed.number == 1:
            self._console.print(_line(progress), highlight=False, soft_wrap=True)
        elif progress.repetition_ended or (progress.repetition == 0 and not self._has_begun):
            self._console.print(_line(progress), highlight=False, soft_wrap=True)
            if progress.repetition == 1 and progress.repetition_ended:
                self._console.print(_provisional(progress), highlight=False, soft_wrap=True)
        self._has_begun = True

    @property
    def _is_live(self) -> bool:
        return not self._quiet and self._console.is_terminal and not self._console.is_dumb_terminal


@contextmanager
def finishing(*, quiet: bool) -> Iterator[None]:
    """Say that the report is being made, on a terminal until the report itself is printed."""
    if quiet:
        yield
        return
    is_transient = sys.stderr.isatty()
    sys.stderr.write(_FINISHING if is_transient else f"{_FINISHING}\n")
    sys.stderr.flush()
    if not is_transient:
        yield
        return
    after = _After(sys.stdout, _erase)
    with redirect_stdout(cast("TextIO", after)):
        try:
            yield
        finally:
            after.come()


class _After:
    """A stream before whose first text something is done, once."""

    def __init__(self, stream: TextIO, act: Callable[[], None]) -> None:
        self._stream, self._act = stream, act
        self._has_come = False

    def come(self) -> None:
        if not self._has_come:
            self._has_come = True
            self._act()

    def write(self, text: str) -> int:
        self.come()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _erase() -> None:
    sys.stderr.write(ERASE_LINE)
    sys.stderr.flush()


def show_plan(
    plan: Plan,
    tasks: Mapping[str, int],
    settings: StudySettings,
    repetition_s: float,
    untimed_s: float = 0.0,
) -> None:
    """Print what a study would measure, with estimates of a repetition and of what is run without a clock."""
    console = Console(width=min(Console().width, 80))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("cell", "workload", "executor", "workers", "chunk", "python", *plan.swept, "tasks"):
        table.add_column(column)
    for cell in plan.cells:
        values = (cell.id, cell.workload, cell.executor, cell.workers, cell.chunk_size, cell.python)
        swept = (cell.swept[key] for key in plan.swept)
        table.add_row(*("" if value is None else str(value) for value in (*values, *swept, tasks[cell.id])))
    console.print(table)
    console.print(_plan_line(len(plan.cells), settings, repetition_s, untimed_s), highlight=False)


def _plan_line(cells: int, settings: StudySettings, repetition_s: float, untimed_s: float) -> str:
    repetitions = [settings.repetitions]
    if settings.precision is not None:
        repetitions.append(settings.max_repetitions)
    counts, invocations, durations = (
        " to ".join(dict.fromkeys(parts))
        for parts in (
            [str(count) for count in repetitions],
            [str(cells * count) for count in repetitions],
            [duration(repetition_s * count + untimed_s) for count in repetitions],
        )
    )
    further = "".join(f", {cells} more for {purpose}" for purpose in settings.untimed)
    return (
        f"{cells} cells × {counts} repetitions = {invocations} invocations{further}: about {durations}, "
        f"{duration(repetition_s)} a repetition, if every cell takes as long as its baseline"
    )


def duration(seconds: float) -> str:
    """Show a time to wait, roughly."""
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _line(progress: StudyProgress) -> str:
    most, about = ("at most ", "at most") if progress.at_most else ("", "about")
    left_s = progress.left_s
    if (untimed := progress.untimed) is not None:
        cells = f"cell {untimed.number} of {untimed.cells}"
        return f"{untimed.purpose}, without a clock: {cells}, about {duration(left_s or 0.0)} left"
    if progress.repetition == 0:
        return _REFERENCES if left_s is None else f"{about} {duration(left_s)} to go"
    left = f", {about} {duration(left_s)} left" if left_s else ""
    failed = f", {_counted(len(progress.failed), 'cell')} failed" if progress.failed else ""
    return (
        f"repetition {progress.repetition} of {most}{progress.repetitions}: "
        f"{progress.done} of {most}{progress.total} invocations{left}{failed}"
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _provisional(progress: StudyProgress) -> str:
    """Name the fastest cell so far, from the first complete repetition on."""
    counts = [len(progress.wall_s[cell.id]) for cell in _still_measured(progress)]
    if not counts or min(counts) < 1:
        return ""
    complete = {cell.id: progress.wall_s[cell.id][: min(counts)] for cell in _still_measured(progress)}
    fastest = min(_still_measured(progress), key=lambda cell: statistics.median(complete[cell.id]))
    baseline = complete.get(fastest.baseline)
    if fastest.is_baseline or not baseline:
        return f"provisional: {name(fastest)} is fastest so far"
    ratios = [base / own for base, own in zip(baseline, complete[fastest.id], strict=True)]
    spread = " to ".join(dict.fromkeys(f"{ratio:.2f}" for ratio in (min(ratios), max(ratios))))
    many = _counted(min(counts), "repetition")
    return f"provisional, after {many}: {name(fastest)} is fastest, {spread} times the baseline's speed"


def name(cell: Cell) -> str:
    """Name a cell by its executor and workers."""
    return cell.executor if cell.workers is None else f"{cell.executor} × {cell.workers}"


def _still_measured(progress: StudyProgress) -> list[Cell]:
    return [cell for cell in progress.plan.cells if cell.id not in progress.failed]


def _view(progress: StudyProgress, console: Console) -> Group:
    """Show the most important first, and of the cells as many as the terminal has room for."""
    texts = [Text(line) for line in (_line(progress), _provisional(progress)) if line]
    taken = sum(len(text.wrap(console, console.width)) for text in texts)
    room = console.height - taken - 1  # the last line stays free: writing there would scroll
    return Group(*texts, *_cells(progress, room))


def _cells(progress: StudyProgress, room: int) -> list[Table]:
    """Show the cells in a table of at most so many lines; none if not even one cell finds room."""
    cells = progress.plan.cells
    shown = cells if len(cells) < room else cells[: max(0, room - 2)]  # beside the header, and the rest
    if not shown:
        return []
    several = len({cell.workload for cell in cells}) > 1
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in (*(["workload"] if several else []), "cell", "runs", "median"):
        justify: Literal["left", "right"] = "right" if column in ("runs", "median") else "left"
        table.add_column(column, justify=justify, no_wrap=True, overflow="ellipsis")
    for cell in shown:
        table.add_row(*([cell.workload] if several else []), *_row(cell, progress))
    if len(shown) < len(cells):
        rest = f"… and {len(cells) - len(shown)} more"
        table.add_row(*([""] if several else []), rest, "", "")
    return [table]


def _row(cell: Cell, progress: StudyProgress) -> tuple[str, str, str]:
    walls = progress.wall_s[cell.id]
    settings = [f"{key}={value}" for key, value in cell.swept.items() if value is not None]
    median = seconds(statistics.median(walls)) if walls else ""
    status = progress.failed[cell.id].status if cell.id in progress.failed else median
    return " ".join([name(cell), *settings]), str(len(walls)), status
