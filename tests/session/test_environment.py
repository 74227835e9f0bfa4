"""Facts about machines, most of them read from files below `tmp_path`, so that they are the same anywhere."""

import json
import os
import platform
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runner.session import environment
from tests.made_machines import V1, V2, make_machine

# Two cores with two threads each.
CPUINFO = "".join(
    f"processor\t: {cpu}\nmodel name\t: Quick Processor 9000\ncpu MHz\t\t: {2000 + cpu}.500\n"
    "flags\t\t: fpu vme hypervisor\n\n"
    for cpu in range(4)
)
TOPOLOGY = {
    f"sys/devices/system/cpu/cpu{cpu}/topology/{name}": content
    for cpu in range(4)
    for name, content in (
        ("thread_siblings_list", "0,2" if cpu in {0, 2} else "1,3"),
        ("physical_package_id", "0"),
    )
}


def keys(facts: Any) -> Any:
    """Return the nested keys, without the values."""
    return {name: keys(value) for name, value in facts.items()} if isinstance(facts, dict) else None


# Capture


def test_the_affinity_is_unknown_on_a_system_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert environment.capture(tmp_path)["cpu"]["affinity"] is None


def test_the_facts_of_this_machine_survive_json() -> None:
    facts = environment.capture()
    assert json.loads(json.dumps(facts)) == facts


def test_every_fact_has_a_key_even_if_nothing_can_be_read(tmp_path: Path) -> None:
    nowhere = environment.capture(tmp_path)
    named = keys(nowhere)
    assert set(named) == {
        "taken_at", "machine", "cpu", "memory", "os", "process", "runner", "git", "load",
    }  # fmt: skip
    full = make_machine(tmp_path, {"sys/devices/system/node/node0/cpulist": "0-3\n"})
    with_nodes = keys(environment.capture(full))
    assert with_nodes["cpu"].pop("numa_nodes") == {"node0": None}
    assert named["cpu"].pop("numa_nodes") is None
    assert named == with_nodes
    assert set(nowhere["memory"].values()) == {None}


def test_no_failure_stops_the_capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise RuntimeError("broken")

    expected = keys(environment.capture(tmp_path))
    for name in ("getcwd", "getuid", "getgid", "getloadavg", "cpu_count", "sysconf", "sched_getaffinity"):
        monkeypatch.setattr(os, name, fail)
    for name in ("node", "machine", "system", "release", "version", "python_version"):
        monkeypatch.setattr(platform, name, fail)
    monkeypatch.setattr(subprocess, "run", fail)
    broken = environment.capture(tmp_path)
    assert keys(broken) == expected
    assert broken["process"]["working_directory"] is None
    assert broken["machine"]["host_name"] is None
    assert broken["load"]["load_average"] is None


def test_the_time_is_in_utc(tmp_path: Path) -> None:
    moment = datetime.fromisoformat(environment.capture(tmp_path)["taken_at"])
    assert moment.utcoffset() == UTC.utcoffset(None)
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60


def test_cores_are_distinguished_from_hardware_threads(tmp_path: Path) -> None:
    smt = {"sys/devices/system/cpu/smt/active": "1\n"}
    cpu = environment.capture(make_machine(tmp_path, TOPOLOGY, smt))["cpu"]
    assert (cpu["physical_cores"], cpu["sockets"], cpu["smt_active"]) == (2, 1, True)


def test_model_and_frequencies_come_from_cpuinfo(tmp_path: Path) -> None:
    facts = environment.capture(make_machine(tmp_path, {"proc/cpuinfo": CPUINFO}))
    assert facts["cpu"]["cpu_model"] == "Quick Processor 9000"
    assert facts["cpu"]["frequencies_mhz"] == [2000.5, 2001.5, 2002.5, 2003.5]
    assert facts["machine"]["virtual_machine"] is True


def test_frequencies_come_from_cpufreq_in_the_order_of_cpus_if_cpuinfo_has_none(tmp_path: Path) -> None:
    frequencies = {
        f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_cur_freq": f"{1_000_000 + cpu}\n"
        for cpu in (0, 2, 10)
    }
    cpu = environment.capture(make_machine(tmp_path, frequencies))["cpu"]
    assert cpu["frequencies_mhz"] == [1000.0, 1000.002, 1000.01]


@pytest.mark.parametrize(
    ("capacities", "expected"), [(["1024", "1024"], False), (["446", "1024"], True), ([], None)]
)
def test_cores_are_unequal_if_the_kernel_rates_them_so(
    tmp_path: Path, capacities: list[str], *, expected: bool | None
) -> None:
    files = {f"sys/devices/system/cpu/cpu{cpu}/cpu_capacity": text for cpu, text in enumerate(capacities)}
    assert environment.capture(make_machine(tmp_path, files))["cpu"]["hybrid"] is expected


def test_an_intel_processor_with_efficiency_cores_is_hybrid(tmp_path: Path) -> None:
    root = make_machine(tmp_path, {"sys/devices/cpu_atom/type": "10\n"})
    assert environment.capture(root)["cpu"]["hybrid"] is True


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("intel_pstate/no_turbo", "0\n", True),
        ("intel_pstate/no_turbo", "1\n", False),
        ("cpufreq/boost", "1\n", True),
        ("cpufreq/boost", "0\n", False),
        ("online", "0-3\n", None),
    ],
)
def test_either_switch_shows_whether_boost_is_enabled(
    tmp_path: Path, path: str, content: str, *, expected: bool | None
) -> None:
    root = make_machine(tmp_path, {f"sys/devices/system/cpu/{path}": content})
    assert environment.capture(root)["cpu"]["boost_enabled"] is expected


def test_different_governors_are_all_named(tmp_path: Path) -> None:
    governors = {
        f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor": governor
        for cpu, governor in enumerate(["powersave\n", "performance\n", "powersave\n"])
    }
    root = make_machine(tmp_path, governors)
    assert environment.capture(root)["cpu"]["governor"] == "performance, powersave"


def test_memory_is_in_bytes(tmp_path: Path) -> None:
    meminfo = {"proc/meminfo": "MemTotal:       16000 kB\nMemFree: 1 kB\nMemAvailable:    8000 kB\n"}
    memory = environment.capture(make_machine(tmp_path, meminfo))["memory"]
    assert memory == {
        "memory_total_bytes": 16_384_000,
        "memory_available_bytes": 8_192_000,
        "cgroup_memory_limit_bytes": None,
    }


def test_the_tightest_v2_memory_limit_counts(tmp_path: Path) -> None:
    limits = {
        "sys/fs/cgroup/batch/job/memory.max": "max\n",
        "sys/fs/cgroup/batch/memory.max": "1073741824\n",
    }
    memory = environment.capture(make_machine(tmp_path, V2, limits))["memory"]
    assert memory["cgroup_memory_limit_bytes"] == 2**30


@pytest.mark.parametrize(("limit", "expected"), [("9223372036854771712\n", None), ("4096\n", 4096)])
def test_the_largest_v1_memory_limit_is_none(tmp_path: Path, limit: str, expected: int | None) -> None:
    root = make_machine(tmp_path, V1, {"sys/fs/cgroup/memory/batch/job/memory.limit_in_bytes": limit})
    assert environment.capture(root)["memory"]["cgroup_memory_limit_bytes"] == expected


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="clock ticks are counted on POSIX systems")
def test_busy_seconds_exclude_idle_and_stolen_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", lambda _name: 100)
    stat = {
        "proc/stat": "cpu  100 200 300 90000 8000 10 20 4500 50 60\ncpu0 1 1 1 1 1 1 1 1 1 1\n",
        "proc/uptime": "350735.47 234388.90\n",
    }
    load = environment.capture(make_machine(tmp_path, stat))["load"]
    assert (load["busy_s"], load["steal_s"], load["uptime_s"]) == (6.3, 45.0, 350735.47)


@pytest.mark.parametrize(
    ("mark", "content", "expected"),
    [
        (".dockerenv", "", "docker"),
        ("run/.containerenv", "", "podman"),
        ("run/systemd/container", "lxc\n", "lxc"),
        ("etc/hostname", "plain\n", None),
    ],
)
def test_a_container_is_recognised_by_the_marker_file_of_its_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, content: str, expected: str | None
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.delenv("container", raising=False)
    root = make_machine(tmp_path, {mark: content})
    assert environment.capture(root)["machine"]["container"] == expected


def test_thread_counts_are_recorded_as_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONHASHSEED", "")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    variables = environment.capture(tmp_path)["process"]["environment"]
    assert variables["OMP_NUM_THREADS"] == "1"
    assert variables["PYTHONHASHSEED"] == ""
    assert variables["MKL_NUM_THREADS"] is None


def test_the_process_is_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    process = environment.capture(tmp_path)["process"]
    assert process["process_id"] == os.getpid()
    assert process["working_directory"] == str(tmp_path.resolve())
    assert process["command_line"] == sys.orig_argv


def test_a_package_that_is_not_installed_has_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "PACKAGES", ("pytest", "no-such-package"))
    packages = environment.capture(tmp_path)["runner"]["packages"]
    assert packages == {"pytest": pytest.__version__, "no-such-package": None}


# Git


@pytest.fixture
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working directory, shielded from the repositories and settings around it."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def git(*arguments: str) -> str:
    author = ["-c", "user.name=A User", "-c", "user.email=user@example.org"]
    command = ["git", *author, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@needs_git
def test_the_revision_of_the_users_code_is_known_and_whether_it_was_changed(working_directory: Path) -> None:
    code = working_directory / "code.py"
    code.write_text("x = 1\n", encoding="utf-8")
    git("init", "--quiet")
    git("add", "code.py")
    git("commit", "--quiet", "--message", "first")
    revision = git("rev-parse", "HEAD")
    (working_directory / "results.csv").write_text("not tracked\n", encoding="utf-8")
    assert environment.capture(working_directory)["git"] == {"revision": revision, "dirty": False}
    code.write_text("x = 23\n", encoding="utf-8")
    assert environment.capture(working_directory)["git"] == {"revision": revision, "dirty": True}


@needs_git
def test_a_repository_without_commits_has_no_revision(working_directory: Path) -> None:
    git("init", "--quiet")
    assert environment.capture(working_directory)["git"] == {"revision": None, "dirty": None}


def test_outside_a_repository_there_is_no_revision(working_directory: Path) -> None:
    assert environment.capture(working_directory)["git"] == {"revision": None, "dirty": None}


def test_a_slow_git_is_abandoned(working_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = []

    def hang(_command: list[str], *, timeout: float, **_options: object) -> None:
        limits.append(timeout)
        raise subprocess.TimeoutExpired("git", timeout)

    monkeypatch.setattr(subprocess, "run", hang)
    assert environment.capture(working_directory)["git"] == {"revision": None, "dirty": None}
    assert limits == [2.0]


def test_importing_loads_no_slow_modules() -> None:
    slow = {"importlib.metadata", "subprocess", "hydra", "pandas"}
    report = f"import sys, runner.session.environment; print(sorted({slow} & set(sys.modules)))"
    package_parent = Path(environment.__file__).parents[2]
    command = [sys.executable, "-S", "-c", report]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True, cwd=package_parent)
    assert loaded.stdout.strip() == "[]"
