"""The errors that end a run with one message and an exit code, without a traceback."""


class RunnerError(Exception):
    """A message for the user: what is wrong with which thing, and what to do about it."""

    exit_code = 1


class ConfigurationError(RunnerError):
    """The configuration is wrong, and nothing was measured."""

    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))
