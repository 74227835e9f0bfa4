"""The text of a reply about a run that failed. Only failures import this module."""

from __future__ import annotations

import os
import re
import traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runner_probe.iteration import TaskFailed
    from runner_probe.workload import Workload


def describe_failure(error: TaskFailed, workload: Workload) -> str:
    """Name the task and its exception, and the place that raised it."""
    raised = f"{workload.name_of(error.task)} raised {error.kind}: {error.message}".removesuffix(": ")
    place = _place(error.traceback)
    return f"{raised} ({place})" if place else raised


def _place(trace: str) -> str:
    """Return the file and line of the user's code that raised; empty if the traceback shows none."""
    library, probe = os.path.dirname(os.__file__), os.path.dirname(__file__)
    places = [
        f"{os.path.basename(file)}:{line}"
        for file, line in re.findall(r'^ +File "([^"]+)", line (\d+)', trace, re.MULTILINE)
        if not file.startswith((library, probe, "<")) and "site-packages" not in file
    ]
    return places[-1] if places else ""


def traceback_text(error: BaseException) -> str:
    """Format the traceback of an exception."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))
