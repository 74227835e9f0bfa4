"""The error of pools that know the exit code of a worker that died."""

from concurrent.futures import BrokenExecutor


class WorkerDied(BrokenExecutor):
    """A worker process died, and its task is lost.

    Args:
        message: what happened
        exit_code: exit code of the worker; negative: number of the signal that ended it; None: unknown
    """

    def __init__(self, message: str, exit_code: int | None) -> None:
        super().__init__(message)
        self.exit_code = exit_code
