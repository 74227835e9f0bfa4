"""A result folder → the files of its analysis, and the result on standard output."""

import sys
from pathlib import Path

from runner.analysis.facts import StudyAnalysis
from runner.analysis.study import analyse
from runner.folder.atomic_files import reporting_write_errors, write
from runner.folder.results import read
from runner.report.renderers import render
from runner.report.terminal import render_for_stdout


def report(folder: Path) -> bool:
    """Analyse a result folder, write its files and print the result; True if every cell was measured.

    Raises:
        RunnerError: if the folder cannot be read or written
    """
    study = analyse(read(folder))
    write_report(study, folder)
    return study.is_complete


def write_report(study: StudyAnalysis, folder: Path) -> None:
    """Write the files of an analysed study into its folder, and print the result.

    Characters that standard output cannot encode are replaced.

    Raises:
        RunnerError: if the folder cannot be written
    """
    write_files(study, folder)
    encoding = sys.stdout.encoding or "utf-8"
    text = render_for_stdout(study)
    sys.stdout.write(text.encode(encoding, errors="replace").decode(encoding))


def write_files(study: StudyAnalysis, folder: Path) -> None:
    """Write every file of an analysed study; each is replaced whole."""
    with reporting_write_errors(folder):
        for path, content in render(study):
            file = folder / path
            file.parent.mkdir(exist_ok=True)
            write(file, content)
