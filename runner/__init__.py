"""Threads, processes, or not in parallel at all, and with how many workers: measured.

`__main__` is the flow, one function per stage. Data flows one way:

    command line --compose--> points --plan--> cells --preflight, measure--> samples, task records --> folder
    folder --analyse--> analysed study --render--> terminal, tables, plots

Measuring and reporting meet only at the result folder. docs/design.md describes every package.
"""

TYPE_CHECKING = False  # importing the package imports nothing
if TYPE_CHECKING:
    from pathlib import Path

    from runner.frames import Frames

__all__ = ["read"]


def read(*patterns: "str | Path") -> "Frames":
    """Read result folders as data frames: `runner.read("results/*").cells`.

    Raises:
        RunnerError: if no folder matches, or one cannot be read
    """
    from runner.frames import read_frames  # noqa: PLC0415

    return read_frames(patterns)
