"""The flags of the command line. Wrong ones are refused before Hydra parses them and prints its usage."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import fields

from runner.errors import ConfigurationError
from runner.settings import Config

#: Flags whose value is the next argument, unless it follows a =.
_WITH_VALUE = (
    *("--package", "-p", "--config-path", "-cp", "--config-name", "-cn", "--config-dir", "-cd"),
    "--experimental-rerun",
)
_CHOICES = {
    "--cfg": ("job", "hydra", "all"),
    "--info": ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath"),
}
_LONG_NAMES = {"-c": "--cfg", "-i": "--info"}
#: Flags that show something instead of measuring.
_QUERIES = ("--help", "-h", "--hydra-help", "--version", "--shell-completion", "-sc", *_CHOICES, *_LONG_NAMES)
_FLAGS = (*_QUERIES, *_WITH_VALUE, "--resolve", "--run", "-r", "--multirun", "-m")


def refuse_wrong_flags(arguments: Sequence[str]) -> None:
    """Check every flag.

    Raises:
        ConfigurationError: naming unknown flags and flags with a missing or wrong value
    """
    problems = list(_problems(arguments))
    if problems:
        raise ConfigurationError(problems)


def is_query(arguments: Sequence[str]) -> bool:
    """Whether a command line asks to show something instead of measuring."""
    return any(argument.partition("=")[0] in _QUERIES for argument in arguments)


def overrides_first(arguments: Sequence[str]) -> list[str]:
    """Move all overrides to the front: Hydra 1.3 accepts no flags, such as -m, between them."""
    overrides: list[str] = []
    flags: list[str] = []
    for previous, argument in itertools.pairwise(("", *arguments)):
        (overrides if _is_override(argument, previous) else flags).append(argument)
    return overrides + flags


def _is_override(argument: str, previous: str) -> bool:
    has_form = argument.startswith("~") or (not argument.startswith("-") and "=" in argument)
    return has_form and previous not in _WITH_VALUE


def _problems(arguments: Sequence[str]) -> Iterator[str]:
    for previous, argument, following in zip(["", *arguments], arguments, [*arguments[1:], ""], strict=False):
        if argument.startswith("baseline="):
            yield f"{argument}: the baseline is an executor, too; write executor@{argument}"
        if argument.startswith("-") and previous not in _WITH_VALUE:
            flag, _, value = argument.partition("=")
            if not value and not following.startswith("-") and not _is_override(following, ""):
                value = following
            yield from _problems_of_flag(flag, value, has_next=bool(following))


def _problems_of_flag(flag: str, value: str, *, has_next: bool) -> Iterator[str]:
    choices = _CHOICES.get(_LONG_NAMES.get(flag, flag), ())
    if flag not in _FLAGS:
        yield f"{flag}: unknown option; {_suggestion(flag, value)}"
    elif flag in _WITH_VALUE and not value and not has_next:
        yield f"{flag}: its value is missing; write {flag} VALUE"
    elif choices and value not in choices and (value or flag in ("--cfg", "-c")):
        yield f"{flag}: unknown value '{value}'; use one of {', '.join(choices)}"


def _suggestion(flag: str, value: str) -> str:
    """Suggest a known flag, or a setting of that name, with its value."""
    import difflib  # noqa: PLC0415 - needed for messages only

    defaults = {entry.name: entry.default for entry in fields(Config)}
    setting = flag.lstrip("-").replace("-", "_")
    flags = [] if setting in defaults else difflib.get_close_matches(flag, _FLAGS, 1, _SIMILARITY)
    settings = difflib.get_close_matches(setting, defaults, 1)
    if flags:
        return f"did you mean '{flags[0]}'?"
    if not settings:
        return "settings are written NAME=VALUE; --help lists them"
    default = "true" if isinstance(defaults[settings[0]], bool) else "VALUE"
    return f"settings are written {settings[0]}={value or default}"


_SIMILARITY = 0.7  # a less similar name is more likely that of a setting than a misspelt flag
