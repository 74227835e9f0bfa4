"""Names, settings and bounds as tables, plots and sentences show them."""

from typing import Any

from runner.estimate import Estimate
from runner.records import shown_value
from runner.units import three_digits

ALL_TASKS = "all"  #: a chunk size of null


def shown(value: Any) -> str:
    """Show the value of a setting; empty where the setting does not reach a cell."""
    return "" if value is None else shown_value(value) or "''"


def short(key: str) -> str:
    """Return the last part of a setting's key."""
    return key.rsplit(".", maxsplit=1)[-1]


def one_line(text: str, limit: int = 34) -> str:
    """Put a user's text on one line; shorten a long text in the middle, because both ends may matter."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    half = limit // 2
    return line if len(line) <= limit else f"{line[:half]}…{line[-half + 1 :]}"


def bounds_text(estimate: Estimate | None) -> str:
    """Show the bounds of an estimate; empty without one."""
    return "" if estimate is None else f"{three_digits(estimate.low)}–{three_digits(estimate.high)}"
