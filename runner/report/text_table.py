"""Text tables that fit their width, and whose lines end where their text ends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.segment import Segment, Segments
from rich.style import StyleType
from rich.table import Table
from rich.text import Text

_FOLDED = 12  # how narrow a column of long texts may become


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a text table."""

    heading: str
    texts: Sequence[str]
    justify: Literal["left", "right"] = "right"
    folds: bool = False  #: texts may go on in the next line
    spare: int = 0  #: where there is no room, the column with the highest goes first; with 0 it stays
    style: StyleType = ""

    def width(self, *, folded: bool = False) -> int:
        """Return how wide the column must be, its long texts on one line or folded."""
        heading = max(map(cell_len, self.heading.split("\n")))
        texts = max(map(cell_len, self.texts), default=0)
        return max(heading, min(texts, _FOLDED) if self.folds and folded else texts)


def print_columns(
    console: Console, columns: Iterable[Column], width: int, row_styles: Sequence[StyleType] = ()
) -> list[str]:
    """Print those columns that hold anything and fit, and return the headings of the others that do.

    A table that is still too wide without all that it can spare is printed as wide as it is.
    """
    filled = [column for column in columns if any(column.texts)]
    kept, gap = _fitted(filled, width)
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    for column in kept:
        table.add_column(
            column.heading,
            justify=column.justify,
            style=column.style,
            no_wrap=not column.folds,
            overflow="fold",
            vertical="bottom" if column.folds else "top",
        )
    for row, texts in enumerate(zip(*(column.texts for column in kept), strict=True)):
        table.add_row(*map(Text, texts), style=row_styles[row] if row_styles else "")
    print_unpadded(console, table, max(width, _needed(kept, gap, folded=True)))
    stay = {column.heading.replace("\n", " ") for column in kept}
    return [column.heading for column in filled if column.heading not in stay]


def _fitted(columns: Sequence[Column], width: int) -> tuple[list[Column], int]:
    """Draw columns closer, break their headings, fold their texts and leave some out, until they fit."""
    broken = [replace(column, heading=column.heading.replace(" ", "\n")) for column in columns]
    for gap, kept, folded in (
        (2, columns, False),
        (1, columns, False),
        (1, broken, False),
        (1, broken, True),
    ):
        if _needed(kept, gap, folded=folded) <= width:
            return list(kept), gap
    most = max((column.spare for column in columns), default=0)
    if not most:
        return broken, 1
    return _fitted([column for column in columns if column.spare < most], width)


def _needed(columns: Sequence[Column], gap: int, *, folded: bool) -> int:
    return sum(column.width(folded=folded) for column in columns) + gap * (len(columns) - 1)


def print_unpadded(console: Console, renderable: RenderableType, width: int) -> None:
    """Print so that no line ends in blanks: what people paste is clean."""
    for line in console.render_lines(renderable, console.options.update(width=width), pad=False):
        text = "".join(segment.text for segment in line).rstrip()
        kept = Segment.adjust_line_length(line, cell_len(text), pad=False)
        console.print(Segments([*kept, Segment.line()]), soft_wrap=True)
