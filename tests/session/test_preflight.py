"""What the preflight check reports about interpreters and cells."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from runner.errors import ConfigurationError
from runner.plan import Plan, PlannedCell
from runner.records import Cell
from runner.session.preflight import check
from runner.supervise.protocol import Ending, Launch
from tests.factories import cell as make_cell


class Interpreters:
    """A supervisor whose interpreters reply according to the prefix and the environment."""

    def __init__(self, problem: str = "") -> None:
        self.problem = problem

    def run(self, launch: Launch) -> Ending:
        cells = [
            {
                "tasks": 3,
                "is_async": cell["workload"]["name"] == "later",
                "file": None,
                "problems": [["executor.pool", self.problem]] if self.problem else [],
            }
            for cell in json.loads(launch.specification)["specification"]["cells"]
        ]
        facts = {"version": "3.13.1", "usable_cpus": 1 if "taskset" in launch.command else 8}
        return Ending(
            reply=json.dumps({"interpreter": facts, "cells": cells}).encode(),
            ended="exited",
            exit_code=0,
            seconds=0.1,
            orphans_cpu_s=0.0,
            cpu_s=0.1,
            killed=0,
        )


def cell(identity: str, workload: str = "squares", **changes: Any) -> Cell:
    """Make a cell whose settings differ from the defaults."""
    settings = {**make_cell(id=identity).settings, "workload": {"name": workload}, **changes}
    return make_cell(id=identity, settings=settings)


def plan(*cells: Cell, extras: Mapping[str, str | None] | None = None) -> Plan:
    origins = {"workload": "workload 'w'", "executor": "executor 'e'"}
    extra = (extras or {}).get
    planned = (PlannedCell(cell=cell, origins=origins, extra=extra(cell.id)) for cell in cells)
    return Plan(planned=tuple(planned))


def test_each_interpreter_is_described_with_its_cells() -> None:
    one_thread, two_threads = {"OMP_NUM_THREADS": "1"}, {"OMP_NUM_THREADS": "2"}
    pinned = ["taskset", "-c", "0"]
    planned = plan(
        cell("a", env=one_thread),
        cell("b", env=two_threads),
        cell("c", env=one_thread),
        cell("d", env=one_thread, prefix=pinned),
    )
    common = {"python": "/usr/bin/python3", "async_cells": [], "version": "3.13.1"}
    assert [interpreter.describe() for interpreter in check(planned, Interpreters()).interpreters] == [
        {**common, "env": one_thread, "prefix": [], "cells": ["a", "c"], "usable_cpus": 8},
        {**common, "env": two_threads, "prefix": [], "cells": ["b"], "usable_cpus": 8},
        {**common, "env": one_thread, "prefix": pinned, "cells": ["d"], "usable_cpus": 1},
    ]


def test_the_cells_whose_function_is_async_are_known() -> None:
    checked = check(plan(cell("a"), cell("b", "later")), Interpreters())
    assert {identity: cell.is_async for identity, cell in checked.cells.items()} == {"a": False, "b": True}
    assert checked.interpreters[0].async_cells == ["b"]


def test_the_order_of_environment_variables_does_not_matter() -> None:
    planned = plan(cell("a", env={"A": "1", "B": "2"}), cell("b", env={"B": "2", "A": "1"}))
    assert [interpreter.cells for interpreter in check(planned, Interpreters()).interpreters] == [["a", "b"]]


_LOKY = {"name": "loky", "pool": {"_target_": "loky.Pool"}}
_MISSING = "'loky.Pool' cannot be imported: there is no module 'loky' on the path"
_IN_A_CHECKOUT = "(in a checkout: pip install '.[fast]')"


@pytest.mark.parametrize(
    ("python", "prefix", "remedy"),
    [
        ("ours", [], f"install it: pip install 'parallel-runner[fast]' {_IN_A_CHECKOUT}"),
        ("ours", ["nice"], "install it there: nice ours -m pip install loky"),
        ("/opt/my python", [], "install it there: '/opt/my python' -m pip install loky"),
    ],
)
def test_a_missing_library_is_reported_with_the_command_that_installs_it(
    python: str, prefix: list[str], remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "ours")
    planned = plan(cell("a", executor=_LOKY, python=python, prefix=prefix), extras={"a": "fast"})
    with pytest.raises(ConfigurationError) as caught:
        check(planned, Interpreters(_MISSING))
    assert caught.value.problems == [f"executor 'serial': Python 3.13.1 ({python}) has no 'loky'; {remedy}"]


def test_a_missing_library_of_an_adapter_is_reported() -> None:
    problem = "'adapter.Pool' cannot be imported: 'adapter' needs module 'engine', which is not installed"
    with pytest.raises(ConfigurationError, match=r"has no 'engine'; install it there: .* install engine$"):
        check(plan(cell("a", executor=_LOKY), extras={"a": "fast"}), Interpreters(problem))


@pytest.mark.parametrize(
    ("problem", "extra"),
    [(_MISSING, None), ("'loky.Pool' cannot be imported: importing 'loky' raises OSError: no", "fast")],
    ids=["an executor without an extra", "a library that is broken"],
)
def test_other_problems_of_a_pool_are_reported_unchanged(problem: str, extra: str | None) -> None:
    planned = plan(cell("a", executor=_LOKY), extras={"a": extra})
    with pytest.raises(ConfigurationError) as caught:
        check(planned, Interpreters(problem))
    assert caught.value.problems == [f"executor 'e': pool: {problem}"]
