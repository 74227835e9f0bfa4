"""Errors of Hydra, OmegaConf and YAML → one line each: what is wrong where, and what to do about it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path

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

from runner.cli.schema import GROUPS, LOST, near, near_setting, where
from runner.paths import shown
from runner.settings import Origin


def one_line(
    error: Exception, find_file: Callable[[str], str], origins: Mapping[str, Origin] | None = None
) -> str:
    """Tell an error on one line.

    Args:
        error: as it was raised while composing
        find_file: the path of a file that Hydra names by group and option, such as workload/primes
        origins: by group, where the chosen options are written; None if composing did not get so far
    """
    chain = list(_chain(error))
    text = "\n".join(str(one) for one in chain)
    composing = re.search(r"In '([^']+)': \w+ raised while composing config:", text)
    for one in chain:
        if isinstance(one, OmegaConfBaseException):
            if composing is None:
                return _wrong_setting(one, "", where(one.full_key or "", origins or {}))
            option = composing[1]
            return f"{find_file(option)}: {_wrong_setting(one, option, one.full_key or '')}"
        if unreadable := _unreadable(one, find_file):
            return unreadable
    for pattern, explain in _EXPLANATIONS:
        found = re.search(pattern, text, re.DOTALL)
        if found:
            return explain(*found.groups())
    return "; ".join(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _unreadable(error: BaseException, find_file: Callable[[str], str]) -> str:
    """Say where a file or an override cannot be read; empty if that is not the matter."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"{shown(Path(mark.name))}, line {mark.line + 1}: {error.problem}; mend the YAML there"
    if isinstance(error, UnicodeDecodeError):
        return f"a YAML file is not UTF-8 ({error}); save it as UTF-8"
    if isinstance(error, OverrideParseException):
        groups = [group for group in _GROUPS if Path(find_file(f"{group}/{error.override}")).is_file()]
        if groups:
            return f"{error.override}: it has no group; write {groups[0]}={error.override}"
        return f"{error.override}: it cannot be read; write SETTING=VALUE, and quote what is not plain"
    return ""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _wrong_setting(error: OmegaConfBaseException, option: str, place: str) -> str:
    """Say what is wrong with one setting, which `option` sets if it is not empty."""
    place = f"{place}: " if place else ""
    if isinstance(error, ConfigKeyError | ConfigAttributeError):
        return f"{place}there is no such setting{_hint(error, option)}"
    told = str(error).splitlines()[0]
    if isinstance(error, GrammarParseError):
        return f"{place}{told}; close each ${{ with a }}, or write \\${{ for the text itself"
    for pattern, reason in _REASONS:
        found = re.search(pattern, told)
        if found:
            return place + reason.format(*found.groups())
    remedy = "; refer to a setting that is there" if isinstance(error, InterpolationResolutionError) else ""
    return place + told + remedy


def _hint(error: OmegaConfBaseException, option: str) -> str:
    """Suggest what an unknown key should have been."""
    key, parent = str(error.key), error.parent_node
    if option.startswith(f"{key}/"):  # a file of `experiment` that sets what is below `experiment`
        return "; should its first line be '# @package _global_'?"
    if not isinstance(parent, DictConfig):
        return ""
    if error.full_key == key:
        return near_setting(key)
    hint = near(key, [str(known) for known in parent])
    if option or is_dataclass(OmegaConf.get_type(parent)):
        return hint
    separator = "" if hint.endswith("?") else ";"
    return f"{hint}{separator} +{error.full_key}=VALUE adds one"


#: What OmegaConf says of a value, and what a user needs to know.
_REASONS = (
    (r"Value '(.*)' of type .* converted to Integer", "'{}' is no whole number; write one, such as 4"),
    (r"Value '(.*)' of type .* converted to Float", "'{}' is no number; write one, such as 0.5"),
    (r"Value '(.*)' is not a valid bool", "'{}' is neither true nor false; write one of these"),
    (r"field '.*' is not Optional", "null is no value for it; leave it out, or give one"),
    (r"Invalid value '(.*)', expected one of \[(.*)\]", "'{}' is no choice; write one of {}"),
    (r"Cannot assign (\w+) to Dict", "it must be settings of its own, NAME: VALUE, not {}"),
    (
        r"Cannot merge (?:DictConfig with ListConfig|incompatible container types)",
        "a list and settings (NAME: VALUE) cannot be merged; write it in the form that the file uses",
    ),
    (r"Invalid value assigned: .* is not a ListConfig", "it must be a list, such as [A, B]"),
    (r"Cannot convert '(?:List|Dict)?(?:Config|\w+)' to string: '(.*)'", "{} is not text; write text"),
    (r"Key (.*) \((\w+)\) is incompatible with", "the key {} is {}, not text; put it in quotes"),
    (r"Value '(\w+)' is not a supported primitive type", "a value of type {} " + LOST),
    (r"Invalid type assigned: (\w+) is not a subclass", "it must hold settings, NAME: VALUE, not a {}"),
    (r"Interpolation key '(.*)' not found", "${{{0}}} refers to no setting; name one that is there"),
    (
        r"Environment variable '(.*)' not found",
        "the environment variable {0} is not set; set it, or give a default: ${{oc.env:{0},DEFAULT}}",
    ),
)


_GROUPS = (*GROUPS.values(), "experiment")


def _no_such_file(group: str, option: str, options: str | None) -> str:
    hint = near(option, (options or "").split())
    own = "" if hint.endswith("?") else "; --config-dir FOLDER adds those of FOLDER"
    return f"there is no {group} '{option}'{hint}{own}"


def _sweep(text: str) -> str:
    key, _, values = text.partition("=")
    is_list = key.startswith("workload.")
    return f"{text}: that is a sweep; add --multirun{f', or write [{values}] for a list' if is_list else ''}"


#: Patterns of Hydra's messages, and what a user needs to know of them.
_EXPLANATIONS: tuple[tuple[str, Callable[..., str]], ...] = (
    (
        r"Could not find '([^']+)/([^'/]+)/?'(?:.*?Available options in '[^']+':\n(.*?)\nConfig)?",
        _no_such_file,
    ),
    (
        r"In '([^']+)': Could not load '([^']+)'",
        lambda file, wanted: f"{file}: there is no {wanted}.yaml; name a file of the configuration folders",
    ),
    (r"Ambiguous value for argument '([^']+)'", _sweep),
    (r"Sweep parameters '([^']+)'", _sweep),
    (
        r"Could not override '([^']+)'\.\nDid you mean to override (?:one of )?([^?]+)\?",
        lambda key, near_by: f"{key}: there is no such group; did you mean one of {near_by}?",
    ),
    (
        r"Override (\S+) looks like a config group override, but config group '([^']+)' does not",
        lambda override, group: f"{override}: there is no group '{group}'; there are {', '.join(_GROUPS)}",
    ),
    (
        r"Could not override '([^']+)'\. No match in the defaults list",
        lambda group: f"{group}: there is no such group; there are {', '.join(_GROUPS)}",
    ),
    (
        r"Could not append to config\. An item is already at '([^']+)'",
        lambda key: f"+{key}: there is a setting of that name; leave the + out",
    ),
    (
        r"Could not delete from config\. '([^']+)' does not exist",
        lambda key: f"~{key}: there is no such setting; leave it out",
    ),
    (
        r"Config group override must be a string or a list\. Got (\w+)",
        lambda kind: f"the option of a group is the name of a file, not {kind}; write it as workload=NAME",
    ),
    (
        r"Additional config directory '([^']+)' not found",
        lambda folder: f"--config-dir {folder}: there is no such folder; name one with workload/NAME.yaml",
    ),
    (
        r"Cannot find primary config '([^']+)'",
        lambda name: f"--config-name {name}: there is no such file; leave it out",
    ),
    (
        r"invalid literal for int\(\) with base 10: '(\w+)'",
        lambda key: (
            f".{key}: a list has no settings of its own; start from a file without the list, "
            "such as workload=function"
        ),
    ),
    (
        r"Only one of --run, --multirun",
        lambda: "--cfg and --info show one point and do not go with --multirun; leave that out",
    ),
)
