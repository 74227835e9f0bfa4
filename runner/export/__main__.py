"""`python -m runner.export FOLDER --to FORMAT`: write a study in a format that other programs read."""

import argparse
import sys
from pathlib import Path

from runner.analysis.study import analyse
from runner.broken_pipe import outlive_readers
from runner.errors import RunnerError
from runner.export.exporters import EXPORTERS, Exporter
from runner.folder.atomic_files import reporting_write_errors, write
from runner.folder.results import read

STDOUT = "-"


def main() -> None:
    """Run the program."""
    outlive_readers()
    parser = argparse.ArgumentParser(prog="python -m runner.export", description=__doc__)
    parser.add_argument("folder", type=Path, help="a result folder, such as results/2026-…_primes")
    parser.add_argument("--to", required=True, choices=[*EXPORTERS], help="the format")
    parser.add_argument(
        "--output",
        metavar="FILE",
        help=f"where to write it; {STDOUT} is standard output. By default, a file in the result folder",
    )
    arguments = parser.parse_args()
    exporter = EXPORTERS[arguments.to]
    try:
        _export(arguments.folder, exporter, arguments.output or str(arguments.folder / exporter.file))
    except RunnerError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)


def _export(folder: Path, exporter: Exporter, target: str) -> None:
    """Write a study.

    Raises:
        RunnerError: if the folder cannot be read, or the file cannot be written
    """
    results = read(folder)
    content = exporter.render(results, analyse(results))
    if target == STDOUT:
        sys.stdout.buffer.write(content.encode() if isinstance(content, str) else content)
        return
    file = Path(target)
    with reporting_write_errors(file.parent):
        write(file, content)
    sys.stdout.write(f"written: {file}\n")


if __name__ == "__main__":
    main()
