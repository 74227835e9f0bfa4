"""Paths of files: shipped ones, inside the package or next to it, and those of the user."""

import os
from collections.abc import Sequence
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_IN_A_WHEEL = (_PACKAGE / "conf").is_dir()

#: The program that a measured interpreter runs.
PROBE = _PACKAGE / "probe" / "__main__.py"


def conf_dir() -> Path:
    """Return the folder of the shipped configuration."""
    return _PACKAGE / "conf" if _IN_A_WHEEL else _PACKAGE.parent / "conf"


def experiments_path() -> Path:
    """Return the folder from which `experiments` is imported; in a wheel it contains nothing else."""
    return _PACKAGE / "measured_path" if _IN_A_WHEEL else _PACKAGE.parent


def user_dirs(arguments: Sequence[str]) -> list[Path]:
    """Return the user's configuration folders: that of the environment, then those of the command line."""
    folders = [os.environ.get("RUNNER_CONFIG_DIR", "").removeprefix("file://")]
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        flag, _, value = argument.partition("=")
        if flag in ("--config-dir", "-cd"):
            folders.append(value or following)
    return [Path(name) for name in folders if name]


def display_path(path: Path) -> str:
    """Return a path for a message: relative if it is below the working directory."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
