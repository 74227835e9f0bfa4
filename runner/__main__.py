"""The program, from the command line to the exit code: `python -m runner`, and the console script.

compose → plan → preflight → measure → analyse → render. Each stage is imported when it begins: `--help` loads
neither Hydra nor rich, and the analysis is loaded when everything is measured.
"""

import sys
from typing import TYPE_CHECKING

from runner.broken_pipe import outlive_readers
from runner.cli import help as help_page
from runner.errors import INTERRUPTED, exit_code, show

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from runner.session.session import Session
    from runner.settings import Point


def main() -> None:
    """Run the program, and end with its exit code."""
    if help_page.is_requested(sys.argv[1:]):
        help_page.show()
        return
    outlive_readers()
    sys.exit(exit_code(program))


def program() -> int:
    """Carry out the command line; return the exit code."""
    from runner.cli.compose import collect  # noqa: PLC0415

    points = collect()  # none if the command line only queries Hydra
    return run(points) if points else 0


def run(points: "Sequence[Point]") -> int:
    """Measure and report the study that the points describe; return the exit code."""
    from runner.session.dry_run import dry_run  # noqa: PLC0415
    from runner.session.measuring import finish, measure  # noqa: PLC0415
    from runner.session.preflight import preflight  # noqa: PLC0415
    from runner.session.session import begin  # noqa: PLC0415
    from runner.session.supervised import supervised  # noqa: PLC0415
    from runner.session.worktrees import checked_out  # noqa: PLC0415

    with begin(points, show) as session:  # plan, or the plan of a stopped study
        if session.why_complete:
            measured = finish(session)
        else:
            with (
                checked_out(session.plan.cells),
                supervised(_nothing if session.quiet else show) as supervisor,
            ):
                checked = preflight(session.plan, session.study, supervisor)
                if session.dry_run:
                    return dry_run(session, checked, supervisor)
                measured = measure(session, checked, supervisor)
        is_complete = not measured.skip_report and report(measured.folder, session)
    return INTERRUPTED if measured.interrupted else 0 if is_complete else 1


def report(folder: "Path", session: "Session") -> bool:
    """Analyse a result folder and render all outputs; True if every cell was measured."""
    from runner.session.report_wait import making_report  # noqa: PLC0415

    with making_report(folder, quiet=session.quiet):
        from runner.report import write  # noqa: PLC0415

        return write.report(folder, session.printed)


def _nothing(_: str) -> None:
    pass


if __name__ == "__main__":
    main()
