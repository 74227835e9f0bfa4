"""A session, one run of the program on a study: it starts the study, or resumes one that was stopped."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from runner.errors import ConfigurationError
from runner.folder.study_description import StudyDescription
from runner.measure.remaining import IsPrecise, why_complete
from runner.plan import Plan, plan
from runner.session import environment, same_machine
from runner.session.description import describe_study
from runner.session.interim import precision_check
from runner.session.lock import SessionLocks
from runner.session.resume import ResumeRequest, StoppedStudy, read_stopped
from runner.settings import Point, Printed, printed


@dataclass(frozen=True, kw_only=True)
class Session:
    """The study that a session measures, and how."""

    plan: Plan
    study: StudyDescription  #: how to measure it
    stopped: StoppedStudy | None  #: the study that this session resumes
    locks: SessionLocks
    show: Callable[[str], None]  #: shows a message to the user
    quiet: bool
    printed: Printed  #: when it is measured
    dry_run: bool

    @cached_property
    def is_precise(self) -> IsPrecise:
        """A function that decides whether headline times, by cell, reach the requested precision."""
        return precision_check(self.plan, self.study)

    @cached_property
    def why_complete(self) -> str:
        """Why nothing is left to measure; empty if something is."""
        if self.stopped is None:
            return ""
        return why_complete(self.plan, self.study, self.stopped.completed, self.is_precise)


@contextmanager
def begin(points: Sequence[Point], show: Callable[[str], None]) -> Iterator[Session]:
    """Plan a study, or read the one to resume, and hold the machine until the end of the `with` block.

    Mistakes are reported before the session waits for others.

    Raises:
        ConfigurationError: if the study cannot be measured, or cannot be resumed from here
    """
    config = points[0].config
    with SessionLocks(show, wait=config.wait) as locks:
        if config.resume is None:
            stopped, planned, study = None, plan(points), describe_study(points)
        else:
            request = ResumeRequest.of(points)
            locks.lock_folder(request.folder)  # another process may be writing into it
            stopped = read_stopped(request)
            _refuse_other_machine_or_directory(stopped)
            planned, study = stopped.plan, stopped.study
        locks.lock_machine()
        yield Session(
            plan=planned,
            study=study,
            stopped=stopped,
            locks=locks,
            show=show,
            quiet=config.quiet,
            printed=printed(quiet=config.quiet, as_json=config.json),
            dry_run=config.dry_run,
        )


def _refuse_other_machine_or_directory(stopped: StoppedStudy) -> None:
    """Refuse to resume a study on another machine, or in another working directory."""
    results, machine = stopped.results, environment.capture()
    problems = [
        *same_machine.other_machine(results.environment.get("start", machine), machine),
        *same_machine.other_directory(results.study.working_directory, Path.cwd()),
    ]
    if problems:
        raise ConfigurationError([f"{results.folder}: {problem}" for problem in problems])
