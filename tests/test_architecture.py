"""The rules that keep data flowing one way.

import-linter checks the contracts in pyproject.toml on the source, through all indirect imports. Running
interpreters show the rest: what is imported when, and the imports of the probe, which has its own path.
"""

import ast
import os
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import grimp
import pytest
from importlinter.cli import lint_imports

CHECKOUT = Path(__file__).resolve().parent.parent
RUNNER = CHECKOUT / "runner"
PROBE = RUNNER / "probe"

HYDRA = {"hydra", "omegaconf"}
#: Slow to import: needed only for tables, pictures and text.
SLOW = {"matplotlib", "numpy", "pandas", "pyarrow", "rich", "scipy"}
#: Libraries of executors. An adapter imports its own; other probe modules only use one that is loaded anyway.
ENGINES = {"cloudpickle", "dask", "distributed", "joblib", "loky", "mpi4py", "ray", "threadpoolctl"}


def test_the_import_contracts_hold(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(CHECKOUT)
    broken = lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True)
    assert not broken, capsys.readouterr().out


def test_types_come_from_below_too() -> None:
    """The contracts leave out what is imported for types only, since that may come from the probe."""
    contracts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (layers,) = (contract["layers"] for contract in contracts["contracts"] if contract["type"] == "layers")
    graph = grimp.build_graph("runner", exclude_type_checking_imports=False, cache_dir=None)
    wrong = graph.find_illegal_dependencies_for_layers(
        layers=[grimp.Layer(*layer.split(" | ")) for layer in layers], containers={"runner"}
    )
    assert not {f"{dependency.importer} imports {dependency.imported}" for dependency in wrong}


def test_the_probe_imports_the_standard_library_and_engines_only() -> None:
    graph = grimp.build_graph(
        "runner_probe", include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )
    allowed = {*sys.stdlib_module_names, *ENGINES, "runner_probe"}
    modules = (name for name in graph.modules if _top(name) == "runner_probe")
    wrong = {
        f"{module} imports {imported}"
        for module in modules
        for imported in graph.find_modules_directly_imported_by(module)
        if _top(imported) not in allowed
    }
    assert not wrong


def _top(name: str) -> str:
    return name.partition(".")[0]


def _loaded(program: str, *options: str, path: Path = CHECKOUT) -> set[str]:
    """Run a program in a fresh interpreter; return the modules that it loads."""
    print_new = "print(*sorted(set(sys.modules) - before), file=sys.stderr)"
    ended = subprocess.run(
        [sys.executable, *options, "-c", f"import sys\nbefore = set(sys.modules)\n{program}\n{print_new}"],
        env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ended.stderr.split())


def _packages(modules: Iterable[str]) -> set[str]:
    return {_top(name) for name in modules}


def _imports(names: Iterable[str]) -> str:
    return "\n".join(f"import {name}" for name in names)


def test_importing_the_package_imports_nothing_else() -> None:
    assert _loaded("import runner") == {"runner"}


def test_help_loads_neither_hydra_nor_rich() -> None:
    show_help = (
        "import runpy\nsys.argv = ['runner', '--help']\nrunpy.run_module('runner', run_name='__main__')"
    )
    loaded = _packages(_loaded(show_help))
    assert "runner" in loaded
    assert not loaded & (HYDRA | SLOW)


@pytest.mark.slow
def test_planning_and_measuring_load_neither_hydra_nor_what_reports_need() -> None:
    measuring = [f"runner.measure.{path.stem}" for path in (RUNNER / "measure").glob("[a-z]*.py")]
    stages = ["runner.plan", "runner.session.preflight", "runner.session.session", *measuring]
    assert not _packages(_loaded(_imports(stages))) & (HYDRA | SLOW)


@pytest.mark.slow
def test_composing_does_not_load_what_reports_need() -> None:
    loaded = _packages(_loaded("import runner.cli.compose"))
    assert loaded >= HYDRA
    assert not loaded & SLOW


@pytest.mark.slow
def test_a_session_loads_neither_analysis_nor_reports_before_it_needs_them() -> None:
    sessions = [f"runner.session.{path.stem}" for path in (RUNNER / "session").glob("[a-z]*.py")]
    loaded = _loaded(_imports(sessions))
    assert not {
        name for name in loaded if name.startswith(("runner.analysis.", "runner.report.", "runner.cli."))
    }
    assert not _packages(loaded) & (SLOW - {"rich"})  # of the live view


def test_the_supervisor_starts_with_the_standard_library_only() -> None:
    path = f"sys.path.append({str(CHECKOUT)!r})"
    loaded = _loaded(f"{path}\nimport runner.supervise.server", "-I", "-S")
    foreign = _packages(loaded) - set(sys.stdlib_module_names) - {"runner"}
    assert not foreign
    ours = {name for name in loaded if name.startswith("runner.")}
    assert all(name.startswith("runner.supervise") for name in ours), ours


def test_an_engine_is_loaded_only_for_the_cells_that_name_it() -> None:
    package = PROBE / "runner_probe"
    modules = [f"runner_probe.{path.stem}" for path in package.glob("[a-z]*.py")]
    loaded = _packages(_loaded(_imports(modules), path=PROBE))
    assert "runner_probe" in loaded
    assert not loaded & ENGINES


def _shared(places: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {name: paths for name, paths in places.items() if len(paths) > 1}


def test_no_two_modules_have_the_same_name() -> None:
    places = defaultdict(list)
    for path in RUNNER.rglob("[a-z]*.py"):
        places[path.stem].append(str(path.relative_to(CHECKOUT)))
    assert not _shared(places)


@pytest.mark.slow
def test_no_two_classes_have_the_same_name() -> None:
    places = defaultdict(list)
    for path in RUNNER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(CHECKOUT)))
    assert not _shared(places)
