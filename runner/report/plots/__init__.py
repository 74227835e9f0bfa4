"""Figures of an analysed study, fit for a paper."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from runner.facts import CellAnalysis, StudyAnalysis, StudyFacts
from runner.report.labels import one_line, short
from runner.report.panels import numeric_axis, panels_of, varying_keys
from runner.report.plots.appearance import style
from runner.report.plots.law_plot import draw_laws
from runner.report.plots.snippet_plot import draw_snippets
from runner.report.plots.speedup_plot import draw_speedup
from runner.report.plots.throughput_plot import draw_throughput
from runner.report.plots.time_plot import draw_time
from runner.report.series import SeriesStyle, series_styles_of

__all__ = ["draw", "render_plots"]

_FORMATS: Mapping[str, Mapping[str, Any]] = {
    "png": {"dpi": 160, "metadata": {"Software": None}},
    "svg": {"metadata": {"Date": None}},
}


def render_plots(analysis: StudyAnalysis) -> dict[str, bytes]:
    """Render every figure as PNG and SVG, by file name; equal studies give equal bytes."""
    rendered = {}
    with style():
        for name, figure in draw(analysis).items():
            for suffix, options in _FORMATS.items():
                content = io.BytesIO()
                figure.savefig(content, format=suffix, **options)
                rendered[f"{name}.{suffix}"] = content.getvalue()
    return rendered


def draw(analysis: StudyAnalysis) -> dict[str, Figure]:
    """Draw the figures that apply to a study, by file name without suffix."""
    study = analysis.study
    series_styles = series_styles_of(cell.cell.executor for cell in analysis.cells.values())
    figures: dict[str, Figure] = {}
    with style():
        for workload in analysis.workloads:
            cells = analysis.of_workload(workload)
            if not any(cell.runs for cell in cells):
                continue  # nothing to show; the table says why
            suffix = f"_{workload}" if len(analysis.workloads) > 1 else ""
            for name, figure in _figures(
                one_line(workload, 60), cells, analysis, series_styles, study
            ).items():
                key = _file_name(name + suffix)
                figures[f"{key}_{len(figures)}" if key in figures else key] = figure
    return figures


def _figures(
    title: str,
    cells: Sequence[CellAnalysis],
    analysis: StudyAnalysis,
    series_styles: Mapping[str, SeriesStyle],
    study: StudyFacts,
) -> dict[str, Figure]:
    keys = varying_keys(cells, study.swept)
    panels = panels_of(cells, keys)
    axis = numeric_axis(cells, keys)
    figures = {}
    if study.spec.has_window and axis is None:
        return {"throughput": draw_throughput(title, panels, series_styles, study)}
    if any(cell.cell.workers is not None for cell in cells):
        if axis is None:
            figures["speedup"] = draw_speedup(title, panels, series_styles, study)
        else:
            others = panels_of(cells, [key for key in keys if key != axis])
            figures[f"speedup_by_{short(axis)}"] = draw_speedup(title, others, series_styles, study, axis)
    if not study.spec.has_window:  # there, all runs last as long as the window
        figures["time"] = draw_time(title, panels, series_styles, study)
    times = {cell.cell.id: snippets for cell in cells if (snippets := analysis.snippets_of(cell.cell.id))}
    baselines = [cell for cell in cells if cell.is_baseline and cell.cell.id in times]
    if baselines:
        snippet_keys = [key for key in varying_keys(baselines, study.swept) if key != "python"]
        figures["snippets"] = draw_snippets(title, panels_of(baselines, snippet_keys), times, study)
    workload = cells[0].cell.workload
    laws = [law for law in analysis.laws if law.workload == workload and law.curve is not None]
    if laws:
        figures["scaling"] = draw_laws(title, laws, study)
    return figures


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name)
