"""A study as Markdown: the sentences and tables of the terminal, for a pull request or a job summary."""

import re
from collections.abc import Iterator, Sequence

from runner.facts import StudyAnalysis
from runner.report import wording
from runner.report.pasted_code import code_of
from runner.report.tables import cell_columns, explanations, snippet_columns
from runner.report.text_table import TextColumn
from runner.report.wording import GroupSentences

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#])")


def render_markdown(study: StudyAnalysis) -> str:
    """Render the tables, the answer with its reasons, and the code."""
    return "\n\n".join([f"## {escaped(study.study.name)}", *_tables(study), *_answers(study)]) + "\n"


def render_github(study: StudyAnalysis) -> str:
    """Render what a job summary takes: the answers first, everything else folded."""
    decisions = [
        decision
        for group in study.groups
        for decision in _decisions(wording.sentences_of(group, study, wording.group_name(group, study)))
    ]
    folded = "\n\n".join([*_tables(study), *_answers(study)])
    return (
        "\n\n".join(
            [
                f"### {escaped(study.study.name)}",
                *decisions,
                "<details><summary>Table, reasons and code</summary>",
                folded,
                "</details>",
            ]
        )
        + "\n"
    )


def escaped(text: str) -> str:
    """Show a text on one line as it is: nothing in it is Markdown or HTML."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def table(columns: Sequence[TextColumn]) -> str:
    """Render the columns that are not empty."""
    filled = [column for column in columns if any(column.texts)]
    lines = [
        [escaped(column.heading) for column in filled],
        ["---:" if column.justify == "right" else "---" for column in filled],
        *([escaped(text) for text in row] for row in zip(*(column.texts for column in filled), strict=True)),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _tables(study: StudyAnalysis) -> Iterator[str]:
    for workload in study.workloads:
        cells = study.of_workload(workload)
        columns = cell_columns(cells, study)
        yield f"**{escaped(wording.title(workload, study))}**"
        yield table(columns)
        if meaning := explanations(columns, ()):
            yield escaped(meaning)
        if snippets := snippet_columns(cells, study):
            yield table(snippets)
    for warning in study.warnings:
        yield f"Warning: {escaped(wording.warning_sentence(warning, study))}."


def _answers(study: StudyAnalysis) -> Iterator[str]:
    for group in study.groups:
        words = wording.sentences_of(group, study, wording.group_name(group, study))
        yield from _decisions(words)
        for sentence in words.reasons:
            yield f"{escaped(sentence)}."
        if code := code_of(group, study):
            yield _fenced(code)
    for sentence in wording.comparison_sentences(study):
        yield f"**{escaped(sentence)}.**"


def _decisions(words: GroupSentences) -> Iterator[str]:
    for sentence in (words.trust, words.snippets, words.answer):
        if sentence:
            yield f"**{escaped(sentence)}.**"


def _fenced(code: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}python\n{code.rstrip()}\n{fence}"
