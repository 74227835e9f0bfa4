"""Validation of one grid point: defaults, refusals, and values that must stay unchanged."""

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from runner.cli.schema import GROUPS, SCHEMAS, name_setting, suggest, suggest_setting
from runner.cli.validate import read_point
from runner.settings import STUDY_SETTINGS, Config, Origin, Point

_ORIGINS = {
    group: Origin(option=option, path=f"mine/{group.partition('@')[0]}/{option}.yaml")
    for group, option in (("workload", "squares"), ("executor", "thread"), ("executor@baseline", "serial"))
}
_SQUARES = "workload 'squares' (mine/workload/squares.yaml)"
_POINT: Mapping[str, Any] = {
    "workload": {"function": "mymodule.square", "items": [1, 2]},
    "executor": {"pool": {"_target_": "concurrent.futures.ThreadPoolExecutor", "max_workers": "${workers}"}},
    "baseline": {"pool": {"_target_": "runner_probe.pools.Serial"}, "chunk_size": None},
    "workers": 2,
}


def read(**changes: Any) -> Point | list[str]:
    """Read a point with changed settings; a double underscore stands for a dot."""
    config = OmegaConf.merge(OmegaConf.structured(Config), _POINT)
    for key, value in changes.items():
        OmegaConf.update(config, key.replace("__", "."), value, merge=False, force_add=True)
    assert isinstance(config, DictConfig)
    return read_point(config, {}, _ORIGINS)


def point(**changes: Any) -> Point:
    """Read a valid point."""
    result = read(**changes)
    assert isinstance(result, Point), result
    return result


def test_a_file_without_a_name_is_named_after_itself() -> None:
    config = point().config
    assert (config.workload.name, config.executor.name, config.baseline.name) == (
        "squares",
        "thread",
        "serial",
    )


def test_a_name_in_a_file_is_kept() -> None:
    assert point(workload__name="powers").config.workload.name == "powers"


def test_a_reference_is_resolved() -> None:
    assert point(workers=5).config.executor.pool["max_workers"] == 5


def test_a_point_knows_whether_its_pools_depend_on_workers() -> None:
    assert point().uses_workers == {"executor": True, "baseline": False}
    assert point(executor__pool__max_workers=3).uses_workers["executor"] is False


@pytest.mark.parametrize(
    "reference",
    ["${workers}", "${ workers }", "${.....workers}", "twice ${workers}", "${oc.select:workers}",
     "${oc.decode:'${workers}'}", "${chunk_size}", "${executor.start_method}"],
)  # fmt: skip
def test_a_pool_may_refer_to_workers_in_any_form(reference: str) -> None:
    deep = {"_target_": "mymodule.Pool", "options": [{"processes": reference}]}
    nested = point(executor__pool=deep, executor__start_method="of ${workers}", chunk_size="${workers}")
    assert nested.uses_workers == {"executor": True, "baseline": False}


@pytest.mark.parametrize("text", ["\\${workers}", "workers", "${repetitions}"])
def test_a_pool_that_only_mentions_workers_does_not_depend_on_them(text: str) -> None:
    pool = {"_target_": "mymodule.Pool", "note": text}
    assert point(executor__pool=pool).uses_workers["executor"] is False


def test_reading_a_point_does_not_change_its_workers() -> None:
    config = OmegaConf.merge(OmegaConf.structured(Config), _POINT)
    assert isinstance(config, DictConfig)
    read_point(config, {}, _ORIGINS)
    assert config.workers == 2


def test_an_executor_may_have_its_own_chunk_size() -> None:
    config = point(chunk_size=5).config
    assert (config.executor.chunk_size, config.baseline.chunk_size) == (5, None)
    assert point(chunk_size=5, executor__chunk_size=7).config.executor.chunk_size == 7


def test_workers_and_chunk_size_may_be_null() -> None:
    config = point(workers=None, chunk_size=None).config
    assert (config.workers, config.executor.chunk_size) == (None, None)
    assert config.executor.pool["max_workers"] is None


def test_every_mistake_of_a_point_is_reported() -> None:
    assert read(workers=0, repetitions=0, workload__items=[math.inf]) == [
        "workers=0: must be 1 or more",
        "repetitions=0: must be 1 or more",
        f"{_SQUARES}: items[0]: inf cannot be written as JSON; let a _target_ create it",
    ]


def test_a_chunk_size_out_of_range_is_reported_once() -> None:
    assert read(chunk_size=0) == ["chunk_size=0: must be 1 or more"]
    assert read(executor__chunk_size=-1) == ["executor.chunk_size=-1: must be 1 or more"]


@pytest.mark.parametrize("size", ["banana", 2.5, True, [1, 2], "-1"])
def test_a_chunk_size_is_a_number_auto_or_null(size: object) -> None:
    expected = f"chunk_size={size}: must be a number of tasks, such as 100, or auto, or null for all tasks"
    assert read(chunk_size=size) == [expected]
    assert read(executor__chunk_size=size) == [f"executor.{expected}"]


@pytest.mark.parametrize(("size", "read_as"), [("auto", "auto"), ("12", 12), (12, 12), (None, None)])
def test_a_chunk_size_reaches_the_executor(size: object, read_as: object) -> None:
    config = point(chunk_size=size).config
    assert (config.chunk_size, config.executor.chunk_size) == (read_as, read_as)


@pytest.mark.parametrize(("setting", "value"), [("seed", 0), ("confidence", 0.5), ("time_limit_s", 0.1)])
def test_a_value_at_the_limit_of_its_range_is_accepted(setting: str, value: float) -> None:
    assert getattr(point(**{setting: value}).config, setting) == value


@pytest.mark.parametrize("confidence", [0, 0.4, 1, -0.5, math.nan])
def test_a_confidence_out_of_range_is_refused(confidence: float) -> None:
    assert read(confidence=confidence) == [
        f"confidence={confidence:g}: must be at least 0.5 and less than 1, such as 0.95"
    ]


def test_a_time_limit_that_is_not_a_number_is_refused() -> None:
    assert read(time_limit_s=math.nan) == ["time_limit_s=nan: must be more than 0"]


def test_an_unknown_key_is_reported_with_the_most_similar_one() -> None:
    assert read(repetition=3) == ["repetition: unknown setting; did you mean 'repetitions'?"]
    assert read(workload__funktion="f") == ["workload.funktion: unknown setting; did you mean 'function'?"]
    assert read(baseline__pol={}) == ["baseline.pol: unknown setting; did you mean 'pool'?"]


@pytest.mark.parametrize(
    ("key", "meant"),
    [("items", "workload.items"), ("start_method", "executor.start_method"), ("pol", "executor.pool"),
     ("funktion", "workload.function"), ("chunksize", "chunk_size"), ("worker", "workers")],
)  # fmt: skip
def test_a_key_of_a_group_is_suggested_in_full(key: str, meant: str) -> None:
    assert suggest_setting(key) == f"; did you mean '{meant}'?"


@pytest.mark.parametrize(
    ("items", "problem"),
    [
        ({"lins": 1}, ".lins: unknown key; use lines or glob, or a _target_ with arguments"),
        ({"lines": "a", "glob": "b"}, ": has both lines and a glob; remove one of them"),
        ({"glob": 5}, ".glob: 5 is not text; use the path of a file, or a pattern of paths"),
        ({}, ": {} is not a list of items; use a list, {lines: FILE}, {glob: PATTERN} or a _target_"),
        ("abc", ": 'abc' is not a list of items; use a list, {lines: FILE}, {glob: PATTERN} or a _target_"),
    ],
)  # fmt: skip
def test_values_that_are_not_items_are_reported(items: Any, problem: str) -> None:
    assert read(workload__items=items) == [f"{_SQUARES}: items{problem}"]


def test_a_value_of_the_wrong_type_raises_an_error_of_omegaconf() -> None:
    with pytest.raises(OmegaConfBaseException):
        read(workers="${workload.function}")


def test_a_setting_of_a_group_is_named_by_option_and_file() -> None:
    assert name_setting("workload.items[0]", _ORIGINS) == f"{_SQUARES}: items[0]"
    assert name_setting("baseline", _ORIGINS) == "executor 'serial' (mine/executor/serial.yaml)"
    assert name_setting("workers", _ORIGINS) == "workers"
    assert name_setting("workload.items", {}) == "workload.items"


def test_all_known_names_are_listed_if_none_is_similar() -> None:
    assert suggest("xyz", ["one", "two"]) == "; use one of one, two"
    assert suggest("xyz", []) == ""


def test_every_study_setting_is_a_setting_of_the_configuration() -> None:
    assert set(STUDY_SETTINGS) <= set(Config.__dataclass_fields__)
    assert set(GROUPS) == set(SCHEMAS) - {""}


def test_an_untagged_date_stays_text() -> None:
    # OmegaConf reads it as text; a value tagged as a date is refused (tests/errors.yaml).
    items = OmegaConf.create("[2026-01-01]")
    assert point(workload__items=items).config.workload.items == ["2026-01-01"]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="$?")),
    lambda parts: (
        st.lists(parts, max_size=3) | st.dictionaries(st.text("abc", min_size=1), parts, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=20)
@given(st.lists(_json, min_size=1, max_size=4))
@pytest.mark.slow
def test_items_that_json_can_hold_arrive_unchanged(items: list[Any]) -> None:
    assert point(workload__items=items).config.workload.items == items


@settings(max_examples=20)
@given(_json, st.sampled_from([math.inf, -math.inf, math.nan, b"bytes"]))
@pytest.mark.slow
def test_a_value_that_json_cannot_hold_is_found_at_any_depth(around: Any, lost: Any) -> None:
    (problem,) = read(workload__items=[around, {"deep": [around, lost]}])  # type: ignore[misc]
    assert problem.startswith(f"{_SQUARES}: items[1].deep[1]: ")
