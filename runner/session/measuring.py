"""The measuring stage: it measures a session's study into its folder until it is complete or stopped."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from runner.folder.atomic_files import how_to_resume
from runner.measure import invocation, untimed_runs
from runner.measure.noise import Canary
from runner.measure.schedule import Interrupted, Study
from runner.measure.study_progress import StudyProgress
from runner.session import environment
from runner.session.interim import repetitions_note, speedups_so_far
from runner.session.live_view import LiveView
from runner.session.preflight import Checked
from runner.session.result_folder import OpenFolder, finish_complete, open_folder
from runner.session.session import Session
from runner.session.signals import StopRequests, on_stop_signal
from runner.supervise.client import Supervisor, SupervisorDied


@dataclass(frozen=True, kw_only=True)
class MeasuredStudy:
    """The folder of a study after a session."""

    folder: Path
    interrupted: str = ""  #: how far the study came if the user interrupted it; otherwise empty
    skip_report: bool = False  #: whether the user asked not to wait for the report


def measure(session: Session, checked: Checked, supervisor: Supervisor) -> MeasuredStudy:
    """Measure what is left of a study; show how to resume it if the user stops it.

    Raises:
        ConfigurationError: if the folder cannot be created, or an interpreter has changed
        RunnerError: if the folder cannot be written, or the supervisor was killed
    """
    stops = StopRequests(supervisor.interrupt)
    interpreters = [checked_interpreter.describe() for checked_interpreter in checked.interpreters]
    opened = open_folder(session, interpreters, supervisor.study_id)
    live = LiveView(
        quiet=session.quiet,
        speedups=lambda progress: speedups_so_far(session.plan, session.study, progress.wall_s),
    )
    with opened.store as store, live as view, on_stop_signal(stops.add):
        study = _study(session, opened, view, supervisor)
        if not session.quiet and (note := repetitions_note(session.plan, session.study)):
            session.show(note)
        interrupted = _measure_all(study, store.folder, supervisor)
        opened.write_facts({"workers": study.worker_facts, "end": environment.capture()})
        if not stops.skip_report:
            store.finish()
    if interrupted:
        session.show(f"{interrupted}; {_kept(store.folder, any_completed=study.has_completed)}")
        if stops.skip_report:
            session.show(f"the report was skipped; python -m runner.report {store.folder} renders it")
    return MeasuredStudy(
        folder=store.folder, interrupted=interrupted, skip_report=bool(interrupted) and stops.skip_report
    )


def finish(session: Session) -> MeasuredStudy:
    """Finish a resumed study that has nothing left to measure, and say why."""
    assert session.stopped is not None  # noqa: S101 - for the type checker: only a resumed study can be complete
    folder = finish_complete(session.stopped)
    session.show(f"nothing is left to measure: {session.why_complete}")
    return MeasuredStudy(folder=folder)


def _study(session: Session, opened: OpenFolder, view: LiveView, supervisor: Supervisor) -> Study:
    def watch(progress: StudyProgress) -> None:
        if progress.repetition == 1 and progress.repetition_ended:
            # Stored now, in case the session is killed later.
            opened.write_facts({"workers": study.worker_facts})
        view(progress)

    study = Study(
        session.plan,
        session.study,
        invoke=partial(invocation.invoke, supervisor=supervisor),
        store=opened.store,
        watch=watch,
        completed=None if session.stopped is None else session.stopped.completed,
        is_precise=session.is_precise,
        canary=Canary().disturbance,
    )
    return study


def _measure_all(study: Study, folder: Path, supervisor: Supervisor) -> str:
    """Make all timed and untimed runs; return how far the study came if the user stops it."""
    try:
        study.measure()
        study.make_untimed_runs(partial(untimed_runs.run_untimed, supervisor=supervisor))
    except Interrupted as interrupted:
        return str(interrupted)
    except SupervisorDied as died:
        raise SupervisorDied(f"{died}; {_kept(folder)}") from died
    return ""


def _kept(folder: Path, *, any_completed: bool = True) -> str:
    kept = "completed runs are kept" if any_completed else "no run was completed"
    return f"{kept}; resume with: {how_to_resume(folder)}"
