"""The samples of a study as a Parquet file: one row per iteration, with the settings of its cell."""

import io

from runner.facts import StudyAnalysis
from runner.folder.results import Results
from runner.frames import sample_rows


def render_parquet(results: Results, study: StudyAnalysis) -> bytes:
    """Render the samples; a swept setting with values of several types is a column of texts."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    import pyarrow.parquet as pq  # noqa: PLC0415

    rows = sample_rows(study, results.samples)
    columns = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
    table = pa.table({name: _column(values) for name, values in columns.items()})
    content = io.BytesIO()
    pq.write_table(table, content)
    return content.getvalue()


def _column(values: list[object]) -> list[object]:
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) <= 1 or kinds <= {int, float}:
        return values
    return [None if value is None else str(value) for value in values]
