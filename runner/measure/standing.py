"""What a study gives to others: to the store what it finds, to the terminal where it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runner.plan import Plan
from runner.records import Finding, Purpose, Sample, TaskRecord, UntimedRun


class Keeps(Protocol):
    """What a study needs of the store."""

    def add(self, samples: Sequence[Sample], records: Sequence[TaskRecord]) -> None:
        """Append one invocation, for good."""
        ...

    def add_untimed(self, found: UntimedRun) -> None:
        """Append what an invocation without a clock found, for good."""
        ...

    def keep_finding(self, finding: Finding) -> None:
        """Keep for good what an invocation fixes, before it is added itself."""
        ...

    def output_file(self, cell: str, repetition: int | Purpose) -> Path:
        """Name the file that gets what one invocation prints, timed or not."""
        ...

    def profile_file(self, cell: str, purpose: Purpose) -> Path:
        """Name the file that gets what a profiler finds."""
        ...

    def log(self, text: str) -> None:
        """Append to the log."""
        ...


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a study stands, told after every invocation."""

    plan: Plan
    repetition: int  #: the one in progress; 0 while the references are made
    repetitions: int
    done: int  #: invocations
    total: int  #: those that are done, and those to come of the cells that are still measured
    left_s: float | None  #: estimated; None until all references were tried
    wall_s: Mapping[str, Sequence[float]]  #: by cell: the headline times so far
    failed: Mapping[str, Sample]  #: by cell: the sample that says why it is not measured any more
    repetition_ended: bool
    at_most: bool = False  #: a precision or a time budget may end it before its last repetition
    looking: "Looking | None" = None  #: once the repetitions are done


@dataclass(frozen=True, kw_only=True)
class Looking:
    """Which invocation without a clock is in progress."""

    purpose: Purpose
    number: int  #: from 1
    cells: int
