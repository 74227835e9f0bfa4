"""The progress of a study, as reported to its watcher after every invocation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner.plan import Plan
from runner.records import Purpose, Sample


@dataclass(frozen=True, kw_only=True)
class UntimedProgress:
    """Which untimed run is in progress."""

    purpose: Purpose
    number: int  #: from 1
    cells: int


@dataclass(frozen=True, kw_only=True)
class StudyProgress:
    """The progress of a study."""

    plan: Plan
    repetition: int  #: the current one; 0 during the reference runs
    repetitions: int
    done: int  #: completed invocations, without the reference runs
    total: int  #: `done`, and the remaining invocations of cells that have not failed
    left_s: float | None  #: estimated; None until all reference runs were attempted
    wall_s: Mapping[str, Sequence[float]]  #: by cell: the headline times so far, as cells are compared
    failed: Mapping[str, Sample]  #: by failed cell, which is not measured again: the sample with its error
    repetition_ended: bool
    disturbances: Sequence[str] = ()  #: of each disturbed run so far, in words
    at_most: bool = (
        False  #: whether a precision or a time budget may end the study before its last repetition
    )
    has_time_limit: bool = False  #: whether the user has limited the time of an invocation
    untimed: UntimedProgress | None = None  #: set once the repetitions are complete
