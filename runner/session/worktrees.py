"""The commits that a study measures, checked out for as long as it runs."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from runner.errors import ConfigurationError
from runner.records import Cell
from runner.revisions import abandoned, git, worktree_of, worktrees_of


@contextlib.contextmanager
def checked_out(cells: Iterable[Cell]) -> Iterator[None]:
    """Check out the commits of some cells, each in a worktree of its own, until the end of the `with` block.

    Worktrees of processes that were killed are removed first.

    Raises:
        ConfigurationError: if git cannot check one out
    """
    revisions = [cell.settings["revision"] for cell in cells if "revision" in cell.settings]
    commits = {each["commit"]: Path(each["repository"]) for each in revisions if "commit" in each}
    if not commits:
        yield
        return
    repositories = set(commits.values())
    for folder in abandoned():
        shutil.rmtree(folder, ignore_errors=True)
    try:
        for commit, repository in commits.items():
            _check_out(commit, repository)
        yield
    finally:
        shutil.rmtree(worktrees_of(os.getpid()), ignore_errors=True)
        for repository in repositories:
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                git(repository, "worktree", "prune")


def _check_out(commit: str, repository: Path) -> None:
    folder = worktree_of(commit)
    try:
        git(repository, "worktree", "prune")
        git(repository, "worktree", "add", "--quiet", "--detach", "--force", str(folder), commit)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", "") or str(error)
        last = reason.strip().splitlines()[-1:] or ["git failed"]
        message = f"revision: commit {commit[:12]} of {repository} cannot be checked out ({last[0]})"
        raise ConfigurationError([f"{message}; check it out by hand, and name its folder"]) from error
