"""The content of the page, from top to bottom: an analysed study → verdicts, sections, figures and data."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from runner.columns import COLUMNS, Kind
from runner.facts import Answer, GroupAnalysis, StudyAnalysis
from runner.folder import plain_yaml
from runner.report import captions, wording
from runner.report.labels import one_line, short
from runner.report.page import next_steps, page_wording
from runner.report.page.curve_figure import curve_figure
from runner.report.page.dots_figure import DotsSpec, dots_figure
from runner.report.page.figure import DataSet, PageFigure, rounded
from runner.report.page.loss_figure import loss_data, loss_figure
from runner.report.page.order_figure import order_figure, run_data
from runner.report.page.page_table import PageTable, page_table
from runner.report.page.page_wording import SECTIONS
from runner.report.page.timeline_figure import timeline_data, timeline_figure
from runner.report.page.what_if_models import shown_models, what_if_data, what_if_table
from runner.report.panels import EFFICIENCY, RATE, SPEEDUP, TIME, numeric_axis, panels_of, varying_keys
from runner.report.pasted_code import code_of
from runner.report.tables import (
    cell_columns,
    explanations,
    known_answer_columns,
    profile_columns,
    snippet_columns,
)
from runner.report.text_table import TextColumn
from runner.report.verdict_json import VERDICT
from runner.report.x_axis import against_setting, against_workers, without_plain_loop
from runner.units import percent, seconds, three_digits

_ELSEWHERE = ("cells", "laws")  # parts of verdict.json: the data sets have the one, fits.csv the other
_PRIVATE = ("host_name", "user_name", "working_directory", "command_line")  # facts of the environment
_LARGE = 100  # cells: if there are more, folded figures are made when they are unfolded
_MOST_BAR_HINTS = 4_000  # bars of all timelines: if there are more, single bars tell no figures


@dataclass(frozen=True, kw_only=True)
class GroupVerdict:
    """The answer for one group of cells."""

    trust: str  #: how far it can be trusted; empty if nothing says otherwise
    answers: Sequence[str]  #: the decision first
    reasons: Sequence[str]
    code: str  #: to paste; empty without one
    helps: bool  #: whether a pool does


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Something that is folded away under a title of its own."""

    title: str
    id: str = ""
    texts: Sequence[str] = ()
    code: str = ""  #: preformatted
    figure: PageFigure | None = None
    is_open: bool = False  #: unfolded at first


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the page. Everything in it is optional."""

    id: str
    texts: Sequence[str] = ()
    tables: Sequence[PageTable] = ()
    figures: Sequence[PageFigure] = ()
    command: str = ""  #: to copy
    folds: Sequence[Fold] = ()
    is_lazy: bool = False  #: the figures of its folds are made when they are unfolded

    @property
    def title(self) -> str:
        """Its title."""
        return SECTIONS[self.id].title

    @property
    def reading(self) -> str:
        """How to read it."""
        return SECTIONS[self.id].reading


@dataclass(frozen=True, kw_only=True)
class Page:
    """The content of the page."""

    title: str
    subtitle: str
    verdicts: Sequence[GroupVerdict]
    comparisons: Sequence[str]  #: of interpreters, and of sizes
    steps: Sequence[next_steps.NextStep]
    warnings: Sequence[str]
    sections: Sequence[Section]
    is_large: bool  #: what is not in view is not drawn
    data: Mapping[str, DataSet] = field(default_factory=dict)  #: by name
    models: Sequence[Mapping[str, Any]] = ()  #: of "what if"
    verdict: Mapping[str, Any] = field(default_factory=dict)  #: as verdict.json, without nulls and cells

    @property
    def json(self) -> str:
        """The data of the page; no character of it ends a script element."""
        sets = {name: {"columns": data.columns, "rows": data.rows} for name, data in self.data.items()}
        content = {"verdict": self.verdict, "data": sets, "models": self.models}
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str)
        return text.replace("<", "\\u003c")


def page_of(study: StudyAnalysis) -> Page:
    """Make the content of the page of a study."""
    cells = list(study.cells.values())
    return Page(
        title=one_line(study.study.name, 80),
        subtitle=page_wording.subtitle(study),
        verdicts=[*_verdicts(study)],
        comparisons=[f"{sentence}." for sentence in wording.comparison_sentences(study)],
        steps=next_steps.next_steps(study),
        warnings=[f"{wording.warning_sentence(warning, study)}." for warning in study.warnings],
        sections=[section for make in _SECTIONS if (section := make(study)) is not None],
        is_large=_is_large(study),
        data={
            "cells": _cell_data(study),
            "summary": _summary_data(study),
            "runs": run_data(study),
            "losses": loss_data(cells),
            "timelines": timeline_data(study),
        },
        models=what_if_data(study),
        verdict=_brief(
            {name: part for name, part in VERDICT.content(study).items() if name not in _ELSEWHERE}
        ),
    )


def _cell_data(study: StudyAnalysis) -> DataSet:
    """List the cells, which the other data sets refer to by their number."""
    swept = study.study.swept
    rows = [
        (
            cell.name,
            cell.cell.workload,
            cell.cell.executor,
            cell.cell.workers,
            *(cell.swept.get(key) for key in swept),
        )
        for cell in study.cells.values()
    ]
    return DataSet(columns=("cell", "workload", "executor", "workers", *swept), rows=rows)


def _summary_data(study: StudyAnalysis) -> DataSet:
    """List what summary.csv says of each cell, without the columns that are empty everywhere."""
    mode, cells = study.study.spec, study.cells.values()
    columns = [column for column in COLUMNS if column.applies(mode) and column.kind != Kind.SENTENCE]
    names = [name for column in columns for name in column.names]
    values = [[_brief(value) for column in columns for value in column.values(cell)] for cell in cells]
    kept = [place for place in range(len(names)) if any(row[place] is not None for row in values)]
    rows = [(number, *(row[place] for place in kept)) for number, row in enumerate(values)]
    return DataSet(columns=("cell", *(names[place] for place in kept)), rows=rows)


def _brief(value: Any) -> Any:
    """Shorten a JSON value: no nulls, and figures of seven digits."""
    if isinstance(value, Mapping):
        return {name: _brief(part) for name, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [_brief(part) for part in value]
    return rounded(value) if isinstance(value, float) else value


def _verdicts(study: StudyAnalysis) -> Iterator[GroupVerdict]:
    for group in study.groups:
        words = wording.sentences_of(group, study, wording.group_name(group, study))
        if not words.answer:
            continue
        yield GroupVerdict(
            trust=f"{words.trust}." if words.trust else "",
            answers=[f"{sentence}." for sentence in (words.snippets, words.answer) if sentence],
            reasons=[f"{sentence}." for sentence in words.reasons],
            code=code_of(group, study),
            helps=group.answer is Answer.HELPS,
        )


# --- sections, in the order of the page ---------------------------------------------------------------


def _is_large(study: StudyAnalysis) -> bool:
    return len(study.cells) > _LARGE


def _results(study: StudyAnalysis) -> Section:
    tables, texts = [], []
    for workload in study.workloads:
        cells = study.of_workload(workload)
        marks = TextColumn(
            heading=page_wording.MARKS,
            texts=[page_wording.marks(cell) for cell in cells],
            justify="left",
            meaning=page_wording.MARKS_MEANING,
        )
        columns = [*cell_columns(cells, study, is_page=True), marks]
        links = [f"cell-{cell.cell.id}" if cell.cell.id in study.timelines else "" for cell in cells]
        tables.append(page_table(wording.title(workload, study), columns, links))
        texts.append(explanations(columns, ()))
    return Section(id="results", tables=tables, texts=[text for text in dict.fromkeys(texts) if text])


def _speedup(study: StudyAnalysis) -> Section | None:
    figures = [
        figure
        for number, workload in enumerate(study.workloads)
        for figure in _dots(workload, study, f"-{number}" if number else "")
    ]
    if not figures:
        return None
    shown = 1 if _is_large(study) else len(figures)
    folds = [Fold(title=figure.title, figure=figure) for figure in figures[shown:]]
    return Section(id="speedup", figures=figures[:shown], folds=folds, is_lazy=True)


def _dots(workload: str, study: StudyAnalysis, suffix: str) -> Iterator[PageFigure]:
    cells = study.of_workload(workload)
    if not any(cell.runs for cell in cells):
        return
    keys = varying_keys(cells, study.study.swept)
    setting = numeric_axis(cells, keys)
    compared = without_plain_loop(cells)
    if setting is None or not compared:
        panels, axis = panels_of(cells, keys), against_workers()
    else:
        panels = panels_of(cells, [key for key in keys if key != setting])
        axis = against_setting(cells, setting)
    named = workload if len(study.workloads) > 1 else ""
    has_pools = any(cell.cell.workers is not None for cell in cells)
    for spec in _specs(study, suffix, named, has_pools=has_pools):
        figure = dots_figure(spec, panels, replace(axis, label=short(axis.label)), study)
        if figure is not None:
            yield figure


def _title(workload: str, what: str) -> str:
    return wording.advice(one_line(workload, 60), what)


def _specs(study: StudyAnalysis, suffix: str, workload: str, *, has_pools: bool) -> Iterator[DotsSpec]:
    """List the figures of one workload."""
    if study.study.spec.has_window:
        yield DotsSpec(
            id=f"rate{suffix}",
            title=_title(workload, "tasks per second"),
            y_label="tasks per second",
            quantity=RATE,
            show=three_digits,
        )
    if has_pools:
        yield DotsSpec(
            id=f"speedup{suffix}",
            title=_title(workload, study.study.spec.ratio_heading),
            y_label=study.study.spec.ratio_heading,
            quantity=SPEEDUP,
            show=three_digits,
            is_binary=True,
            has_reference=True,
            has_ideal=True,
        )
        yield DotsSpec(
            id=f"efficiency{suffix}",
            title=_title(workload, "efficiency: speedup per worker"),
            y_label="efficiency",
            quantity=EFFICIENCY,
            show=percent,
            is_log=False,
            needs_workers=True,
        )
    if not study.study.spec.has_window:
        yield DotsSpec(
            id=f"time{suffix}", title=_title(workload, "time"), y_label="time", quantity=TIME, show=seconds
        )


def _scaling(study: StudyAnalysis) -> Section | None:
    figures = []
    for number, workload in enumerate(study.workloads):
        laws = [law for law in study.laws if law.workload == workload]
        figure = curve_figure(f"scaling-{number}", laws, captions.laws(study.study))
        if figure is not None:
            figures.append(figure)
    return Section(id="scaling", figures=figures) if figures else None


def _losses(study: StudyAnalysis) -> Section | None:
    figures = [
        figure
        for number, workload in enumerate(study.workloads)
        if (figure := loss_figure(f"losses-{number}", study.of_workload(workload), study)) is not None
    ]
    if not figures:
        return None
    if not _is_large(study):
        return Section(id="losses", figures=figures)
    return Section(
        id="losses", folds=[Fold(title=figure.title, figure=figure) for figure in figures], is_lazy=True
    )


def _timelines(study: StudyAnalysis) -> Section | None:
    folds = []
    has_hints = sum(len(timeline.bars) for timeline in study.timelines.values()) <= _MOST_BAR_HINTS
    opened = {_most_telling(group, study) for group in study.groups[:1]}
    for cell_id, timeline in study.timelines.items():
        figure = timeline_figure(study.cells[cell_id], timeline, has_hints=has_hints)
        workload = study.cells[cell_id].cell.workload
        title = f"{one_line(workload)}: {figure.title}" if len(study.workloads) > 1 else figure.title
        folds.append(Fold(title=title, id=f"cell-{cell_id}", figure=figure, is_open=cell_id in opened))
    return Section(id="timelines", folds=folds, is_lazy=_is_large(study)) if folds else None


def _most_telling(group: GroupAnalysis, study: StudyAnalysis) -> str | None:
    """Choose the cell whose timeline says most: the recommended pool, or the one that is explained."""
    if group.recommended is not None and study.cells[group.recommended].is_pool:
        return group.recommended
    return group.explanation.cell if group.explanation else group.recommended


def _order(study: StudyAnalysis) -> Section | None:
    figure = order_figure(study)
    return None if figure is None else Section(id="order", figures=[figure])


def _snippets(study: StudyAnalysis) -> Section | None:
    tables = [
        page_table(one_line(workload, 60), columns)
        for workload in study.workloads
        if (columns := snippet_columns(study.of_workload(workload), study))
    ]
    return Section(id="snippets", tables=tables) if tables else None


def _what_if(study: StudyAnalysis) -> Section | None:
    return Section(id="what_if", tables=[what_if_table(study)]) if shown_models(study) else None


def _profiles(study: StudyAnalysis) -> Section | None:
    tables, texts = [], []
    for purpose in ("cpu-profile", "memory-profile"):
        profiles = [profile for profile in study.profiles if profile.purpose == purpose]
        if any(profile.hotspots for profile in profiles):
            tables.append(page_table(wording.profile_title(purpose), profile_columns(profiles, study)))
        texts += [f"{line}." for line in wording.missing_profiles(profiles, study)]
    return Section(id="profiles", tables=tables, texts=texts) if tables or texts else None


def _known_answers(study: StudyAnalysis) -> Section | None:
    if not study.known_answers:
        return None
    table = page_table(SECTIONS["known_answers"].title, known_answer_columns(study))
    return Section(id="known_answers", texts=[f"{wording.known_summary(study)}."], tables=[table])


def _failures(study: StudyAnalysis) -> Section | None:
    folds = [
        Fold(
            title=one_line(cell.name, 60),
            id=f"failure-{cell.cell.id}",
            texts=[wording.cell_note(cell, study.study)],
            code=cell.printed_end,
            is_open=number == 0,
        )
        for number, cell in enumerate(cell for cell in study.cells.values() if cell.error)
    ]
    where = wording.where_failures_are(study)
    return Section(id="failures", texts=[f"{where}."], folds=folds) if folds else None


def _method(study: StudyAnalysis) -> Section:
    origin = study.provenance
    machine = {key: _public(value) for key, value in origin.environment.items() if value}
    interpreters = [_public(interpreter) for interpreter in origin.interpreters]
    folds = [
        Fold(title="Environment", code=_yaml({"machine": machine, "interpreters": interpreters})),
        Fold(title="Configuration", code=_yaml(_public(origin.configuration))),
    ]
    return Section(
        id="method",
        texts=[page_wording.measured_how(study)],
        command=page_wording.command(study),
        folds=[fold for fold in folds if fold.code],
    )


def _public(facts: Any) -> Any:
    """Leave out who measured and where, and the values of environment variables: the page may be sent."""
    if not isinstance(facts, Mapping):
        return facts
    public = {key: value for key, value in facts.items() if key not in _PRIVATE}
    if isinstance(variables := public.get("env"), Mapping):
        public["env"] = dict.fromkeys(variables, page_wording.HIDDEN)
    return public


def _yaml(content: Mapping[str, Any]) -> str:
    return plain_yaml.dump(content) if content else ""


_SECTIONS: Sequence[Callable[[StudyAnalysis], Section | None]] = (
    _results,
    _snippets,
    _speedup,
    _losses,
    _timelines,
    _order,
    _what_if,
    _scaling,
    _profiles,
    _known_answers,
    _failures,
    _method,
)
