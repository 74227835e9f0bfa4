"""What changed between two studies, as a value: every output of the comparison is rendered from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from runner.estimate import Estimate


class Verdict(StrEnum):
    """What is shown of one cell."""

    SLOWER = "slower"
    FASTER = "faster"
    SAME = "same"  #: within the margin
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, kw_only=True, slots=True)
class CellChange:
    """A cell that both studies measured."""

    name: str
    workload: str
    before_s: float  #: median of what cells are compared by: seconds of a bag or, with a window, of a task
    after_s: float
    ratio: Estimate | None  #: of the times, after over before; None: too few repetitions for an interval
    verdict: Verdict
    margin: float  #: relative: times within it count as the same
    smallest_shown: float | None  #: ratio of a slowdown that 80 of 100 such comparisons would show
    needed_repetitions: int | None  #: of each study, to tell; None: no number would, or it is told


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerChange:
    """A part of the answer that moved."""

    what: str  #: such as "the recommendation"
    where: str  #: workload and settings; empty if there is only one group
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A fact about machine, interpreters or configuration that differs."""

    key: str
    before: str  #: empty: it was not there
    after: str


@dataclass(frozen=True, kw_only=True)
class StudyChange:
    """Two studies compared."""

    before: str  #: a result folder, or a revision
    after: str
    confidence: float
    differences: Sequence[Difference]
    cells: Sequence[CellChange]
    only_before: Sequence[str]  #: names of cells that the other study lacks, or that failed there
    only_after: Sequence[str]
    answers: Sequence[AnswerChange]
    #: standard deviation of the logarithm of the machine's speed between the studies
    drift: float
    #: the ratio by which all cells changed alike; None if they did not
    common: float | None

    def having(self, verdict: Verdict) -> list[CellChange]:
        """List the cells with a verdict."""
        return [cell for cell in self.cells if cell.verdict is verdict]

    @property
    def smallest_shown(self) -> float | None:
        """The ratio of a slowdown that would probably have been shown in every cell."""
        known = [cell.smallest_shown for cell in self.cells]
        return None if None in known or not known else max(value for value in known if value is not None)
