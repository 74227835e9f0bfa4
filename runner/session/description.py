"""The description of a study from the command line and its points, for study.yaml."""

import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from runner.folder.study_description import ResumedSession, StudyAnswer, StudyDescription
from runner.modes import MODES
from runner.records import Purpose
from runner.settings import Config, Point, ProfileKind

_PROFILE_PURPOSES: Mapping[ProfileKind, Purpose] = {
    ProfileKind.cpu: "cpu-profile",
    ProfileKind.memory: "memory-profile",
}


def describe_study(points: Sequence[Point]) -> StudyDescription:
    """Describe a new study; draw a seed if none is set."""
    config = points[0].config
    return StudyDescription(
        name=_study_name(points),
        mode=config.mode,
        duration_s=MODES[config.mode].duration_of(config),
        repetitions=config.repetitions,
        max_repetitions=config.max_repetitions,
        precision=config.precision,
        time_budget_s=config.time_budget_s,
        iterations=config.iterations,
        time_limit_s=config.time_limit_s,
        load_limit_s=config.load_limit_s,
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
        configuration=asdict(config, dict_factory=_with_plain_values),
    )


def describe_session(before: str | None) -> ResumedSession:
    """Describe this session, which resumes a study.

    Args:
        before: the study's id in the previous session
    """
    return ResumedSession(
        after=before,
        command_line=tuple(sys.argv),
        resumed_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _purposes(config: Config) -> tuple[Purpose, ...]:
    """Return the purposes of each cell's untimed runs."""
    memory: tuple[Purpose, ...] = ("memory",) if config.memory else ()
    return memory if config.profile is None else (*memory, _PROFILE_PURPOSES[config.profile])


def _study_name(points: Sequence[Point]) -> str:
    """Return the name that the user chose, or else that of the experiment, or else those of the workloads."""
    config, overrides = points[0].config, points[0].overrides
    workloads = dict.fromkeys(point.config.workload.name for point in points)
    return config.name or overrides.get("experiment") or "-".join(workloads)


def _known_answers(points: Sequence[Point]) -> tuple[StudyAnswer, ...]:
    """Return the known answers of all workloads, each with the name of its workload."""
    workloads = {point.config.workload.name: point.config.workload for point in points}
    return tuple(
        StudyAnswer(workload=name, **asdict(answer))
        for name, workload in workloads.items()
        for answer in workload.known_answers
    )


def _with_plain_values(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dictionary for YAML: a member of an enumeration becomes its text."""
    return {key: str(value) if isinstance(value, Enum) else value for key, value in pairs}
