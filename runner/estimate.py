"""A figure with its bounds."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A figure with its bounds, in the unit of the figure."""

    value: float
    low: float
    high: float
    is_range: bool = False  #: the bounds are the smallest and largest seen, not a confidence interval

    @classmethod
    def exact(cls, value: float) -> "Estimate":
        """Make an estimate of a figure that is known exactly."""
        return cls(value=value, low=value, high=value)

    @property
    def is_exact(self) -> bool:
        """Whether the bounds add nothing to the value."""
        return self.low == self.value == self.high

    def excludes(self, value: float) -> bool:
        """Whether the interval excludes a value; a range of few repetitions never does."""
        return not self.is_range and not self.low <= value <= self.high

    def inverse(self) -> "Estimate":
        """Return the inverse, such as tasks per second from seconds per task; the bounds swap."""
        return Estimate(value=1 / self.value, low=1 / self.high, high=1 / self.low, is_range=self.is_range)

    def over(self, divisor: float) -> "Estimate":
        """Divide the value and both bounds by a positive number."""
        return Estimate(
            value=self.value / divisor,
            low=self.low / divisor,
            high=self.high / divisor,
            is_range=self.is_range,
        )

    @property
    def relative_half_width(self) -> float:
        """Half the width of the interval, relative to the value."""
        return (self.high - self.low) / 2 / self.value
