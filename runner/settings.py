"""The settings of one point, as typed records: composing creates them, planning and measuring read them.

Nothing here imports Hydra; `runner.cli.schema` registers these records with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from runner.records import DEFAULT_LOAD_LIMIT_S, Mode

#: OmegaConf's mark of a mandatory value; written out so that reading the settings does not load OmegaConf.
MISSING: Any = "???"


class Compare(StrEnum):
    """How results are compared with those of the reference invocation."""

    equal = "equal"
    close = "close"
    none = "none"


class ProfileKind(StrEnum):
    """What the untimed runs for a profile show."""

    cpu = "cpu"
    memory = "memory"


@dataclass
class KnownAnswer:
    """What is known about a figure before it is measured."""

    executor: str = MISSING
    workers: int | None = None  #: None: it is about the executor's first cell, or about its curve
    figure: str = "speedup"  #: one of columns.KNOWN_FIGURES
    about: float | None = None
    within: float = 0.05  #: relative to `about`
    at_least: float | None = None
    at_most: float | None = None
    contains: float | None = None  #: a value that the figure's interval contains
    needs_gil: bool = False
    needs_cpus: float | None = None
    needs_quota: float | None = None  #: a cgroup's, in CPUs
    not_run: str | None = None  #: why it cannot be measured here
    because: str = ""


@dataclass
class WorkloadConfig:
    """What to run: a function and its items, or snippets."""

    name: str = MISSING
    description: str = ""
    function: str | None = None
    items: Any = None
    arguments: dict[str, Any] = field(default_factory=dict)
    initializer: Any = None
    setup: Any = None
    teardown: Any = None
    snippets: dict[str, str] = field(default_factory=dict)
    expect: list[Any] | None = None
    compare: Compare = Compare.equal
    known_answers: list[KnownAnswer] = field(default_factory=list)


@dataclass
class ExecutorConfig:
    """Where to run it: an executor by name, and its arguments."""

    name: str = MISSING
    description: str = ""
    pool: dict[str, Any] = field(default_factory=dict)
    start_method: str | None = None
    address: str | None = None  #: of a running cluster, for pools that refer to it
    chunk_size: Any = "${chunk_size}"  #: a ChunkSize, once it has been read
    extra: str | None = None  #: the extra of this package that installs the executor's library


@dataclass
class Config:
    """One grid point, as Hydra composes it. The settings are explained in conf/config.yaml."""

    workload: WorkloadConfig = MISSING
    executor: ExecutorConfig = MISSING
    baseline: ExecutorConfig = MISSING
    workers: int | None = None
    chunk_size: Any = 1  #: a ChunkSize, once it has been read
    python: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    prefix: list[str] = field(default_factory=list)
    revision: Any = None  #: a revision of the user's code, or a list of them
    mode: Mode = Mode.tasks
    duration_s: float | None = None
    repetitions: int = 7
    max_repetitions: int = 31
    precision: float | None = None
    time_budget_s: float | None = None
    iterations: int = 1
    time_limit_s: float | None = None
    load_limit_s: float = DEFAULT_LOAD_LIMIT_S
    confidence: float = 0.95
    seed: int | None = None
    memory: bool = True
    profile: ProfileKind | None = None
    results_dir: str = "results"
    name: str | None = None
    resume: str | None = None
    wait: bool = True
    dry_run: bool = False
    quiet: bool = False
    json: bool = False


#: What a session prints at its end: the whole result, the answer with its reasons, or verdict.json.
Printed = Literal["result", "answer", "json"]


def printed(*, quiet: bool, as_json: bool) -> Printed:
    """Choose what is printed; JSON if both are asked for."""
    return "json" if as_json else "answer" if quiet else "result"


#: Settings that apply to the whole study and so cannot be swept.
STUDY_SETTINGS = (
    "mode",
    "duration_s",
    "repetitions",
    "max_repetitions",
    "precision",
    "time_budget_s",
    "iterations",
    "time_limit_s",
    "load_limit_s",
    "confidence",
    "seed",
    "memory",
    "profile",
    "results_dir",
    "name",
    "resume",
    "wait",
    "dry_run",
    "quiet",
    "json",
)

#: Study settings that apply to a single session only.
SESSION_SETTINGS = ("resume", "wait", "dry_run", "quiet", "json")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The chosen option of a configuration group and its file, for messages."""

    option: str  #: as chosen on the command line
    path: str  #: of the YAML file
    overridden: frozenset[str] = frozenset()  #: keys that the command line or the sweep set


def is_overridden(key: str, overridden: Iterable[str]) -> bool:
    """Whether a setting, or a part of it, is among those that the command line or the sweep set."""
    return any(
        f"{other}.".startswith(f"{key}.") or key.startswith((f"{other}.", f"{other}["))
        for other in overridden
    )


@dataclass(frozen=True, kw_only=True)
class Point:
    """One valid grid point."""

    config: Config
    overrides: Mapping[str, str]  #: settings that the command line or the sweep set, as text
    origins: Mapping[str, Origin]  #: by group: workload, executor, executor@baseline
    uses_workers: Mapping[str, bool]  #: by executor and baseline: whether the pool depends on workers
    uses_start_method: Mapping[str, bool]  #: the same for its start method
