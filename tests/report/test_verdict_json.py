"""verdict.json: the answer for programs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from runner.analysis.facts import StudyAnalysis
from runner.report.verdict_json import VERDICT, Object, documented_objects, render_verdict, warning_facts
from tests.analysis_factories import analysed_cell, analysed_study
from tests.report import golden_studies
from tests.report.golden_studies import STUDIES


def verdict_of(study: StudyAnalysis) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(render_verdict(study))
    return content


def test_the_answer_is_a_code_with_the_cells_and_figures_behind_it() -> None:
    content = verdict_of(golden_studies.pools())
    (group,) = content["groups"]
    assert content["format"] == 2
    assert group["answer"] == "helps"
    recommended, fastest = group["recommended"], group["fastest"]
    assert (recommended["executor"], recommended["workers"], recommended["chunk_size"]) == ("process", 4, 1)
    assert (fastest["id"], fastest["speedup"]["bounds"]) == ("process8", "interval")
    assert fastest["speedup"]["low"] < fastest["speedup"]["value"] == 2.0 < fastest["speedup"]["high"]
    assert recommended["speedup_bound"]["value"] == 2.0
    assert group["more_workers"]["ratio"]["value"] == 1.05
    assert group["fewer_workers"] == "process4"
    assert group["remedy"] == {
        "cell": "process4",
        "code": "of_cause",
        "cause": "uneven_tasks",
        "text": "split the longest tasks",
    }


def test_every_pool_has_all_its_losses() -> None:
    (group,) = verdict_of(golden_studies.pools())["groups"]
    losses = {
        cell["id"]: [(loss["cause"], loss["share"]["value"]) for loss in cell["losses"]]
        for cell in group["cells"]
    }
    assert losses == {
        "serial": [],
        "process2": [],
        "process4": [("oversubscribed", 0.35), ("uneven_tasks", 0.18)],
        "process8": [("oversubscribed", 0.39)],
        "thread4": [("gil_or_lock", 0.48)],
    }


def test_a_pool_without_losses_says_why() -> None:
    groups = verdict_of(golden_studies.pythons())["groups"]
    assert groups[0]["cells"][1]["unexplained"] == "blocks_event_loop"


def test_sentences_and_code_are_part_of_it() -> None:
    (group,) = verdict_of(golden_studies.pools())["groups"]
    assert group["sentences"]["answer"].startswith("Use process × 4. It reaches 1.05 s: 1.90 times as fast")
    assert "with ProcessPoolExecutor" in group["code"]


def test_a_study_of_which_every_cell_failed_has_its_failures_and_no_answer() -> None:
    study = analysed_study([analysed_cell(status="failed"), analysed_cell("process", 2, status="failed")])
    content = verdict_of(study)
    (group,) = content["groups"]
    assert (group["answer"], group["recommended"], group["fastest"]) == (None, None, None)
    assert [(cell["status"], cell["error"]) for cell in group["cells"]] == [("failed", "it went wrong")] * 2
    assert not content["study"]["is_complete"]


def test_more_repetitions_have_a_total() -> None:
    groups = verdict_of(golden_studies.sizes())["groups"]
    assert groups[0]["more_repetitions"] is None
    assert groups[1]["more_repetitions"] == {
        "done": 7,
        "total": 103,
        "at_least": False,
        "nearest": "pool100",
    }


def test_an_infinite_bound_is_null() -> None:
    (row,) = verdict_of(golden_studies.sizes())["break_evens"]
    assert (row["faster"], row["size"]["value"], row["size"]["high"]) == ("from_size", 72.3, None)


def test_warnings_have_a_code_facts_and_a_sentence() -> None:
    content = verdict_of(golden_studies.failures())
    assert [warning["code"] for warning in content["warnings"]] == [
        *("cells_failed", "cells_failed", "cells_failed", "disturbed_runs")
    ]
    assert content["warnings"][0]["facts"]["cells"] == ["process2"]
    documented = dict(warning_facts())
    for warning in content["warnings"]:
        assert tuple(warning["facts"]) == documented[warning["code"]]


def test_groups_that_do_the_same_work_are_compared() -> None:
    (work,) = verdict_of(golden_studies.pythons())["work"]
    assert work["baselines"] == ["base3.13.0", "base3.11.7"]
    assert (work["fastest"], work["second"]["slower"]) == ("base3.13.0", "base3.11.7")


def _undocumented(content: dict[str, Any], kind: Object) -> Iterator[str]:
    """List the fields of an object that its kind does not document, and those that are missing."""
    documented = {field.name: field for field in kind.fields}
    yield from (f"{kind.name}: {name}" for name in set(content) ^ set(documented))
    for name, field in documented.items():
        values = content[name] or [] if field.is_list else [content[name]]
        if field.holds is not None:
            for value in values:
                if value is not None:
                    yield from _undocumented(value, field.holds)


@pytest.mark.parametrize("name", STUDIES)
def test_every_field_is_documented(name: str) -> None:
    assert list(_undocumented(verdict_of(STUDIES[name]()), VERDICT)) == []


def test_every_field_has_a_meaning() -> None:
    objects = list(documented_objects())
    assert len({kind.name for kind in objects}) == len(objects)
    assert all(field.doc for kind in objects for field in kind.fields)
