"""The supervisor of a session, and the clean-up if the supervisor is killed."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from runner.supervise.client import Supervisor, SupervisorDied
from runner.supervise.orphans import end_marked


@contextmanager
def supervised(show: Callable[[str], None]) -> Iterator[Supervisor]:
    """Start a supervisor; if it is killed, terminate the processes that it leaves behind.

    Args:
        show: shows a message to the user

    Raises:
        SupervisorDied: the message also says what happened to these processes
    """
    with Supervisor(lambda activity: show(f"{activity} …")) as supervisor:
        try:
            yield supervisor
        except SupervisorDied as died:
            raise SupervisorDied(f"{died}; {_end_leftovers(supervisor.mark)}") from died


def _end_leftovers(mark: str) -> str:
    terminated, alive = end_marked(mark)
    if alive or sys.platform != "linux":
        return f"terminate its leftover processes, those with {mark} in their environment"
    return f"its {terminated} leftover processes were terminated" if terminated else "it left no processes"
