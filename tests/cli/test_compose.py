"""From the command line to grid points and their cells, through Hydra."""

import math
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from runner.cli.compose import collect
from runner.paths import conf_dir
from runner.plan import Plan, plan
from runner.settings import Config, Point

Compose = Callable[..., list[Point]]


@pytest.fixture
def compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compose:
    """Compose a command line in an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def compose(*command: str) -> list[Point]:
        monkeypatch.setattr(sys, "argv", ["runner", *command])
        return collect()

    return compose


@pytest.fixture
def sweep(compose: Compose) -> Callable[..., Plan]:
    """Compose and plan a grid."""
    return lambda *command: plan(compose("-m", *command))


def _options(group: str) -> list[str]:
    return sorted(file.stem for file in (conf_dir() / group).glob("*.yaml"))


def _sweep_params(experiment: str) -> dict[str, str]:
    """Read which settings the file of an experiment sweeps."""
    text = (conf_dir() / "experiment" / f"{experiment}.yaml").read_text(encoding="utf-8")
    params: dict[str, str] = yaml.safe_load(text)["hydra"]["sweeper"]["params"]
    return params


@pytest.mark.slow
@pytest.mark.parametrize("name", _options("workload"))
def test_every_shipped_workload_composes(name: str, compose: Compose) -> None:
    required = ["workload.function=math.factorial", "workload.items=[1]"] if name == "function" else []
    (point,) = compose(f"workload={name}", *required)
    assert point.config.workload.name == name
    assert point.config.workload.description
    assert point.origins["workload"].path == str(conf_dir() / "workload" / f"{name}.yaml")


@pytest.mark.slow
@pytest.mark.parametrize("name", _options("executor"))
def test_every_shipped_executor_composes(name: str, compose: Compose) -> None:
    (point,) = compose(f"executor={name}", "workers=3")
    assert point.config.executor.name == name
    text = (conf_dir() / "executor" / f"{name}.yaml").read_text(encoding="utf-8")
    assert point.uses_workers["executor"] == ("${workers}" in text)
    assert not point.uses_workers["baseline"]


@pytest.mark.slow
@pytest.mark.parametrize("name", _options("experiment"))
def test_every_shipped_experiment_sweeps_a_valid_grid(name: str, compose: Compose) -> None:
    params = _sweep_params(name)
    narrowed = {"executor": "thread", "workers": "2"} if name == "known_answers" else {}  # 192 points
    points = compose(f"experiment={name}", *(f"{key}={value}" for key, value in narrowed.items()))
    params |= narrowed
    assert len(points) == math.prod(len(str(values).split(",")) for values in params.values())
    planned = plan(points)
    assert len({cell.id for cell in planned.cells}) == len(planned.cells)
    assert {cell.baseline for cell in planned.cells} <= {cell.id for cell in planned.cells}
    assert {cell.executor for cell in planned.baselines} == {"serial"}


@pytest.mark.slow
def test_the_command_line_overrides_what_an_experiment_sweeps(compose: Compose) -> None:
    points = compose("experiment=primes", "workers=3", "executor=thread")
    assert [(point.config.executor.name, point.config.workers) for point in points] == [("thread", 3)]


@pytest.mark.slow
def test_the_plain_loop_is_accepted_in_a_window(compose: Compose) -> None:
    (point,) = compose("mode=throughput", "executor=serial")
    assert point.config.executor.chunk_size is None


@pytest.mark.slow
def test_composing_a_large_grid_reports_its_progress(
    compose: Compose, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("runner.cli.compose._REPORT_EVERY_S", 0.0)
    compose("workers=1,2", "--multirun")
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"composing the grid: {count} points so far" for count in (1, 2)]


@pytest.mark.slow
def test_a_single_run_is_a_grid_of_one_point(compose: Compose) -> None:
    (point,) = compose("workers=3")
    assert point.config.workers == 3
    assert point.overrides == {"workers": "3"}


@pytest.mark.slow
def test_a_sweep_composes_every_combination_in_order(compose: Compose) -> None:
    points = compose("executor=thread,process", "workers=1,2,4", "--multirun")
    rows = [(point.config.executor.name, point.config.workers) for point in points]
    assert rows == [(executor, workers) for executor in ("thread", "process") for workers in (1, 2, 4)]


@pytest.mark.slow
def test_multirun_may_be_anywhere_on_the_command_line(compose: Compose) -> None:
    for command in (
        ("-m", "executor=thread", "workers=1,2"),
        ("executor=thread", "-m", "workers=1,2"),
        ("executor=thread", "workers=1,2", "-m"),
    ):
        assert [point.config.workers for point in compose(*command)] == [1, 2]


@pytest.mark.slow
def test_one_baseline_is_added_for_all_numbers_of_workers(sweep: Callable[..., Plan]) -> None:
    planned = sweep("executor=thread,process", "workers=1,2")
    assert [(cell.executor, cell.workers) for cell in planned.cells] == [
        ("serial", None),
        ("thread", 1),
        ("thread", 2),
        ("process", 1),
        ("process", 2),
    ]
    assert [cell.executor for cell in planned.baselines] == ["serial"]
    assert planned.swept == ()


@pytest.mark.slow
def test_the_serial_executor_drops_workers_and_chunk_size(sweep: Callable[..., Plan]) -> None:
    planned = sweep("executor=serial", "workers=1,2", "chunk_size=1,5")
    (cell,) = planned.cells
    assert (cell.workers, cell.chunk_size) == (None, None)
    assert cell.is_baseline


@pytest.mark.slow
def test_a_swept_setting_is_none_where_it_does_not_reach_a_cell(sweep: Callable[..., Plan]) -> None:
    planned = sweep("executor=process", "workers=2", "executor.start_method=fork,spawn")
    assert planned.swept == ("executor.start_method",)
    rows = [(cell.executor, cell.swept["executor.start_method"]) for cell in planned.cells]
    assert rows == [("serial", None), ("process", "fork"), ("process", "spawn")]


@pytest.mark.slow
def test_each_value_of_a_swept_workload_setting_has_its_own_baseline(sweep: Callable[..., Plan]) -> None:
    planned = sweep("workload=numbers", "executor=thread", "workload.items.count=10,20")
    assert [(cell.executor, cell.swept["workload.items.count"]) for cell in planned.cells] == [
        ("serial", "10"),
        ("thread", "10"),
        ("serial", "20"),
        ("thread", "20"),
    ]
    assert [cell.baseline for cell in planned.cells[1::2]] == [cell.id for cell in planned.cells[::2]]


@pytest.mark.slow
def test_environment_variables_need_no_plus_and_have_their_own_baselines(sweep: Callable[..., Plan]) -> None:
    planned = sweep("executor=thread", "env.PYTHON_GIL=0,1")
    assert [(cell.executor, cell.settings["env"]) for cell in planned.cells] == [
        ("serial", {"PYTHON_GIL": "0"}),
        ("thread", {"PYTHON_GIL": "0"}),
        ("serial", {"PYTHON_GIL": "1"}),
        ("thread", {"PYTHON_GIL": "1"}),
    ]


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("workload.arguments.base.deep=7", lambda config: config.workload.arguments == {"base": {"deep": 7}}),
        ("workload.items.glob=*.txt", lambda config: config.workload.items == {"glob": "*.txt"}),
        ("executor.pool.initargs=[1]", lambda config: config.executor.pool["initargs"] == [1]),
        ("baseline.pool.x=1", lambda config: config.baseline.pool["x"] == 1),
        ("env.A=1", lambda config: config.env == {"A": "1"}),
    ],
)
@pytest.mark.slow
def test_a_name_that_users_choose_needs_no_plus(
    override: str, read: Callable[[Config], bool], compose: Compose
) -> None:
    items = [] if "items" in override else ["workload.items=[1]"]
    (point,) = compose("workload=function", "workload.function=mymodule.work", *items, override)
    assert read(point.config)


@pytest.mark.slow
def test_arguments_and_items_that_are_in_no_file_can_be_swept(sweep: Callable[..., Plan]) -> None:
    planned = sweep(
        *("workload=function", "workload.function=mymodule.work", "executor=thread"),
        *("workload.items.glob=a*,b*", "workload.arguments.base=1,2"),
    )
    assert planned.swept == ("workload.items.glob", "workload.arguments.base")
    rows = [(*cell.swept.values(), cell.settings["workload"]["items"]) for cell in planned.baselines]
    assert rows == [(glob, base, {"glob": glob}) for glob in ("a*", "b*") for base in ("1", "2")]


@pytest.mark.slow
def test_each_interpreter_has_its_own_baseline(sweep: Callable[..., Plan], tmp_path: Path) -> None:
    other = tmp_path / "python"
    other.symlink_to(sys.executable)
    planned = sweep("executor=thread", f"python={sys.executable},./python")
    assert [(cell.executor, cell.settings["python"]) for cell in planned.cells] == [
        ("serial", sys.executable),
        ("thread", sys.executable),
        ("serial", str(other)),
        ("thread", str(other)),
    ]


@pytest.mark.slow
def test_workers_null_is_the_default_of_the_pool(compose: Compose) -> None:
    cell = plan(compose("executor=thread", "workers=null")).cells[1]
    assert cell.workers is None
    assert cell.settings["executor"]["pool"]["max_workers"] is None


@pytest.mark.slow
def test_workers_are_by_default_the_usable_cpus(compose: Compose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.cli.compose.usable_cpus", lambda: 5)
    assert compose()[0].config.workers == 5


@pytest.mark.slow
def test_executor_and_baseline_get_the_workers_of_the_point(compose: Compose) -> None:
    (point,) = compose("executor=process", "workers=3", "executor@baseline=thread")
    assert point.config.executor.pool["max_workers"] == 3
    assert point.config.executor.pool["mp_context"] == "fork"
    assert point.config.baseline.pool["max_workers"] == 3
    assert point.uses_workers == {"executor": True, "baseline": True}


@pytest.mark.slow
def test_the_baseline_may_be_another_executor(compose: Compose) -> None:
    planned = plan(compose("executor=process", "workers=3", "executor@baseline=thread"))
    assert [(cell.executor, cell.workers, cell.is_baseline) for cell in planned.cells] == [
        ("thread", 3, True),
        ("process", 3, False),
    ]


@pytest.mark.slow
def test_an_override_may_refer_to_another_setting(compose: Compose) -> None:
    (point,) = compose("workers=3", "chunk_size=${workers}")
    assert point.config.executor.chunk_size == 3
    assert point.overrides["chunk_size"] == "${workers}"


@pytest.mark.slow
def test_a_workload_of_the_user_needs_no_name(compose: Compose, tmp_path: Path) -> None:
    folder = tmp_path / "mine" / "workload"
    folder.mkdir(parents=True)
    (folder / "squares.yaml").write_text("function: mymodule.square\nitems: [1]\n", encoding="utf-8")
    (point,) = compose("workload=squares", "--config-dir", "mine")
    assert point.config.workload.name == "squares"
    assert point.origins["workload"].path == "mine/workload/squares.yaml"


@pytest.mark.parametrize("option", ["--config-dir", "-cd"])
@pytest.mark.slow
def test_a_folder_name_may_look_like_an_override(compose: Compose, tmp_path: Path, option: str) -> None:
    folder = tmp_path / "c=d" / "workload"
    folder.mkdir(parents=True)
    (folder / "squares.yaml").write_text("function: mymodule.square\nitems: [1]\n", encoding="utf-8")
    (point,) = compose(option, "c=d", "workload=squares")
    assert point.origins["workload"].path == "c=d/workload/squares.yaml"


@pytest.mark.slow
def test_the_folder_of_the_user_may_be_named_twice(
    compose: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine" / "workload"
    folder.mkdir(parents=True)
    (folder / "squares.yaml").write_text("function: mymodule.square\nitems: [1]\n", encoding="utf-8")
    monkeypatch.setenv("RUNNER_CONFIG_DIR", "mine")
    (point,) = compose("workload=squares", "--config-dir", str(tmp_path / "mine"))
    assert point.config.workload.name == "squares"


@pytest.mark.slow
def test_composing_leaves_nothing_behind(compose: Compose, tmp_path: Path) -> None:
    compose("workers=3")
    assert list(tmp_path.iterdir()) == []
