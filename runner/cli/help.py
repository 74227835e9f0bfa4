"""The answers to `--help` and `--version`, given without loading Hydra, so that they appear at once."""

import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from runner.paths import conf_dir, user_dirs

_PAGE = """\
Should this code run on threads, on processes, or not in parallel at all, and with how many workers?
This program measures every combination fairly, and answers with the code to paste.

Usage: python -m runner [SETTING=VALUE ...] [--multirun]

Five commands to try
  python -m runner executor=process workers=1,2,4,8 --multirun
  python -m runner experiment=primes                serial, threads and processes, 1 to 8 workers
  python -m runner workload=delivery executor=thread workers=2,4 --multirun
  python -m runner workload=function workload.function=math.factorial 'workload.items=[20000,20001]'
  python -m runner executor=thread workers=2 dry_run=true

Choices
{options}

Common settings (conf/config.yaml explains all of them; workers=1,2,4 --multirun sweeps one)
  workers=N          number of workers             chunk_size=N      tasks per submission, or auto
  repetitions=N      rounds over all cells         iterations=N      more than 1: also time a warm pool
  python=NAME        interpreter to measure        env.NAME=VALUE    environment variable for it
  time_limit_s=N     limit of each invocation      seed=N            seed of the measurement order
  dry_run=true       show cells, estimate time     quiet=true        show only the answer
  json=true          print verdict.json

Your own code
  Functions are imported from the working directory: workload.function=mymodule.myfunction
  --config-dir FOLDER    adds your own configuration folder: workload=NAME finds FOLDER/workload/NAME.yaml

More
  python -m runner.report FOLDER    render the tables, the plots and the page of an earlier study again
  python -m runner.compare A B      compare two studies: slower, faster, the same, or it cannot be told
  python -m runner.export FOLDER    write it as Markdown, Parquet, …: --to FORMAT
  --cfg job                         show the composed configuration
  --info defaults                   show which files it is composed from
  --hydra-help                      show every option of Hydra, which composes the configuration
  --version                         show the version of the runner
"""
_WIDTH = 100
_GROUPS = ("workload", "executor", "experiment")


def is_requested(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for the help page or the version."""
    return not {"--help", "-h", "--version"}.isdisjoint(arguments)


def page(arguments: Sequence[str]) -> str:
    """Return the help page, with the options of the shipped folder and of the user's."""
    folders = [conf_dir(), *user_dirs(arguments)]
    options = [_listing(group, _options(folders, group)) for group in _GROUPS]
    return _PAGE.format(options="\n".join(options))


def _listing(group: str, options: Iterable[str]) -> str:
    """List the options of a group in lines of at most `_WIDTH` characters."""
    head = f"  {group}="
    return textwrap.fill(f"{head}{', '.join(options)}", _WIDTH, subsequent_indent=" " * len(head))


def _options(folders: Iterable[Path], group: str) -> list[str]:
    return sorted({file.stem for folder in folders for file in (folder / group).glob("*.yaml")})


def show() -> None:
    """Print the version if the command line asks for it, otherwise the help page."""
    arguments = sys.argv[1:]
    sys.stdout.write(f"runner {_version()}\n" if "--version" in arguments else page(arguments))


def _version() -> str:
    from importlib import metadata  # noqa: PLC0415 - the help page does not need it

    try:
        return metadata.version("parallel-runner")
    except metadata.PackageNotFoundError:
        return "(not installed)"
