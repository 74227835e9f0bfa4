"""The comparison of two studies as text, Markdown, JSON, and a badge."""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from runner.compare.change import CellChange, StudyChange, Verdict
from runner.report.labels import bounds_text
from runner.report.markdown import escaped, table
from runner.report.text_table import TextColumn, print_columns, print_unpadded
from runner.report.wording import advice
from runner.units import percent, plural, seconds, three_digits

_MOST_DIFFERENCES = 30  # on the terminal; the other outputs have all
_WORDS = {Verdict.SLOWER: "slower", Verdict.FASTER: "faster", Verdict.CANNOT_TELL: "cannot tell"}
_WIDTH = 80


def render_text(change: StudyChange, width: int = _WIDTH) -> str:
    """Render the comparison for a terminal: what differs, the verdicts, and what could have been seen."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=False, color_system=None, legacy_windows=False)
    console.print(Text(f"{change.before} → {change.after}"), soft_wrap=True)
    for heading, lines in _surroundings(change, _MOST_DIFFERENCES):
        print_unpadded(console, Text(heading), width)
        for line in lines:
            print_unpadded(console, Text(f"  {line}"), width)
        console.print()
    print_columns(console, _columns(change), width)
    console.print()
    for sentence in sentences(change):
        print_unpadded(console, Text(sentence), min(width, _WIDTH))
    return out.getvalue()


def render_markdown(change: StudyChange) -> str:
    """Render the comparison for a pull request or a job summary."""
    parts = [f"### {escaped(change.before)} → {escaped(change.after)}"]
    parts += [f"{escaped(sentence)}" for sentence in sentences(change)]
    parts.append(table(_columns(change)))
    for heading, lines in _surroundings(change, len(change.differences)):
        listed = "\n".join(f"- {escaped(line)}" for line in lines)
        parts.append(f"<details><summary>{escaped(heading)}</summary>\n\n{listed}\n\n</details>")
    return "\n\n".join(parts) + "\n"


def render_json(change: StudyChange) -> str:
    """Render the comparison for programs."""
    content = {
        "before": change.before,
        "after": change.after,
        "confidence": change.confidence,
        "verdict": overall(change).value,
        "cells": [_json_cell(cell) for cell in change.cells],
        "only_before": list(change.only_before),
        "only_after": list(change.only_after),
        "answers": [asdict(answer) for answer in change.answers],
        "differences": [asdict(difference) for difference in change.differences],
        "drift": change.drift,
        "changed_alike": change.common,
        "smallest_slowdown_shown": change.smallest_shown,
        "sentences": sentences(change),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def render_badge(change: StudyChange) -> str:
    """Render a badge as SVG: the verdict on all cells."""
    verdict = overall(change)
    colour = {
        Verdict.SLOWER: "#a8001c",
        Verdict.FASTER: "#0b6b45",
        Verdict.SAME: "#0b6b45",
        Verdict.CANNOT_TELL: "#7a4a00",
    }[verdict]
    text = _WORDS.get(verdict, "same")
    left, right = 88, 12 + 7 * len(text)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="performance: {text}"><rect width="{left}" height="20" fill="#444"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/>'
        '<g fill="#fff" font-family="DejaVu Sans,Verdana,sans-serif" font-size="11">'
        f'<text x="6" y="14">performance</text><text x="{left + 6}" y="14">{text}</text></g></svg>\n'
    )


def overall(change: StudyChange) -> Verdict:
    """Return the verdict on all cells: slower if one is, unknown if one is, then faster or the same."""
    for verdict in (Verdict.SLOWER, Verdict.CANNOT_TELL, Verdict.FASTER):
        if change.having(verdict):
            return verdict
    return Verdict.SAME


def sentences(change: StudyChange) -> list[str]:
    """Say what changed; the last sentence says what could have been seen."""
    counts = [
        f"{len(cells)} {word}"
        for verdict, word in (*_WORDS.items(), (Verdict.SAME, "the same"))
        if (cells := change.having(verdict))
    ]
    said = [f"Of {plural(len(change.cells), 'cell')}: {', '.join(counts)}."]
    said += [
        f"{advice(answer.where, answer.what)} moved from {answer.before} to {answer.after}."
        for answer in change.answers
    ]
    if change.common is not None:
        said.append(
            f"All cells changed alike (ratio {change.common:.2f}), as they do if the machine itself changed: "
            "measure both versions in one study to be sure."
        )
    for names, which in ((change.only_before, "before"), (change.only_after, "after")):
        if names:
            said.append(f"Measured only {which}: {', '.join(names)}.")
    needed = [cell.needed_repetitions for cell in change.having(Verdict.CANNOT_TELL)]
    if needed and None not in needed:
        said.append(f"About {max(count or 0 for count in needed)} repetitions of each study would tell.")
    elif needed:
        said.append("More repetitions would not tell: the machine's speed varies too much between studies.")
    smallest = change.smallest_shown
    if smallest is None:
        said.append("There are too few repetitions to show any slowdown.")
    else:
        slowdown = f"{three_digits(100 * (smallest - 1))}%"
        said.append(f"This comparison would have shown a slowdown of {slowdown} or more in any cell.")
    return said


def _surroundings(change: StudyChange, most: int) -> Iterator[tuple[str, Sequence[str]]]:
    if not change.differences:
        yield "Environment and configuration are the same.", ()
        return
    lines = [
        f"{difference.key}: {difference.before or '(absent)'} → {difference.after or '(absent)'}"
        for difference in change.differences[:most]
    ]
    more = len(change.differences) - most
    if more > 0:
        lines.append(f"and {more} more: see --format json")
    yield "What differs:", lines


def _columns(change: StudyChange) -> list[TextColumn]:
    cells = change.cells
    several = len({cell.workload for cell in cells}) > 1
    names = [f"{cell.workload}: {cell.name}" if several else cell.name for cell in cells]
    return [
        TextColumn(heading="cell", texts=names, justify="left", folds=True),
        TextColumn(heading="before", texts=[seconds(cell.before_s) for cell in cells]),
        TextColumn(heading="after", texts=[seconds(cell.after_s) for cell in cells]),
        TextColumn(
            heading="ratio", texts=[f"{cell.ratio.value:.2f}" if cell.ratio else "" for cell in cells]
        ),
        TextColumn(heading="interval", texts=[bounds_text(cell.ratio) for cell in cells]),
        TextColumn(heading="verdict", texts=[_verdict_text(cell) for cell in cells], justify="left"),
    ]


def _verdict_text(cell: CellChange) -> str:
    if cell.verdict is Verdict.SAME:
        return f"same within {percent(cell.margin)}"
    return _WORDS[cell.verdict]


def _json_cell(cell: CellChange) -> dict[str, object]:
    ratio = cell.ratio
    return {
        **{key: value for key, value in asdict(cell).items() if key not in ("ratio", "verdict")},
        "ratio": None if ratio is None else {"value": ratio.value, "low": ratio.low, "high": ratio.high},
        "verdict": cell.verdict.value,
    }
