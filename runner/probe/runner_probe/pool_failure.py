"""Explanations of why a pool returned no result: a worker died, or something could not be pickled."""

from __future__ import annotations

import signal
from multiprocessing.reduction import ForkingPickler

from runner_probe.adapters.worker_died import WorkerDied
from runner_probe.iteration import is_broken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

    from runner_probe.iteration import PoolFailed
    from runner_probe.workload import Workload

    #: status; message; exit code of a worker that the pool did not terminate (None: unknown)
    Explanation = tuple[Literal["failed", "crashed"], str, int | None]

_BY_THE_POOL = -signal.SIGTERM  # exit code of the workers that a broken pool terminates


def explain(failed: PoolFailed, workload: Workload) -> Explanation:
    """Explain the failure of a pool that has been shut down, so that its workers have ended."""
    if is_broken(failed.error):
        return _explain_death(failed)
    message = str(failed)
    if failed.chunk is not None and "pickl" in message.lower():
        message = f"{_describe_unpicklable(*failed.chunk, workload)} cannot be pickled: {message}"
    return "failed", message, None


def _explain_death(failed: PoolFailed) -> Explanation:
    message = str(failed)
    if isinstance(failed.error, WorkerDied):
        return "crashed", message, failed.error.exit_code
    if type(failed.error).__module__ != "concurrent.futures.process":
        return "crashed", message, None
    by_themselves = [code for code in _exit_codes(failed) if code != _BY_THE_POOL]
    if by_themselves:
        return "crashed", message, by_themselves[0]
    cause = _why_unpickling_failed(failed.error)
    if cause:
        return "failed", f"a result was pickled, but cannot be unpickled: {cause}", None
    return "crashed", f"a worker left its pool but did not exit, or was killed by SIGTERM: {message}", None


def _exit_codes(failed: PoolFailed) -> list[int]:
    return [worker.exitcode for worker in failed.workers if worker.exitcode is not None]


def _why_unpickling_failed(error: Exception) -> str:
    """Return the last line of the traceback that a process pool keeps when it cannot read a result."""
    lines = str(error.__cause__ or "").strip().strip("'\"").strip().splitlines()
    return lines[-1].strip() if lines else ""


def _describe_unpicklable(first: int, items: Sequence[Any], workload: Workload) -> str:
    """Name the task, and whether its function, its item or its result cannot be pickled."""
    try:
        ForkingPickler.dumps((workload.call, items))
    except Exception:
        subject = "function or an item"
    else:
        subject = "result"
    if len(items) == 1:
        return f"the {subject} of {workload.name_of(first)}"
    return f"{'a' if subject == 'result' else 'the'} {subject} of tasks {first} to {first + len(items) - 1}"
