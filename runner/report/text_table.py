"""Text tables that fit a width; no line ends in blanks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.segment import Segment, Segments
from rich.style import StyleType
from rich.table import Table
from rich.text import Text

_FOLDED = 12  # smallest width of a column of long texts


@dataclass(frozen=True, kw_only=True)
class TextColumn:
    """One column of a text table."""

    heading: str
    texts: Sequence[str]
    justify: Literal["left", "right"] = "right"
    folds: bool = False  #: long texts may be broken over several lines
    drop: int = 0  #: if there is no room, columns with higher numbers are omitted first; 0: never
    style: StyleType = ""
    meaning: str = ""  #: of the heading, for an explanation below the table
    values: Sequence[Any] = ()  #: what the texts show; empty: nothing but texts

    def width(self, *, folded: bool = False) -> int:
        """Return the width of the column, with its long texts on one line or folded."""
        heading = max(map(cell_len, self.heading.split("\n")))
        texts = max(map(cell_len, self.texts), default=0)
        return max(heading, min(texts, _FOLDED) if self.folds and folded else texts)


def print_columns(
    console: Console, columns: Iterable[TextColumn], width: int, row_styles: Sequence[StyleType] = ()
) -> list[str]:
    """Print the columns that are not empty and fit; return the headings of those omitted for lack of room.

    A table that is too wide even without the columns that may be omitted is printed at its full width.
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
    printed = {column.heading.replace("\n", " ") for column in kept}
    return [column.heading for column in filled if column.heading not in printed]


def _fitted(columns: Sequence[TextColumn], width: int) -> tuple[list[TextColumn], int]:
    """Narrow the gaps, break headings, fold texts and omit columns, in this order, until the table fits."""
    broken = [replace(column, heading=column.heading.replace(" ", "\n")) for column in columns]
    for gap, kept, folded in (
        (2, columns, False),
        (1, columns, False),
        (1, broken, False),
        (1, broken, True),
    ):
        if _needed(kept, gap, folded=folded) <= width:
            return list(kept), gap
    highest = max((column.drop for column in columns), default=0)
    if not highest:
        return broken, 1
    return _fitted([column for column in columns if column.drop < highest], width)


def _needed(columns: Sequence[TextColumn], gap: int, *, folded: bool) -> int:
    return sum(column.width(folded=folded) for column in columns) + gap * (len(columns) - 1)


def print_unpadded(console: Console, renderable: RenderableType, width: int) -> None:
    """Print without trailing blanks, so that the text can be pasted."""
    for line in console.render_lines(renderable, console.options.update(width=width), pad=False):
        text = "".join(segment.text for segment in line).rstrip()
        kept = Segment.adjust_line_length(line, cell_len(text), pad=False)
        console.print(Segments([*kept, Segment.line()]), soft_wrap=True)
