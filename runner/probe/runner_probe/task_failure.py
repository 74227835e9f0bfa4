"""What a worker reports about an exception that a task raised."""

from __future__ import annotations

import traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    #: task, name of the exception's type, its message, its traceback
    Failure = tuple[int, str, str, str]


def describe(error: BaseException, task: int) -> Failure:
    """Describe an exception as text."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    try:
        message = str(error)
    except BaseException:
        message = "(its message cannot be shown)"
    return task, type(error).__name__, message, text
