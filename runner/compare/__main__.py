"""`python -m runner.compare BEFORE [AFTER …]`: did my change help? Compares result folders, or revisions.

Exit code 0: nothing is slower; 1: something is shown to be slower; 2: wrong use; 3: it cannot be told.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

from runner.broken_pipe import outlive_readers
from runner.compare.change import StudyChange, Verdict
from runner.compare.change_output import overall, render_badge, render_json, render_markdown, render_text
from runner.compare.comparing import Margin, compare_revisions, compare_studies
from runner.errors import RunnerError
from runner.folder.atomic_files import reporting_write_errors, write
from runner.folder.results import read

_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}


def main() -> None:
    """Run the program."""
    outlive_readers()
    arguments = _parser().parse_args()
    margin = Margin(relative=arguments.margin, floor_s=arguments.floor)
    try:
        before = read(arguments.before)
        if arguments.after:
            others = map(read, arguments.after)
            changes = [compare_studies(before, each, margin, anyway=arguments.anyway) for each in others]
        else:
            changes = compare_revisions(before, margin)
        for change in changes:
            sys.stdout.write(_rendered(change, arguments.format))
        if arguments.badge is not None:
            with reporting_write_errors(arguments.badge.parent):
                write(arguments.badge, render_badge(changes[-1]))
    except RunnerError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    sys.exit(_exit_code(changes, undecided=arguments.undecided))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m runner.compare", description=__doc__)
    parser.add_argument("before", type=Path, help="the result folder that the others are compared with")
    parser.add_argument(
        "after",
        type=Path,
        nargs="*",
        help="a result folder; without one, the revisions within the first are compared",
    )
    parser.add_argument(
        "--margin", type=_share, default=0.05, help="change that does not matter: 5%% (the default) or 0.05"
    )
    parser.add_argument(
        "--floor", type=_duration, default=1e-3, help="the same for short cells: 1ms (the default), 20us"
    )
    parser.add_argument("--format", choices=("text", "markdown", "json"), default="text")
    parser.add_argument("--badge", type=Path, metavar="FILE", help="also write the verdict as a badge (SVG)")
    parser.add_argument(
        "--undecided",
        choices=("pass", "fail"),
        help="exit code where it cannot be told: pass is 0, fail is 1; without it, 3",
    )
    parser.add_argument("--anyway", action="store_true", help="compare figures that do not mean the same")
    return parser


def _rendered(change: StudyChange, form: str) -> str:
    if form == "json":
        return render_json(change)
    if form == "markdown":
        return render_markdown(change)
    return render_text(change, shutil.get_terminal_size((80, 24)).columns)


def _exit_code(changes: list[StudyChange], undecided: str | None) -> int:
    verdicts = {overall(change) for change in changes}
    if Verdict.SLOWER in verdicts:
        return 1
    if Verdict.CANNOT_TELL in verdicts:
        return {"pass": 0, "fail": 1, None: 3}[undecided]
    return 0


def _share(text: str) -> float:
    """Read `5%` or `0.05`."""
    number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 0% and 100%; use --margin 5%")
    return number


def _duration(text: str) -> float:
    """Read `1ms`, `20us` or `0.5s`."""
    match = re.fullmatch(r"([\d.]+)\s*(s|ms|us|µs)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not a duration; use --floor 1ms")
    return float(match[1]) * _UNITS[match[2]]


if __name__ == "__main__":
    main()
