"""The series of figures: a colour and a marker for each executor, the same in every output."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class SeriesStyle:
    """The appearance of one series."""

    colour: str
    marker: str


# The colours of Okabe and Ito, safe for the colour-blind; markers tell series apart in black and white.
_KNOWN = {
    "serial": SeriesStyle("#4D4D4D", "o"),
    "thread": SeriesStyle("#0072B2", "o"),
    "process": SeriesStyle("#D55E00", "s"),
    "loky": SeriesStyle("#009E73", "^"),
    "interpreter": SeriesStyle("#CC79A7", "D"),
    "asyncio": SeriesStyle("#882255", "v"),
}
MARKERS = ("o", "s", "^", "D", "v", "P", "<", ">", "h", "p", "d", "*")
_OTHERS = [
    SeriesStyle(colour, marker)
    for colour, marker in zip(
        ("#E69F00", "#332288", "#56B4E9", "#44AA99", "#999933", "#661100", "#AA4499", "#117733"),
        ("h", "<", ">", "p", "d", "8", "*", "P"),
        strict=True,
    )
]


def series_styles_of(executors: Iterable[str]) -> dict[str, SeriesStyle]:
    """Assign a colour and a marker to each executor; a shipped executor has the same in every study."""
    names = list(dict.fromkeys(executors))
    others = [name for name in names if name not in _KNOWN]
    series_styles = {name: _OTHERS[index % len(_OTHERS)] for index, name in enumerate(others)}
    return {name: _KNOWN.get(name) or series_styles[name] for name in names}


def scatter(repetition: int) -> float:
    """Return a number from -1 to 1 that spreads repetitions evenly (golden ratio), the same everywhere."""
    return 2 * (repetition * 0.6180339887 % 1) - 1
