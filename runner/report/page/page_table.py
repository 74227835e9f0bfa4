"""A table of the page: the columns of texts that the terminal shows, all of them, with what they sort by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runner.report.text_table import TextColumn


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of a table."""

    text: str
    sort: str = ""  #: what it is sorted by, if not its text
    link: str = ""  #: id on the page


@dataclass(frozen=True, kw_only=True)
class PageTable:
    """A table; columns that are empty everywhere are left out."""

    caption: str
    columns: Sequence[TextColumn]
    rows: Sequence[Sequence[Entry]]


def page_table(caption: str, columns: Sequence[TextColumn], links: Sequence[str] = ()) -> PageTable:
    """Make a table of some columns.

    Args:
        caption: what the table shows
        columns: of texts
        links: the id on the page that the first entry of each row links to; empty: none does
    """
    filled = [column for column in columns if any(column.texts)]
    count = len(filled[0].texts) if filled else 0
    rows = [
        [
            Entry(
                text=column.texts[row],
                sort=_sort_key(column.values[row]) if column.values else "",
                link=links[row] if links and place == 0 else "",
            )
            for place, column in enumerate(filled)
        ]
        for row in range(count)
    ]
    return PageTable(caption=caption, columns=filled, rows=rows)


def _sort_key(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, int | float) and not isinstance(value, bool) else ""
