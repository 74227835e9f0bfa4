"""The traits and templates of adapters: the probe reads them from objects, the runner from source."""

import concurrent.futures
from typing import Any

import pytest
import yaml

from runner.adapter_source import code_template, declared_traits
from runner.records import LOOP
from runner_probe.pools import Traits, traits_of, worker_count, worker_processes
from runner_probe.targets import locate_callable
from tests.probe.probing import ROOT

FILES = sorted((ROOT / "conf" / "executor").glob("*.yaml"))
TARGETS = {file.stem: str(yaml.safe_load(file.read_text("utf-8"))["pool"]["_target_"]) for file in FILES}
#: Executors that have an adapter, except the plain loop, which is not a pool.
ADAPTED = {
    name: target
    for name, target in TARGETS.items()
    if target.startswith("runner_probe.adapters.") and target != LOOP
}


def as_mapping(traits: Traits) -> dict[str, Any]:
    """Return the traits that differ from their defaults."""
    names = Traits.__slots__
    return {name: getattr(traits, name) for name in names if getattr(traits, name) != getattr(Traits(), name)}


def test_there_are_adapters() -> None:
    assert {"asyncio", "dask", "interpreter", "joblib", "pool", "ray"} <= set(ADAPTED)


@pytest.mark.slow  # it imports the engines
@pytest.mark.parametrize("target", ADAPTED.values(), ids=ADAPTED)
def test_the_runner_reads_the_traits_that_an_adapter_declares(target: str) -> None:
    _ = pytest.importorskip(target.rpartition(".")[0])
    assert declared_traits(target) == as_mapping(traits_of(locate_callable(target)))


@pytest.mark.parametrize("target", ADAPTED.values(), ids=ADAPTED)
def test_every_adapter_has_code_to_paste(target: str) -> None:
    template = code_template(target)
    assert template
    assert "{results} = " in template
    assert "runner" not in template


def test_adapters_differ_in_their_traits() -> None:
    assert declared_traits(ADAPTED["interpreter"]) == {"has_interpreters": True}
    assert declared_traits(ADAPTED["asyncio"])["one_event_loop"] is True
    assert declared_traits(ADAPTED["dask"])["shares_call"] is True  # inherited
    assert declared_traits(ADAPTED["pool"]) == {}


@pytest.mark.parametrize(
    "target",
    [
        "concurrent.futures.ThreadPoolExecutor",
        "mine.Pool",
        "Pool",
        "runner_probe.adapters.no_such_module.Pool",
        "runner_probe.adapters.asyncio_loop.NoSuchPool",
    ],
)
def test_an_executor_without_declarations_has_the_defaults(target: str) -> None:
    assert declared_traits(target) == {}


@pytest.mark.parametrize("target", ["concurrent.futures.ThreadPoolExecutor", "mine.Pool", LOOP])
def test_an_executor_without_an_adapter_has_no_template(target: str) -> None:
    assert code_template(target) is None


def test_pools_of_the_standard_library_have_the_default_traits_and_count_their_workers() -> None:
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert as_mapping(traits_of(pool)) == {}
        assert worker_count(pool) == 3
        assert worker_processes(pool) == []


def test_an_attribute_traits_of_another_library_is_ignored() -> None:
    class Pool:
        traits = ("fast", "cheap")
        workers = "many"

    assert as_mapping(traits_of(Pool())) == {}
    assert worker_count(Pool()) is None
