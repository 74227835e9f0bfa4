"""One sitting of a study: it begins one, or goes on with one that was stopped."""

import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Self

from runner.errors import ConfigurationError
from runner.folder.atomic_files import reporting_write_errors
from runner.folder.store import Store
from runner.folder.study_description import ResumedSession, StudyAnswer, StudyDescription
from runner.modes import MODES
from runner.plan import Plan, plan
from runner.records import Purpose, StudySettings
from runner.session import environment
from runner.session import repair as mend
from runner.session import same_machine as same_place
from runner.session.resume import Stopped, read_stopped
from runner.settings import Config, Point, Profile
from runner.supervise.orphans import end_marked
from runner.supervise.server import STUDY_MARKER


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A result folder, ready to be measured into."""

    store: Store
    facts: Mapping[str, Any]  #: of the machine and the interpreters, as known so far


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """What is measured, and the folder that it goes on in, if it does."""

    plan: Plan
    settings: StudySettings
    study: StudyDescription  #: the description of the study, as kept in its folder
    here: Mapping[str, Any]  #: the machine
    stopped: Stopped | None = None

    @classmethod
    def new(cls, points: Sequence[Point]) -> Self:
        """Begin a study."""
        study = _describe_study(points)
        return cls(plan=plan(points), settings=study, study=study, here=environment.capture())

    @classmethod
    def resuming(cls, points: Sequence[Point]) -> Self:
        """Go on with a study that was stopped.

        Raises:
            ConfigurationError: if it cannot be, from here
        """
        stopped, here = read_stopped(points), environment.capture()
        results = stopped.results
        problems = [
            *same_place.other_machine(results.environment.get("start", here), here),
            *same_place.other_directory(results.study.working_directory, Path.cwd()),
        ]
        _refuse(stopped, problems)
        study = stopped.settings
        return cls(plan=stopped.plan, settings=study, study=study, here=here, stopped=stopped)

    def open(
        self, interpreters: Sequence[Mapping[str, Any]], study_id: str, tell: Callable[[str], None]
    ) -> Opened:
        """Make the folder, or mend that of the study which goes on.

        Args:
            interpreters: what they tell of themselves
            study_id: the mark of the processes of this sitting
            tell: is told what is not as it was

        Raises:
            ConfigurationError: if there cannot be a folder, or an interpreter is not what it was
            RunnerError: if the folder cannot be written
        """
        if self.stopped is not None:
            return self._reopen(self.stopped, interpreters, study_id, tell)
        made = Store.create(Path(self.study.results_dir), self.study.name, self.plan.cells, self.plan.swept)
        made.write_study(replace(self.study, study_id=study_id))
        facts = {"start": self.here, "interpreters": list(interpreters)}
        made.write_environment(facts)
        return Opened(store=made, facts=facts)

    def _reopen(
        self,
        stopped: Stopped,
        interpreters: Sequence[Mapping[str, Any]],
        study_id: str,
        tell: Callable[[str], None],
    ) -> Opened:
        results, before = stopped.results, stopped.results.environment
        known = before.get("interpreters", [])
        _refuse(stopped, same_place.other_interpreters(known, interpreters))
        end_marked(f"{STUDY_MARKER}={results.study.study_id}")  # a killed sitting may have left some
        mend.mend(results, stopped.earlier)
        with reporting_write_errors(results.folder):
            opened = Store(results.folder, results.cells, results.swept)
        sessions = (*results.study.sessions, _resumed_session(results.study.study_id))
        opened.write_study(replace(self.study, study_id=study_id, sessions=sessions))
        facts = {
            "start": self.here,
            "interpreters": list(interpreters),
            **before,
            "resumed": [*before.get("resumed", []), self.here],
        }
        opened.write_environment(facts)
        for change in [
            *same_place.changes(before.get("start", self.here), self.here),
            *same_place.changed_packages(known, interpreters),
        ]:
            tell(f"warning: {change}")
            opened.log(f"resumed: {change}")
        return Opened(store=opened, facts=facts)


def conclude(stopped: Stopped) -> Path:
    """Give a study of which all is measured its lasting form; returns its folder."""
    results = stopped.results
    mend.mend(results, stopped.earlier)  # of an invocation that is not due any more
    workers = {one.cell: one.facts for one in reversed(stopped.earlier.references) if one.facts}
    with (
        reporting_write_errors(results.folder),
        Store(results.folder, results.cells, results.swept) as opened,
    ):
        opened.write_environment({**results.environment, "workers": workers})
        opened.finish()
    return results.folder


def _refuse(stopped: Stopped, problems: Sequence[str]) -> None:
    if problems:
        raise ConfigurationError([f"{stopped.results.folder}: {problem}" for problem in problems])


def _resumed_session(before: str | None) -> ResumedSession:
    """Describe this session, which resumes the study."""
    return ResumedSession(
        after=before,
        command_line=tuple(sys.argv),
        resumed_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _purposes(config: Config) -> tuple[Purpose, ...]:
    """List what each cell is run once more for, without a clock."""
    profiles: dict[Profile, Purpose] = {Profile.cpu: "cpu-profile", Profile.memory: "memory-profile"}
    memory: tuple[Purpose, ...] = ("memory",) if config.memory else ()
    return memory if config.profile is None else (*memory, profiles[config.profile])


def _name(points: Sequence[Point]) -> str:
    """Name the study: as asked for, or by its experiment, or by its workloads."""
    config, overrides = points[0].config, points[0].overrides
    workloads = dict.fromkeys(point.config.workload.name for point in points)
    return config.name or overrides.get("experiment") or "-".join(workloads)


def _describe_study(points: Sequence[Point]) -> StudyDescription:
    """Describe how the study was asked for, to be kept with its results."""
    config = points[0].config
    return StudyDescription(
        name=_name(points),
        mode=config.mode,
        duration_s=MODES[config.mode].duration_of(config),
        repetitions=config.repetitions,
        max_repetitions=config.max_repetitions,
        precision=config.precision,
        time_budget_s=config.time_budget_s,
        iterations=config.iterations,
        time_limit_s=config.time_limit_s,
        confidence=config.confidence,
        seed=random.SystemRandom().randrange(2**32) if config.seed is None else config.seed,
        memory=config.memory,
        profile=config.profile,
        results_dir=config.results_dir,
        untimed=_purposes(config),
        command_line=tuple(sys.argv),
        working_directory=str(Path.cwd()),
        overrides=tuple(dict(point.overrides) for point in points),
        known_answers=_known_answers(points),
        configuration=asdict(config, dict_factory=_of_texts),
    )


def _known_answers(points: Sequence[Point]) -> tuple[StudyAnswer, ...]:
    """List the known answers of all workloads, each with the name of its workload."""
    workloads = {point.config.workload.name: point.config.workload for point in points}
    return tuple(
        StudyAnswer(workload=name, **asdict(answer))
        for name, workload in workloads.items()
        for answer in workload.known_answers
    )


def _of_texts(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dictionary that YAML knows: members of an enumeration are texts."""
    return {key: str(value) if isinstance(value, Enum) else value for key, value in pairs}
