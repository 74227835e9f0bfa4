"""Result folders as tidy data frames, over one study or many: `runner.read("results/*")`.

A notebook that ends a cell with them shows the answers of the studies.
"""

import glob
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.columns import NAMING, SAMPLE_COLUMNS, TASK_COLUMNS, Kind, cell_columns
from runner.errors import RunnerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from runner.columns import Column
    from runner.facts import CellAnalysis, StudyAnalysis
    from runner.records import Sample

_MOST_SHOWN = 10  # studies in a notebook


@dataclass(frozen=True, kw_only=True)
class Frames:
    """Studies as data frames. The first column is `study`, the name of the folder.

    docs/reference.md describes the others. Swept settings are missing in studies that do not sweep them.
    """

    cells: "pd.DataFrame"  #: one row per cell; the columns of summary.csv except its sentences
    samples: "pd.DataFrame"  #: one row per iteration, as in samples.csv
    tasks: "pd.DataFrame"  #: one row per cell and task, as in tasks.csv
    studies: "Sequence[StudyAnalysis]" = field(repr=False)  #: in the order of their names

    @property
    def reports(self) -> list[str]:
        """Each study as Markdown: its table, its answer with the reasons, and the code."""
        return [*map(_markdown, self.studies)]

    def _repr_markdown_(self) -> str:
        """Show the studies in a notebook: https://ipython.readthedocs.io/en/stable/config/integrating.html."""
        shown = [*map(_markdown, self.studies[:_MOST_SHOWN])]
        rest = len(self.studies) - len(shown)
        return "\n\n".join([*shown, *([f"More studies, not shown: {rest}"] if rest else [])])


def read_frames(patterns: Iterable[str | Path]) -> Frames:
    """Read and analyse every result folder that matches a pattern, in the order of their names.

    Raises:
        RunnerError: if no folder matches, or one cannot be read
    """
    import pandas as pd  # noqa: PLC0415 - only this function needs data frames

    from runner.analysis.study import analyse  # noqa: PLC0415 - NumPy and SciPy, for the same reason
    from runner.folder.results import read  # noqa: PLC0415

    rows: dict[str, list[dict[str, Any]]] = {"cells": [], "samples": [], "tasks": []}
    studies = []
    for folder in _folders(patterns):
        results = read(folder)
        study = analyse(results)
        rows["cells"] += _cell_rows(study)
        rows["samples"] += sample_rows(study, results.samples)
        rows["tasks"] += _task_rows(study)
        studies.append(study)
    return Frames(**{name: pd.DataFrame(table) for name, table in rows.items()}, studies=studies)


def _markdown(study: "StudyAnalysis") -> str:
    from runner.report.markdown import render_markdown  # noqa: PLC0415 - only notebooks need it

    return render_markdown(study)


def _folders(patterns: Iterable[str | Path]) -> list[Path]:
    """Find the result folders: those that hold a study.yaml."""
    texts = [str(pattern) for pattern in patterns]
    paths = {Path(path) for pattern in texts for path in glob.glob(pattern)}  # noqa: PTH207 - may be absolute
    folders = sorted(path for path in paths if (path / "study.yaml").is_file())
    if not folders:
        raise RunnerError(f"{', '.join(texts)}: no result folder matches; name one such as results/*_primes")
    return folders


def _naming(study: "StudyAnalysis", cell: "CellAnalysis") -> dict[str, Any]:
    return {
        "study": study.study.folder.name,
        **{column.name: column.get(cell) for column in NAMING},
        **cell.swept,
    }


def _cell_rows(study: "StudyAnalysis") -> list[dict[str, Any]]:
    columns = [column for column in cell_columns(study.study) if column.kind != Kind.SENTENCE]
    return [{"study": study.study.folder.name, **_values(columns, cell)} for cell in study.cells.values()]


def sample_rows(study: "StudyAnalysis", samples: "Iterable[Sample]") -> list[dict[str, Any]]:
    """List samples with the settings that name their cells."""
    return [
        {
            **_naming(study, study.cells[sample.cell]),
            **{name: getattr(sample, name) for name in SAMPLE_COLUMNS},
        }
        for sample in samples
    ]


def _task_rows(study: "StudyAnalysis") -> list[dict[str, Any]]:
    return [{**_naming(study, study.cells[task.cell]), **_values(TASK_COLUMNS, task)} for task in study.tasks]


def _values(columns: "Iterable[Column[Any]]", record: Any) -> dict[str, Any]:
    return {
        name: value
        for column in columns
        for name, value in zip(column.names, column.values(record), strict=True)
    }
