"""Revisions of the user's code: a git revision, the working tree, or a folder → where it is imported from.

A revision in the settings of a cell is a mapping, so that equal code is the same cell: `commit`, `repository`
and `below` (the working directory within it) for a git revision, and `folder` for anything else.
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from runner.errors import ConfigurationError

WORKING_TREE = "."
_PREFIX = "runner-revisions-"


def resolve(names: Sequence[str], directory: Path) -> dict[str, dict[str, str]]:
    """Find the code of each revision, by name.

    Args:
        names: git revisions, `.` for the working tree as it is, or folders
        directory: from which the user's code is imported

    Raises:
        ConfigurationError: naming those that do not exist, or uncommitted changes that nobody would measure
    """
    resolved, problems = {}, []
    for name in names:
        try:
            resolved[name] = _resolve(name, directory)
        except ConfigurationError as error:
            problems += error.problems
    if not problems and WORKING_TREE not in names:
        problems = _uncommitted(resolved, directory)
    if problems:
        raise ConfigurationError(problems)
    return resolved


def folder_of(revision: Mapping[str, str]) -> Path:
    """Return the folder from which a revision is imported; a commit must be checked out there."""
    if "folder" in revision:
        return Path(revision["folder"])
    return worktree_of(revision["commit"]) / revision["below"]


def worktree_of(commit: str) -> Path:
    """Return where this process checks out a commit."""
    return worktrees_of(os.getpid()) / commit[:12]


def worktrees_of(process_id: int) -> Path:
    """Return the folder of all commits that a process checks out."""
    return Path(tempfile.gettempdir()) / f"{_PREFIX}{process_id}"


def abandoned() -> list[Path]:
    """List the folders of processes that ended without removing them."""
    folders = Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")
    return [folder for folder in folders if not _is_alive(folder.name.removeprefix(_PREFIX))]


def git(directory: Path, *arguments: str) -> str:
    """Run git in a folder; return what it prints.

    Raises:
        OSError: there is no git
        subprocess.CalledProcessError: git failed
    """
    command = ["git", "-C", str(directory), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _resolve(name: str, directory: Path) -> dict[str, str]:
    path = (directory / Path(name).expanduser()).resolve()
    if name == WORKING_TREE:
        return {"folder": str(directory.resolve())}
    try:
        repository = git(directory, "rev-parse", "--show-toplevel")
        commit = git(directory, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        below = git(directory, "rev-parse", "--show-prefix")
    except (OSError, subprocess.CalledProcessError) as error:
        if path.is_dir():
            return {"folder": str(path)}
        raise ConfigurationError([_unknown(name, directory)]) from error
    return {"commit": commit, "repository": repository, "below": below}


def _unknown(name: str, directory: Path) -> str:
    known = "name a branch, a tag, a commit, '.' for the working tree, or a folder"
    try:
        git(directory, "rev-parse", "--show-toplevel")
    except (OSError, subprocess.CalledProcessError):
        return f"revision={name}: {directory} is in no git repository, and there is no such folder; {known}"
    return f"revision={name}: git knows no such revision, and there is no such folder; {known}"


def _uncommitted(resolved: Mapping[str, Mapping[str, str]], directory: Path) -> list[str]:
    """Refuse to measure HEAD instead of the working tree without a word."""
    commits = {revision["commit"]: name for name, revision in resolved.items() if "commit" in revision}
    if not commits:
        return []
    name = commits.get(git(directory, "rev-parse", "HEAD"))
    if name is None or not git(directory, "status", "--porcelain", "--untracked-files=no"):
        return []
    remedy = f"commit them, or measure the working tree: revision={WORKING_TREE}"
    return [f"revision={name}: the working tree has changes that are not committed; {remedy}"]


def _is_alive(process_id: str) -> bool:
    try:
        os.kill(int(process_id), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError):  # somebody else's process, or not a folder of ours
        return True
    return True
