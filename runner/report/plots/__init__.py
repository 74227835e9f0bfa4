"""Figures of a study: tables in, figures out; `save` alone writes files."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from runner.analysis.frames import Law
from runner.report.labels import one_line, short
from runner.report.plots.appearance import Look, looks_of, style
from runner.report.plots.data import (
    Facts,
    Interval,
    Measured,
    measured_cells,
    numeric_axis,
    panels_of,
    times_per_call,
    varying_keys,
)
from runner.report.plots.law_plot import draw_scaling
from runner.report.plots.speedup_plot import draw_speedup
from runner.report.plots.throughput_plot import draw_throughput
from runner.report.plots.time_plot import draw_snippets, draw_time

__all__ = ["Facts", "draw", "save"]

_FORMATS: Mapping[str, Mapping[str, Any]] = {
    "png": {"dpi": 160, "metadata": {"Software": None}},
    "svg": {"metadata": {"Date": None}},
}


def draw(
    samples: pd.DataFrame,
    summary: pd.DataFrame,
    tasks: pd.DataFrame,
    facts: Facts,
    laws: Sequence[Law] = (),
) -> dict[str, Figure]:
    """Return the figures that make sense for the tables, by file name without suffix."""
    if summary.empty:
        return {}
    cells = measured_cells(samples, summary, facts)
    times = times_per_call(tasks)
    looks = looks_of(cell.executor for cell in cells)
    workloads = list(dict.fromkeys(cell.workload for cell in cells))
    figures: dict[str, Figure] = {}
    with style():
        for workload in workloads:
            own = [cell for cell in cells if cell.workload == workload]
            if not any(cell.runs for cell in own):
                continue  # nothing to see; the terminal and summary.csv say why
            suffix = f"_{workload}" if len(workloads) > 1 else ""
            title = one_line(workload, 60)
            made = _figures(title, own, times, looks, facts)
            if own_laws := [law for law in laws if law.workload == workload]:
                made["scaling"] = draw_scaling(title, own_laws, facts)
            for name, figure in made.items():
                key = _file_name(name + suffix)
                figures[f"{key}_{len(figures)}" if key in figures else key] = figure
    return figures


def save(figures: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Write every figure as PNG and SVG, the same bytes for the same figure."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with style():
        for name, figure in figures.items():
            for suffix, options in _FORMATS.items():
                path = folder / f"{name}.{suffix}"
                unfinished = path.with_name(f"{path.name}.part")
                figure.savefig(unfinished, format=suffix, **options)
                unfinished.replace(path)  # an interruption leaves the old file or the new one
                written.append(path)
    return written


def _figures(
    title: str,
    cells: Sequence[Measured],
    times: Mapping[str, Mapping[str, Interval]],
    looks: Mapping[str, Look],
    facts: Facts,
) -> dict[str, Figure]:
    keys = varying_keys(cells, facts)
    panels = panels_of(cells, keys)
    figures = {}
    if facts.mode.has_window and numeric_axis(cells, keys) is None:
        return {"throughput": draw_throughput(title, panels, looks, facts)}
    if any(cell.workers is not None for cell in cells):
        setting = numeric_axis(cells, keys)
        if setting is None:
            figures["speedup"] = draw_speedup(title, panels, looks, facts)
        else:
            others = panels_of(cells, [key for key in keys if key != setting])
            figures[f"speedup_by_{short(setting)}"] = draw_speedup(title, others, looks, facts, setting)
    if not facts.mode.has_window:  # all runs last as long as their window
        figures["time"] = draw_time(title, panels, looks, facts)
    baselines = [cell for cell in cells if cell.is_baseline and cell.id in times]
    if baselines:
        own_keys = [key for key in varying_keys(baselines, facts) if key != "python"]
        figures["snippets"] = draw_snippets(title, panels_of(baselines, own_keys), times, facts)
    return figures


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name)
