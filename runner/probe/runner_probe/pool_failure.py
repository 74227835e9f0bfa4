"""Why a pool did not return what was submitted: how a worker died, or what could not be pickled."""

from __future__ import annotations

import signal
from multiprocessing.reduction import ForkingPickler

from runner_probe.adapters.worker_died import WorkerDied
from runner_probe.iteration import is_broken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runner_probe.iteration import PoolFailed
    from runner_probe.workload import Workload

_BY_THE_POOL = -signal.SIGTERM  # exit code of the workers that a broken pool ends


def explain(failed: PoolFailed, workload: Workload, chunk_size: int | None) -> dict[str, Any]:
    """Tell the status and the error, and where a worker of a pool died by itself also its `worker_exit_code`.

    The pool has been shut down, so its workers have ended.
    """
    if is_broken(failed.error):
        return _explain_death(failed)
    text = str(failed)
    if failed.chunk is not None and "pickl" in text.lower():
        text = f"{_what_cannot_be_pickled(failed.chunk, workload, chunk_size)} cannot be pickled: {text}"
    return {"status": "failed", "error": text}


def _explain_death(failed: PoolFailed) -> dict[str, Any]:
    text = str(failed)
    if isinstance(failed.error, WorkerDied):
        return _crashed(text, failed.error.exit_code)
    if type(failed.error).__module__ != "concurrent.futures.process":
        return _crashed(text)
    own = [code for code in _exit_codes(failed) if code != _BY_THE_POOL]
    if own:
        return _crashed(text, own[0])
    unread = _unread(failed.error)
    if unread:
        return {"status": "failed", "error": f"a result was pickled, but cannot be unpickled: {unread}"}
    return _crashed(f"a worker left its pool without ending, or was ended by SIGTERM: {text}")


def _crashed(error: str, worker_exit_code: int | None = None) -> dict[str, Any]:
    crashed = {"status": "crashed", "error": error}
    return crashed if worker_exit_code is None else {**crashed, "worker_exit_code": worker_exit_code}


def _exit_codes(failed: PoolFailed) -> list[int]:
    return [worker.exitcode for worker in failed.workers if worker.exitcode is not None]


def _unread(error: Exception) -> str:
    """Tell what a process pool met when it read a result: the last line of the traceback it keeps as text."""
    lines = str(error.__cause__ or "").strip().strip("'\"").strip().splitlines()
    return lines[-1].strip() if lines else ""


def _what_cannot_be_pickled(chunk: int, workload: Workload, chunk_size: int | None) -> str:
    """Name the task, and whether it is what goes there or what comes back."""
    size = chunk_size or len(workload.items)
    first = chunk * size
    items = workload.items[first : first + size]
    try:
        ForkingPickler.dumps((workload.call, items))
    except Exception:
        what = "function or an item"
    else:
        what = "result"
    if len(items) == 1:
        return f"the {what} of task {first} ({workload.labels()[first % len(workload.bag)]})"
    return f"{'a' if what == 'result' else 'the'} {what} of tasks {first} to {first + len(items) - 1}"
