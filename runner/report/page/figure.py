"""A figure on the page: SVG, with its legend, its text alternative and the name of its data."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from typing import Any

from markupsafe import Markup

from runner.report.page.markup import element, points
from runner.report.page.scale import Scale

MOST_HINTS = 1_500  #: runs of a figure: if there are more, single runs tell no figures
WIDTH = 720.0  #: of every figure in units of its view box, which are pixels on a wide screen
_MARKER = 5.0
_MOST_IN_WORDS = 12
_ZEROS = re.compile(r"(?<=\d)\.0+(?!\d)|(?<=\.\d)0+(?!\d)|(?<=\.\d\d)0+(?!\d)")
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
    drawings: Sequence[Markup]  #: SVG, one for each panel; each says in words what it shows
    legend: Sequence[Key] = ()
    caption: str = ""
    data: str = ""  #: name of its data set; empty: it has none


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """The data of figures, as in a CSV file. The first entry of a row is the number of its cell."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def rounded(value: float | None) -> float | None:
    """Round a figure to seven significant digits, which is more than was measured."""
    return None if value is None else float(f"{value:.7g}")


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


def dots(places: Iterable[tuple[float, float]]) -> Markup:
    """Draw very many dots, which tell no figures, in the colour of their group."""
    return element("path", class_="runs", d="".join(f"M{x:.1f} {y:.1f}h0" for x, y in places))


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


def tick(value: float, show: Callable[[float], str]) -> tuple[float, str]:
    """Label a value of an axis as elsewhere, without trailing zeros: `10 ms` instead of `10.0 ms`."""
    return value, _ZEROS.sub("", show(value)) if value else "0"


def x_axis(scale: Scale, ticks: Iterable[tuple[float, str]], top: float, bottom: float, label: str) -> Markup:
    """Draw a horizontal axis with vertical grid lines."""
    placed = [(scale.at(value), text) for value, text in ticks]
    grid = "".join(f"M{x:.1f} {top:.1f}V{bottom:.1f}" for x, _ in placed)
    texts = [element("text", text, class_="tick", x=x, y=bottom + 15) for x, text in placed]
    middle = (scale.start + scale.end) / 2
    texts.append(element("text", label, class_="label", x=middle, y=bottom + 33))
    return element("g", element("path", class_="grid", d=grid), *texts, text_anchor="middle")


def y_axis(scale: Scale, ticks: Iterable[tuple[float, str]], left: float, right: float, label: str) -> Markup:
    """Draw a vertical axis with horizontal grid lines; its label is above it."""
    placed = [(scale.at(value), text) for value, text in ticks]
    grid = "".join(f"M{left:.1f} {y:.1f}H{right:.1f}" for y, _ in placed)
    texts = [element("text", text, class_="tick", x=left - 6, y=y + 4) for y, text in placed]
    head = element("text", label, class_="label", x=4, y=min(scale.start, scale.end) - 8)
    return element("g", element("path", class_="grid", d=grid), element("g", *texts, text_anchor="end"), head)


def in_words(parts: Iterable[str]) -> str:
    """Join what a figure shows to a text alternative of a length that can be listened to."""
    listed = list(parts)
    more = len(listed) - _MOST_IN_WORDS
    return "; ".join([*listed[:_MOST_IN_WORDS], *([f"and {more} more, as in the table"] if more > 0 else [])])
