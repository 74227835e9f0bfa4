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
from runner.report.terminal import Screen, render_terminal
from runner.report.verdict_json import render_verdict

STDOUT = "-"  #: the target that stands for standard output

Content = str | bytes
#: A file, or the files of a folder by name; None if the output does not apply to a study.
Output = Content | Mapping[str, Content] | None

#: Renderers by their target: a path in the result folder, or standard output. All are pure.
RENDERERS: Mapping[str, Callable[[StudyAnalysis, Screen], Output]] = {
    "summary.csv": lambda study, _: render_summary(study),
    "tasks.csv": lambda study, _: render_tasks(study),
    "fits.csv": lambda study, _: render_fits(study),
    "break_even.csv": lambda study, _: render_break_even(study),
    "known_answers.csv": lambda study, _: render_known_answers(study),
    "verdict.json": lambda study, _: render_verdict(study),
    "plots": lambda study, _: render_plots(study),
    PAGE: lambda study, _: render_page(study),
    STDOUT: render_terminal,
}


def render(study: StudyAnalysis, screen: Screen) -> Iterator[tuple[str, Content]]:
    """Render every output, with its target; standard output is the last.

    Args:
        study: the analysed study
        screen: what standard output can show
    """
    for target, renderer in RENDERERS.items():
        output = renderer(study, screen)
        if isinstance(output, Mapping):
            for name, content in output.items():
                yield f"{target}/{name}", content
        elif output is not None:
            yield target, output
