"""The tables of columns: complete, and light to import."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from runner.columns import COLUMNS, KNOWN_FIGURES, NAMING, SAMPLE_COLUMNS, TRACE_COLUMNS, UNTIMED_COLUMNS
from runner.records import Sample, TaskRecord, UntimedRun

CHECKOUT = Path(__file__).resolve().parent.parent
_HEAVY = {"pandas", "numpy", "scipy", "matplotlib", "rich", "pyarrow", "hydra", "omegaconf"}


@pytest.mark.parametrize(
    ("documented", "record", "naming"),
    [
        (SAMPLE_COLUMNS, Sample, {"cell"}),
        (UNTIMED_COLUMNS, UntimedRun, {"cell"}),
        (TRACE_COLUMNS, TaskRecord, set()),
    ],
)
def test_every_field_of_a_record_is_documented(
    documented: dict[str, str], record: type, naming: set[str]
) -> None:
    assert set(documented) == {field.name for field in fields(record)} - naming


def test_no_name_occurs_twice() -> None:
    names = [name for column in (*NAMING, *COLUMNS) for name in column.names]
    assert len(set(names)) == len(names)


def test_places_in_the_table_are_distinct_in_every_mode() -> None:
    headings = [column.heading for column in (*NAMING, *COLUMNS) if column.heading]
    places: dict[int, list[str]] = {}
    for heading in headings:
        places.setdefault(heading.place, []).append(heading.text)
    assert {place: texts for place, texts in places.items() if len(texts) > 1} == {3: ["time", "tasks/s"]}


def test_known_answers_may_name_columns_and_parameters_of_laws() -> None:
    assert {"speedup", "wall_s", "granularity", "amdahl_alpha", "usl_peak_workers"} <= set(KNOWN_FIGURES)
    assert not {"note", "status", "cell"} & set(KNOWN_FIGURES)


def test_importing_the_columns_loads_no_heavy_library() -> None:
    command = "import sys, runner.columns; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run(
        [sys.executable, "-c", command], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert not _HEAVY & set(run.stdout.split())
