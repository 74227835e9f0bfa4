"""Names and settings as tables, pictures and warnings show them."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

ALL_TASKS = "all"  #: a chunk size of null


def with_chunks_named(summary: pd.DataFrame, loops: Iterable[str]) -> pd.DataFrame:
    """Give pools without a chunk size that of all tasks at once; nothing to plain loops."""
    sizes = summary["chunk_size"].astype(object)
    is_loop = summary["cell"].isin(list(loops))
    return summary.assign(chunk_size=sizes.mask(sizes.isna() & ~is_loop, ALL_TASKS).mask(is_loop, None))


def shown(value: Any) -> str:
    """Return a setting's value for a label; nothing where the setting does not reach a cell."""
    if pd.isna(value):
        return ""
    if isinstance(value, float):
        return f"{value:.12g}"  # a column of whole numbers that lacks one holds floats
    return str(value) or "''"


def short(key: str) -> str:
    """Return the last part of a setting's key."""
    return key.rsplit(".", maxsplit=1)[-1]


def one_line(text: str, limit: int = 34) -> str:
    """Return a text of the user's on one line, its middle left out if it is long: either end may matter."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    half = limit // 2
    return line if len(line) <= limit else f"{line[:half]}…{line[-half + 1 :]}"
