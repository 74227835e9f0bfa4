"""verdict.json: the answer for programs."""

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, get_args

import pytest

from runner.analysis.explain import causes
from runner.analysis.explain.declared import declared_causes
from runner.facts import (
    FewerWorkers,
    LossDetail,
    PrecisionMissed,
    StudyAnalysis,
    StudyWarning,
    Unexplained,
)
from runner.report.json_fields import Field, Object
from runner.report.verdict_json import DETAILS, VERDICT, WARNINGS, render_verdict
from tests.analysis_factories import analysed_cell, analysed_group, analysed_study
from tests.report import golden_studies
from tests.report.golden_studies import STUDIES

CAUSES = declared_causes()
FAILED = analysed_cell("thread", 2, status="failed", unexplained=Unexplained.NOT_MEASURED)


def verdict_of(study: StudyAnalysis) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(render_verdict(study))
    return content


def test_the_answer_is_a_code_with_the_cells_and_figures_behind_it() -> None:
    content = verdict_of(golden_studies.pools())
    (group,) = content["groups"]
    assert content["format"] == 2
    assert group["answer"] == "helps"
    assert (group["recommended"], group["fastest"], group["baseline"]) == ("process4", "process8", "serial")
    recommended, fastest = content["cells"]["process4"], content["cells"]["process8"]
    assert (recommended["executor"], recommended["workers"], recommended["chunk_size"]) == ("process", 4, 1)
    assert fastest["speedup"]["bounds"] == "interval"
    assert fastest["speedup"]["low"] < fastest["speedup"]["value"] == 2.0 < fastest["speedup"]["high"]
    assert (recommended["speedup_bound"]["value"], recommended["wall_s"]["value"]) == (2.0, 1.05)
    assert group["more_workers"]["ratio"]["value"] == 1.05
    assert group["fewer_workers"] == {"code": "enough", "cell": "process4", "hidden": None}
    assert group["explanation"] == {"cell": "process4", "is_at_bound": True, "is_noise": False}
    assert recommended["remedy"] == {
        "code": "of_cause",
        "cause": "uneven_tasks",
        "text": "split the longest tasks",
    }


def test_every_pool_has_all_its_losses() -> None:
    cells = verdict_of(golden_studies.pools())["cells"]
    losses = {
        identity: [(loss["cause"], loss["share"]["value"]) for loss in cell["losses"]]
        for identity, cell in cells.items()
    }
    assert losses == {
        "serial": [],
        "process2": [],
        "process4": [("oversubscribed", 0.35), ("uneven_tasks", 0.18)],
        "process8": [("oversubscribed", 0.39)],
        "thread4": [("gil_or_lock", 0.48)],
    }


def test_losses_that_are_unknown_are_null_and_say_why() -> None:
    cell = verdict_of(golden_studies.pythons())["cells"]["pool3.11.7"]
    assert (cell["losses"], cell["unexplained"]) == (None, "blocks_event_loop")


def test_what_is_unknown_is_null() -> None:
    cells = [analysed_cell(), analysed_cell("process", 2, speedup_bound=None), FAILED]
    content = verdict_of(analysed_study(cells))
    serial, pool, failed = content["cells"].values()
    assert (pool["is_at_bound"], failed["is_at_bound"]) == (None, None)
    assert (failed["wall_s"], failed["losses"], serial["marginal"]) == (None, None, None)


@pytest.mark.parametrize(
    ("fewer", "content"),
    [
        (None, {"code": "not_measured", "cell": None, "hidden": None}),
        (FewerWorkers(enough=None), {"code": "slower", "cell": None, "hidden": None}),
        (FewerWorkers(enough="process2"), {"code": "enough", "cell": "process2", "hidden": None}),
        (
            FewerWorkers(enough=None, hidden="process2"),
            {"code": "hidden_by_noise", "cell": None, "hidden": "process2"},
        ),
    ],
)
def test_fewer_workers_that_were_not_measured_are_not_those_that_are_slower(
    fewer: FewerWorkers | None, content: dict[str, Any]
) -> None:
    cells = [analysed_cell(), analysed_cell("process", 4, speedup=2.0)]
    group = analysed_group(cells, fewer_workers=fewer)
    (shown,) = verdict_of(analysed_study(cells, groups=(group,)))["groups"]
    assert shown["fewer_workers"] == content


def test_sentences_and_code_are_part_of_it() -> None:
    (group,) = verdict_of(golden_studies.pools())["groups"]
    assert group["sentences"]["answer"].startswith("Use process × 4. It reaches 1.05 s: 1.90 times as fast")
    assert "with ProcessPoolExecutor" in group["code"]


def test_a_study_of_which_every_cell_failed_has_its_failures_and_no_answer() -> None:
    study = analysed_study([analysed_cell(status="failed"), analysed_cell("process", 2, status="failed")])
    content = verdict_of(study)
    (group,) = content["groups"]
    assert group["cells"] == list(content["cells"]) == ["serial", "process2"]
    assert (group["answer"], group["recommended"], group["fastest"]) == (None, None, None)
    assert [(cell["status"], cell["error"]) for cell in content["cells"].values()] == [
        ("failed", "it went wrong")
    ] * 2
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


def test_an_infinite_bound_is_text() -> None:
    (row,) = verdict_of(golden_studies.sizes())["break_evens"]
    assert (row["faster"], row["size"]["value"], row["size"]["high"]) == ("from_size", 72.3, "Infinity")
    assert math.isinf(float(row["size"]["high"]))


def test_warnings_have_a_code_facts_and_a_sentence() -> None:
    content = verdict_of(golden_studies.failures())
    assert [warning["code"] for warning in content["warnings"]] == [
        *("cells_failed", "cells_failed", "cells_failed", "disturbed_runs")
    ]
    assert content["warnings"][0]["facts"]["cells"] == ["process2"]


def test_a_warning_may_have_an_infinite_figure() -> None:
    missed = PrecisionMissed(cells=("serial",), asked=0.01, worst=math.inf)
    study = analysed_study([analysed_cell()], warnings=(missed,))
    assert verdict_of(study)["warnings"][0]["facts"]["worst"] == "Infinity"


def test_known_answers_have_the_cell_the_limits_and_the_outcome() -> None:
    holds, *_, not_run, _ = verdict_of(golden_studies.known_answers())["known_answers"]
    assert (holds["cell"], holds["about"], holds["measured"]["value"]) == ("process2", 2.0, 2.0)
    assert (holds["outcome"], not_run["outcome"], not_run["not_run"]) == ("holds", "not_run", "no_such_cell")


def test_groups_that_do_the_same_work_are_compared() -> None:
    (work,) = verdict_of(golden_studies.pythons())["work"]
    assert work["baselines"] == ["base3.13.0", "base3.11.7"]
    assert (work["fastest"], work["second"]["slower"]) == ("base3.13.0", "base3.11.7")


_TYPES: dict[str, type | tuple[type, ...]] = {
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "string": str,
    "id": str,
    "map": dict,
    "object": dict,
}


def _departures(content: dict[str, Any], kind: Object[Any]) -> Iterator[str]:
    """List the fields of an object that differ from what its kind declares."""
    declared = {field.name: field for field in kind.fields}
    yield from (f"{kind.name}: {name}" for name in set(content) ^ set(declared))
    for name, field in declared.items():
        for value in _values(content[name], field):
            yield from (f"{kind.name}: {name} {problem}" for problem in _problems(value, field))
    if kind.name == "warning":
        yield from _departures(content["facts"], _named(WARNINGS.values(), content["code"]))
    if kind.name == "loss":
        assert content["cause"] in CAUSES
        if content["detail"] is not None:
            yield from _departures(content["detail"], _named(DETAILS.values(), content["detail"]["kind"]))


def _values(value: Any, field: Field[Any]) -> list[Any]:
    """List the values of a list or map, or the value itself."""
    if value is not None and field.type.startswith("map of"):
        return list(value.values())
    return list(value) if value is not None and field.type.startswith("list of") else [value]


def _problems(value: Any, field: Field[Any]) -> Iterator[str]:
    if value is None:
        yield from [] if field.null else ["is null"]
    elif field.kinds:
        yield from _departures(value, field.kinds[0])
    elif field.codes:
        yield from [] if value in field.codes else [f"has no code {value!r}"]
    elif value != "Infinity":
        type_ = field.type.removeprefix("list of ")
        yield from [] if isinstance(value, _TYPES.get(type_, object)) else [f"is {value!r}, not {type_}"]


def _named(kinds: Iterable[Object[Any]], name: str) -> Object[Any]:
    return next(kind for kind in kinds if kind.name == name)


@pytest.mark.parametrize("name", STUDIES)
def test_every_field_is_what_is_documented(name: str) -> None:
    assert list(_departures(verdict_of(STUDIES[name]()), VERDICT)) == []


def test_every_field_has_a_meaning() -> None:
    objects = [*VERDICT.nested(), *DETAILS.values(), *WARNINGS.values()]
    assert len({kind.name for kind in objects}) == len(objects)
    assert all(field.doc for kind in objects for field in kind.fields)


def test_every_warning_and_every_detail_of_a_loss_is_declared() -> None:
    assert set(WARNINGS) == set(get_args(StudyWarning))
    assert set(DETAILS) == set(get_args(LossDetail))


def test_every_cause_is_listed_but_for_that_which_is_never_shown() -> None:
    assert CAUSES["gil_or_lock"] is causes.LOCK
    assert {"pool_start", "dispatch"} <= set(CAUSES)
    assert "unknown" not in CAUSES
