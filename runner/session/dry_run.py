"""The dry run: the reference runs only, then the plan of the study with its estimated duration."""

from collections.abc import Mapping
from functools import partial

from rich.console import Console
from rich.table import Table

from runner.errors import INTERRUPTED
from runner.folder.store import Store
from runner.measure import invocation
from runner.measure.schedule import Interrupted, Study
from runner.measure.study_progress import StudyProgress
from runner.plan import Plan
from runner.records import StudySettings
from runner.session.interim import repetitions_note
from runner.session.live_view import LiveView, waiting_time
from runner.session.preflight import Checked
from runner.session.session import Session
from runner.session.signals import on_stop_signal
from runner.supervise.client import Supervisor
from runner.temporary_files import temporary_folder


def dry_run(session: Session, checked: Checked, supervisor: Supervisor) -> int:
    """Make the reference runs, print the plan, keep nothing; return the exit code."""
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
            session.show("interrupted; a dry run keeps nothing")
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
    console = Console(width=min(Console().width, 80))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("cell", "workload", "executor", "workers", "chunk", "python", *plan.swept, "tasks"):
        table.add_column(column)
    for cell in plan.cells:
        values = (cell.id, cell.workload, cell.executor, cell.workers, cell.chunk_size, cell.python)
        swept = (cell.swept[key] for key in plan.swept)
        table.add_row(*("" if value is None else str(value) for value in (*values, *swept, tasks[cell.id])))
    console.print(table)
    console.print(_estimate(len(plan.cells), settings, repetition_s, untimed_s), highlight=False)


def _estimate(cells: int, settings: StudySettings, repetition_s: float, untimed_s: float) -> str:
    repetitions = dict.fromkeys((settings.repetitions, settings.repetition_limit))
    counts = " to ".join(str(count) for count in repetitions)
    invocations = " to ".join(str(cells * count) for count in repetitions)
    durations = dict.fromkeys(waiting_time(repetition_s * count + untimed_s) for count in repetitions)
    untimed = "".join(f", and {cells} untimed runs ({purpose})" for purpose in settings.untimed)
    return (
        f"{cells} cells × {counts} repetitions = {invocations} invocations{untimed}: "
        f"about {' to '.join(durations)}, {waiting_time(repetition_s)} per repetition, "
        "if every cell takes as long as its baseline"
    )
