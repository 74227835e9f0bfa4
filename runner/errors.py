"""The errors that end the program with one message and an exit code, without a traceback."""

INTERRUPTED = 130  #: the exit code if the user stops the program


class RunnerError(Exception):
    """A message for the user: which thing is wrong, in what way, and the remedy."""

    exit_code = 1


class ConfigurationError(RunnerError):
    """The configuration is wrong; nothing was measured."""

    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))
