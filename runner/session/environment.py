"""Facts about the machine and the runner's process, stored with the measurements.

On Linux the facts come from the kernel's files; elsewhere most of them are None. Every function takes the
root of the file system that it reads, so that tests can simulate other machines.
"""

import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from runner.allowance import ROOT, allowed_cpus, cpu_quota, known, memory_limit_bytes, text_of, usable_cpus
from runner.folder.environment_record import (
    CpuFacts,
    GitFacts,
    HostFacts,
    LoadFacts,
    MachineFacts,
    MemoryFacts,
    ProcessFacts,
    RunnerFacts,
    SystemFacts,
)

GIT_TIMEOUT_S = 2.0

PACKAGES = ("hydra-core", "omegaconf", "pandas", "matplotlib", "numpy", "scipy", "pyarrow", "rich")
THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
ENVIRONMENT_VARIABLES = (*THREAD_COUNTS, "PYTHONHASHSEED", "PYTHON_GIL")


def capture(root: Path = ROOT) -> MachineFacts:
    """Return the facts as JSON values by topic; every key is present, and None means unknown.

    Never raises. Takes a few milliseconds; if git is slow, up to `GIT_TIMEOUT_S` more.
    """
    return {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(root),
        "cpu": _cpu(root),
        "memory": _memory(root),
        "os": _os(),
        "process": _process(),
        "runner": _runner(),
        "git": _git(),
        "load": _load(root),
    }


def _facts(**readers: Callable[[], Any]) -> dict[str, Any]:
    """Call each reader separately; an empty text or collection means that the fact is unknown."""
    values = {name: known(read) for name, read in readers.items()}
    return {name: None if value in ("", [], {}) else value for name, value in values.items()}


# Topics of `capture`


def _machine(root: Path) -> HostFacts:
    """Describe the host and how it is virtualised: `vendor` and `product` often name the cloud."""
    firmware = root / "sys/class/dmi/id"
    facts = _facts(
        host_name=platform.node,
        architecture=platform.machine,
        vendor=lambda: text_of(firmware / "sys_vendor"),
        product=lambda: text_of(firmware / "product_name"),
        virtual_machine=lambda: "hypervisor" in _cpuinfo(root, "flags")[0].split(),
        container=lambda: _container(root),
    )
    return cast("HostFacts", facts)


def _cpu(root: Path) -> CpuFacts:
    """Describe the CPUs: model, topology, current frequencies (MHz, by CPU), what this process may use."""
    cpus = root / "sys/devices/system/cpu"
    facts = _facts(
        # Most ARM machines report only numbers; on POWER the key is "cpu".
        cpu_model=lambda: (_cpuinfo(root, "model name") or _cpuinfo(root, "cpu"))[0],
        logical_cpus=os.cpu_count,
        # The older name of core_cpus_list; every kernel has it.
        physical_cores=lambda: len(set(_each_cpu(root, "topology/thread_siblings_list"))) or None,
        sockets=lambda: len(set(_each_cpu(root, "topology/physical_package_id"))) or None,
        smt_active=lambda: text_of(cpus / "smt/active") == "1",
        hybrid=lambda: _hybrid(root),
        affinity=allowed_cpus,
        cpu_quota=lambda: cpu_quota(root),
        usable_cpus=lambda: usable_cpus(root),
        governor=lambda: ", ".join(sorted(set(_each_cpu(root, "cpufreq/scaling_governor")))),
        boost_enabled=lambda: _boost_enabled(root),
        frequencies_mhz=lambda: _frequencies_mhz(root),
        numa_nodes=lambda: {
            node.name: text_of(node / "cpulist")
            for node in sorted((root / "sys/devices/system/node").glob("node[0-9]*"))
        },
    )
    return cast("CpuFacts", facts)


def _memory(root: Path) -> MemoryFacts:
    facts = _facts(
        memory_total_bytes=lambda: _meminfo_bytes(root, "MemTotal"),
        memory_available_bytes=lambda: _meminfo_bytes(root, "MemAvailable"),
        cgroup_memory_limit_bytes=lambda: memory_limit_bytes(root),
    )
    return cast("MemoryFacts", facts)


def _os() -> SystemFacts:
    facts = _facts(
        system=platform.system,
        release=platform.release,
        version=platform.version,
        distribution=lambda: platform.freedesktop_os_release()["PRETTY_NAME"],
    )
    return cast("SystemFacts", facts)


def _process() -> ProcessFacts:
    # Looked up inside lambdas, because Windows has neither of the ids.
    facts = _facts(
        process_id=os.getpid,
        user_id=lambda: os.getuid(),  # noqa: PLW0108
        group_id=lambda: os.getgid(),  # noqa: PLW0108
        user_name=_user_name,
        working_directory=os.getcwd,
        command_line=lambda: list(sys.orig_argv),
    ) | {"environment": {name: os.environ.get(name) for name in ENVIRONMENT_VARIABLES}}
    return cast("ProcessFacts", facts)


def _runner() -> RunnerFacts:
    """Return facts about the runner's own interpreter; measured interpreters report theirs."""
    facts = _facts(
        runner_version=lambda: _package_version("parallel-runner"),
        python_implementation=platform.python_implementation,
        python_version=platform.python_version,
        python_build=lambda: sys.version,
        python_executable=lambda: sys.executable,
    ) | {"packages": {name: known(_package_version, name) for name in PACKAGES}}
    return cast("RunnerFacts", facts)


def _git() -> GitFacts:
    """Return the state of the git repository of the working directory, which contains the user's code."""
    revision, *state = known(_git_status) or ["(initial)"]
    if revision.endswith("(initial)"):
        return {"revision": None, "dirty": None}
    return {"revision": revision.split()[-1], "dirty": any(not line.startswith("#") for line in state)}


def _load(root: Path) -> LoadFacts:
    """Return the load of the whole machine; busy and steal are summed over its CPUs since it started."""
    facts = _facts(
        load_average=lambda: list(os.getloadavg()),
        uptime_s=lambda: float(text_of(root / "proc/uptime").split()[0]),
        # Fields of proc_stat(5): user, nice, system, irq, softirq; user and nice contain the guests'.
        busy_s=lambda: _cpu_seconds(root, 1, 2, 3, 6, 7),
        steal_s=lambda: _cpu_seconds(root, 8),
    )
    return cast("LoadFacts", facts)


# Single facts: any exception means that the fact is unknown


def _cpuinfo(root: Path, key: str) -> list[str]:
    """Return the values of `key` in `/proc/cpuinfo`, usually one per logical CPU."""
    pairs = (line.partition(":") for line in text_of(root / "proc/cpuinfo").splitlines())
    return [value.strip() for name, _, value in pairs if name.strip() == key]


def _each_cpu(root: Path, name: str) -> list[str]:
    """Return the contents of this file for every CPU under `/sys` that has it."""
    directories = (root / "sys/devices/system/cpu").glob("cpu[0-9]*")
    in_order = sorted(directories, key=lambda directory: int(directory.name.removeprefix("cpu")))
    texts = [known(text_of, directory / name) for directory in in_order]
    return [text for text in texts if text is not None]


def _hybrid(root: Path) -> bool | None:
    """Return whether the kernel rates the cores as unequal; None if it does not rate them."""
    # Linux gives Intel's efficiency cores a separate event source.
    if (root / "sys/devices/cpu_atom").exists():
        return True
    capacities = set(_each_cpu(root, "cpu_capacity"))
    return len(capacities) > 1 if capacities else None


def _boost_enabled(root: Path) -> bool:
    cpus = root / "sys/devices/system/cpu"
    no_turbo = known(text_of, cpus / "intel_pstate/no_turbo")
    return text_of(cpus / "cpufreq/boost") == "1" if no_turbo is None else no_turbo == "0"


def _frequencies_mhz(root: Path) -> list[float]:
    from_cpuinfo = [float(mhz) for mhz in known(_cpuinfo, root, "cpu MHz") or []]
    return from_cpuinfo or [int(khz) / 1000 for khz in _each_cpu(root, "cpufreq/scaling_cur_freq")]


def _meminfo_bytes(root: Path, key: str) -> int:
    lines = text_of(root / "proc/meminfo").splitlines()
    kib = next(line.split()[1] for line in lines if line.startswith(f"{key}:"))
    return int(kib) * 1024


def _cpu_seconds(root: Path, *fields: int) -> float:
    """Return the sum in seconds of these fields of the first line of `/proc/stat`, which is for all CPUs."""
    ticks = text_of(root / "proc/stat").splitlines()[0].split()
    return sum(int(ticks[field]) for field in fields) / os.sysconf("SC_CLK_TCK")


def _container(root: Path) -> str | None:
    """Return the kind of container, recognised by the engine's marker files; None if there are none."""
    for marker, kind in ((".dockerenv", "docker"), ("run/.containerenv", "podman")):
        if (root / marker).exists():
            return kind
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return "kubernetes"
    return known(text_of, root / "run/systemd/container") or os.environ.get("container")  # noqa: SIM112 - it is lower-case


def _user_name() -> str:
    """Return the name of the user id, regardless of environment variables, which sudo and containers set."""
    import pwd  # noqa: PLC0415 - not on Windows

    return pwd.getpwuid(os.getuid()).pw_name


def _package_version(name: str) -> str:
    from importlib import metadata  # noqa: PLC0415 - slow to import

    return metadata.version(name)


def _git_status() -> list[str]:
    """Return git's status in its stable format: headers begin with `#`, other lines are changes.

    Untracked files do not count as changes, as in `git describe --dirty`: they may be results.
    """
    import subprocess  # noqa: PLC0415 - slow to import

    # No side effects: git must not refresh the index, or start a file-watching daemon before a measurement.
    harmless = ["--no-optional-locks", "-c", "core.fsmonitor=false"]
    status = ["status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    return subprocess.run(
        ["git", *harmless, *status],  # noqa: S607 - the user's own git
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
        timeout=GIT_TIMEOUT_S,
    ).stdout.splitlines()
