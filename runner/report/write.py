"""A result folder → the files of its analysis, and the result on standard output."""

import contextlib
import sys
from pathlib import Path
from typing import cast

from rich.console import Console

from runner.analysis.study import analyse
from runner.facts import StudyAnalysis
from runner.folder.atomic_files import reporting_write_errors, write
from runner.folder.results import Results, read
from runner.folder.verdict_files import read_verdicts
from runner.report.page import STUDY_LIST, is_study_list, render_study_list
from runner.report.renderers import PRINTED, render
from runner.report.terminal import ColorSystem, Screen
from runner.settings import Printed


def report(folder: Path, printed: Printed = "result") -> bool:
    """Analyse a result folder, write its files and print the result; True if every cell was measured.

    Args:
        folder: the result folder
        printed: what to print

    Raises:
        RunnerError: if the folder cannot be read or written
    """
    results = read(folder)
    study = analyse(results)
    write_report(study, folder, printed)
    if results_dir_of(results) == folder.resolve().parent:
        write_study_list(folder.resolve().parent)
    return study.is_complete


def results_dir_of(results: Results) -> Path | None:
    """Return the folder of result folders in which a study was made; None if it is unknown."""
    directory = results.study.working_directory
    return None if directory is None else (Path(directory) / results.study.results_dir).resolve()


def write_study_list(results_dir: Path) -> None:
    """Write the list of all studies of a folder of result folders; without it, the studies are whole.

    A file of that name that is not a list of studies, such as the page of a web site, stays as it is.
    """
    file = results_dir / STUDY_LIST
    with contextlib.suppress(OSError):
        if file.exists() and not is_study_list(file.read_text(encoding="utf-8", errors="replace")):
            return
        write(file, render_study_list(read_verdicts(results_dir)))


def write_report(study: StudyAnalysis, folder: Path, printed: Printed = "result") -> None:
    """Write every file of an analysed study, each atomically, and print the result.

    Raises:
        RunnerError: if the folder cannot be written
    """
    for target, content in render(study):
        with reporting_write_errors(folder):
            file = folder / target
            file.parent.mkdir(exist_ok=True)
            write(file, content)
    _print(PRINTED[printed](study, _screen()))


def _screen() -> Screen:
    console = Console()
    colors = cast("ColorSystem | None", console.color_system)
    return Screen(width=console.width, colors=colors, no_color=console.no_color)


def _print(text: str) -> None:
    """Print a text; characters that standard output cannot encode are replaced."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, errors="replace").decode(encoding))
