"""The typed schema of the configuration, and the checks that one grid point can be given on its own."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import II, MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException


class Compare(StrEnum):
    """How results are compared with those of the reference invocation."""

    equal = "equal"
    close = "close"
    none = "none"


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


@dataclass
class ExecutorConfig:
    """Where to run it: an executor by name, and its arguments."""

    name: str = MISSING
    description: str = ""
    pool: dict[str, Any] = MISSING
    start_method: str | None = None
    chunk_size: int | None = II("chunk_size")
    extra: str | None = None  #: the extra of this package that installs the executor's library


@dataclass
class Config:
    """One grid point, as Hydra composes it. The settings are explained in conf/config.yaml."""

    workload: WorkloadConfig = MISSING
    executor: ExecutorConfig = MISSING
    baseline: ExecutorConfig = MISSING
    workers: int | None = None
    chunk_size: int | None = 1
    python: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    prefix: list[str] = field(default_factory=list)
    repetitions: int = 7
    iterations: int = 1
    time_limit_s: float | None = None
    confidence: float = 0.95
    seed: int | None = None
    results_dir: str = "results"
    name: str | None = None
    dry_run: bool = False
    quiet: bool = False


#: The schema of every node of the configuration that has one.
SCHEMAS: dict[str, type] = {
    "": Config,
    "workload": WorkloadConfig,
    "executor": ExecutorConfig,
    "baseline": ExecutorConfig,
}

#: Settings that hold for a study as a whole and so cannot be swept.
STUDY_SETTINGS = (
    "repetitions",
    "iterations",
    "time_limit_s",
    "confidence",
    "seed",
    "results_dir",
    "name",
    "dry_run",
    "quiet",
)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a group's chosen option comes from, for messages."""

    option: str  #: as chosen on the command line
    path: str  #: of the YAML file


@dataclass(frozen=True, kw_only=True)
class Point:
    """One valid grid point."""

    config: Config
    overrides: Mapping[str, str]  #: what the command line or the sweep set, as text
    origins: Mapping[str, Origin]  #: by group: workload, executor, executor@baseline
    uses_workers: Mapping[str, bool]  #: by executor and baseline: whether the pool's YAML refers to workers


def register() -> None:
    """Make the schema and the resolvers of conf/ known to Hydra."""
    store = ConfigStore.instance()
    node = OmegaConf.structured(Config)
    # Environment variables and arguments have names of the user's own: they need no + to be set.
    OmegaConf.set_struct(node.env, False)
    store.store(name="schema", node=node)


def read_point(
    config: DictConfig, overrides: Mapping[str, str], origins: Mapping[str, Origin]
) -> Point | list[str]:
    """Turn a composed configuration into a point, or list what is wrong with it."""
    for group, node in (
        ("workload", "workload"),
        ("executor", "executor"),
        ("executor@baseline", "baseline"),
    ):
        if not OmegaConf.is_missing(config, node) and OmegaConf.is_missing(config[node], "name"):
            config[node].name = origins[group].option  # a file needs no name of its own
    problems = [*_unknown_keys(config), *_missing_values(config, origins)]
    if problems:
        return problems
    try:
        typed = OmegaConf.to_object(config)
    except OmegaConfBaseException as error:
        return [f"{error.full_key}: {str(error).splitlines()[0]}"]
    assert isinstance(typed, Config)  # noqa: S101 - for the type checker
    problems = [*_out_of_range(typed), *_contradictions(typed, origins), *_not_json(typed)]
    if problems:
        return problems
    uses_workers = {node: _refers_to_workers(config[node].pool) for node in ("executor", "baseline")}
    return Point(config=typed, overrides=overrides, origins=origins, uses_workers=uses_workers)


def _unknown_keys(config: DictConfig) -> Iterator[str]:
    """Name the keys that only `+` lets through."""
    for path, schema in SCHEMAS.items():
        node = OmegaConf.select(config, path) if path else config
        known = [entry.name for entry in fields(schema)]
        for key in [] if node is None else node:
            if key not in known:
                full = f"{path}.{key}" if path else str(key)
                yield f"{full}: there is no such setting{near(str(key), known)}"


def near(name: str, known: list[str]) -> str:
    """Suggest the known name that is most like one that is not."""
    import difflib  # noqa: PLC0415 - only mistakes pay for it

    matches = difflib.get_close_matches(name, known, 1)
    return f"; did you mean '{matches[0]}'?" if matches else f"; there are {', '.join(known)}"


def _missing_values(config: DictConfig, origins: Mapping[str, Origin]) -> Iterator[str]:
    for key in sorted(OmegaConf.missing_keys(config)):
        group = key.split(".")[0]
        origin = origins.get(group)
        where = f" ({origin.path})" if origin else ""
        yield f"{key}{where}: a value is needed; give it in the file or as {key}=VALUE"


def _out_of_range(config: Config) -> Iterator[str]:
    least_one = {
        "workers": config.workers,
        "chunk_size": config.chunk_size,
        "executor.chunk_size": config.executor.chunk_size,
        "repetitions": config.repetitions,
        "iterations": config.iterations,
    }
    for key, number in least_one.items():
        if number is not None and number < 1:
            yield f"{key}={number}: it must be 1 or more"
    if not 0 < config.confidence < 1:
        yield f"confidence={config.confidence}: it must lie between 0 and 1, such as 0.95"
    if config.time_limit_s is not None and not config.time_limit_s > 0:
        yield f"time_limit_s={config.time_limit_s}: it must be more than 0"


def _contradictions(config: Config, origins: Mapping[str, Origin]) -> Iterator[str]:
    workload = config.workload
    where = f"workload '{workload.name}' ({origins['workload'].path})"
    if workload.function and workload.snippets:
        yield f"{where}: it has both a function and snippets; keep one of the two"
    if not workload.function and not workload.snippets:
        yield f"{where}: it has neither a function nor snippets; give workload.function=MODULE.NAME or snippets"
    if workload.function and not workload.snippets and workload.items is None:
        yield f"{where}: a function needs items; give a list, a _target_, lines or a glob"
    if workload.snippets and (workload.items is not None or workload.arguments or workload.initializer):
        yield f"{where}: snippets take no items, arguments or initializer; give those to a function"
    for node in ("executor", "baseline"):
        executor: ExecutorConfig = getattr(config, node)
        if not isinstance(executor.pool.get("_target_"), str):
            yield f"{node} '{executor.name}': its pool needs a _target_, such as {_EXAMPLE_TARGET}"


_EXAMPLE_TARGET = "concurrent.futures.ThreadPoolExecutor"


def _not_json(config: Config) -> Iterator[str]:
    """Name the values that would reach the measured interpreter changed, or not at all."""
    for node in ("workload", "executor", "baseline"):
        yield from _lost_in_json(asdict(getattr(config, node)), node)


def _lost_in_json(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, str):
                yield f"{path}: the key {key!r} is {type(key).__name__}, not text; put it in quotes"
            yield from _lost_in_json(part, f"{path}.{key}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _lost_in_json(part, f"{path}[{index}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{path}: {value} does not survive JSON; let a _target_ make it"
    else:
        try:
            json.dumps(value)
        except TypeError:
            yield f"{path}: a value of type {type(value).__name__} does not survive JSON; let a _target_ make it"


def _refers_to_workers(pool: DictConfig) -> bool:
    """Whether a pool's YAML interpolates the number of workers, however deep."""
    raw = OmegaConf.to_container(pool, resolve=False)
    return "${workers}" in json.dumps(raw) or "${..workers}" in json.dumps(raw)


def conf_dir() -> Path:
    """Find the shipped configuration: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"
