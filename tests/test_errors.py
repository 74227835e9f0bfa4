"""Every mistake in a configuration is reported on one line: the setting, what is wrong, and the remedy."""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hydra
import pytest
import yaml

from runner.__main__ import main
from runner.measure import invocation

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Case:
    """A mistake and its message, as errors.yaml describes them."""

    run: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    says: str | list[str]
    messages: int = 1


CASES = {
    name: Case(**case)
    for name, case in yaml.safe_load((CHECKOUT / "tests" / "errors.yaml").read_text(encoding="utf-8")).items()
}

#: One of each kind, quick enough for the tests that run on every save.
QUICK = (
    "an unknown workload",
    "a misspelt key on the command line",
    "a misspelt key in a workload's file",
    "text for a whole number",
    "a YAML syntax error",
    "an infinite item",
    "no workers",
    "a sweep without --multirun",
    "a workload with the name of a shipped one",
    "an interpreter that does not exist",
    "a setting written as an option",
    "a key of a group without its group",
)

#: These start the program as a user does; the others call its main function, which is faster.
IN_A_PROCESS = (
    "a tab in YAML",
    "every wrong point of a grid at once",
    "a result folder that cannot be written",
)

_LAUNCHER = """\
from dataclasses import dataclass

from hydra.core.config_store import ConfigStore
from hydra.plugins.launcher import Launcher


@dataclass
class Configuration:
    _target_: str = "hydra_plugins.elsewhere_launcher.Elsewhere"


ConfigStore.instance().store(group="hydra/launcher", name="elsewhere", node=Configuration, provider="test")


class Elsewhere(Launcher):
    def setup(self, *, hydra_context, task_function, config):
        self.config = config

    def launch(self, job_overrides, initial_job_idx):
        return []
"""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A case whose files are written."""

    command: list[str]
    says: list[str]
    messages: int
    before: set[Path]  #: the files in the working directory

    def expect(self, code: Any, output: str) -> None:
        """Assert that the program refused the configuration, and measured and wrote nothing."""
        assert code == 2, output
        assert "Traceback" not in output
        *messages, last = output.splitlines()
        assert last == "nothing was measured"
        assert len(messages) == self.messages, output
        assert all(message.startswith("error: ") for message in messages), output
        rest = output
        for part in self.says:
            assert part in rest, output
            rest = rest.partition(part)[2]
        assert set(Path.cwd().rglob("*")) == self.before


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True, with_pip=False)
    return folder / "bin" / "python"


@pytest.fixture
def prepare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Callable[[Case], Prepared]:
    """Write the files of a case into an empty working directory."""

    def prepare(case: Case) -> Prepared:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        for name, text in case.files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            if text.startswith("#!"):
                path.chmod(0o755)
        paths = {"{tmp}": str(tmp_path), "{conf}": str(CHECKOUT / "conf")}
        if "{bare}" in case.run:
            paths["{bare}"] = str(request.getfixturevalue("bare_python"))

        def with_paths(text: str) -> str:
            return re.sub("|".join(map(re.escape, paths)), lambda match: paths[match[0]], text)

        user_folder = ["--config-dir", "mine"] if (tmp_path / "mine").is_dir() else []
        return Prepared(
            command=[*shlex.split(with_paths(case.run)), *user_folder],
            says=[with_paths(part) for part in ([case.says] if isinstance(case.says, str) else case.says)],
            messages=case.messages,
            before=set(tmp_path.rglob("*")),
        )

    return prepare


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[[Prepared], None]:
    """Run the program in this process, even if a study is running on this machine."""
    monkeypatch.setattr(tempfile, "tempdir", os.environ["TMPDIR"])  # the folder of the tests' separate lock

    def must_not_measure(*_: object, **__: object) -> None:
        pytest.fail("something was measured")

    def refuse(prepared: Prepared) -> None:
        monkeypatch.setattr(sys, "argv", ["runner", *prepared.command])
        monkeypatch.setattr(invocation, "invoke", must_not_measure)
        if not any(argument.startswith("experiment=") for argument in prepared.command):
            _compose_once(monkeypatch)
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capfd.readouterr()
        prepared.expect(exit_.value.code, captured.out + captured.err)

    return refuse


def _compose_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Halve the time of a case: Hydra 1.3 also composes to find whether a file sets `hydra.mode`."""
    if hydra.__version__.startswith("1.3."):
        monkeypatch.setattr("hydra._internal.hydra.Hydra.get_mode", lambda *_, **__: None)


def _run(prepared: Prepared) -> None:
    """Run the program in a separate process."""
    ended = subprocess.run(
        [sys.executable, "-m", "runner", *prepared.command],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    prepared.expect(ended.returncode, ended.stdout + ended.stderr)


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.slow
def test_a_mistake_is_reported_on_one_line_with_its_remedy(
    name: str, prepare: Callable[[Case], Prepared], refuse: Callable[[Prepared], None]
) -> None:
    refuse(prepare(CASES[name]))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CASES if name not in (*QUICK, *IN_A_PROCESS)])
def test_any_other_mistake_is_reported_on_one_line_with_its_remedy(
    name: str, prepare: Callable[[Case], Prepared], refuse: Callable[[Prepared], None]
) -> None:
    refuse(prepare(CASES[name]))


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_A_PROCESS)
def test_the_program_exits_with_code_2_before_anything_is_measured(
    name: str, prepare: Callable[[Case], Prepared]
) -> None:
    _run(prepare(CASES[name]))


@pytest.mark.slow
def test_a_launcher_that_runs_jobs_in_other_processes_is_refused(
    prepare: Callable[[Case], Prepared],
) -> None:
    _run(
        prepare(
            Case(
                run="hydra/launcher=elsewhere workers=1,2 -m",
                files={"hydra_plugins/elsewhere_launcher.py": _LAUNCHER},
                says=["hydra/launcher: this launcher runs jobs in other", "remove it", "prefix=[COMMAND"],
            )
        )
    )


def test_a_file_that_is_not_utf_8_is_reported(
    prepare: Callable[[Case], Prepared], refuse: Callable[[Prepared], None], tmp_path: Path
) -> None:
    case = Case(run="workload=mine", files={"mine/workload/mine.yaml": ""}, says=["not UTF-8", "save it as"])
    prepared = prepare(case)
    (tmp_path / "mine" / "workload" / "mine.yaml").write_bytes(b"name: caf\xe9\n")
    refuse(prepared)


def test_a_missing_folder_of_the_environment_is_reported(
    prepare: Callable[[Case], Prepared],
    refuse: Callable[[Prepared], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RUNNER_CONFIG_DIR", "nowhere")
    refuse(prepare(Case(says="RUNNER_CONFIG_DIR=nowhere: no such folder; name one that contains")))
