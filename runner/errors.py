"""The errors that end the program with one message and an exit code, without a traceback."""

import sys
from collections.abc import Callable

INTERRUPTED = 130  #: the exit code if the user stops the program


class RunnerError(Exception):
    """A message for the user: the setting or file, what is wrong with it, and the remedy."""

    exit_code = 1


class ConfigurationError(RunnerError):
    """The configuration is wrong; nothing was measured."""

    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def show(line: str) -> None:
    """Show a line to the user, on standard error."""
    sys.stderr.write(f"{line}\n")


def exit_code(program: Callable[[], int]) -> int:
    """Run a program and return its exit code; show the error that ends it, if one does."""
    try:
        return program()
    except RunnerError as error:
        for line in str(error).splitlines():
            show(f"error: {line}")
        if isinstance(error, ConfigurationError):
            show("nothing was measured")
        return error.exit_code
    except KeyboardInterrupt:
        show("interrupted; nothing was measured")
        return INTERRUPTED
