"""A figure on the page: SVG, with its legend, its text alternative and the name of its data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from typing import Any

from markupsafe import Markup

from runner.report.page.markup import element, points
from runner.report.page.scale import Scale

WIDTH = 720.0  #: of every figure in units of its view box, which are pixels on a wide screen
_MARKER = 5.0
_CORNERS = {"s": (4, 0.25), "D": (4, 0.0), "^": (3, 0.0), "v": (3, 0.5), "<": (3, 0.75), ">": (3, 0.25)}
_MORE_CORNERS = {"p": (5, 0.0), "h": (6, 0.0), "8": (8, 0.125), "d": (4, 0.0), "P": (4, 0.0)}


@dataclass(frozen=True, kw_only=True)
class Key:
    """An entry of a legend."""

    label: str
    symbol: Markup


@dataclass(frozen=True, kw_only=True)
class PageFigure:
    """A figure."""

    id: str  #: unique on the page
    title: str
    text: str  #: what it shows, in words, for those who cannot see it
    drawings: Sequence[Markup]  #: SVG, one for each panel
    legend: Sequence[Key] = ()
    caption: str = ""
    data: str = ""  #: name of its data set; empty: it has none


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """The data of figures, as in a CSV file."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def drawing(text: str, height: float, *content: Markup) -> Markup:
    """Make the SVG of a figure.

    Args:
        text: what it shows, in words
        height: in pixels
        content: its elements
    """
    view = f"0 0 {WIDTH:.0f} {height:.0f}"
    return element("svg", *content, class_="drawing", viewBox=view, role="img", aria_label=text)


def hint(text: str) -> Markup:
    """Make the text that appears while the pointer is over its element."""
    return element("title", text)


def marker(shape: str, x: float, y: float, *content: Markup, size: float = _MARKER) -> Markup:
    """Draw the marker of a series around a place, in the colour of its group."""
    if shape == "o":
        return element("circle", *content, class_="mark", cx=x, cy=y, r=size)
    if shape == "*":
        radii = [size * 1.3 if corner % 2 == 0 else size * 0.6 for corner in range(10)]
    else:
        corners, _ = _CORNERS.get(shape) or _MORE_CORNERS.get(shape, (4, 0.0))
        radii = [size * 1.25] * corners
    _, turn = _CORNERS.get(shape) or _MORE_CORNERS.get(shape, (4, 0.0))
    if shape == "s":
        turn = 0.125
    angles = [2 * pi * (corner / len(radii) + turn) for corner in range(len(radii))]
    stretch = 0.6 if shape == "d" else 1.0
    places = [
        (x + stretch * radius * sin(angle), y - radius * cos(angle))
        for radius, angle in zip(radii, angles, strict=True)
    ]
    return element("polygon", *content, class_="mark", points=points(places))


def series(colour: str, *content: Markup) -> Markup:
    """Group the elements of one series, in its colour."""
    return element("g", *content, class_="series", style=f"--s:{colour}")


def key(label: str, colour: str, shape: str) -> Key:
    """Make the entry of a series in a legend."""
    symbol = element("svg", series(colour, marker(shape, 7.0, 7.0)), viewBox="0 0 14 14", aria_hidden="true")
    return Key(label=label, symbol=symbol)


def patch(label: str, class_: str) -> Key:
    """Make the entry of an area in a legend."""
    square = element("rect", class_=class_, x=1, y=1, width=12, height=12)
    return Key(label=label, symbol=element("svg", square, viewBox="0 0 14 14", aria_hidden="true"))


def x_axis(scale: Scale, ticks: Iterable[tuple[float, str]], top: float, bottom: float, label: str) -> Markup:
    """Draw a horizontal axis with vertical grid lines."""
    parts = []
    for value, text in ticks:
        x = scale.at(value)
        parts.append(element("line", class_="grid", x1=x, x2=x, y1=top, y2=bottom))
        parts.append(element("text", text, class_="tick", x=x, y=bottom + 15, text_anchor="middle"))
    middle = (scale.start + scale.end) / 2
    parts.append(element("text", label, class_="label", x=middle, y=bottom + 33, text_anchor="middle"))
    return element("g", *parts)


def y_axis(scale: Scale, ticks: Iterable[tuple[float, str]], left: float, right: float, label: str) -> Markup:
    """Draw a vertical axis with horizontal grid lines; its label is above it."""
    parts = []
    for value, text in ticks:
        y = scale.at(value)
        parts.append(element("line", class_="grid", x1=left, x2=right, y1=y, y2=y))
        parts.append(element("text", text, class_="tick", x=left - 6, y=y + 4, text_anchor="end"))
    top = min(scale.start, scale.end)
    parts.append(element("text", label, class_="label", x=4, y=top - 8))
    return element("g", *parts)
