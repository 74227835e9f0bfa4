"""The formats of `runner.export`. To add one, write its renderer and list it here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runner.export.parquet import render_parquet
from runner.export.pyperf_suite import render_pyperf
from runner.export.trace_events import render_trace
from runner.facts import StudyAnalysis
from runner.folder.results import Results
from runner.report.markdown import render_github, render_markdown


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """One format."""

    file: str  #: name of the file in the result folder
    render: Callable[[Results, StudyAnalysis], str | bytes]  #: pure


EXPORTERS: Mapping[str, Exporter] = {
    "markdown": Exporter(file="report.md", render=lambda _, study: render_markdown(study)),
    "github": Exporter(file="summary.md", render=lambda _, study: render_github(study)),
    "parquet": Exporter(file="samples.parquet", render=render_parquet),
    "pyperf": Exporter(file="pyperf.json", render=render_pyperf),
    "chrome-trace": Exporter(file="trace_events.json", render=render_trace),
}
