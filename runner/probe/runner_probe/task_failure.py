"""What a worker reports about an exception that a task raised."""

from __future__ import annotations

import pickle
import sys
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
    if _would_break_a_pool(error):
        message = f"{message} (it cannot be unpickled, which breaks a process pool: define its __reduce__)"
    return task, type(error).__name__, message, text


def _would_break_a_pool(error: BaseException) -> bool:
    """Whether it was raised in a worker of a pool that would send it back, and could not be received."""
    processes = sys.modules.get("multiprocessing.process")
    if processes is None or processes.parent_process() is None:
        return False
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - it was pickled just before
    except Exception:
        return True
    return False
