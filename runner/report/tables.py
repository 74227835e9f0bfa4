"""The tables of terminal and page: cells, snippets, profiles and known answers, as columns of texts."""

from collections.abc import Iterable, Sequence
from typing import Any

from runner.columns import BY_NAME, COLUMNS, KNOWN_ANSWER_COLUMNS, NAMING, Column, Heading, RecordT
from runner.estimate import Estimate
from runner.facts import (
    CellAnalysis,
    KnownOutcome,
    ProfileAnalysis,
    StudyAnalysis,
    TaskAnalysis,
)
from runner.modes import ModeSpec
from runner.records import AUTO
from runner.report import wording
from runner.report.column_sentences import sentence_of
from runner.report.labels import bounds_text, one_line, short, shown
from runner.report.text_table import TextColumn
from runner.units import percent, seconds, size

_SETTINGS_PLACE = 1  # the settings that tell cells apart come after the executor
_LONGEST_SNIPPET = 30
_LONGEST_PLACE = 30

OUTCOME_STYLES = {
    KnownOutcome.DOES_NOT_HOLD: "red",
    KnownOutcome.CANNOT_TELL: "yellow",
    KnownOutcome.NOT_RUN: "dim",
    KnownOutcome.HOLDS: "",
}


# --- cells --------------------------------------------------------------------------------------------


def cell_columns(
    cells: Sequence[CellAnalysis], study: StudyAnalysis, *, is_page: bool = False
) -> list[TextColumn]:
    """Make the table of some cells, a row each; the page has columns that the terminal has no room for."""
    mode = study.study.spec
    shown = [
        (column.heading.place, column, column.heading)
        for column in (*NAMING, *COLUMNS)
        if column.heading and column.applies(mode) and column.heading.applies(mode)
        if is_page or not column.heading.on_page_only
    ]
    placed: list[tuple[int, TextColumn]] = [(_SETTINGS_PLACE, column) for column in _settings(cells, study)]
    for place, column, heading in shown:
        if not _repeats(column, heading, cells):
            texts = [
                _text(column, heading, cell, study) if cell.is_ok or heading.is_of_failed else ""
                for cell in cells
            ]
            placed.append(
                (place, _text_column(heading, texts, mode, [_value(column, cell) for cell in cells]))
            )
        if heading.has_bounds:
            placed.append((place, _bounds_column(column, cells, study)))
    return [column for _, column in sorted(placed, key=lambda pair: pair[0])]


def explanations(columns: Sequence[TextColumn], omitted: Sequence[str]) -> str:
    """Explain the headings of the columns that are shown and not empty, and list those omitted."""
    texts = [
        f"{column.heading}: {column.meaning}"
        for column in columns
        if column.meaning and any(column.texts) and column.heading not in omitted
    ]
    return "; ".join(filter(None, [*texts, wording.omitted_columns(omitted, "summary.csv")]))


def varying_settings(cells: Sequence[CellAnalysis], study: StudyAnalysis) -> list[str]:
    """List the settings, other than executor and workers, that tell cells apart."""
    keys = ["python", "chunk_size", *study.study.swept]
    varying = [key for key in keys if len({_setting(cell, key) for cell in cells} - {""}) > 1]
    if "chunk_size" not in varying and any(cell.cell.chunk_size == AUTO for cell in cells):
        varying.append("chunk_size")  # to show the size that was chosen
    return varying


def _settings(cells: Sequence[CellAnalysis], study: StudyAnalysis) -> list[TextColumn]:
    return [
        TextColumn(
            heading="chunk" if key == "chunk_size" else short(key),
            texts=[_setting(cell, key) for cell in cells],
            justify="left",
            folds=True,
            values=[cell.tasks_per_chunk if key == "chunk_size" else cell.swept.get(key) for cell in cells],
        )
        for key in varying_settings(cells, study)
    ]


def _setting(cell: CellAnalysis, key: str) -> str:
    """Show a setting; empty where it does not reach the cell."""
    if key == "chunk_size":
        return wording.chunk_size_text(cell)
    return shown(cell.python if key == "python" else cell.swept.get(key))


def _value(column: "Column[RecordT]", record: RecordT) -> Any:
    value = column.get(record)
    return value.value if isinstance(value, Estimate) else value


def _text_column(
    heading: Heading, texts: Sequence[str], mode: ModeSpec, values: Sequence[Any] = ()
) -> TextColumn:
    return TextColumn(
        heading=heading.text.format(mode=mode),
        texts=texts,
        justify=heading.justify,
        drop=heading.drop,
        style=heading.style,
        meaning=heading.meaning.format(mode=mode),
        values=values,
    )


def _text(column: "Column[RecordT]", heading: Heading, record: RecordT, study: StudyAnalysis) -> str:
    sentence = sentence_of(column, record).short
    if sentence is not None:
        return sentence(record, study)
    value = column.get(record)
    if value is None:
        return ""
    return heading.show(value.value if isinstance(value, Estimate) else value)


def _repeats(column: "Column[CellAnalysis]", heading: Heading, cells: Sequence[CellAnalysis]) -> bool:
    """Whether a column only repeats another one."""
    if not heading.differs_from:
        return False
    other = BY_NAME[heading.differs_from]
    return all(column.get(cell) == other.get(cell) for cell in cells)


def _bounds_column(
    column: "Column[CellAnalysis]", cells: Sequence[CellAnalysis], study: StudyAnalysis
) -> TextColumn:
    estimates = [column.get(cell) if cell.is_ok else None for cell in cells]
    texts = [
        "baseline" if cell.is_baseline and estimate else _bounds(estimate)
        for cell, estimate in zip(cells, estimates, strict=True)
    ]
    others = [
        estimate
        for cell, estimate in zip(cells, estimates, strict=True)
        if estimate and not estimate.is_exact and not cell.is_baseline
    ]
    return TextColumn(
        heading=_kind_of_bounds(others, study),
        texts=texts if others else [""] * len(cells),
    )


def _bounds(estimate: Estimate | None) -> str:
    """Show bounds; empty for the value of a single repetition, which has none."""
    return "" if estimate is None or estimate.is_exact else bounds_text(estimate)


def _kind_of_bounds(estimates: Iterable[Estimate], study: StudyAnalysis) -> str:
    return wording.kind_of_bounds(estimates, study.study) or wording.interval_name(study.study)


# --- snippets -----------------------------------------------------------------------------------------


def snippet_columns(cells: Sequence[CellAnalysis], study: StudyAnalysis) -> list[TextColumn]:
    """Make the table of the snippets of one workload, the quickest of the first baseline first."""
    by_cell = {cell.cell.id: study.snippets_of(cell.cell.id) for cell in cells if cell.is_baseline}
    baselines = [cell for cell in cells if by_cell.get(cell.cell.id)]
    if not baselines:
        return []
    first = sorted(by_cell[baselines[0].cell.id], key=lambda snippet: snippet.time_s.value)
    all_labels = (snippet.label for baseline in baselines for snippet in by_cell[baseline.cell.id])
    labels = list(dict.fromkeys([*(snippet.label for snippet in first), *all_labels]))
    ratios = {snippet.label: snippet.relative for snippet in first}
    headings = ["per call"] if len(baselines) == 1 else _snippet_headings(baselines, study)
    fastest, *others = (
        TextColumn(heading=heading, texts=_times(by_cell[baseline.cell.id], labels), drop=place)
        for place, (heading, baseline) in enumerate(zip(headings, baselines, strict=True))
    )
    relative = [ratios.get(label) for label in labels]
    return [
        TextColumn(
            heading="snippet", texts=[one_line(label, _LONGEST_SNIPPET) for label in labels], justify="left"
        ),
        fastest,
        TextColumn(
            heading="relative", texts=["" if ratio is None else f"×{ratio.value:.2f}" for ratio in relative]
        ),
        *(others or [_relative_bounds(relative, study)]),
    ]


def _relative_bounds(ratios: Sequence[Estimate | None], study: StudyAnalysis) -> TextColumn:
    known = [ratio for ratio in ratios if ratio is not None and not ratio.is_exact]
    texts = [
        "" if ratio is None or ratio.is_exact else f"{ratio.low:.2f}–{ratio.high:.2f}" for ratio in ratios
    ]
    return TextColumn(heading=_kind_of_bounds(known, study), texts=texts)


def _times(snippets: Sequence[TaskAnalysis], labels: Sequence[str]) -> list[str]:
    times = {snippet.label: seconds(snippet.time_s.value) for snippet in snippets}
    return [times.get(label, "") for label in labels]


def _snippet_headings(baselines: Sequence[CellAnalysis], study: StudyAnalysis) -> list[str]:
    """Name baselines by the settings that differ: interpreters alone, other settings with their key."""
    keys = varying_settings(baselines, study)
    return [
        ", ".join(
            _setting(baseline, key) if key == "python" else f"{short(key)}={_setting(baseline, key)}"
            for key in keys
        )
        for baseline in baselines
    ]


# --- profiles -----------------------------------------------------------------------------------------


def profile_columns(profiles: Sequence[ProfileAnalysis], study: StudyAnalysis) -> list[TextColumn]:
    """Make the table of the hotspots of some cells; a cell is named in its first row."""
    rows = [
        (profile_name(profile, study) if number == 0 else "", profile, spot)
        for profile in profiles
        for number, spot in enumerate(profile.hotspots)
    ]
    return [
        TextColumn(heading="cell", texts=[name for name, _, _ in rows], justify="left", folds=True),
        TextColumn(heading="share", texts=[percent(spot.share) for _, _, spot in rows]),
        # Seconds of samples include waiting for a CPU: only their share means anything.
        TextColumn(
            heading="amount",
            texts=[
                "" if profile.purpose == "cpu-profile" else size(spot.amount) for _, profile, spot in rows
            ],
        ),
        TextColumn(heading="what", texts=[one_line(spot.name) for _, _, spot in rows], justify="left"),
        TextColumn(
            heading="where",
            texts=[_end_of(spot.place) for _, _, spot in rows],
            justify="left",
            drop=1,
            style="dim",
        ),
    ]


def profile_name(profile: ProfileAnalysis, study: StudyAnalysis) -> str:
    """Name the cell of a profile, with its workload if there are several."""
    cell = study.cells[profile.cell]
    return f"{cell.cell.workload}: {cell.name}" if len(study.workloads) > 1 else cell.name


def _end_of(place: str) -> str:
    """Shorten the path of a file from its beginning."""
    return place if len(place) <= _LONGEST_PLACE else f"…{place[-_LONGEST_PLACE + 1 :]}"


# --- known answers ------------------------------------------------------------------------------------


def known_answer_columns(study: StudyAnalysis) -> list[TextColumn]:
    """Make the table of the known answers, a row each."""
    shown = [(column, column.heading) for column in KNOWN_ANSWER_COLUMNS if column.heading]
    return [
        _text_column(
            heading,
            [_text(column, heading, answer, study) for answer in study.known_answers],
            study.study.spec,
        )
        for column, heading in sorted(shown, key=lambda pair: pair[1].place)
    ]
