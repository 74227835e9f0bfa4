"""The answers to `--help` and `--version`: made without Hydra, so that they appear at once."""

import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from runner.paths import conf_dir, user_dirs

_PAGE = """\
Should this code run on threads, on processes, or not in parallel at all, and with how many workers?
The runner measures every combination fairly and answers.

Usage: python -m runner [SETTING=VALUE ...] [--multirun]

Five commands to try
  python -m runner executor=process workers=1,2,4,8 --multirun
  python -m runner experiment=primes                serial, threads and processes, 1 to 8 workers
  python -m runner workload=delivery executor=thread workers=2,4 --multirun
  python -m runner workload=function workload.function=math.factorial 'workload.items=[20000,20001]'
  python -m runner executor=thread workers=2 dry_run=true

What there is (NAME=OPTION)
{options}

Settings (conf/config.yaml explains all of them; most can be swept: workers=1,2,4 --multirun)
  workers=N          how many workers              chunk_size=N      tasks sent at a time, or auto
  repetitions=N      rounds over all cells         iterations=N      also measure a warm pool
  python=NAME        the interpreter to measure    env.NAME=VALUE    its environment
  time_limit_s=N     of one invocation             seed=N            the order of measurement
  dry_run=true       cells and time only           quiet=true        no progress

Your own code
  --config-dir DIR   a folder of yours with workload/NAME.yaml; then workload=NAME
  Functions are imported from the working directory: workload.function=mymodule.myfunction

More
  python -m runner.report FOLDER    the tables and plots of a study again, from its folder alone
  --cfg job                         the configuration as composed; --info defaults: where it comes from
  --hydra-help                      every flag of Hydra, which composes the configuration
  --version                         of the runner
"""
_WIDTH = 100
_GROUPS = ("workload", "executor", "experiment")


def is_asked_for(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for help or for the version."""
    return not {"--help", "-h", "--version"}.isdisjoint(arguments)


def page(arguments: Sequence[str]) -> str:
    """Make the page, with the options of the shipped folder and of the user's."""
    folders = [conf_dir(), *user_dirs(arguments)]
    options = [_listed(group, _options(folders, group)) for group in _GROUPS]
    return _PAGE.format(options="\n".join(options))


def _listed(group: str, options: Iterable[str]) -> str:
    """List the options of a group, in lines that fit."""
    head = f"  {group}="
    return textwrap.fill(f"{head}{', '.join(options)}", _WIDTH, subsequent_indent=" " * len(head))


def _options(folders: Iterable[Path], group: str) -> list[str]:
    return sorted({file.stem for folder in folders for file in (folder / group).glob("*.yaml")})


def show() -> None:
    """Print the version if that was asked for, otherwise the page."""
    arguments = sys.argv[1:]
    sys.stdout.write(f"runner {_version()}\n" if "--version" in arguments else page(arguments))


def _version() -> str:
    from importlib import metadata  # noqa: PLC0415 - the page needs none

    try:
        return metadata.version("parallel-runner")
    except metadata.PackageNotFoundError:
        return "(a checkout that is not installed)"
