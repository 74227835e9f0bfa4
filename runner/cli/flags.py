"""The options of the command line, which Hydra reads: a wrong one is told before Hydra prints its usage."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import fields

from runner.errors import ConfigurationError
from runner.settings import Config

#: Options whose value is the next argument, unless it follows a =.
_TAKES_A_VALUE = (
    *("--package", "-p", "--config-path", "-cp", "--config-name", "-cn", "--config-dir", "-cd"),
    "--experimental-rerun",
)
_CHOICES = {
    "--cfg": ("job", "hydra", "all"),
    "--info": ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath"),
}
_SHORT = {"-c": "--cfg", "-i": "--info"}
#: With these nothing is measured.
_ASKS = ("--help", "-h", "--hydra-help", "--version", "--shell-completion", "-sc", *_CHOICES, *_SHORT)
_OPTIONS = (*_ASKS, *_TAKES_A_VALUE, "--resolve", "--run", "-r", "--multirun", "-m")


def refuse_wrong_options(arguments: Sequence[str]) -> None:
    """Check every option.

    Raises:
        ConfigurationError: naming those that there are not, and those whose value is wrong
    """
    problems = list(_wrong_options(arguments))
    if problems:
        raise ConfigurationError(problems)


def only_asks(arguments: Sequence[str]) -> bool:
    """Whether a command line asks something instead of measuring."""
    return any(argument.partition("=")[0] in _ASKS for argument in arguments)


def overrides_first(arguments: Sequence[str]) -> list[str]:
    """Put all overrides beside each other: Hydra takes no options, such as -m, between them."""
    overrides: list[str] = []
    options: list[str] = []
    for previous, argument in itertools.pairwise(("", *arguments)):
        (overrides if _is_override(argument, previous) else options).append(argument)
    return overrides + options


def _is_override(argument: str, previous: str) -> bool:
    is_one = argument.startswith("~") or (not argument.startswith("-") and "=" in argument)
    return is_one and previous not in _TAKES_A_VALUE


def _wrong_options(arguments: Sequence[str]) -> Iterator[str]:
    for previous, argument, following in zip(["", *arguments], arguments, [*arguments[1:], ""], strict=False):
        if argument.startswith("baseline="):
            yield f"{argument}: the baseline is one of the executors; write executor@{argument}"
        if argument.startswith("-") and previous not in _TAKES_A_VALUE:
            option, _, value = argument.partition("=")
            if not value and not following.startswith("-") and not _is_override(following, ""):
                value = following
            yield from _wrong_option(option, value, has_next=bool(following))


def _wrong_option(option: str, value: str, *, has_next: bool) -> Iterator[str]:
    choices = _CHOICES.get(_SHORT.get(option, option), ())
    if option not in _OPTIONS:
        yield f"{option}: there is no such option; {_remedy(option, value)}"
    elif option in _TAKES_A_VALUE and not value and not has_next:
        yield f"{option}: its value is missing; write {option} VALUE"
    elif choices and value not in choices and (value or option in ("--cfg", "-c")):
        yield f"{option}: '{value}' is no choice; write one of {', '.join(choices)}"


def _remedy(option: str, value: str) -> str:
    import difflib  # noqa: PLC0415 - only mistakes pay for it

    defaults = {entry.name: entry.default for entry in fields(Config)}
    setting = option.lstrip("-").replace("-", "_")
    options = [] if setting in defaults else difflib.get_close_matches(option, _OPTIONS, 1, _ALIKE)
    settings = difflib.get_close_matches(setting, defaults, 1)
    if options:
        return f"did you mean '{options[0]}'?"
    if not settings:
        return "settings are written NAME=VALUE; --help lists them"
    default = "true" if isinstance(defaults[settings[0]], bool) else "VALUE"
    return f"settings are written {settings[0]}={value or default}"


_ALIKE = 0.7  # of two names' similarity: less likely a slip than the name of a setting
