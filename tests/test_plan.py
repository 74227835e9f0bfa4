"""Points → cells: when two points are one cell, and which baseline a cell has."""

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import ConfigurationError
from runner.modes import bags_of
from runner.plan import plan
from runner.records import Mode
from runner.settings import STUDY_SETTINGS, Config, ExecutorConfig, Origin, Point, WorkloadConfig

_ORIGINS = {
    group: Origin(option="any", path=f"conf/{group}/any.yaml")
    for group in ("workload", "executor", "executor@baseline")
}


def _executor(name: str, workers: int | None, chunk_size: int | None) -> ExecutorConfig:
    if name == "serial":
        return ExecutorConfig(name=name, pool={"_target_": "runner_probe.pools.Serial"}, chunk_size=None)
    pool = {"_target_": f"pools.{name.title()}", "max_workers": workers}
    return ExecutorConfig(name=name, pool=pool, chunk_size=chunk_size)


def make_point(
    *,
    executor: str = "thread",
    baseline: str = "serial",
    workload: Mapping[str, Any] | None = None,
    overrides: Mapping[str, str] | None = None,
    **top: Any,
) -> Point:
    """Make a grid point; `top` are top-level settings."""
    shared = {"workers": 2, "chunk_size": 1, **top}
    sizes = (shared["workers"], shared["chunk_size"])
    fields = {"name": "squares", "function": "mymodule.square", "items": [1, 2], **(workload or {})}
    config = Config(
        workload=WorkloadConfig(**fields),
        executor=_executor(executor, *sizes),
        baseline=_executor(baseline, *sizes),
        **shared,
    )
    uses = {"executor": executor != "serial", "baseline": baseline != "serial"}
    return Point(
        config=config,
        overrides=overrides or {},
        origins=_ORIGINS,
        uses_workers=uses,
        uses_start_method=dict.fromkeys(uses, executor == "process"),
    )


def id_of(**changes: Any) -> str:
    """Return the id of the cell that one point becomes."""
    return plan([make_point(**changes)]).cells[-1].id


def test_a_baseline_comes_before_its_first_cell() -> None:
    planned = plan([make_point(workers=1), make_point(workers=2), make_point(workload={"name": "cubes"})])
    assert [(cell.workload, cell.executor, cell.workers) for cell in planned.cells] == [
        ("squares", "serial", None),
        ("squares", "thread", 1),
        ("squares", "thread", 2),
        ("cubes", "serial", None),
        ("cubes", "thread", 2),
    ]
    assert planned.baselines == (planned.cells[0], planned.cells[3])


def test_equal_points_are_one_cell() -> None:
    assert len(plan([make_point(), make_point(), make_point()]).cells) == 2


def test_a_point_that_is_its_own_baseline_is_one_cell() -> None:
    (cell,) = plan([make_point(executor="serial")]).cells
    assert cell.is_baseline


def test_the_order_of_keys_does_not_matter() -> None:
    first = id_of(workload={"arguments": {"a": 1, "b": {"c": 2, "d": 3}}})
    second = id_of(workload={"arguments": {"b": {"d": 3, "c": 2}, "a": 1}})
    assert first == second


def test_the_order_of_items_matters() -> None:
    assert id_of(workload={"items": [1, 2]}) != id_of(workload={"items": [2, 1]})


@pytest.mark.parametrize(
    "changes",
    [{"seed": 5}, {"repetitions": 3}, {"iterations": 2}, {"time_limit_s": 9.0}, {"confidence": 0.9},
     {"results_dir": "elsewhere"}, {"name": "night"}, {"dry_run": True}, {"quiet": True}, {"json": True},
     {"workload": {"description": "in other words"}}],
    ids=str,
)  # fmt: skip
def test_settings_of_the_study_do_not_change_the_id(changes: dict[str, Any]) -> None:
    assert id_of(**changes) == id_of()


@pytest.mark.parametrize(
    "changes",
    [{"executor": "process"}, {"workers": 3}, {"workers": None}, {"chunk_size": 2}, {"chunk_size": None},
     {"env": {"A": "1"}}, {"prefix": ["nice"]}, {"python": "/bin/sh"}, {"workload": {"name": "cubes"}},
     {"workload": {"items": [1, 3]}}, {"workload": {"function": "mymodule.cube"}},
     {"workload": {"arguments": {"n": 1}}}, {"workload": {"expect": [1, 4]}},
     {"workload": {"initializer": "mymodule.prepare"}}],
    ids=str,
)  # fmt: skip
def test_settings_of_the_measured_program_change_the_id(changes: dict[str, Any]) -> None:
    assert id_of(**changes) != id_of()


def test_an_interpreter_has_one_id_whatever_its_name() -> None:
    assert id_of(python=sys.executable) == id_of()
    (cell,) = plan([make_point(executor="serial", python=sys.executable)]).cells
    assert cell.python == sys.executable


def test_an_interpreter_may_be_named_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "python").symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    assert plan([make_point(python="./python")]).cells[0].settings["python"] == str(tmp_path / "python")


def test_all_missing_interpreters_are_reported_together() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        plan([make_point(python="pythom"), make_point(python="/nowhere/python")])
    assert [problem.partition(":")[0] for problem in refusal.value.problems] == [
        "python=/nowhere/python",
        "python=pythom",
    ]


def test_a_swept_value_that_does_not_reach_the_program_is_dropped() -> None:
    points = [make_point(executor="serial", overrides={"executor.note": way}) for way in "abc"]
    planned = plan(points)
    assert planned.swept == ("executor.note",)
    assert [cell.swept for cell in planned.cells] == [{"executor.note": None}]


def test_a_start_method_may_be_swept_if_one_executor_uses_it() -> None:
    overrides = {"executor.start_method": "spawn"}
    points = [make_point(executor=name, overrides=overrides) for name in ("thread", "process")]
    assert [cell.executor for cell in plan(points).cells] == ["serial", "thread", "process"]


def test_a_start_method_that_no_executor_uses_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"executor\.start_method=spawn: thread starts no processes"):
        plan([make_point(executor="thread", overrides={"executor.start_method": "spawn"})])


def test_a_setting_that_does_not_vary_is_not_a_column() -> None:
    points = [make_point(workers=n, overrides={"workers": str(n), "env.A": "1"}) for n in (1, 2)]
    assert plan(points).swept == ()


_STUDY_VALUES: Mapping[str, tuple[Any, Any]] = {
    "mode": (Mode.tasks, Mode.weak),
    "duration_s": (1.0, 2.0),
    "repetitions": (3, 5),
    "max_repetitions": (9, 31),
    "precision": (None, 0.05),
    "time_budget_s": (None, 60.0),
    "iterations": (1, 2),
    "time_limit_s": (None, 5.0),
    "load_limit_s": (60.0, 5.0),
    "confidence": (0.9, 0.95),
    "seed": (1, 2),
    "memory": (True, False),
    "profile": (None, "cpu"),
    "results_dir": ("a", "b"),
    "name": (None, "a"),
    "resume": (None, "a"),
    "wait": (False, True),
    "dry_run": (False, True),
    "quiet": (False, True),
    "json": (False, True),
}


@pytest.mark.parametrize("setting", STUDY_SETTINGS)
def test_a_setting_of_the_whole_study_cannot_be_swept(setting: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{setting}: it applies to the whole study and cannot be"):
        plan([make_point(**{setting: value}) for value in _STUDY_VALUES[setting]])


def test_a_bag_per_worker_is_another_program_unless_there_is_one_worker() -> None:
    planned = plan([make_point(workers=workers, mode=Mode.weak) for workers in (1, 2)])
    assert [bags_of(cell) for cell in planned.cells] == [1, 1, 2]
    assert planned.cells[1].id == id_of(workers=1)
    assert planned.cells[2].id != id_of(workers=2)


def test_a_baseline_with_workers_still_runs_one_bag() -> None:
    baseline, cell = plan([make_point(baseline="process", mode=Mode.weak)]).cells
    assert (bags_of(baseline), bags_of(cell)) == (1, 2)


def test_the_length_of_a_window_is_part_of_the_program() -> None:
    usual = plan([make_point(mode=Mode.throughput)]).cells[-1]
    assert usual.settings["duration_s"] == 1.0
    assert id_of(mode=Mode.throughput, duration_s=1.0) == usual.id
    assert id_of(mode=Mode.throughput, duration_s=2.0) != usual.id


@pytest.mark.parametrize("mode", [Mode.weak, Mode.throughput])
def test_a_pool_of_unknown_size_is_refused_if_every_worker_has_its_own_work(mode: Mode) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"^executor 'thread': mode={mode} needs a known worker count"
    ):
        plan([make_point(mode=mode, workers=None)])


def test_a_cell_cannot_have_two_baselines() -> None:
    with pytest.raises(ConfigurationError, match="'thread' is a single cell, but would have two baselines"):
        plan([make_point(baseline="serial"), make_point(baseline="process")])


def test_a_baseline_that_depends_on_more_settings_than_its_cell_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'serial' is a single cell, but would have two baselines"):
        plan([make_point(executor="serial", baseline="thread", workers=workers) for workers in (1, 2)])


def test_a_planned_cell_names_its_files() -> None:
    planned = plan([make_point()])
    assert planned.planned[1].origins == {
        "workload": "workload 'squares' (conf/workload/any.yaml)",
        "executor": "executor 'thread' (conf/executor/any.yaml)",
    }


_points = st.builds(
    make_point,
    executor=st.sampled_from(["serial", "thread", "process"]),
    workers=st.none() | st.integers(1, 4),
    chunk_size=st.none() | st.integers(1, 3),
    env=st.sampled_from([{}, {"PYTHON_GIL": "0"}]),
    workload=st.sampled_from([{"name": "squares"}, {"name": "cubes"}, {"items": [1], "arguments": {"n": 2}}]),
)
_grids = st.lists(_points, min_size=1, max_size=12)


def _program(point: Point) -> tuple[Any, ...]:
    """Return the parts of a point that change the measured program."""
    config = point.config
    reaches = config.executor.name != "serial"
    return (
        repr(config.workload),
        config.executor.name,
        config.workers if reaches else None,
        config.chunk_size if reaches else None,
        tuple(config.env.items()),
    )


@settings(max_examples=40)
@given(_grids)
@pytest.mark.slow
def test_a_grid_has_as_many_cells_as_programs_and_baselines(grid: Sequence[Point]) -> None:
    baselines = [dataclasses.replace(point.config, executor=point.config.baseline) for point in grid]
    all_points = [*grid, *(dataclasses.replace(grid[0], config=config) for config in baselines)]
    planned = plan(grid)
    assert len(planned.cells) == len({_program(point) for point in all_points})
    assert len({cell.id for cell in planned.cells}) == len(planned.cells)


@settings(max_examples=40)
@given(_grids)
@pytest.mark.slow
def test_every_cell_has_a_baseline_that_comes_first_and_is_its_own(grid: Sequence[Point]) -> None:
    planned = plan(grid)
    place = {cell.id: position for position, cell in enumerate(planned.cells)}
    for cell in planned.cells:
        baseline = planned.cells[place[cell.baseline]]
        assert place[baseline.id] <= place[cell.id]
        assert baseline.is_baseline
        assert baseline.executor == "serial"
        for shared in ("workload", "python", "env", "prefix"):
            assert baseline.settings[shared] == cell.settings[shared]
    assert planned.baselines == tuple(cell for cell in planned.cells if cell.is_baseline)


@settings(max_examples=40)
@given(_grids, st.randoms(use_true_random=False))
@pytest.mark.slow
def test_neither_the_order_of_points_nor_their_repetition_matters(grid: list[Point], random: Any) -> None:
    again = [*grid, *grid]
    random.shuffle(again)
    assert {cell.id: cell for cell in plan(again).cells} == {cell.id: cell for cell in plan(grid).cells}


def test_the_grid_of_a_product_is_the_product_and_one_baseline() -> None:
    points = [
        make_point(executor=executor, workers=workers, chunk_size=chunk_size)
        for executor in ("thread", "process")
        for workers in range(1, 5)
        for chunk_size in (1, 10, None)
    ]
    assert len(plan(points).cells) == 2 * 4 * 3 + 1
