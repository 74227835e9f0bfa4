"""The rules that keep data flowing one way, asserted by reading the imports of every module."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent

#: Slow to import: needed only where results become tables, pictures and text.
_HEAVY = {"numpy", "pandas", "scipy", "matplotlib", "rich", "pyarrow"}
_REPORTING = ("runner.analysis", "runner.report")
_MEASURING = (
    "runner.records",
    "runner.plan",
    "runner.session.preflight",
    "runner.session.environment",
    "runner.measure",
    "runner.supervise",
    "runner.folder",
)
_STORE = "runner.folder"


@dataclass(frozen=True, kw_only=True)
class Import:
    """One import, of a module or of a name in one."""

    module: str  #: that imports
    target: str  #: what it imports, with dots
    at_once: bool  #: when the module itself is imported


def _name(path: Path) -> str:
    """Name a module as it is imported: what lies in probe/ stands on a path of its own."""
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    if parts[:2] == ("runner", "probe"):
        parts = ("runner_probe", *parts[3:]) if len(parts) > 3 else ("probe", *parts[2:])
    return ".".join(part for part in parts if part != "__init__")


_MODULES = {
    _name(path): path for folder in ("runner", "experiments") for path in (CHECKOUT / folder).rglob("*.py")
}


def _imports(module: str) -> Iterator[Import]:
    tree = ast.parse(_MODULES[module].read_text(encoding="utf-8"))
    yield from _imports_below(tree, module, at_once=True)


def _imports_below(node: ast.AST, module: str, *, at_once: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(module=module, target=alias.name, at_once=at_once)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{module} imports relatively"
        for alias in node.names:
            yield Import(module=module, target=f"{node.module}.{alias.name}", at_once=at_once)
    for child in ast.iter_child_nodes(node):
        later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or _for_types(node)
        yield from _imports_below(child, module, at_once=at_once and not later)


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


ALL = [found for module in _MODULES for found in _imports(module)]


def _top(target: str) -> str:
    return target.partition(".")[0]


def _within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _breaking(rule: str, wrong: list[Import]) -> str:
    return f"{rule}: " + ", ".join(f"{one.module} imports {one.target}" for one in wrong)


def test_every_module_was_read() -> None:
    assert {"runner.session.app", "runner.report.write", "runner_probe.targets", "probe.__main__"} <= set(
        _MODULES
    )
    assert Import(module="runner.cli.schema", target="omegaconf.OmegaConf", at_once=True) in ALL
    assert Import(module="runner.session.app", target="runner.report.write.report", at_once=False) in ALL


def test_the_records_import_nothing_of_ours() -> None:
    wrong = [one for one in ALL if one.module == "runner.records" and _top(one.target) not in _STANDARD]
    assert not wrong, _breaking("records import the standard library only", wrong)


_STANDARD = sys.stdlib_module_names


#: Libraries that a cell's executor brings with it, or that are asked where they are there anyway.
_ENGINES = {"cloudpickle", "dask", "distributed", "joblib", "mpi4py", "ray", "threadpoolctl"}


def test_what_runs_in_measured_interpreters_imports_the_standard_library_only() -> None:
    wrong = [
        one
        for one in ALL
        if _within(one.module, "probe", "runner_probe")
        and _top(one.target) not in {*_STANDARD, *_ENGINES, "runner_probe"}
    ]
    assert not wrong, _breaking("the probe stands alone", wrong)


def test_an_engine_is_imported_for_the_cells_that_name_it_alone() -> None:
    adapters = {one.module for one in ALL if _top(one.target) in _ENGINES}
    wrong = [
        one
        for one in ALL
        if one.at_once and one.module not in adapters and any(_within(one.target, name) for name in adapters)
    ]
    assert not wrong, _breaking("only a YAML names an adapter", wrong)


def test_the_supervisor_imports_the_standard_library_only() -> None:
    # What it starts with in a process of its own.
    allowed = {"runner.supervise.server", "runner.supervise.proc"}
    wrong = [
        one
        for one in ALL
        if one.module in allowed and _top(one.target) not in _STANDARD and not _within(one.target, *allowed)
    ]
    assert not wrong, _breaking("the supervisor stands alone", wrong)


def test_nothing_but_measured_interpreters_imports_the_probe() -> None:
    wrong = [
        one
        for one in ALL
        if not _within(one.module, "probe", "runner_probe")
        and _within(one.target, "runner_probe", "runner.probe")
    ]
    assert not wrong, _breaking("the probe is started by path", wrong)


def test_only_what_composes_knows_hydra() -> None:
    wrong = [
        one
        for one in ALL
        if _top(one.target) in {"hydra", "omegaconf"} and not _within(one.module, "runner.cli")
    ]
    assert not wrong, _breaking("Hydra only collects", wrong)


def test_only_analysis_and_report_import_what_is_slow_to_import() -> None:
    wrong = [
        one
        for one in ALL
        if _top(one.target) in _HEAVY
        and not _within(one.module, *_REPORTING)
        and not (_within(one.module, _STORE) and _top(one.target) == "pyarrow")
    ]
    assert not wrong, _breaking("measuring is light", wrong)


def test_the_store_imports_pyarrow_only_when_it_needs_it() -> None:
    wrong = [
        one for one in ALL if _within(one.module, _STORE) and _top(one.target) == "pyarrow" and one.at_once
    ]
    assert not wrong, _breaking("pyarrow waits", wrong)


def test_nothing_that_measures_imports_what_reports() -> None:
    assert set(_MEASURING) <= set(_MODULES)
    wrong = [one for one in ALL if _within(one.module, *_MEASURING) and _within(one.target, *_REPORTING)]
    assert not wrong, _breaking("measuring and reporting meet at the result folder", wrong)


def test_analysis_knows_nothing_of_reports() -> None:
    wrong = [
        one for one in ALL if _within(one.module, "runner.analysis") and _within(one.target, "runner.report")
    ]
    assert not wrong, _breaking("data flows one way", wrong)


def test_the_program_imports_reports_only_when_it_reports() -> None:
    wrong = [
        one
        for one in ALL
        if one.at_once
        and _within(one.target, *_REPORTING)
        and not _within(one.module, "runner.analysis", "runner.report")
    ]
    assert not wrong, _breaking("reporting waits until all is measured", wrong)


def test_neither_the_runner_nor_the_experiments_import_each_other() -> None:
    wrong = [
        one
        for one in ALL
        if (_top(one.module) == "experiments" and _top(one.target) in {"runner", "runner_probe"})
        or (_top(one.module) != "experiments" and _top(one.target) == "experiments")
    ]
    assert not wrong, _breaking("experiments are plain functions", wrong)


def test_importing_the_package_imports_nothing() -> None:
    assert not list(_imports("runner"))


def _loaded(program: str) -> set[str]:
    """Run a program in a fresh interpreter; returns the top-level modules that it loaded."""
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys\n{program}\nprint(*sys.modules, file=sys.stderr)"],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return {_top(name) for name in ended.stderr.split()}


def test_help_waits_for_nothing_that_it_does_not_need() -> None:
    loaded = _loaded(
        "import runpy\nsys.argv = ['runner', '--help']\nrunpy.run_module('runner', run_name='__main__')"
    )
    assert "runner" in loaded
    assert not loaded & {*_HEAVY, "hydra", "omegaconf"}


@pytest.mark.slow
def test_composing_and_measuring_wait_for_nothing_that_only_reports_need() -> None:
    loaded = _loaded("import runner.session.app")
    assert "hydra" in loaded
    assert not loaded & _HEAVY
