"""The probe in every installed interpreter, and which modules it imports."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.probe.probing import SERIAL, THREAD, ask, interpreters, process_pool, specify

HEAVY = {"asyncio", "inspect", "typing", "dataclasses", "ast", "pathlib", "subprocess", "hashlib"}


def modules_of_a_script(imports: str) -> set[str]:
    """List the modules that a script with these imports has loaded."""
    code = f"import json, sys, {imports}; print(json.dumps(list(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return set(json.loads(run.stdout))


def modules_of_a_probe(pool: Mapping[str, object]) -> set[str]:
    [modules] = ask(specify(pool, function="lean.modules", items=[1])).values()
    return set(modules)


def test_the_probe_adds_nothing_heavy_to_what_threads_need() -> None:
    extra = modules_of_a_probe(THREAD) - modules_of_a_script("concurrent.futures.thread")
    assert not extra & HEAVY
    packages = {module.partition(".")[0] for module in extra}
    assert packages - sys.stdlib_module_names == {"runner_probe", "lean"}


def test_the_plain_loop_loads_no_pool() -> None:
    extra = modules_of_a_probe(SERIAL) - modules_of_a_script("threading")
    assert not extra & {*HEAVY, "concurrent.futures", "multiprocessing", "logging", "traceback"}


@pytest.mark.slow
@pytest.mark.parametrize("python", interpreters(), ids=os.path.basename)
@pytest.mark.parametrize(
    "pool",
    [SERIAL, THREAD, process_pool("fork"), process_pool("spawn")],
    ids=["serial", "thread", "fork", "spawn"],
)
def test_the_probe_measures_in_every_interpreter(python: str, pool: Mapping[str, object]) -> None:
    answer = ask(specify(pool, iterations=2), python=python, environment={"PYTHONWARNINGS": "error"})
    assert (answer.reply["status"], answer.reply["error"]) == ("ok", "")
    assert answer.values() == [1, 4, 9]
    assert answer.printed == ""


@pytest.mark.slow
@pytest.mark.parametrize("python", interpreters(), ids=os.path.basename)
def test_coroutines_snippets_and_checks_work_in_every_interpreter(python: str) -> None:
    strict = {"PYTHONWARNINGS": "error"}
    coroutines = ask(specify(THREAD, function="bag.squared_later"), python=python, environment=strict)
    assert coroutines.values() == [1, 4, 9]
    assert coroutines.printed == ""
    spec = specify(snippets={"list": "list(range(9))", "text": 's = """a\nb"""; assert s == "a\\nb"'})
    timed = ask({**spec, "calls": {"list": 9, "text": 9}}, python=python, environment=strict)
    assert (timed.reply["status"], timed.reply["error"]) == ("ok", "")
    cells = [{"workload": spec["workload"], "pool": THREAD, "in_window": False}]
    checked = ask({"kind": "preflight", "cells": cells}, python=python).reply
    (cell,) = checked["cells"]
    assert (cell["tasks"], cell["is_async"], cell["problems"]) == (2, False, [])
    assert checked["interpreter"]["executable"] == python
