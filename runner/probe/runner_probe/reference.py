"""The judgement of results: against those expected, or those of the reference invocation."""

from __future__ import annotations

from runner_probe.results import close, digest, plain, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    #: what later invocations compare with: one entry a task
    Reference = list[dict[str, Any]]


def judge(
    values: Sequence[Any], labels: Sequence[str], workload: dict[str, Any], reference: Reference | None
) -> dict[str, Any]:
    """Compare, as the workload's `compare` says. Without a reference, make one.

    Returns the entries of the reply: `reference` when there was none, `differing` (positions), and status and
    error of a result that differs.
    """
    kind = workload["compare"]
    if kind == "none":
        return {"reference": [], "differing": []}
    made = [_entry(value, kind) for value in values]
    expected = workload.get("expect")
    if expected is not None:
        against, source = [_entry(value, kind) for value in expected], "expected"
    else:
        against, source = made if reference is None else reference, "in the reference invocation"
    same = _same_digest if kind == "equal" else _same_value
    differing = [
        task for task, (one, other) in enumerate(zip(made, against, strict=True)) if not same(one, other)
    ]
    reply: dict[str, Any] = {"differing": differing}
    if reference is None:
        reply["reference"] = made
    if differing:
        task = differing[0]
        more = f" ({len(differing)} tasks differ)" if len(differing) > 1 else ""
        reply["status"] = "wrong_result"
        reply["error"] = (
            f"task {task} ({labels[task]}) gave {made[task]['shown']}, "
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
