"""Errors of Hydra, OmegaConf and YAML on one line: the setting or file, what is wrong, and the remedy."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_args, get_type_hints

import yaml
from hydra.errors import OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    GrammarParseError,
    InterpolationResolutionError,
    OmegaConfBaseException,
)

from runner.cli.schema import GROUPS, NOT_IN_JSON, SCHEMAS, name_setting, suggest, suggest_setting
from runner.paths import display_path
from runner.settings import Origin


def one_line(
    error: Exception, find_file: Callable[[str], str], origins: Mapping[str, Origin] | None = None
) -> str:
    """Describe an error on one line.

    Args:
        error: the error that was raised while composing
        find_file: returns the path of a file that Hydra names by group and option, such as workload/primes
        origins: by group, the chosen option and its file; None if composing failed before they were known
    """
    chain = list(_chain(error))
    text = "\n".join(str(link) for link in chain)
    composing = re.search(r"In '([^']+)': \w+ raised while composing config:", text)
    for link in chain:
        if isinstance(link, OmegaConfBaseException):
            if composing is None:
                return _wrong_setting(link, "", name_setting(link.full_key or "", origins or {}))
            option = composing[1]
            file = find_file(option)
            key = _key_in_file(link.full_key or "", option)
            return f"{file}{_line_of(key, Path(file))}: {_wrong_setting(link, option, key)}"
        if message := _parse_error(link, find_file):
            return message
    for pattern, explain in _HYDRA_MESSAGES:
        match = re.search(pattern, text, re.DOTALL)
        if match:
            return explain(*match.groups())
    return "; ".join(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _parse_error(error: BaseException, find_file: Callable[[str], str]) -> str:
    """Describe a file or an override that cannot be parsed; empty for any other error."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"{display_path(Path(mark.name))}, line {mark.line + 1}: invalid YAML: {error.problem}"
    if isinstance(error, UnicodeDecodeError):
        return f"a YAML file is not UTF-8 ({error}); save it as UTF-8"
    if isinstance(error, OverrideParseException):
        groups = [group for group in _GROUPS if Path(find_file(f"{group}/{error.override}")).is_file()]
        if groups:
            return f"{error.override}: the group is missing; write {groups[0]}={error.override}"
        if unbalanced := _unbalanced(str(error.override).partition("=")[2]):
            return f"{error.override}: {unbalanced}"
        return f"{error.override}: not of the form NAME=VALUE; put a value with special characters in quotes"
    return ""


def _unbalanced(value: str) -> str:
    """Describe the first bracket or quote of a value that has no partner; empty if all have one."""
    expected: list[str] = []  # closing brackets, the innermost last
    quote = ""
    for part in re.findall(r"\\.|.", value, re.DOTALL):
        if quote:
            quote = "" if part == quote else quote
        elif part in ("'", '"'):
            quote = part
        elif part in _CLOSING:
            expected.append(_CLOSING[part])
        elif part in _OPENING and (not expected or expected.pop() != part):
            return f"the bracket {part} is not opened; add a {_OPENING[part]} before it, or remove it"
    if quote:
        return f"the quote {quote} is not closed; close it, or write \\{quote} for a literal one"
    return f"the bracket {_OPENING[expected[-1]]} is not closed; add a {expected[-1]}" if expected else ""


_CLOSING = {"[": "]", "{": "}", "(": ")"}
_OPENING = {closing: opening for opening, closing in _CLOSING.items()}


def _key_in_file(key: str, option: str) -> str:
    """Return a key as its file writes it: the file of a group omits the node that the group fills."""
    node, _, rest = key.partition(".")
    return rest if rest and option.partition("/")[0] in GROUPS.values() and node in GROUPS else key


def _line_of(key: str, file: Path) -> str:
    """Name the line of a key in a file; empty if it is not certain."""
    name = re.escape(key.rpartition(".")[2])
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    numbers = [
        number
        for number, line in enumerate(lines, 1)
        if re.search(rf"(?:^|[\s{{,])['\"]?{name}['\"]?\s*:", line)
    ]
    return f", line {numbers[0]}" if len(numbers) == 1 else ""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _wrong_setting(error: OmegaConfBaseException, option: str, place: str) -> str:
    """Describe what is wrong with one setting; `option` names the file that sets it, or is empty."""
    place = f"{place}: " if place else ""
    if isinstance(error, ConfigKeyError | ConfigAttributeError):
        return f"{place}unknown setting{_hint(error, option)}"
    message = str(error).splitlines()[0]
    if isinstance(error, GrammarParseError):
        return f"{place}{message}; close each ${{ with a }}, or write \\${{ for a literal ${{"
    for pattern, reason in _OMEGACONF_MESSAGES:
        match = re.search(pattern, message)
        if match:
            return place + reason.format(*match.groups(), or_null=_or_null(error))
    is_reference = isinstance(error, InterpolationResolutionError)
    return place + message + ("; refer to an existing setting" if is_reference else "")


def _or_null(error: OmegaConfBaseException) -> str:
    """Add null to the choices of a setting that allows it."""
    hints = get_type_hints(error.object_type) if is_dataclass(error.object_type) else {}
    return ", or null" if type(None) in get_args(hints.get(str(error.key))) else ""


def _hint(error: OmegaConfBaseException, option: str) -> str:
    """Suggest what an unknown key should be."""
    key, parent = str(error.key), error.parent_node
    if option.startswith(f"{key}/"):  # a file of `experiment` that sets keys below `experiment`
        return "; should the first line be '# @package _global_'?"
    if is_dataclass(error.object_type) and error.object_type not in SCHEMAS.values():  # an entry of a list
        return suggest(key, [entry.name for entry in fields(error.object_type)])
    if not isinstance(parent, DictConfig):
        return ""
    if error.full_key == key:
        return suggest_setting(key)
    hint = suggest(key, [str(known) for known in parent])
    if option or is_dataclass(OmegaConf.get_type(parent)):
        return hint
    separator = "" if hint.endswith("?") else ";"
    return f"{hint}{separator} +{error.full_key}=VALUE adds it"


#: Messages of OmegaConf about a value, and what a user needs to know.
_OMEGACONF_MESSAGES = (
    (r"Value '(.*)' of type .* converted to Integer", "'{}' is not a whole number; use a number such as 4"),
    (r"Value '(.*)' of type .* converted to Float", "'{}' is not a number; use a number such as 0.5"),
    (r"Value '(.*)' is not a valid bool", "'{}' is not a truth value; use true or false"),
    (r"field '.*' is not Optional", "null is not allowed; remove the setting, or give a value"),
    (r"Invalid value '(.*)', expected one of \[(.*)\]", "unknown value '{}'; use one of {}{or_null}"),
    (r"Cannot assign (\w+) to Dict", "must be settings (NAME: VALUE), not {}"),
    (
        r"Cannot merge (?:DictConfig with ListConfig|incompatible container types)",
        "a list and settings (NAME: VALUE) cannot replace each other; use the form that the file uses",
    ),
    (r"Invalid value assigned: .* is not a ListConfig", "must be a list, such as [A, B]"),
    (r"Cannot convert '(?:List|Dict)?(?:Config|\w+)' to string: '(.*)'", "{} is not text; use text"),
    (r"Key (.*) \((\w+)\) is incompatible with", "the key {} is of type {}, not text; put it in quotes"),
    (r"Value '(\w+)' is not a supported primitive type", "a value of type {} " + NOT_IN_JSON),
    (r"Invalid type assigned: (\w+) is not a subclass", "must be settings (NAME: VALUE), not a {}"),
    (r"Interpolation key '(.*)' not found", "${{{0}}} refers to no setting; refer to an existing one"),
    (
        r"Environment variable '(.*)' not found",
        "the environment variable {0} is not set; set it, or give a default: ${{oc.env:{0},DEFAULT}}",
    ),
)


_GROUPS = (*GROUPS.values(), "experiment")


def _no_such_option(group: str, option: str, options: str | None) -> str:
    hint = suggest(option, (options or "").split())
    remedy = "" if hint.endswith("?") else "; --config-dir FOLDER adds your own"
    return f"unknown {group} '{option}'{hint}{remedy}"


def _sweep(text: str) -> str:
    key, _, values = text.partition("=")
    is_list = key.startswith("workload.")
    or_list = f", or write [{values}] for a list" if is_list else ""
    return f"{text}: several values are a sweep; add --multirun{or_list}"


#: Messages of Hydra, and what a user needs to know.
_HYDRA_MESSAGES: tuple[tuple[str, Callable[..., str]], ...] = (
    (
        r"Could not find '([^']+)/([^'/]+)/?'(?:.*?Available options in '[^']+':\n(.*?)\nConfig)?",
        _no_such_option,
    ),
    (
        r"In '([^']+)': Could not load '([^']+)'",
        lambda file, name: f"{file}: {name}.yaml does not exist; name a file of the configuration folders",
    ),
    (r"Ambiguous value for argument '([^']+)'", _sweep),
    (r"Sweep parameters '([^']+)'", _sweep),
    (
        r"Could not override '([^']+)'\.\nDid you mean to override (?:one of )?([^?]+)\?",
        lambda key, similar: f"{key}: unknown group; did you mean {similar}?",
    ),
    (
        r"Override (\S+) looks like a config group override, but config group '([^']+)' does not",
        lambda override, group: f"{override}: unknown group '{group}'; use one of {', '.join(_GROUPS)}",
    ),
    (
        r"Could not override '([^']+)'\. No match in the defaults list",
        lambda group: f"{group}: unknown group; use one of {', '.join(_GROUPS)}",
    ),
    (
        r"Could not append to config\. An item is already at '([^']+)'",
        lambda key: f"+{key}: this setting exists already; remove the +",
    ),
    (
        r"Could not delete from config\. '([^']+)' does not exist",
        lambda key: f"~{key}: unknown setting; remove it from the command line",
    ),
    (
        r"Config group override must be a string or a list\. Got (\w+)",
        lambda kind: f"a group takes the name of a file, not {kind}; write it as workload=NAME",
    ),
    (
        r"Additional config directory '([^']+)' not found",
        lambda folder: f"--config-dir {folder}: no such folder; name one that contains workload/NAME.yaml",
    ),
    (
        r"Cannot find primary config '([^']+)'",
        lambda name: f"--config-name {name}: no such file; remove it from the command line",
    ),
    (
        r"invalid literal for int\(\) with base 10: '(\w+)'",
        lambda key: (
            f".{key}: a list has no settings below it; start from a file without the list, "
            "such as workload=function"
        ),
    ),
    (
        r"Only one of --run, --multirun",
        lambda: "--cfg and --info show a single point; remove --multirun",
    ),
)
