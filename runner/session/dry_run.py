"""The dry run: the reference runs only, then the plan of the study with its estimated duration."""

import sys
from collections.abc import Mapping, Sequence
from functools import partial

from rich.console import Console
from rich.table import Table

from runner.errors import INTERRUPTED
from runner.folder.store import Store
from runner.measure import invocation
from runner.measure.schedule import Interrupted, Study
from runner.measure.study_progress import StudyProgress
from runner.plan import Plan
from runner.records import NAMING_SETTINGS, StudySettings
from runner.session.interim import repetitions_note
from runner.session.live_view import LiveView, waiting_time
from runner.session.preflight import Checked
from runner.session.session import Session
from runner.session.signals import on_stop_signal
from runner.supervise.client import Supervisor
from runner.temporary_files import temporary_folder
from runner.units import plural


def dry_run(session: Session, checked: Checked, supervisor: Supervisor) -> int:
    """Make the reference runs and print the plan, but keep nothing; return the exit code."""
    plan = session.plan
    with (
        temporary_folder() as folder,
        Store.create(folder, "dry-run", plan.cells, plan.swept) as store,
        LiveView(quiet=session.quiet) as view,
        on_stop_signal(supervisor.interrupt),
    ):

        def watch(progress: StudyProgress) -> None:
            if not progress.repetition_ended:  # no repetition follows the reference runs
                view(progress)

        invoke = partial(invocation.invoke, supervisor=supervisor)
        study = Study(plan, session.study, invoke=invoke, store=store, watch=watch)
        try:
            study.make_references()
        except Interrupted:
            session.show("interrupted; a dry run saves nothing")
            return INTERRUPTED
    for cell, sample in study.failed.items():
        session.show(f"error: reference run of cell {cell}: {sample.status}: {sample.error}")
    tasks = {cell_id: checked_cell.tasks for cell_id, checked_cell in checked.cells.items()}
    show_plan(plan, tasks, session.study, study.costs.repetition_s(), study.costs.untimed_s())
    if note := repetitions_note(plan, session.study):
        session.show(note)
    return 1 if study.failed else 0


def show_plan(
    plan: Plan, tasks: Mapping[str, int], settings: StudySettings, repetition_s: float, untimed_s: float
) -> None:
    """Print what a study would measure, with estimates of its duration.

    Args:
        plan: the cells
        tasks: number of tasks, by cell
        settings: settings of the study
        repetition_s: duration of one repetition
        untimed_s: duration of all untimed runs
    """
    console = Console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    keys = (*NAMING_SETTINGS, *plan.swept)
    for column in ("cell", *("chunk" if key == "chunk_size" else key for key in keys), "tasks"):
        table.add_column(column)
    for cell in plan.cells:
        values = (cell.id, *(cell.naming[key] for key in keys), tasks[cell.id])
        table.add_row(*("" if value is None else str(value) for value in values))
    with console.capture() as capture:
        console.print(table)
        estimate = _estimate(len(plan.cells), settings, repetition_s, untimed_s)
        console.print(estimate, highlight=False, width=min(console.width, 80))
    for line in capture.get().splitlines():
        sys.stdout.write(f"{line.rstrip()}\n")


def _estimate(cells: int, settings: StudySettings, repetition_s: float, untimed_s: float) -> str:
    counts = tuple(dict.fromkeys((settings.repetitions, settings.repetition_limit)))
    repetitions, invocations = (
        _range(counts, "repetition"),
        _range([cells * count for count in counts], "invocation"),
    )
    durations = dict.fromkeys(waiting_time(repetition_s * count + untimed_s) for count in counts)
    *others, last = [
        invocations,
        *(f"{plural(cells, 'untimed run')} ({purpose})" for purpose in settings.untimed),
    ]
    runs = f"{', '.join(others)} and {last}" if others else last
    return (
        f"{plural(cells, 'cell')} × {repetitions} = {runs}: "
        f"about {' to '.join(durations)}, {waiting_time(repetition_s)} per repetition, "
        "if every cell takes as long as its baseline"
    )


def _range(counts: Sequence[int], noun: str) -> str:
    return " to ".join([*map(str, counts[:-1]), plural(counts[-1], noun)])
