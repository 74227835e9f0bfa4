"""The command line → grid points: Hydra composes, nothing is measured here.

Hydra's own sweeper and launcher call the task function once a point, in this process; it validates the point
and keeps it. So the same path serves one run and a sweep, and a wrong point stops everything.
"""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import hydra
import yaml
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from runner.config import SCHEMAS, Origin, Point, conf_dir, near, read_point, register
from runner.errors import ConfigurationError

_GROUPS = ("workload", "executor", "executor@baseline")
_ASKS_HYDRA = (
    "-h",
    "-c",
    "-i",
    "-sc",
    "--help",
    "--hydra-help",
    "--version",
    "--cfg",
    "--info",
    "--shell-completion",
)


def collect() -> list[Point]:
    """Compose and validate every grid point; an empty list if the command line only asked Hydra something.

    Raises:
        ConfigurationError: naming all that is wrong with all points
    """
    points: list[Point] = []
    problems: dict[str, list[str]] = {}

    @hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")
    def keep_point(config: DictConfig) -> None:
        job = HydraConfig.get()
        found = _hidden(job) or read_point(config, _overrides(job), _origins(job))
        if isinstance(found, Point):
            points.append(found)
        else:
            for problem in found:
                problems.setdefault(problem, []).append(" ".join(job.overrides.task))

    sys.argv[1:] = sorted(sys.argv[1:], key=lambda argument: argument not in _FLAGS)
    with _hydra_kept_quiet():
        try:
            keep_point()
        except (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError) as error:
            if type(error) is ValueError and "override" not in str(error):
                raise  # a mistake of ours, not the user's
            raise ConfigurationError([_one_line(error)]) from error
    if problems:
        raise ConfigurationError(
            [_with_points(problem, where, points) for problem, where in problems.items()]
        )
    if not points and not any(argument.split("=")[0] in _ASKS_HYDRA for argument in sys.argv[1:]):
        raise ConfigurationError([_NO_POINTS])
    return points


_FLAGS = ("-m", "--multirun")  # Hydra takes them first or last only, and not between overrides
_NO_POINTS = (
    "hydra/launcher: this launcher runs jobs elsewhere, beside each other, so nothing could be measured fairly; "
    "leave it out, and start measured interpreters on another machine with prefix=[COMMAND,...] instead"
)


@contextmanager
def _hydra_kept_quiet() -> Iterator[None]:
    """Let Hydra raise its errors instead of printing them, and write its files where they go away."""
    before = os.environ.get("HYDRA_FULL_ERROR")
    with tempfile.TemporaryDirectory(prefix="runner-") as folder:
        OmegaConf.register_new_resolver("hydra_dir", lambda: folder, replace=True)
        OmegaConf.register_new_resolver("conf_dir", lambda: f"file://{conf_dir()}", replace=True)
        OmegaConf.register_new_resolver("usable_cpus", _usable_cpus, replace=True)
        register()
        if sys.version_info >= (3, 14):  # hydra 1.3 gives argparse a help text that is made only when shown
            argparse.ArgumentParser._check_help = lambda *_: None  # type: ignore[attr-defined] # noqa: SLF001
        os.environ["HYDRA_FULL_ERROR"] = "1"
        try:
            yield
        finally:
            if before is None:
                del os.environ["HYDRA_FULL_ERROR"]
            else:
                os.environ["HYDRA_FULL_ERROR"] = before


def _usable_cpus() -> int:
    from runner.environment import usable_cpus  # noqa: PLC0415 - `--help` does not need it

    return usable_cpus()


def _overrides(job: DictConfig) -> dict[str, str]:
    """Split the overrides of a point into key and value."""
    pairs = (override.lstrip("+~").partition("=") for override in job.overrides.task)
    return {key: value for key, _, value in pairs}


def _origins(job: DictConfig) -> dict[str, Origin]:
    """Find the file of every chosen option."""
    origins = {}
    for group, files in _files(job).items():
        option = job.runtime.choices[group]
        origins[group] = Origin(option=option, path=_short(files[0]) if files else str(option))
    return origins


def _hidden(job: DictConfig) -> list[str]:
    """Name a user's files that have the name of a shipped one: Hydra would silently take the shipped one."""
    return [
        f"{_short(files[1])}: there is a {group.partition('@')[0]} of that name already ({_short(files[0])}); "
        "give yours another name"
        for group, files in _files(job).items()
        if len(files) > 1
    ]


def _files(job: DictConfig) -> dict[str, list[Path]]:
    """List, by group, the files on the search path that the chosen option could mean."""
    folders = dict.fromkeys(
        Path(source.path) for source in job.runtime.config_sources if source.schema == "file"
    )
    files = {}
    for group in _GROUPS:
        name = Path(group.partition("@")[0]) / f"{job.runtime.choices[group]}.yaml"
        files[group] = [folder / name for folder in folders if (folder / name).is_file()]
    return files


def _short(path: Path) -> str:
    """Show a path relative to the working directory where it lies below it."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _with_points(problem: str, where: list[str], points: list[Point]) -> str:
    """Add which points of a grid a problem concerns, where it is not all of them."""
    if len(where) == 1 and not points:
        return problem
    return f"{problem} [{'; '.join(where)}]"


def _one_line(error: Exception) -> str:
    """Tell one of Hydra's errors on one line: what is wrong where, and what to do."""
    text = "\n".join(str(part) for part in (error, error.__cause__) if part is not None)
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"{mark.name}, line {mark.line + 1}: {error.problem}; mend the YAML there"
    for pattern, explain in _EXPLANATIONS:
        found = re.search(pattern, text, re.DOTALL)
        if found:
            return explain(*found.groups())
    lines = [line.strip() for line in text.splitlines() if line.strip() and "object_type=" not in line]
    return "; ".join(dict.fromkeys(lines))


def _no_setting(key: str) -> str:
    owner, _, name = key.rpartition(".")
    known = [field.name for field in fields(SCHEMAS[owner])] if owner in SCHEMAS else []
    hint = near(name, known) if known else f"; set it with +{key}=VALUE if it is an argument of your own"
    return f"{key}: there is no such setting{hint}"


def _no_option(group: str, option: str, options: str) -> str:
    there = options.split()
    return f"{group}={option}: there is no such {group}{near(option, there)}"


def _no_key(file: str, key: str, schema: str) -> str:
    known = next(
        ([field.name for field in fields(one)] for one in SCHEMAS.values() if one.__name__ == schema), []
    )
    return f"{file}.yaml: there is no setting '{key}'{near(key, known)}"


def _wrong_type(value: str, kind: str, key: str) -> str:
    return f"{key}={value}: {value!r} is no {kind}; give a value of that type"


#: Patterns of Hydra's and OmegaConf's messages, and what a user needs to know of them.
_EXPLANATIONS: tuple[tuple[str, Callable[..., str]], ...] = (
    (r"Could not override '([^']+)'", _no_setting),
    (r"In '([^']+)': \w+ raised while composing config:\nKey '([^']+)' not in '(\w+)'", _no_key),
    (
        r"In '([^']+)': \w+ raised while composing config:\n(Invalid value .*?)\n.*?full_key: (\S+)",
        lambda file, problem, key: f"{file}.yaml: {key}: {problem}",
    ),
    (r"Config group override (must be .*)", lambda problem: f"the option of a group {problem}"),
    (
        r"Could not find '([^']+)/([^'/]+)'.*?Available options in '[^']+':\n(.*?)\nConfig search path",
        _no_option,
    ),
    (r"Ambiguous value for argument '([^']+)'", lambda value: f"{value}: that is a sweep; add --multirun"),
    (r"Value '(.*?)' of type '\w+' could not be converted to (\w+).*?full_key: (\S+)", _wrong_type),
)
