"""One sitting of a study: it begins one, or goes on with one that was stopped."""

import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Self

from runner.errors import ConfigurationError
from runner.folder.atomic_files import telling
from runner.folder.store import Store
from runner.measure.study_settings import StudySettings
from runner.modes import MODES
from runner.plan import Plan, plan
from runner.records import Purpose
from runner.session import environment
from runner.session import repair as mend
from runner.session import same_machine as same_place
from runner.session.resume import OF_THE_SITTING, Stopped, read_stopped
from runner.settings import STUDY_SETTINGS, Config, Point, Profile
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
    study: Mapping[str, Any]  #: the description of the study, as kept in its folder
    here: Mapping[str, Any]  #: the machine
    stopped: Stopped | None = None

    @classmethod
    def new(cls, points: Sequence[Point]) -> Self:
        """Begin a study."""
        planned, settings = plan(points), _study_settings(points[0].config)
        study = _describe_study(points, settings)
        return cls(plan=planned, settings=settings, study=study, here=environment.capture())

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
            *same_place.other_directory(results.study, Path.cwd()),
        ]
        _refuse(stopped, problems)
        study = {**results.study, **asdict(stopped.settings)}
        return cls(plan=stopped.plan, settings=stopped.settings, study=study, here=here, stopped=stopped)

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
        made = Store.create(
            Path(self.study["results_dir"]), self.study["name"], self.plan.cells, self.plan.swept
        )
        made.write_study({**self.study, "study": study_id})
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
        end_marked(f"{STUDY_MARKER}={results.study.get('study')}")  # a killed sitting may have left some
        mend.mend(results, stopped.earlier)
        with telling(results.folder):
            opened = Store(results.folder, results.cells, results.swept)
        sittings = [*results.study.get("sittings", []), _sitting(results.study.get("study"))]
        opened.write_study({**self.study, "study": study_id, "sittings": sittings})
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
    with telling(results.folder), Store(results.folder, results.cells, results.swept) as opened:
        opened.write_environment({**results.environment, "workers": workers})
        opened.finish()
    return results.folder


def _refuse(stopped: Stopped, problems: Sequence[str]) -> None:
    if problems:
        raise ConfigurationError([f"{stopped.results.folder}: {problem}" for problem in problems])


def _sitting(before: str | None) -> dict[str, Any]:
    """Describe a sitting that goes on with the study, to be kept with it."""
    return {
        "after": before,
        "command_line": sys.argv,
        "resumed_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _study_settings(config: Config) -> StudySettings:
    drawn = random.SystemRandom().randrange(2**32)
    return StudySettings(
        repetitions=config.repetitions,
        max_repetitions=config.max_repetitions,
        precision=config.precision,
        time_budget_s=config.time_budget_s,
        iterations=config.iterations,
        time_limit_s=config.time_limit_s,
        seed=drawn if config.seed is None else config.seed,
        untimed=_purposes(config),
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


def _describe_study(points: Sequence[Point], settings: StudySettings) -> dict[str, Any]:
    """Describe how the study was asked for, to be kept with its results."""
    configuration = asdict(points[0].config, dict_factory=_of_texts)
    return {
        **{key: configuration[key] for key in STUDY_SETTINGS if key not in OF_THE_SITTING},
        **asdict(settings),
        "duration_s": MODES[points[0].config.mode].duration_of(points[0].config),
        "name": _name(points),
        "command_line": sys.argv,
        "working_directory": str(Path.cwd()),
        "overrides": [dict(point.overrides) for point in points],
        "known_answers": _known_answers(points),
        "configuration": configuration,  # of the first point, as composed
    }


def _known_answers(points: Sequence[Point]) -> list[dict[str, Any]]:
    """List what the workloads' authors know beforehand, with the workload that each speaks of."""
    workloads = {point.config.workload.name: point.config.workload for point in points}
    return [
        {"workload": name, **asdict(answer)}
        for name, workload in workloads.items()
        for answer in workload.known_answers
    ]


def _of_texts(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dictionary that YAML knows: members of an enumeration are texts."""
    return {key: str(value) if isinstance(value, Enum) else value for key, value in pairs}
