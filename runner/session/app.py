"""The program: the flow from the command line to the exit code."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from runner.broken_pipe import outlive_readers
from runner.cli.compose import collect
from runner.errors import ConfigurationError, RunnerError
from runner.folder.atomic_files import how_to_resume, temporary_folder
from runner.folder.store import Store
from runner.measure.invocation import Outcome, Request, invoke
from runner.measure.noise import Canary
from runner.measure.profilers import check_profiler
from runner.measure.remaining import why_complete
from runner.measure.schedule import Interrupted, Study
from runner.measure.study_progress import StudyProgress
from runner.measure.untimed_runs import UntimedRequest, run_untimed
from runner.plan import Plan
from runner.records import StudySettings, UntimedRun
from runner.session import environment
from runner.session.lock import holding, measuring_alone
from runner.session.preflight import Checked, check
from runner.session.resume import Stopped
from runner.session.session import Sitting, conclude
from runner.settings import Point
from runner.supervise.client import Supervisor, SupervisorDied
from runner.supervise.orphans import end_marked

INTERRUPTED = 130
_AT_ONCE = 2  # requests to stop: what would still be made of the measurements is left


def main() -> None:
    """Run the program; the console script."""
    outlive_readers()
    try:
        points = collect()
        code = run(points) if points else 0
    except RunnerError as error:
        sys.stderr.writelines(f"error: {line}\n" for line in str(error).splitlines())
        if isinstance(error, ConfigurationError):
            sys.stderr.write("nothing was measured\n")
        code = error.exit_code
    except KeyboardInterrupt:
        _tell("interrupted; nothing was measured")
        code = INTERRUPTED
    sys.exit(code)


def run(points: Sequence[Point]) -> int:
    """Plan, check, measure and report; returns the exit code."""
    config = points[0].config
    begin = Sitting.new if config.resume is None else Sitting.resuming
    # Mistakes are told before anybody waits; a folder that another process may be writing is read below.
    with contextlib.nullcontext() if config.resume is None else contextlib.suppress(RunnerError):
        begin(points)
    resumed = None if config.resume is None else Path(config.resume).expanduser()
    with measuring_alone(_tell, wait=config.wait) as tell_folder, contextlib.ExitStack() as held:

        def hold(folder: Path) -> None:
            held.enter_context(holding(folder))
            tell_folder(folder)

        if resumed is not None:
            hold(resumed)
        sitting = begin(points)  # meanwhile the other study may have gone on with this very folder
        if sitting.stopped is not None and (why := _why_complete(sitting, sitting.stopped)):
            folder, stops = conclude(sitting.stopped), 0
            _tell(f"nothing is left to measure: {why}")
        else:
            with Supervisor() as supervisor, _leaving_nothing(supervisor):
                checked = check(sitting.plan, supervisor)
                for purpose in sitting.settings.untimed:
                    if purpose != "memory":
                        check_profiler(purpose, checked.interpreters, supervisor)
                if config.dry_run:
                    return _dry_run(sitting, checked, supervisor, quiet=config.quiet)
                folder, stops = _measure(sitting, checked, supervisor, hold, quiet=config.quiet)
        whole = stops < _AT_ONCE and _report(folder, quiet=config.quiet)
    return INTERRUPTED if stops else 0 if whole else 1


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _measure(
    sitting: Sitting,
    checked: Checked,
    supervisor: Supervisor,
    hold: Callable[[Path], None],
    *,
    quiet: bool,
) -> tuple[Path, int]:
    """Measure into the study's folder; returns that, and how often the user has asked to stop."""
    from runner.report.progress import Progress  # noqa: PLC0415 - `--help` needs no rich

    stops = _Stops(supervisor)
    opened = sitting.open(checked.interpreters, supervisor.study_id, _tell)
    with opened.store as store, Progress(quiet=quiet) as progress, _stopping(stops.one_more):
        if sitting.stopped is None:  # otherwise it is held already
            hold(store.folder)

        def watch(standing: StudyProgress) -> None:
            if standing.repetition == 1 and standing.repetition_ended:  # what is killed later has them
                store.write_environment({**opened.facts, "workers": study.worker_facts})
            progress(standing)

        study = _study(sitting, store, watch, partial(invoke, supervisor=supervisor), Canary().disturbance)
        look = partial(run_untimed, supervisor=supervisor)
        if not quiet:
            _tell_if_too_few(sitting.plan, sitting.settings, sitting.study.confidence)
        interrupted = _told_if_stopped(study, look, store.folder)
        store.write_environment({**opened.facts, "workers": study.worker_facts, "end": environment.capture()})
        if stops.count < _AT_ONCE:
            store.finish()
    if interrupted:
        _tell(f"{interrupted}; what was measured is kept; {how_to_resume(store.folder)} goes on")
    return store.folder, max(stops.count, 1) if interrupted else 0


def _told_if_stopped(study: Study, look: Callable[[UntimedRequest], UntimedRun], folder: Path) -> str:
    """Measure a study; returns how far it came where the user stopped it, else nothing."""
    try:
        study.measure()
        study.make_untimed_runs(look)
    except Interrupted as stopped:
        return str(stopped)
    except SupervisorDied as died:
        kept = f"what was measured is kept; {how_to_resume(folder)} goes on"
        raise SupervisorDied(f"{died}; {kept}") from died
    return ""


def _study(
    sitting: Sitting,
    store: Store,
    watch: Callable[[StudyProgress], None],
    invoke: Callable[[Request], Outcome],
    canary: Callable[[], str],
) -> Study:
    """Make the study, with what was measured of it before."""
    return Study(
        sitting.plan,
        sitting.settings,
        invoke=invoke,
        store=store,
        watch=watch,
        completed=None if sitting.stopped is None else sitting.stopped.earlier,
        is_precise=partial(_is_precise, sitting),
        canary=canary,
    )


def _why_complete(sitting: Sitting, stopped: Stopped) -> str:
    """Say why nothing of a study is left to measure; empty if something is."""
    return why_complete(stopped.plan, stopped.settings, stopped.earlier, partial(_is_precise, sitting))


class _Stops:
    """How often the user has asked to stop: once ends what is measured, once more ends all at once."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self.count = 0

    def one_more(self) -> None:
        """Take note of it, and end the invocation in progress; safe in a signal handler."""
        self.count += 1
        self._supervisor.interrupt()


def _report(folder: Path, *, quiet: bool) -> bool:
    """Make the tables and plots, and print the result; True if every cell was measured."""
    from runner.report.progress import ERASE_LINE, finishing  # noqa: PLC0415 - `--help` needs no rich

    def leave() -> None:
        erase = ERASE_LINE if sys.stderr.isatty() else ""
        text = f"{erase}interrupted; python -m runner.report {folder} makes its tables and plots\n"
        with contextlib.suppress(OSError):
            os.write(sys.stderr.fileno(), text.encode())
        os._exit(INTERRUPTED)  # an exception might be lost in a library, or be shown by it

    with _stopping(leave), finishing(quiet=quiet):
        from runner.report.write import report  # noqa: PLC0415 - pandas waits until all is measured

        return report(folder)


def _dry_run(sitting: Sitting, checked: Checked, supervisor: Supervisor, *, quiet: bool) -> int:
    """Show what would be measured, and run only the references, for an estimate of the time."""
    from runner.report.progress import Progress, show_plan  # noqa: PLC0415 - `--help` needs no rich

    def watch(standing: StudyProgress) -> None:
        if not standing.repetition_ended:  # nothing comes after the references
            progress(standing)

    measure_one, plan, settings = partial(invoke, supervisor=supervisor), sitting.plan, sitting.settings
    with (
        temporary_folder() as folder,
        Store.create(folder, "dry-run", plan.cells, plan.swept) as store,
        Progress(quiet=quiet) as progress,
        _stopping(supervisor.interrupt),
    ):
        study = Study(plan, settings, invoke=measure_one, store=store, watch=watch)
        try:
            study.make_references()
        except Interrupted:
            sys.stderr.write("interrupted; a dry run keeps nothing\n")
            return INTERRUPTED
    for cell, sample in study.failed.items():
        sys.stderr.write(f"error: the reference run of cell {cell}: {sample.status}: {sample.error}\n")
    show_plan(plan, checked.tasks, settings, study.costs.repetition_s(), study.costs.untimed_s())
    _tell_if_too_few(plan, settings, sitting.study.confidence)
    return 1 if study.failed else 0


def _tell_if_too_few(plan: Plan, settings: StudySettings, confidence: float) -> None:
    """Say beforehand where the repetitions cannot tell the cells apart; with a precision they go on."""
    from runner.analysis.sample_size import too_few  # noqa: PLC0415 - `--help` needs none of the analysis

    if settings.precision is None and (few := too_few(plan.cells, settings.repetitions, confidence)):
        _tell(f"note: {few}")


def _is_precise(sitting: Sitting, wall_s: Mapping[str, Sequence[float]]) -> bool:
    """Whether every speedup has the precision asked for."""
    from runner.analysis.intervals import is_precise  # noqa: PLC0415 - scipy only where it is asked for

    pairs = [
        (wall_s[cell.baseline], wall_s[cell.id])
        for cell in sitting.plan.cells
        if {cell.id, cell.baseline} <= set(wall_s)
    ]
    settings = sitting.settings
    return is_precise(pairs, settings.precision or 0.0, sitting.study.confidence, settings.seed)


@contextmanager
def _stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and the closing of the terminal do this instead of ending this process."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: stop()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _leaving_nothing(supervisor: Supervisor) -> Iterator[None]:
    """Where the supervising process was killed, end in its place what it left."""
    try:
        yield
    except SupervisorDied as died:
        found, alive = end_marked(supervisor.mark)
        if alive or sys.platform != "linux":
            left = f"end what it left, the processes with {supervisor.mark} in their environment"
        else:
            left = (
                f"the processes that it left were ended ({found})" if found else "none was found that it left"
            )
        raise SupervisorDied(f"{died}; {left}") from died
