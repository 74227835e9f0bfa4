"""The files of an analysed study. To add an output, write its renderer and list it here."""

from collections.abc import Callable, Iterator, Mapping

from runner.analysis.facts import StudyAnalysis
from runner.report.csv_tables import (
    render_break_even,
    render_fits,
    render_known_answers,
    render_summary,
    render_tasks,
)
from runner.report.plots import render_plots
from runner.report.verdict_json import render_verdict

Content = str | bytes

#: By path in the result folder. A renderer returns None if the file makes no sense for a study.
FILES: Mapping[str, Callable[[StudyAnalysis], Content | None]] = {
    "summary.csv": render_summary,
    "tasks.csv": render_tasks,
    "fits.csv": render_fits,
    "break_even.csv": render_break_even,
    "known_answers.csv": render_known_answers,
    "verdict.json": render_verdict,
}

#: Renderers of folders: each returns its files by name.
FOLDERS: Mapping[str, Callable[[StudyAnalysis], Mapping[str, Content]]] = {"plots": render_plots}


def render(study: StudyAnalysis) -> Iterator[tuple[str, Content]]:
    """Render every file, with its path in the result folder."""
    for path, render_file in FILES.items():
        content = render_file(study)
        if content is not None:
            yield path, content
    for folder, render_folder in FOLDERS.items():
        for name, content in render_folder(study).items():
            yield f"{folder}/{name}", content
