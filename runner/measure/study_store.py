"""The interface of the store that keeps the results of a study."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from runner.records import Purpose, ReferenceRecord, Sample, TaskRecord, UntimedRun


class StudyStore(Protocol):
    """A store that keeps what a study measures."""

    @property
    def references_file(self) -> Path:
        """The file that `add_reference` appends to; probes read expected results from it."""
        ...

    def add(self, samples: Sequence[Sample], records: Sequence[TaskRecord]) -> None:
        """Append one invocation. When this returns, it survives a crash."""
        ...

    def add_untimed(self, run: UntimedRun) -> None:
        """Append one untimed run. When this returns, it survives a crash."""
        ...

    def add_reference(self, record: ReferenceRecord) -> None:
        """Append what an invocation fixes; call it before `add`. When this returns, it survives a crash."""
        ...

    def output_file(self, cell: str, repetition: int | Purpose) -> Path:
        """Return the path for the output of one invocation: a repetition's, or an untimed run's."""
        ...

    def profile_file(self, cell: str, purpose: Purpose) -> Path:
        """Return the path for the profile of a cell."""
        ...

    def log(self, text: str) -> None:
        """Append to the log."""
        ...
