"""docs/reference.md lists all columns and fields."""

import re
from pathlib import Path

from runner.report.reference import TABLES, with_tables

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference.md"


def test_the_tables_are_those_of_the_program() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert text == with_tables(text), "run: python -m runner.report.reference docs/reference.md"


def test_every_table_is_in_the_document() -> None:
    assert set(re.findall("<!-- table: (.+?) -->", REFERENCE.read_text(encoding="utf-8"))) == set(TABLES)
