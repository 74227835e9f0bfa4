"""A result folder → the files of its analysis, and the result on standard output."""

import sys
from pathlib import Path
from typing import cast

from rich.console import Console

from runner.analysis.study import analyse
from runner.facts import StudyAnalysis
from runner.folder.atomic_files import reporting_write_errors, write
from runner.folder.results import read
from runner.report.renderers import STDOUT, Content, render
from runner.report.terminal import ColorSystem, Screen


def report(folder: Path) -> bool:
    """Analyse a result folder, write its files and print the result; True if every cell was measured.

    Raises:
        RunnerError: if the folder cannot be read or written
    """
    study = analyse(read(folder))
    write_report(study, folder)
    return study.is_complete


def write_report(study: StudyAnalysis, folder: Path) -> None:
    """Write every output of an analysed study, each file atomically, and print the result.

    Raises:
        RunnerError: if the folder cannot be written
    """
    for target, content in render(study, _screen()):
        if target == STDOUT:
            _print(content)
        else:
            with reporting_write_errors(folder):
                file = folder / target
                file.parent.mkdir(exist_ok=True)
                write(file, content)


def _screen() -> Screen:
    console = Console()
    colors = cast("ColorSystem | None", console.color_system)
    return Screen(width=console.width, colors=colors, no_color=console.no_color)


def _print(content: Content) -> None:
    """Print a text; characters that standard output cannot encode are replaced."""
    encoding = sys.stdout.encoding or "utf-8"
    text = content if isinstance(content, str) else content.decode()
    sys.stdout.write(text.encode(encoding, errors="replace").decode(encoding))
