"""How a study is measured."""

from dataclasses import dataclass

from runner.records import Purpose


@dataclass(frozen=True, kw_only=True)
class StudySettings:
    """How a study is measured; explained in conf/config.yaml."""

    repetitions: int  #: with a precision: the minimum
    max_repetitions: int = 31  #: with a precision: the maximum
    precision: float | None = None  #: relative half-width that the interval of every ratio must reach
    time_budget_s: float | None = None  #: no repetition starts that would not end within it
    iterations: int
    time_limit_s: float | None
    seed: int
    untimed: tuple[Purpose, ...] = ()  #: the purposes of each cell's untimed runs

    @property
    def most_repetitions(self) -> int:
        """The number of repetitions that are never exceeded."""
        return self.repetitions if self.precision is None else self.max_repetitions
