"""`python -m runner.report FOLDER`: make the files of a result folder again, and print the result."""

import argparse
import sys
from pathlib import Path

from runner.broken_pipe import outlive_readers
from runner.errors import RunnerError
from runner.report.write import report
from runner.settings import printed


def main() -> None:
    """Run the program."""
    outlive_readers()
    parser = argparse.ArgumentParser(prog="python -m runner.report", description=__doc__)
    parser.add_argument("folder", type=Path, help="a result folder, such as results/2026-…_primes")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--quiet", action="store_true", help="print only the answer with its reasons")
    choice.add_argument("--json", action="store_true", help="print verdict.json instead of the result")
    arguments = parser.parse_args()
    try:
        is_complete = report(arguments.folder, printed(quiet=arguments.quiet, as_json=arguments.json))
    except RunnerError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    sys.exit(0 if is_complete else 1)


if __name__ == "__main__":
    main()
