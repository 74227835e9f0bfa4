"""The appearance of figures: colours, markers, units, and the head of every figure."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Any, Literal

from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.textpath import TextToPath

from runner.report.labels import one_line

BODY, SMALL, HEAD = 9.5, 8.5, 12.0  # points; legible in a figure of 8 inches shown 800 pixels wide
MARGIN = 0.14  # inches around everything
LINE = 1.45  # line height in font sizes

INK, MUTED, FAINT, GRID = "#222222", "#5A5A5A", "#9A9A9A", "#E6E6E6"
FAILURE = "#B00020"
SHADE = "#F3F3F3"

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    # The first comes with matplotlib, so that PNG are the same everywhere; a browser may need another.
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": BODY,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a user's name is a dollar sign
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.labelsize": BODY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": BODY,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": BODY,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "runner",
}


# A mark means the same in every figure.
RUN: dict[str, Any] = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 3,
    "markeredgewidth": 0,
    "alpha": 0.35,
    "zorder": 2.5,
}
DISTURBED_RUN: Mapping[str, Any] = RUN | {"markerfacecolor": "none", "markeredgewidth": 0.8, "alpha": 0.6}
BAR: Mapping[str, Any] = {"linewidth": 1.7, "solid_capstyle": "butt", "zorder": 3}
MEDIAN: Mapping[str, Any] = {
    "linestyle": "none",
    "markersize": 6.8,
    "markeredgecolor": "white",
    "markeredgewidth": 0.8,
    "zorder": 4,
    "clip_on": False,
}
CROSS: Mapping[str, Any] = {
    "linestyle": "none",
    "marker": "x",
    "color": FAILURE,
    "markersize": 6,
    "markeredgewidth": 1.8,
    "zorder": 4,
    "clip_on": False,
}
HOLLOW: Mapping[str, Any] = {
    "linestyle": "none",
    "markersize": 10,
    "markerfacecolor": "none",
    "markeredgewidth": 0.9,
    "zorder": 3.5,
    "clip_on": False,
}
NOTE: Mapping[str, Any] = {"size": SMALL, "color": MUTED}
DASHES: Mapping[str, Any] = {"linewidth": 0.9, "linestyle": (0, (4, 3)), "alpha": 0.6, "zorder": 2}


@contextmanager
def style() -> Iterator[None]:
    """Apply the style while figures are made or written."""
    with rc_context(STYLE), warnings.catch_warnings():
        # A character that the font lacks is a box in the PNG and correct in the SVG; nothing can be done.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        yield


def time_unit(value: float) -> tuple[float, str]:
    """Return the unit in which a number of seconds reads well, preceded by the factor that converts to it."""
    for scale, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * scale >= 0.9995:
            return scale, unit
    return 1e9, "ns"


@lru_cache(maxsize=1000)
def width_of(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of a text in inches."""
    font = FontProperties(family=STYLE["font.family"], size=size, weight=weight)
    width, _, _ = TextToPath().get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72


def wrapped(text: str, room: float, size: float, weight: str = "normal") -> list[str]:
    """Wrap a text at spaces so that every line fits into `room` inches."""
    lines: list[str] = []
    end = room
    for word in text.split():
        width = width_of(f" {word}", size, weight)
        if end + width <= room:
            lines[-1] += f" {word}"
            end += width
        else:
            lines.append(word)
            end = width
    return lines


def stacked(labels: Iterable[str], room: float) -> str:
    """Join labels into lines of at most `room` inches; shorten labels that are wider."""
    lines: list[str] = []
    for label in labels:
        fitting = label
        while len(fitting) > 8 and (width := width_of(fitting, BODY, "bold")) > room:
            fitting = one_line(label, min(len(fitting) - 1, int(len(fitting) * room / width)))
        joined = f"{lines[-1]}, {fitting}" if lines else fitting
        if lines and width_of(joined, BODY, "bold") <= room:
            lines[-1] = joined
        else:
            lines.append(fitting)
    return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Head:
    """Title, caption and legend above the axes."""

    title: str
    caption: Sequence[str]  #: paragraphs
    legend: Mapping[str, Artist]  #: handle by label; empty for none


def empty_figure(width: float, body: float, head: Head) -> Figure:
    """Make a figure that has only its head.

    Args:
        width: of the figure in inches
        body: height in inches for the axes
        head: what is above the axes
    """
    room = width - 2 * MARGIN
    title = wrapped(head.title, room, HEAD, "bold")
    caption = [line for paragraph in head.caption for line in wrapped(paragraph, room, SMALL)]
    columns = _legend_columns(head.legend, room)
    title_height, caption_height = (
        len(lines) * size * LINE / 72 for lines, size in ((title, HEAD), (caption, SMALL))
    )
    legend_height = ceil(len(head.legend) / columns) * 0.2 + 0.04 if head.legend else 0.0
    height = body + MARGIN + title_height + caption_height + legend_height + 0.08
    engine = ConstrainedLayoutEngine(rect=(0.008, 0.01, 0.984, body / height - 0.01), h_pad=0.06, w_pad=0.06)
    figure = Figure(figsize=(width, height), layout=engine)

    def place(inches_from_top: float) -> tuple[float, float]:
        return MARGIN / width, 1 - inches_from_top / height

    figure.text(*place(MARGIN), "\n".join(title), size=HEAD, weight="bold", va="top", linespacing=1.2)
    below = MARGIN + title_height
    figure.text(*place(below), "\n".join(caption), size=SMALL, color=MUTED, va="top", linespacing=1.3)
    if head.legend:
        figure.legend(
            list(head.legend.values()),
            list(head.legend),
            loc="upper left",
            bbox_to_anchor=place(below + caption_height + 0.06),
            ncols=columns,
            frameon=False,
            borderpad=0,
            borderaxespad=0,
            labelspacing=0.4,
            handlelength=1.4,
            handletextpad=0.5,
            columnspacing=1.8,
        )
    return figure


def _legend_columns(legend: Mapping[str, Artist], room: float) -> int:
    widest = max((width_of(label, BODY) for label in legend), default=0.0) + 0.5
    return max(1, min(len(legend), int(room / widest)))


def grid_of(panels: int) -> tuple[int, int, float]:
    """Return rows, columns and the figure's width in inches for this number of panels."""
    columns = 3 if panels in {5, 6} else min(panels, 4)
    return ceil(panels / columns), columns, (8.0, 8.0, 9.2, 10.0)[columns - 1]


def bare(axes: Axes, axis: Literal["x", "y"]) -> None:
    """Show only faint grid lines along one axis."""
    axes.grid(visible=True, axis=axis, color=GRID, linewidth=0.7)
    axes.tick_params(length=3, width=0.8)
