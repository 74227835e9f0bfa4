"""What was known beforehand, beside what was measured."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from runner.analysis.frames import CANNOT_TELL, DOES_NOT_HOLD, HOLDS, NOT_RUN
from runner.report.labels import one_line
from runner.report.text_table import TextColumn as Column
from runner.units import three_digits

STYLES = {DOES_NOT_HOLD: "red", CANNOT_TELL: "yellow", NOT_RUN: "dim", HOLDS: ""}
_LONGEST_NAME = 20


def known_columns(known: pd.DataFrame) -> list[Column]:
    """Lay out every known answer."""
    rows = known.to_dict("records")
    return [
        Column(
            heading="workload",
            texts=[one_line(row["workload"], _LONGEST_NAME) for row in rows],
            justify="left",
        ),
        Column(heading="cell", texts=list(known["cell"]), justify="left"),
        Column(heading="figure", texts=list(known["figure"]), justify="left", drop=2),
        Column(heading="expected", texts=list(known["expected"])),
        Column(
            heading="measured", texts=["" if pd.isna(row["measured"]) else _measured(row) for row in rows]
        ),
        Column(heading="outcome", texts=list(known["outcome"]), justify="left"),
        Column(
            heading="disturbed", texts=["" if pd.isna(n) or not n else f"{n:.0f}" for n in known["disturbed"]]
        ),
    ]


def told(known: pd.DataFrame) -> str:
    """Count the outcomes; say why what was not run was not."""
    counts = Counter(known["outcome"])
    counted = ", ".join(f"{counts[outcome]} {outcome}" for outcome in STYLES if counts[outcome])
    reasons = known.loc[known["outcome"].eq(NOT_RUN), ["workload", "because"]].drop_duplicates()
    unrun = [f"{row['workload']}: {row['because']}" for row in reasons.to_dict("records")]
    return "; ".join([f"known answers: {counted}", *unrun])


def styles(known: pd.DataFrame) -> Sequence[str]:
    """Give every row the style of its outcome."""
    return [STYLES[outcome] for outcome in known["outcome"]]


def _measured(row: Mapping[Hashable, Any]) -> str:
    if row["low"] == row["high"]:
        return three_digits(row["measured"])
    return f"{three_digits(row['measured'])} ({three_digits(row['low'])}–{three_digits(row['high'])})"
