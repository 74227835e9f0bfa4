"""The content of environment.json: the machine, the interpreters, and what was observed in the workers.

A key is absent if the session, or the version that wrote the file, had no such fact; None: unknown.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict, cast

if TYPE_CHECKING:  # the probe is on the path of type checkers only
    from runner_probe.wire import WorkerFacts


class HostFacts(TypedDict, total=False):
    """The host, and how it is virtualised."""

    host_name: str | None
    architecture: str | None
    vendor: str | None  #: this and the product often name the cloud
    product: str | None
    virtual_machine: bool | None
    container: str | None  #: kind of container that the runner is in


class CpuFacts(TypedDict, total=False):
    """The CPUs: model, topology, frequencies, and what the process may use."""

    cpu_model: str | None
    logical_cpus: int | None
    physical_cores: int | None
    sockets: int | None
    smt_active: bool | None
    hybrid: bool | None  #: the kernel rates the cores as unequal
    affinity: Sequence[int] | None
    cpu_quota: float | None  #: set by the cgroups, in CPUs; None: unlimited or unknown
    usable_cpus: int | None
    governor: str | None
    boost_enabled: bool | None
    frequencies_mhz: list[float] | None
    numa_nodes: dict[str, str] | None  #: the CPUs of each


class MemoryFacts(TypedDict, total=False):
    """Memory in bytes."""

    memory_total_bytes: int | None
    memory_available_bytes: int | None
    cgroup_memory_limit_bytes: float | None


class SystemFacts(TypedDict, total=False):
    """The operating system."""

    system: str | None
    release: str | None
    version: str | None
    distribution: str | None


class ProcessFacts(TypedDict, total=False):
    """The runner's process."""

    process_id: int | None
    user_id: int | None
    group_id: int | None
    user_name: str | None
    working_directory: str | None
    command_line: list[str] | None
    environment: dict[str, str | None]  #: variables that affect results


class RunnerFacts(TypedDict, total=False):
    """The runner and its own interpreter."""

    runner_version: str | None
    python_implementation: str | None
    python_version: str | None
    python_build: str | None
    python_executable: str | None
    packages: dict[str, str | None]


class GitFacts(TypedDict):
    """The git repository of the working directory."""

    revision: str | None
    dirty: bool | None


class LoadFacts(TypedDict, total=False):
    """The load of the whole machine."""

    load_average: list[float] | None
    uptime_s: float | None
    busy_s: float | None  #: this and the next are summed over the CPUs since the machine started
    steal_s: float | None


class MachineFacts(TypedDict, total=False):
    """The machine and the runner's process at one time."""

    taken_at: str  #: ISO 8601, UTC
    machine: HostFacts
    cpu: CpuFacts
    memory: MemoryFacts
    os: SystemFacts
    process: ProcessFacts
    runner: RunnerFacts
    git: GitFacts
    load: LoadFacts


class InterpreterRecord(TypedDict, total=False):
    """A measured interpreter: how it is started, which cells it runs, and its InterpreterFacts."""

    python: str
    env: Mapping[str, str]
    prefix: Sequence[str]
    cells: Sequence[str]  #: ids
    async_cells: Sequence[str]  #: those of them whose tasks are coroutines
    executable: str
    version: str
    implementation: str
    build: str
    compiler: str
    free_threaded: bool
    gil_enabled: bool
    usable_cpus: int
    thread_counts: dict[str, str]
    packages: dict[str, str]


class Environment(TypedDict, total=False):
    """The content of environment.json."""

    start: MachineFacts
    end: MachineFacts
    resumed: list[MachineFacts]
    interpreters: list[InterpreterRecord]
    workers: "Mapping[str, WorkerFacts]"  #: by cell
    together: Mapping[str, Mapping[str, float]]  #: by number of busy CPUs: the speed of each, with bounds


def environment_of(content: Any) -> Environment:
    """Check the content of the file. Interpreters are omitted if they are not a list, as in old versions.

    Raises:
        TypeError: if it is not an object
    """
    if not isinstance(content, dict):
        raise TypeError("it is not an object")
    if not isinstance(content.get("interpreters", []), list):
        content = {key: value for key, value in content.items() if key != "interpreters"}
    return cast("Environment", content)
