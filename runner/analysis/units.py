"""Settings and bounds as people read them."""

from typing import Any

import pandas as pd

from runner.analysis.estimate import Estimate
from runner.analysis.sample_size import fewest_blocks
from runner.units import three_digits


def text(value: Any) -> str:
    """Show a setting: whole numbers without a point, nothing for nothing."""
    if pd.isna(value):
        return ""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def bounds(ratio: Estimate, confidence: float) -> str:
    """Tell the bounds of a ratio, and what they are."""
    few = f"range of fewer than {fewest_blocks(confidence)} repetitions"
    kind = few if ratio.is_range else f"{confidence:.0%} interval"
    return f"{kind} {three_digits(ratio.low)} to {three_digits(ratio.high)}"
