"""Did my change help? Several revisions of the user's code in one study."""

import contextlib
import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from runner.errors import ConfigurationError
from runner.revisions import abandoned, folder_of, resolve, worktrees_of
from tests.conftest import wait_until

OLD = "def task(item):\n    return item + 1\n"
NEW = "import time\n\n\ndef task(item):\n    time.sleep(0.01)\n    return item + 1\n"
WRONG = "def task(item):\n    return item + 2\n"

Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git_identity: None) -> Git:  # noqa: ARG001
    """Make a repository whose tag `old` has the module `work`, and whose HEAD has a slower one."""
    repository = tmp_path / "repository"
    repository.mkdir()

    def run(*arguments: str) -> str:
        command = ["git", "-C", str(repository), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    run("init", "--quiet")
    for name, code in (("empty", ""), ("old", OLD), ("new", NEW)):
        file = repository / ("README" if name == "empty" else "work.py")
        file.write_text(code or "nothing yet", encoding="utf-8")
        run("add", ".")
        run("commit", "--quiet", "--message", name)
        run("tag", name)
    monkeypatch.chdir(repository)
    return run


# --- names --------------------------------------------------------------------------------------------


def test_names_of_one_commit_are_one_revision(git: Git) -> None:
    found = resolve(["new", "HEAD", git("rev-parse", "--short", "HEAD")], Path.cwd())
    assert len({str(revision) for revision in found.values()}) == 1
    assert found["new"]["commit"] == git("rev-parse", "HEAD")


@pytest.mark.usefixtures("git")
def test_a_folder_and_the_working_tree_are_imported_from_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    found = resolve([".", "../other"], Path.cwd())
    assert [folder_of(revision) for revision in found.values()] == [Path.cwd(), tmp_path / "other"]


@pytest.mark.usefixtures("git")
def test_a_working_directory_within_the_repository_is_found_in_its_worktree() -> None:
    below = Path.cwd() / "below"
    below.mkdir()
    found = resolve(["old"], below)["old"]
    assert folder_of(found).name == "below"


@pytest.mark.usefixtures("git")
@pytest.mark.parametrize(
    ("name", "message"),
    [("nothing", "revision=nothing: git knows no such revision, and there is no such folder; name a branch")],
)
def test_an_unknown_revision_is_told_on_one_line(name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        resolve([name], Path.cwd())


def test_without_a_repository_there_are_only_folders(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is in no git repository, and there is no such folder"):
        resolve(["main"], tmp_path)


@pytest.mark.usefixtures("git")
def test_uncommitted_changes_are_not_ignored_silently() -> None:
    Path("work.py").write_text(WRONG, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="revision=HEAD: the working tree has changes that are not"):
        resolve(["old", "HEAD"], Path.cwd())
    assert resolve(["old", "HEAD", "."], Path.cwd())
    assert resolve(["old"], Path.cwd())


def test_worktrees_of_killed_processes_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    for process_id in (ended.pid, os.getpid()):
        worktrees_of(process_id).mkdir()
    assert abandoned() == [worktrees_of(ended.pid)]


# --- studies ------------------------------------------------------------------------------------------


def command(*overrides: str) -> list[str]:
    return [
        *(sys.executable, "-m", "runner", "workload=function", "workload.function=work.task"),
        *("workload.items=[1,2]", "executor=thread", "workers=2", "repetitions=2", "memory=false"),
        *("quiet=true", "name=made", *overrides),
    ]


def run(*overrides: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*overrides), capture_output=True, text=True, check=False)


def rows_of(completed: subprocess.CompletedProcess[str], name: str = "made") -> list[dict[str, str]]:
    assert completed.returncode == 0, completed.stderr
    (folder,) = Path("results").glob(f"*_{name}")
    with (folder / "summary.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def assert_nothing_is_left(git: Git) -> None:
    assert len(git("worktree", "list").splitlines()) == 1
    assert not left_behind()


def left_behind() -> list[Path]:
    """List the folders of worktrees; studies have a temporary folder of their own."""
    return list(Path(os.environ["TMPDIR"]).glob("runner-revisions-*"))


@pytest.mark.slow
@pytest.mark.parametrize("overrides", [("revision=old,new", "--multirun"), ("revision=[old,new]",)])
def test_revisions_are_measured_in_one_study_each_with_its_loop(git: Git, overrides: Sequence[str]) -> None:
    completed = run(*overrides)
    rows = rows_of(completed)
    assert [(row["executor"], row["revision"]) for row in rows] == [
        ("serial", "old"),
        ("thread", "old"),
        ("serial", "new"),
        ("thread", "new"),
    ]
    times = {row["revision"]: float(row["wall_s"]) for row in rows if row["executor"] == "serial"}
    assert times["new"] > times["old"] + 0.015  # two sleeps of 10 ms
    assert "revision=old is fastest" in completed.stdout
    assert_nothing_is_left(git)


@pytest.mark.usefixtures("git")
@pytest.mark.slow
def test_the_working_tree_is_a_revision() -> None:
    Path("work.py").write_text(OLD, encoding="utf-8")
    rows = rows_of(run("revision=[new,.]"))
    assert [row["revision"] for row in rows] == ["new", "new", ".", "."]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("revisions", "message"),
    [
        ("[old,nothing]", "revision=nothing: git knows no such revision"),
        ("[old,empty]", "revision=empty: workload.function: "),
    ],
)
def test_a_revision_that_cannot_be_measured_leaves_nothing_behind(
    git: Git, revisions: str, message: str
) -> None:
    completed = run(f"revision={revisions}")
    assert completed.returncode == 2
    assert message in completed.stderr
    assert completed.stderr.splitlines()[1:] == ["nothing was measured"]
    assert_nothing_is_left(git)
    assert not Path("results").exists()


@pytest.mark.slow
def test_the_worktrees_of_a_killed_study_are_removed_by_the_next(git: Git, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    hanging = f"import time\n\n\ndef task(item):\n    open({str(begun)!r}, 'w')\n    time.sleep(1000)\n"
    Path("work.py").write_text(hanging, encoding="utf-8")
    git("commit", "--quiet", "--all", "--message", "hangs")
    with subprocess.Popen([*command(), "revision=[old,HEAD]"], stderr=subprocess.DEVNULL) as killed:
        wait_until(begun.exists)
        assert left_behind()
        killed.kill()
    wait_until(lambda: not processes_from(left_behind()[0]))
    rows_of(run("revision=[old,new]", "name=made_after"), "made_after")
    assert_nothing_is_left(git)


def processes_from(folder: Path) -> list[int]:
    """List the processes that work in a folder, or below it."""
    working = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if folder in (here := link.readlink(), *here.parents):
                working.append(int(link.parent.name))
    return working


@pytest.mark.usefixtures("git")
@pytest.mark.slow
def test_a_function_from_elsewhere_is_refused() -> None:
    completed = run("revision=[old,new]", "workload.function=math.sqrt")
    assert completed.returncode == 2
    assert "workload.function: math.sqrt" in completed.stderr
    assert "not from the revision; name a function of its modules" in completed.stderr


@pytest.mark.slow
def test_results_must_be_equal_in_all_revisions(git: Git) -> None:
    Path("work.py").write_text(WRONG, encoding="utf-8")
    completed = run("revision=[old,.]")
    assert completed.returncode == 1
    assert "items[0] = 1 returned 3, but 2 in the reference run" in " ".join(completed.stdout.split())
    assert_nothing_is_left(git)


@pytest.mark.slow
@pytest.mark.usefixtures("git")
def test_the_revisions_of_one_study_are_compared_in_pairs() -> None:
    rows_of(run("revision=[old,new]", "repetitions=7"))
    (folder,) = Path("results").glob("*_made")
    comparing = [sys.executable, "-m", "runner.compare", str(folder)]
    completed = subprocess.run(comparing, capture_output=True, text=True, check=False)
    assert completed.returncode == 1
    shown = {line.split()[0]: line for line in completed.stdout.splitlines() if line.endswith("slower")}
    assert {"serial", "thread"} <= shown.keys()
    assert "revision=old → revision=new" in completed.stdout
