"""Scales of the figures on the page: values to pixels, and the values at which an axis is labelled."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10

_FEWEST_TICKS, _MOST_TICKS = 3, 9
_NARROW = 8  # high over low of a logarithmic scale below which round numbers are equally far apart


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A linear or logarithmic scale."""

    low: float  #: value at the start
    high: float
    start: float  #: in pixels
    end: float
    is_log: bool = False

    def at(self, value: float) -> float:
        """Return the pixel of a value; values beyond the ends are at the ends."""
        low, high, value = (log10(part) if self.is_log else part for part in (self.low, self.high, value))
        share = min(max((value - low) / (high - low), 0.0), 1.0)
        return self.start + share * (self.end - self.start)

    def ticks(self, *, binary: bool = False) -> list[float]:
        """Choose the values to label: powers of two where there are enough, or round decimal numbers."""
        powers_of_two = [2.0**power for power in range(-20, 40) if self._holds(2.0**power)]
        if binary and len(powers_of_two) >= _FEWEST_TICKS:
            return _thinned(powers_of_two)
        if not self.is_log or self.high / self.low < _NARROW:
            return _linear_ticks(self.low, self.high)
        digits = (1, 2, 5) if self.high / self.low < 10 ** (_MOST_TICKS / 3) else (1,)
        powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        return _thinned(
            digit * 10.0**power for power in powers for digit in digits if self._holds(digit * 10.0**power)
        )

    def _holds(self, value: float) -> bool:
        return self.low <= value <= self.high


def limits_of(values: Iterable[float], *, room: float = 0.08, is_log: bool = False) -> tuple[float, float]:
    """Return the ends of a scale that holds some values, with room at both ends."""
    known = [value for value in values if value > 0 or not is_log]
    low, high = min(known), max(known)
    if is_log:
        factor = max(high / low, 1.2) ** room
        return low / factor, high * factor
    margin = room * (high - low or abs(high) or 1.0)
    return low - margin, high + margin


def _linear_ticks(low: float, high: float) -> list[float]:
    raw = (high - low) / 6
    power = 10.0 ** floor(log10(raw))
    step = next(digit * power for digit in (1, 2, 5, 10) if digit * power >= raw)
    return [round(count * step, 12) for count in range(ceil(low / step), floor(high / step) + 1)]


def _thinned(values: Iterable[float]) -> list[float]:
    listed = list(values)
    return listed[:: ceil(len(listed) / _MOST_TICKS)] if listed else []
