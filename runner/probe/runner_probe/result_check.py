"""Check results against expected ones, or against those of the reference invocation.

Results that are pickled to the same bytes are equal. That is computed in C, for blocks of tasks at once. Only
blocks that differ are compared in the canonical form: equal values may be pickled differently.
"""

from __future__ import annotations

from runner_probe.result_digest import close, digest, plain, quick_digests, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from runner_probe.wire import ExpectedResults, ReferenceResults, WorkloadSettings
    from runner_probe.workload import Labels

_BLOCKS = 64  # of tasks, each with a quick digest
_SHOWN_CHARACTERS = 200_000  # of all results of a reference together


class Judgement:
    """The outcome of a check."""

    def __init__(self, new_reference: ReferenceResults | None = None) -> None:
        self.new_reference = new_reference  #: None: there was one, or no whole bag to make it from
        self.differing: list[int] = []  #: tasks of the bag whose result is wrong
        self.error = ""  #: describes the first of them


def judge(
    values: Sequence[Any],
    labels: Labels | Sequence[str],
    workload: WorkloadSettings,
    reference: ExpectedResults | ReferenceResults | None,
    tasks: Sequence[int] | None = None,
) -> Judgement:
    """Compare results as the workload's `compare` says. Without a reference, make one from the first bag.

    Args:
        values: results, bag after bag
        labels: labels of the tasks of one bag
        workload: settings of the workload
        reference: results to compare with, unless the workload has expected results
        tasks: the task of each value, if the values are not whole bags

    Raises:
        TypeError: a result that cannot be compared
    """
    comparison = workload["compare"]
    if comparison == "none":
        return Judgement(_NOTHING)
    expected = workload.get("expect")
    is_new = reference is None and tasks is None
    judgement = Judgement(_reference(values[: len(labels)], comparison) if is_new else None)
    standard: ExpectedResults | ReferenceResults | None
    if expected is not None:
        standard, source = _reference(expected, comparison), "was expected"
    else:
        standard, source = judgement.new_reference or reference, "in the reference run"
    if standard is None:  # neither a reference nor a whole bag: nothing to compare with
        return judgement
    wrong: dict[int, Any] = {}
    whole: ReferenceResults | None = None
    for place, task in _unequal(values, len(labels), standard["quick"], tasks):
        whole = whole or _whole(standard)
        if not _equals(_form(values[place], comparison), whole["values"][task], comparison):
            wrong.setdefault(task, values[place])
    if whole is not None and wrong:
        task = min(wrong)
        more = f" ({len(wrong)} tasks differ)" if len(wrong) > 1 else ""
        other = whole["shown"][task] if task < len(whole["shown"]) else "something else"
        judgement.differing = sorted(wrong)
        judgement.error = (
            f"items[{task}] = {labels[task]} returned {shown(wrong[task])}, but {other} {source}{more}"
        )
    return judgement


def _reference(values: Sequence[Any], comparison: str) -> ReferenceResults:
    texts: list[str] = []
    left = _SHOWN_CHARACTERS
    for value in values:
        texts.append(shown(value))
        left -= len(texts[-1])
        if left < 0:
            break
    size = _block_size(len(values))
    blocks = [values[first : first + size] for first in range(0, len(values), size)]
    return {
        "values": [_form(value, comparison) for value in values],
        "shown": texts,
        "quick": quick_digests(blocks),
    }


def _block_size(tasks: int) -> int:
    return max(1, -(-tasks // _BLOCKS))


def _unequal(
    values: Sequence[Any], count: int, quick: Sequence[str], tasks: Sequence[int] | None
) -> Iterator[tuple[int, int]]:
    """List the places of the values that are not known to be equal, each with its task.

    Args:
        values: results
        count: number of tasks of a bag
        quick: quick digests of the reference's blocks
        tasks: the task of each value; None: the values are whole bags
    """
    size = _block_size(count)
    starts: list[int] = []  # of whole blocks among the values
    place = 0
    while place < len(values):
        task = place % count if tasks is None else tasks[place]
        length = min(size, count - task)
        is_block = task % size == 0 and (
            tasks is None or list(tasks[place : place + length]) == list(range(task, task + length))
        )
        if is_block:
            starts.append(place)
            place += length
        else:
            yield place, task
            place += 1
    firsts = [start % count if tasks is None else tasks[start] for start in starts]
    lengths = [min(size, count - first) for first in firsts]
    blocks = [values[start : start + length] for start, length in zip(starts, lengths, strict=True)]
    for start, first, length, found in zip(starts, firsts, lengths, quick_digests(blocks), strict=True):
        if not found or found != quick[first // size]:
            yield from zip(range(start, start + length), range(first, first + length), strict=True)


def _whole(reference: ExpectedResults | ReferenceResults) -> ReferenceResults:
    """Return the reference itself, or read it from the file of the study."""
    if "file" not in reference:
        return reference
    import json  # noqa: PLC0415 - only results that may differ need it

    found: ReferenceResults = _NOTHING
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


def _equals(form: Any, other: Any, comparison: str) -> bool:
    return bool(form == other) if comparison == "equal" else close(form, other)


_NOTHING: ReferenceResults = {"quick": [], "values": [], "shown": []}
