"""The result on the terminal: tables, at most three warnings, the answer, the code to paste."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from runner.facts import CellsFailed, StudyAnalysis
from runner.folder.file_names import PAGE
from runner.report import wording
from runner.report.pasted_code import code_of
from runner.report.tables import (
    OUTCOME_STYLES,
    cell_columns,
    explanations,
    known_answer_columns,
    profile_columns,
    snippet_columns,
)
from runner.report.text_table import print_columns, print_unpadded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runner.facts import StudyWarning

WIDTH = 80
_MOST_CODES = 2
_MOST_WARNINGS = 3

ColorSystem = Literal["standard", "256", "truecolor", "windows"]


@dataclass(frozen=True, kw_only=True)
class Screen:
    """What a terminal can show."""

    #: in characters. Tables use all of it, text at most 80. Code and the folder may be wider
    width: int = WIDTH
    colors: ColorSystem | None = None  #: None: plain text
    no_color: bool = False  #: bold text only


PLAIN = Screen()


def render_terminal(study: StudyAnalysis, screen: Screen = PLAIN) -> str:
    """Render the whole result as text."""
    return _rendered(study, screen, lambda terminal: terminal.print())


def render_answer(study: StudyAnalysis, screen: Screen = PLAIN) -> str:
    """Render the answer with its reasons as text, and what failed."""
    return _rendered(study, screen, lambda terminal: terminal.print_answer()).lstrip("\n")


def _rendered(study: StudyAnalysis, screen: Screen, print_on: "Callable[[_Terminal], None]") -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=screen.width,
        color_system=screen.colors,
        force_terminal=screen.colors is not None,
        no_color=screen.no_color,
        legacy_windows=False,
    )
    print_on(_Terminal(study, console))
    return out.getvalue()


class _Terminal:
    """Prints one study on a console."""

    def __init__(self, study: StudyAnalysis, console: Console) -> None:
        self._study, self._console = study, console
        self._sentences = [
            wording.sentences_of(group, study, wording.group_name(group, study)) for group in study.groups
        ]

    def print(self) -> None:
        for workload in self._study.workloads:
            self._console.print()
            self._say(wording.title(workload, self._study), style="bold")
            self._print_cells(workload)
            self._print_snippets(workload)
        self._print_profiles()
        self._print_warnings(self._study.warnings)
        self._say(wording.where_failures_are(self._study))
        self._print_answers()
        self._print_comparisons()
        self._print_known_answers()
        self._print_codes()
        self._console.print()
        # Soft-wrapped: what is pasted is neither cut nor padded.
        folder = self._study.study.folder
        for text in (
            wording.how_to_extend(self._study),
            f"results: {folder}",
            f"page: {folder / PAGE}",
        ):
            if text:
                self._console.print(Text(text), soft_wrap=True)

    def print_answer(self) -> None:
        self._print_warnings(
            [warning for warning in self._study.warnings if isinstance(warning, CellsFailed)]
        )
        self._say(wording.where_failures_are(self._study))
        self._print_answers()
        self._print_comparisons()
        self._print_summary_of_known_answers()

    def _say(self, text: str, style: str = "") -> None:
        if text:
            print_unpadded(self._console, Text(text, style=style), min(self._console.width, WIDTH))

    def _print_cells(self, workload: str) -> None:
        cells = self._study.of_workload(workload)
        columns = cell_columns(cells, self._study)
        styles = ["" if cell.is_ok else "red" for cell in cells]
        omitted = print_columns(self._console, columns, self._console.width, styles)
        self._say(explanations(columns, omitted), style="dim")

    def _print_snippets(self, workload: str) -> None:
        columns = snippet_columns(self._study.of_workload(workload), self._study)
        if columns:
            self._console.print()
            omitted = print_columns(self._console, columns, self._console.width)
            self._say(wording.omitted_columns(omitted, "tasks.csv"), style="dim")

    def _print_profiles(self) -> None:
        for purpose in ("cpu-profile", "memory-profile"):
            profiles = [profile for profile in self._study.profiles if profile.purpose == purpose]
            if not profiles:
                continue
            self._console.print()
            self._say(wording.profile_title(purpose), style="bold")
            if any(profile.hotspots for profile in profiles):
                print_columns(self._console, profile_columns(profiles, self._study), self._console.width)
            for line in wording.missing_profiles(profiles, self._study):
                self._say(line, style="dim")
            self._say(wording.where_profiles_are(purpose), style="dim")

    def _print_warnings(self, warnings: "Sequence[StudyWarning]") -> None:
        sentences = [wording.warning_sentence(warning, self._study) for warning in warnings[:_MOST_WARNINGS]]
        if len(warnings) > _MOST_WARNINGS:
            sentences.append(wording.more_warnings(len(warnings) - _MOST_WARNINGS))
        for sentence in sentences:
            self._say(f"warning: {sentence}", style="yellow")

    def _print_answers(self) -> None:
        for sentences in self._sentences:
            if not sentences.answer:
                continue
            self._console.print()
            if sentences.trust:
                self._say(f"{sentences.trust}.")
            for sentence in filter(None, [sentences.snippets, sentences.answer]):
                self._say(f"{sentence}.", style="bold green")
            for sentence in sentences.reasons:
                self._say(f"{sentence}.")

    def _print_comparisons(self) -> None:
        sentences = wording.comparison_sentences(self._study)
        if sentences:
            self._console.print()
        for sentence in sentences:
            self._say(f"{sentence}.", style="bold")

    def _print_known_answers(self) -> None:
        answers = self._study.known_answers
        if not answers:
            return
        self._console.print()
        styles = [OUTCOME_STYLES[answer.outcome] for answer in answers]
        omitted = print_columns(self._console, known_answer_columns(self._study), self._console.width, styles)
        self._say(wording.omitted_columns(omitted, "known_answers.csv"), style="dim")
        self._print_summary_of_known_answers()

    def _print_summary_of_known_answers(self) -> None:
        if self._study.known_answers:
            self._say(f"{wording.known_summary(self._study)}.", style="bold")

    def _print_codes(self) -> None:
        """Print the code to paste or, if there is much of it, where it is."""
        codes: dict[str, list[str]] = {}
        for group in self._study.groups:
            code = code_of(group, self._study)
            if code:
                codes.setdefault(code, []).append(wording.group_name(group, self._study))
        if len(codes) > _MOST_CODES:
            self._console.print()
            self._say(wording.CODE_ELSEWHERE)
            return
        for code, names in codes.items():
            self._console.print()
            if len(codes) > 1:
                self._say(f"for {'; '.join(names)}:")
            # Soft-wrapped: code is pasted, so it is neither cut nor padded.
            highlighter = Syntax("", "python", theme="ansi_dark", background_color="default")
            self._console.print(highlighter.highlight(code.rstrip()), soft_wrap=True, end="")
