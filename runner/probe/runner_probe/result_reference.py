"""Reference results, and the comparison with them in the canonical form.

Only reference runs and results that may differ need this module.
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
    remaining = _SHOWN_CHARACTERS
    for value in values:
        texts.append(shown(value))
        remaining -= len(texts[-1])
        if remaining < 0:
            break
    return {
        "values": [_form(value, comparison) for value in values],
        "shown": texts,
        "quick": quick_digests(blocks_of(values)),
    }


def find_wrong(
    values: Sequence[Any],
    positions: Sequence[tuple[int, int]],
    standard: ExpectedResults | ReferenceResults,
    source: str,
    comparison: str,
) -> tuple[list[int], str]:
    """Compare results that may differ.

    Args:
        values: results
        positions: positions of these results among the values, each with its task
        standard: the expected results, or where they are recorded
        source: of the standard, for the message
        comparison: the workload's `compare`

    Returns:
        the tasks whose results are wrong, and what the first one returned
    """
    reference = _resolve(standard)
    wrong: dict[int, Any] = {}
    for position, task in positions:
        if not _equals(values[position], reference["values"][task], comparison):
            wrong.setdefault(task, values[position])
    if not wrong:
        return [], ""
    first = min(wrong)
    count = f" ({len(wrong)} tasks differ)" if len(wrong) > 1 else ""
    expected = reference["shown"][first] if first < len(reference["shown"]) else "something else"
    return sorted(wrong), f"returned {shown(wrong[first])}, but {expected} {source}{count}"


def _resolve(reference: ExpectedResults | ReferenceResults) -> ReferenceResults:
    """Return the reference, read from the file of the study if only its place is given."""
    if "file" not in reference:
        return reference
    results: ReferenceResults = NOTHING
    with open(reference["file"], encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            if record["cell"] == reference["cell"] and record["reference"] is not None:
                results = record["reference"]["results"]
    return results


def _form(value: Any, comparison: str) -> Any:
    try:
        return digest(value) if comparison == "equal" else plain(value)
    except Exception as error:
        remedy = "none" if comparison == "equal" else "equal or none"
        message = (
            f"a result of type {type(value).__name__} cannot be compared: {error}; set compare: {remedy}"
        )
        raise TypeError(message) from error


def _equals(value: Any, expected_form: Any, comparison: str) -> bool:
    """Whether a result equals an expected one, which is given in its canonical form."""
    form = _form(value, comparison)
    if comparison == "equal":
        return bool(form == expected_form)
    return close(form, expected_form)
