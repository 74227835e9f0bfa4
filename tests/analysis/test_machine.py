"""The facts of environment.json, by cell."""

from typing import Any

import pytest

from runner.analysis.machine import Machine
from runner.facts import Pickled
from runner.folder.environment_record import environment_of
from tests.factories import cell

TWO = cell("process", 2, settings={"python": "/usr/bin/python3.13"})


def machine(cpu: dict[str, Any], *interpreters: dict[str, Any]) -> Machine:
    return Machine(environment_of({"start": {"cpu": cpu}, "interpreters": list(interpreters)}))


def interpreter(**facts: Any) -> dict[str, Any]:
    return {"python": "/usr/bin/python3.13", "cells": ["process2"], "version": "3.13.1", **facts}


def test_a_quota_counts_with_its_fraction() -> None:
    limited = machine({"usable_cpus": 2, "affinity": [0, 1, 2, 3], "cpu_quota": 1.5})
    assert (limited.cpus(TWO), limited.usable_cpus(TWO)) == (1.5, 2)


def test_a_prefix_that_pins_an_interpreter_affects_only_its_cells() -> None:
    limited = machine({"usable_cpus": 4, "affinity": [0, 1, 2, 3]}, interpreter(usable_cpus=1))
    assert (limited.cpus(TWO), limited.usable_cpus(TWO)) == (1, 1)
    assert limited.cpus(cell("process", 4)) == 4


def test_an_unknown_machine_sets_no_limit() -> None:
    assert machine({}).cpus(TWO) == float("inf")
    assert machine({}).usable_cpus(TWO) is None


def test_a_free_threaded_build_is_named() -> None:
    assert machine({}, interpreter(free_threaded=True)).version(TWO) == "3.13.1t"


def test_two_interpreters_of_one_version_keep_the_names_of_the_user() -> None:
    other = {"python": "/opt/python3.13", "cells": ["other"], "version": "3.13.1"}
    assert machine({}, interpreter(), other).version(TWO) == TWO.python


def test_the_cpus_of_several_cells_are_the_maximum_over_the_cells() -> None:
    pinned = machine({"usable_cpus": 4, "affinity": [0, 1, 2, 3]}, interpreter(usable_cpus=1))
    assert pinned.most_usable_cpus([TWO]) == 1
    assert pinned.most_usable_cpus([TWO, cell("process", 4)]) == 4
    assert machine({}).most_usable_cpus([TWO]) is None


@pytest.mark.parametrize(
    ("facts", "import_s"),
    [
        ({"start_method": "spawn", "in_one_interpreter": False}, 0.75),
        ({"start_method": None, "in_one_interpreter": False}, 0.75),  # another library's processes
        ({"start_method": "fork", "in_one_interpreter": False}, 0.0),
        ({"start_method": None, "in_one_interpreter": True}, 0.0),
        ({}, 0.0),
    ],
)
def test_workers_import_the_workload_unless_they_inherit_it(facts: dict[str, Any], import_s: float) -> None:
    workers = {"process2": {**facts, "import_s": 0.75}, "serial": {"import_s": 1.0}}
    assert Machine(environment_of({"workers": workers})).import_s(cell("process", 2)) == import_s


def test_only_processes_are_forked() -> None:
    def forked(**facts: Any) -> bool:
        return Machine(environment_of({"workers": {"process2": facts}})).is_forked(TWO)

    assert forked(start_method="fork", in_one_interpreter=False)
    assert not forked(start_method="spawn", in_one_interpreter=False)
    assert not forked(start_method="fork", in_one_interpreter=True)
    assert not forked()


def test_the_speed_of_busy_cpus_is_known_for_the_measured_numbers() -> None:
    speed = {"value": 0.8, "low": 0.7, "high": 0.9}
    measured = Machine({"together": {"2": speed}})
    assert measured.together(2.0) == speed
    assert measured.together(4.0) is None
    assert measured.together(float("inf")) is None
    assert Machine({}).together(2.0) is None


def test_only_processes_send_a_payload() -> None:
    function = {
        "mean_bytes": 4.0,
        "largest_bytes": 4,
        "repeated_bytes": 0.0,
        "pickle_s": 0.25,
        "unpickle_s": 0.5,
    }
    known = {"serial": {"payload": {"function": function, "items": None, "results": None}}}
    for in_one_interpreter, is_sent in ((False, True), (True, False), (None, False)):
        workers = {**known, "process2": {"in_one_interpreter": in_one_interpreter}}
        payload = Machine(environment_of({"workers": workers})).payload(cell("process", 2))
        assert (payload is not None) == is_sent
        if payload is not None:
            assert payload.function == Pickled(**function)  # type: ignore[arg-type]
            assert payload.items is None


def test_interpreters_of_an_old_version_are_left_out() -> None:
    assert environment_of({"interpreters": {"3.11": {}}, "workers": {}}) == {"workers": {}}
    with pytest.raises(TypeError, match=r"^it is not an object$"):
        environment_of([])
