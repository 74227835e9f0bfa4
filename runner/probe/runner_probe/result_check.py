"""The judgement of results: against those expected, or those of the reference invocation."""

from __future__ import annotations

from runner_probe.result_digest import close, digest, plain, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    #: what later invocations compare with: one entry a task
    Reference = list[dict[str, Any]]


def judge(
    values: Sequence[Any],
    labels: Sequence[str],
    workload: dict[str, Any],
    reference: Reference | None,
    tasks: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Compare, as the workload's `compare` says. Without a reference, make one of the first bag.

    Args:
        values: of the tasks; of several bags one after another
        labels: of the tasks of one bag
        workload: its settings
        reference: what to compare with
        tasks: where values are not whole bags: the task in the bag that each is of

    Returns the entries of the reply: `reference` when there was none and there are whole bags, `differing`
    (tasks of the bag), and status and error of a result that differs.
    """
    kind = workload["compare"]
    if kind == "none":
        return {"reference": [], "differing": []}
    made = [_entry(value, kind) for value in values]
    expected = workload.get("expect")
    against: Reference | None
    first_bag = made[: len(labels)] if tasks is None else None
    if expected is not None:
        against, source = [_entry(value, kind) for value in expected], "expected"
    else:
        against, source = first_bag if reference is None else reference, "in the reference invocation"
    reply: dict[str, Any] = {"differing": []}
    if reference is None and first_bag is not None:
        reply["reference"] = first_bag
    if against is None:  # neither a reference nor a whole bag: nothing to compare with
        return reply
    same = _same_digest if kind == "equal" else _same_value
    of = [place % len(labels) for place in range(len(made))] if tasks is None else tasks
    wrong: dict[int, dict[str, Any]] = {}
    for task, one in zip(of, made, strict=True):
        if not same(one, against[task]):
            wrong.setdefault(task, one)
    if wrong:
        reply["differing"] = sorted(wrong)
        task = min(wrong)
        more = f" ({len(wrong)} tasks differ)" if len(wrong) > 1 else ""
        reply["status"] = "wrong_result"
        reply["error"] = (
            f"task {task} ({labels[task]}) gave {wrong[task]['shown']}, "
            f"but {against[task]['shown']} {source}{more}"
        )
    return reply


def _entry(value: Any, kind: str) -> dict[str, Any]:
    try:
        compared = digest(value) if kind == "equal" else plain(value)
    except Exception as error:
        other = "none" if kind == "equal" else "equal or none"
        message = f"a result of type {type(value).__name__} cannot be compared: {error}; set compare: {other}"
        raise TypeError(message) from error
    return {"value": compared, "shown": shown(value)}


def _same_digest(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one["value"] == other["value"])


def _same_value(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return close(one["value"], other["value"])
