"""A module that takes a second to import, as one that imports a large library does."""

import time

_until = time.thread_time() + 1.0
while time.thread_time() < _until:
    pass


def spin(steps: int) -> int:
    """Count down."""
    while steps:
        steps -= 1
    return steps
