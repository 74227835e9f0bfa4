"""Compose the grid points of a command line with Hydra; nothing is measured here.

Hydra's own sweeper and launcher call the task function once per point, in this process; it validates and
keeps the point. So a single run and a sweep take the same path, and a wrong point stops everything.
"""

import os
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import hydra
import yaml
from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from runner.allowance import usable_cpus
from runner.cli.flags import is_query, overrides_first, refuse_wrong_flags
from runner.cli.hydra_errors import one_line
from runner.cli.hydra_versions import (
    MAIN_OPTIONS,
    composing_once,
    lazy_help_allowed,
    register_resolver,
    run_or_sweep,
)
from runner.cli.schema import GROUPS, register
from runner.cli.validate import read_point
from runner.errors import ConfigurationError
from runner.paths import conf_dir, display_path, user_dirs
from runner.settings import Origin, Point
from runner.temporary_files import temporary_folder


def collect() -> list[Point]:
    """Compose and validate every grid point; an empty list if the command line only asks to show something.

    Raises:
        ConfigurationError: listing every problem of every point
    """
    refuse_wrong_flags(sys.argv[1:])
    _refuse_missing_folder()
    composed: list[tuple[str, Point | list[str]]] = []  # overrides of a point, and the point or its problems
    progress = _Progress()

    @hydra.main(config_path=str(conf_dir()), config_name="config", **MAIN_OPTIONS)
    def keep_point(config: DictConfig) -> None:
        job = HydraConfig.get()
        composed.append((" ".join(_task_overrides(job)), _read(config, job)))
        if not config.quiet:
            progress.report(f"composing the grid: {len(composed)} points so far")

    with _quiet_hydra(), lazy_help_allowed(), composing_once(), _overrides_first():
        try:
            run_or_sweep(keep_point)
        except (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError) as error:
            if any(frame.name == keep_point.__name__ for frame in traceback.extract_tb(error.__traceback__)):
                raise  # an error in this program, not in the configuration
            raise ConfigurationError([one_line(error, _find_file)]) from error
    _refuse_wrong_points(composed)
    if not composed and not is_query(sys.argv[1:]):
        raise ConfigurationError([_NO_POINTS])
    return [point for _, point in composed if isinstance(point, Point)]


_NO_POINTS = (
    "hydra/launcher: this launcher runs jobs in other processes at the same time, which would distort every "
    "measurement; remove it, and start measured interpreters on another machine with prefix=[COMMAND,...]"
)


class _Progress:
    """Prints a line at intervals while the grid is composed."""

    def __init__(self) -> None:
        self._due = time.monotonic() + _REPORT_EVERY_S

    def report(self, text: str) -> None:
        """Print the text if it is time."""
        if time.monotonic() >= self._due:
            self._due += _REPORT_EVERY_S
            sys.stderr.write(f"{text}\n")


_REPORT_EVERY_S = 10.0


@contextmanager
def _overrides_first() -> Iterator[None]:
    """Move the overrides of the command line before its flags."""
    original = sys.argv
    sys.argv = [original[0], *overrides_first(original[1:])]
    try:
        yield
    finally:
        sys.argv = original


def _refuse_missing_folder() -> None:
    """Refuse a missing RUNNER_CONFIG_DIR; Hydra would only warn, then not find its files."""
    folder = os.environ.get("RUNNER_CONFIG_DIR")
    if folder is not None and "://" not in folder and not Path(folder).is_dir():
        raise ConfigurationError(
            [f"RUNNER_CONFIG_DIR={folder}: no such folder; name one that contains workload/NAME.yaml"]
        )


def _refuse_wrong_points(composed: Sequence[tuple[str, Point | list[str]]]) -> None:
    """Report every problem once, with the points that have it, unless all points have it."""
    affected: dict[str, list[str]] = {}  # overrides of points, by problem
    for overrides, point in composed:
        for problem in [] if isinstance(point, Point) else point:
            affected.setdefault(problem, []).append(overrides)
    if affected:
        raise ConfigurationError(
            [
                problem if len(points) == len(composed) else f"{problem} (at {_points(points)})"
                for problem, points in affected.items()
            ]
        )


def _points(overrides: Sequence[str]) -> str:
    noun = "this point" if len(overrides) == 1 else "these points"
    return f"{noun} of the sweep: {'; '.join(overrides)}"


@contextmanager
def _quiet_hydra() -> Iterator[None]:
    """Make Hydra raise its errors instead of printing them, and write its files to a temporary folder."""
    original = os.environ.get("HYDRA_FULL_ERROR")
    with temporary_folder() as folder:
        register_resolver("hydra_dir", lambda: str(folder))
        register_resolver("conf_dir", lambda: f"file://{conf_dir()}")
        register_resolver("usable_cpus", lambda: usable_cpus())  # noqa: PLW0108 - YAML gives no argument
        register()
        os.environ["HYDRA_FULL_ERROR"] = "1"
        try:
            yield
        finally:
            if original is None:
                del os.environ["HYDRA_FULL_ERROR"]
            else:
                os.environ["HYDRA_FULL_ERROR"] = original


def _read(config: DictConfig, job: HydraConf) -> Point | list[str]:
    """Return the point that a composed configuration describes, or its problems."""
    removed = [group for group in GROUPS.values() if group not in job.runtime.choices]
    if removed:
        return [f"~{group}: it is required; choose another with {group}=NAME" for group in removed]
    origins = _origins(job)
    try:
        return _shadowed_files(job) or read_point(config, _overrides(job), origins)
    except OmegaConfBaseException as error:
        return [one_line(error, _find_file, origins)]


def _overrides(job: HydraConf) -> dict[str, str]:
    """Return the overrides of a point by key."""
    pairs = (override.lstrip("+~").partition("=") for override in _task_overrides(job))
    return {key: value for key, _, value in pairs}


def _task_overrides(job: HydraConf) -> list[str]:
    """Return the overrides of a point as written, with references unresolved."""
    overrides: list[str] = OmegaConf.to_container(job.overrides.task, resolve=False)  # type: ignore[assignment]
    return overrides


def _origins(job: HydraConf) -> Mapping[str, Origin]:
    """Find the file of every chosen option."""
    origins = {}
    overridden = frozenset(_overrides(job)) - frozenset(GROUPS.values())
    for group in GROUPS.values():
        option, files = str(job.runtime.choices[group]), _files(job, group)
        origins[group] = Origin(
            option=option, path=display_path(files[0]) if files else option, overridden=overridden
        )
    return origins


def _shadowed_files(job: HydraConf) -> list[str]:
    """Report files of the user with the name of a shipped one: Hydra would silently use the shipped one."""
    chosen = {group: _files(job, group) for group in (*GROUPS.values(), "experiment")}
    return [
        f"{display_path(files[1])}: {display_path(files[0])} has the same name; rename yours"
        for group, files in chosen.items()
        if len(files) > 1
    ]


def _files(job: HydraConf, group: str) -> list[Path]:
    """List the files on the search path with the name of the chosen option of a group."""
    name = Path(group.partition("@")[0]) / f"{job.runtime.choices[group]}.yaml"
    sources = [source.path for source in job.runtime.config_sources if source.schema == "file"]
    folders = dict.fromkeys(Path(path).resolve() for path in sources)
    return [folder / name for folder in folders if (folder / name).is_file()]


def _find_file(option: str) -> str:
    """Return the path of a file that Hydra names by group and option."""
    folders = [conf_dir(), *user_dirs(sys.argv[1:])]
    files = [folder / f"{option}.yaml" for folder in folders]
    return next((display_path(file) for file in files if file.is_file()), f"{option}.yaml")
