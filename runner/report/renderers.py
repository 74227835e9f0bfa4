"""The outputs of an analysed study. To add one, write its renderer and list it here."""

from collections.abc import Callable, Iterator, Mapping

from runner.facts import StudyAnalysis
from runner.folder.file_names import PAGE
from runner.report.csv_tables import (
    render_break_even,
    render_fits,
    render_known_answers,
    render_summary,
    render_tasks,
)
from runner.report.page import render_page
from runner.report.plots import render_plots
from runner.report.terminal import Screen, render_answer, render_terminal
from runner.report.verdict_json import render_verdict
from runner.settings import Printed

Content = str | bytes
#: A file, or the files of a folder by name; None if the output does not apply to a study.
Output = Content | Mapping[str, Content] | None

#: Renderers of the files, by their path in the result folder. All are pure.
RENDERERS: Mapping[str, Callable[[StudyAnalysis], Output]] = {
    "summary.csv": render_summary,
    "tasks.csv": render_tasks,
    "fits.csv": render_fits,
    "break_even.csv": render_break_even,
    "known_answers.csv": render_known_answers,
    "verdict.json": render_verdict,
    "plots": render_plots,
    PAGE: render_page,
}
#: Renderers of what is printed.
PRINTED: Mapping[Printed, Callable[[StudyAnalysis, Screen], str]] = {
    "result": render_terminal,
    "answer": render_answer,
    "json": lambda study, _: render_verdict(study),
}


def render(study: StudyAnalysis) -> Iterator[tuple[str, Content]]:
    """Render every file of an analysed study, with its path in the result folder."""
    for target, renderer in RENDERERS.items():
        output = renderer(study)
        if isinstance(output, Mapping):
            for name, content in output.items():
                yield f"{target}/{name}", content
        elif output is not None:
            yield target, output
