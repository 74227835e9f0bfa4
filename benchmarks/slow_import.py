"""A module that takes as many seconds to import as RUNNER_SLOW_IMPORT_S says."""

import os
import time

time.sleep(float(os.environ["RUNNER_SLOW_IMPORT_S"]))


def wait(seconds: float) -> None:
    """Wait, as a task that computes nothing."""
    time.sleep(seconds)
