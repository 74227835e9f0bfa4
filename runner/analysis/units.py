"""Settings as people read them."""

from typing import Any

import pandas as pd


def text(value: Any) -> str:
    """Show a setting: whole numbers without a point, nothing for nothing."""
    if pd.isna(value):
        return ""
    return f"{value:.12g}" if isinstance(value, float) else str(value)
