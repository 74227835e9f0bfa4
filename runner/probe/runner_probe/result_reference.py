"""References of results, and the comparison with them in the canonical form.

Only reference runs need this module, and results that may differ.
"""

from __future__ import annotations

import json

from runner_probe.result_check import NOTHING, blocks_of, quick_digests
from runner_probe.result_digest import close, digest, plain, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from runner_probe.wire import ExpectedResults, ReferenceResults

_SHOWN_CHARACTERS = 200_000  # of all results of a reference together


def make_reference(values: Sequence[Any], comparison: str) -> ReferenceResults:
    """Make a reference of the results of one bag."""
    texts: list[str] = []
    left = _SHOWN_CHARACTERS
    for value in values:
        texts.append(shown(value))
        left -= len(texts[-1])
        if left < 0:
            break
    return {
        "values": [_form(value, comparison) for value in values],
        "shown": texts,
        "quick": quick_digests(blocks_of(values)),
    }


def find_wrong(
    values: Sequence[Any],
    places: Sequence[tuple[int, int]],
    standard: ExpectedResults | ReferenceResults,
    source: str,
    comparison: str,
) -> tuple[list[int], str]:
    """Compare results that may differ.

    Args:
        values: results
        places: the places of these results among the values, each with its task
        standard: what they should be, or where that is recorded
        source: of the standard, for the message
        comparison: as the workload's `compare` says

    Returns:
        the tasks whose results are wrong, and what the first one returned
    """
    whole = _whole(standard)
    wrong: dict[int, Any] = {}
    for place, task in places:
        if not _equals(values[place], whole["values"][task], comparison):
            wrong.setdefault(task, values[place])
    if not wrong:
        return [], ""
    first = min(wrong)
    more = f" ({len(wrong)} tasks differ)" if len(wrong) > 1 else ""
    other = whole["shown"][first] if first < len(whole["shown"]) else "something else"
    return sorted(wrong), f"returned {shown(wrong[first])}, but {other} {source}{more}"


def _whole(reference: ExpectedResults | ReferenceResults) -> ReferenceResults:
    """Return the reference itself, or read it from the file of the study."""
    if "file" not in reference:
        return reference
    found: ReferenceResults = NOTHING
    with open(reference["file"], encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            if record["cell"] == reference["cell"] and record["reference"] is not None:
                found = record["reference"]["results"]
    return found


def _form(value: Any, comparison: str) -> Any:
    try:
        return digest(value) if comparison == "equal" else plain(value)
    except Exception as error:
        other = "none" if comparison == "equal" else "equal or none"
        message = f"a result of type {type(value).__name__} cannot be compared: {error}; set compare: {other}"
        raise TypeError(message) from error


def _equals(value: Any, other: Any, comparison: str) -> bool:
    """Whether a result equals another one, which is in its canonical form."""
    form = _form(value, comparison)
    if comparison == "equal":
        return bool(form == other)
    return close(form, other)
