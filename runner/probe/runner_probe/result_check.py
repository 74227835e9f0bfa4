"""Checking results against expected ones, or against those of the reference run."""

from __future__ import annotations

from runner_probe.result_digest import close, digest, plain, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from runner_probe.wire import ComparableResult, WorkloadSettings


class Judgement:
    """The result of a check."""

    def __init__(self, new_reference: list[ComparableResult] | None = None) -> None:
        self.new_reference = new_reference  #: None: one was given, or there was no whole bag to make it from
        self.differing: list[int] = []  #: tasks of the bag whose result is wrong
        self.error = ""  #: describes the first of them


def judge(
    values: Sequence[Any],
    labels: Sequence[str],
    workload: WorkloadSettings,
    reference: list[ComparableResult] | None,
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
        return Judgement([])
    results = [_comparable(value, comparison) for value in values]
    expected = workload.get("expect")
    first_bag = results[: len(labels)] if tasks is None else None
    judgement = Judgement(first_bag if reference is None else None)
    standard: list[ComparableResult] | None
    if expected is not None:
        standard, source = [_comparable(value, comparison) for value in expected], "was expected"
    else:
        standard = first_bag if reference is None else reference
        source = "in the reference run"
    if standard is None:  # neither a reference nor a whole bag: nothing to compare with
        return judgement
    equal = _equal_digests if comparison == "equal" else _close_values
    positions = [place % len(labels) for place in range(len(results))] if tasks is None else tasks
    wrong: dict[int, ComparableResult] = {}
    for task, result in zip(positions, results, strict=True):
        if not equal(result, standard[task]):
            wrong.setdefault(task, result)
    if wrong:
        task = min(wrong)
        more = f" ({len(wrong)} tasks differ)" if len(wrong) > 1 else ""
        judgement.differing = sorted(wrong)
        judgement.error = (
            f"task {task} ({labels[task]}) returned {wrong[task]['shown']}, "
            f"but {standard[task]['shown']} {source}{more}"
        )
    return judgement


def _comparable(value: Any, comparison: str) -> ComparableResult:
    try:
        form = digest(value) if comparison == "equal" else plain(value)
    except Exception as error:
        other = "none" if comparison == "equal" else "equal or none"
        message = f"a result of type {type(value).__name__} cannot be compared: {error}; set compare: {other}"
        raise TypeError(message) from error
    return {"value": form, "shown": shown(value)}


def _equal_digests(result: ComparableResult, expected: ComparableResult) -> bool:
    return bool(result["value"] == expected["value"])


def _close_values(result: ComparableResult, expected: ComparableResult) -> bool:
    return close(result["value"], expected["value"])
