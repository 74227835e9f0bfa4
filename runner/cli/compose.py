"""The command line → grid points: Hydra composes, nothing is measured here.

Hydra's own sweeper and launcher call the task function once a point, in this process; it validates the point
and keeps it. So the same path serves one run and a sweep, and a wrong point stops everything.
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

from runner.cli.flags import only_asks, overrides_first, refuse_wrong_options
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
from runner.folder.atomic_files import temporary_folder
from runner.paths import conf_dir, shown, user_dirs
from runner.settings import Origin, Point


def collect() -> list[Point]:
    """Compose and validate every grid point; an empty list if the command line only asked Hydra something.

    Raises:
        ConfigurationError: naming all that is wrong with all points
    """
    refuse_wrong_options(sys.argv[1:])
    _refuse_missing_folder()
    composed: list[tuple[str, Point | list[str]]] = []  # the overrides of a point, and it or its problems
    patience = _Patience()

    @hydra.main(config_path=str(conf_dir()), config_name="config", **MAIN_OPTIONS)
    def keep_point(config: DictConfig) -> None:
        job = HydraConfig.get()
        composed.append((" ".join(_given(job)), _read(config, job)))
        if not config.quiet:
            patience.tell(f"composing the grid: {len(composed)} points so far")

    with _hydra_kept_quiet(), lazy_help_allowed(), composing_once(), _overrides_first():
        try:
            run_or_sweep(keep_point)
        except (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError) as error:
            if any(frame.name == keep_point.__name__ for frame in traceback.extract_tb(error.__traceback__)):
                raise  # a mistake of ours, not the user's
            raise ConfigurationError([one_line(error, _find)]) from error
    _refuse_wrong(composed)
    if not composed and not only_asks(sys.argv[1:]):
        raise ConfigurationError([_NO_POINTS])
    return [point for _, point in composed if isinstance(point, Point)]


_NO_POINTS = (
    "hydra/launcher: this launcher runs jobs elsewhere and beside each other, which measures nothing fairly; "
    "leave it out, and start measured interpreters on another machine with prefix=[COMMAND,...] instead"
)


class _Patience:
    """Tells now and then how far it is, what takes long."""

    def __init__(self) -> None:
        self._due = time.monotonic() + _TOLD_EVERY_S

    def tell(self, text: str) -> None:
        if time.monotonic() >= self._due:
            self._due += _TOLD_EVERY_S
            sys.stderr.write(f"{text}\n")


_TOLD_EVERY_S = 10.0


@contextmanager
def _overrides_first() -> Iterator[None]:
    """Let Hydra find all overrides beside each other."""
    before = sys.argv
    sys.argv = [before[0], *overrides_first(before[1:])]
    try:
        yield
    finally:
        sys.argv = before


def _refuse_missing_folder() -> None:
    """Hydra itself would only warn of it, then not find what is in it."""
    folder = os.environ.get("RUNNER_CONFIG_DIR")
    if folder is not None and "://" not in folder and not Path(folder).is_dir():
        raise ConfigurationError(
            [f"RUNNER_CONFIG_DIR={folder}: there is no such folder; name one that holds workload/NAME.yaml"]
        )


def _refuse_wrong(composed: Sequence[tuple[str, Point | list[str]]]) -> None:
    """Name every problem once, with the points that have it where it is not all of them."""
    owners: dict[str, list[str]] = {}
    for overrides, point in composed:
        for problem in [] if isinstance(point, Point) else point:
            owners.setdefault(problem, []).append(overrides)
    if owners:
        raise ConfigurationError(
            [
                problem if len(owned) == len(composed) else f"{problem} [{'; '.join(owned)}]"
                for problem, owned in owners.items()
            ]
        )


@contextmanager
def _hydra_kept_quiet() -> Iterator[None]:
    """Let Hydra raise its errors instead of printing them, and write its files where they go away."""
    before = os.environ.get("HYDRA_FULL_ERROR")
    with temporary_folder() as folder:
        register_resolver("hydra_dir", lambda: str(folder))
        register_resolver("conf_dir", lambda: f"file://{conf_dir()}")
        register_resolver("usable_cpus", _usable_cpus)
        register()
        os.environ["HYDRA_FULL_ERROR"] = "1"
        try:
            yield
        finally:
            if before is None:
                del os.environ["HYDRA_FULL_ERROR"]
            else:
                os.environ["HYDRA_FULL_ERROR"] = before


def _usable_cpus() -> int:
    from runner.session.environment import usable_cpus  # noqa: PLC0415 - `--help` does not need it

    return usable_cpus()


def _read(config: DictConfig, job: HydraConf) -> Point | list[str]:
    """Turn a composed configuration into a point, or list what is wrong with it."""
    left_out = [group for group in GROUPS.values() if group not in job.runtime.choices]
    if left_out:
        return [f"~{group}: it cannot be left out; choose another with {group}=NAME" for group in left_out]
    origins = _origins(job)
    try:
        return _hidden(job) or read_point(config, _overrides(job), origins)
    except OmegaConfBaseException as error:
        return [one_line(error, _find, origins)]


def _overrides(job: HydraConf) -> dict[str, str]:
    """Split the overrides of a point into key and value."""
    pairs = (override.lstrip("+~").partition("=") for override in _given(job))
    return {key: value for key, _, value in pairs}


def _given(job: HydraConf) -> list[str]:
    """List the overrides of a point as they were written, with what they refer to left alone."""
    given: list[str] = OmegaConf.to_container(job.overrides.task, resolve=False)  # type: ignore[assignment]
    return given


def _origins(job: HydraConf) -> Mapping[str, Origin]:
    """Find the file of every chosen option."""
    origins = {}
    given = frozenset(_overrides(job)) - frozenset(GROUPS.values())
    for group in GROUPS.values():
        option, files = str(job.runtime.choices[group]), _files(job, group)
        origins[group] = Origin(option=option, path=shown(files[0]) if files else option, given=given)
    return origins


def _hidden(job: HydraConf) -> list[str]:
    """Name a user's files that have the name of a shipped one: Hydra would silently take the shipped one."""
    chosen = {group: _files(job, group) for group in (*GROUPS.values(), "experiment")}
    return [
        f"{shown(files[1])}: its name is taken by {shown(files[0])}; give yours another"
        for group, files in chosen.items()
        if len(files) > 1
    ]


def _files(job: HydraConf, group: str) -> list[Path]:
    """List the files on the search path that the chosen option of a group could mean."""
    name = Path(group.partition("@")[0]) / f"{job.runtime.choices[group]}.yaml"
    sources = [source.path for source in job.runtime.config_sources if source.schema == "file"]
    folders = dict.fromkeys(Path(path).resolve() for path in sources)
    return [folder / name for folder in folders if (folder / name).is_file()]


def _find(option: str) -> str:
    """Find a file that Hydra names by group and option."""
    folders = [conf_dir(), *user_dirs(sys.argv[1:])]
    files = [folder / f"{option}.yaml" for folder in folders]
    return next((shown(file) for file in files if file.is_file()), f"{option}.yaml")
