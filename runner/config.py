"""The typed schema of the configuration, and the checks that one grid point can be given on its own."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import II, MISSING, DictConfig, OmegaConf

from runner import modes
from runner.modes import Mode


class Compare(StrEnum):
    """How results are compared with those of the reference invocation."""

    equal = "equal"
    close = "close"
    none = "none"


#: What may be known of a cell: columns of summary.csv, and of fits.csv behind their law.
FIGURES = (
    *("speedup", "efficiency", "speedup_bound", "speedup_of_best", "warm_speedup", "marginal_speedup"),
    *(
        "wall_s",
        "cpu_s",
        "attributed_speedup",
        "serial_overhead",
        "computation_scaling",
        "cpu_scaling",
        "on_cpu",
    ),
    *("granularity", "placement", "dispatch_efficiency", "pool_efficiency"),
    *("amdahl_alpha", "usl_alpha", "usl_beta", "usl_peak_workers"),
)


@dataclass
class KnownAnswer:
    """What is known of a figure before it is measured."""

    executor: str = MISSING
    workers: int | None = None  #: None: of the executor's first cell, or of its curve
    figure: str = "speedup"  #: one of FIGURES
    about: float | None = None
    within: float = 0.05  #: relative to `about`
    at_least: float | None = None
    at_most: float | None = None
    contains: float | None = None  #: lies within the figure's interval
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
    mode: Mode = Mode.tasks
    duration_s: float | None = None
    repetitions: int = 7
    max_repetitions: int = 31
    precision: float | None = None
    time_budget_s: float | None = None
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

#: The group that fills each node which has one.
GROUPS = {"workload": "workload", "executor": "executor", "baseline": "executor@baseline"}

#: Settings that hold for a study as a whole and so cannot be swept.
STUDY_SETTINGS = (
    "mode",
    "duration_s",
    "repetitions",
    "max_repetitions",
    "precision",
    "time_budget_s",
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
    uses_workers: Mapping[str, bool]  #: by executor and baseline: whether the pool changes with workers


def register() -> None:
    """Make known to Hydra what the defaults list of conf/config.yaml begins and ends with."""
    store = ConfigStore.instance()
    store.store(name="schema", node=OmegaConf.structured(Config))
    # Merged last, so that a misspelt key of a file is still told with the file that it stands in.
    store.store(name="free_names", node=_open(_FREELY_NAMED))


#: Where names are the user's own and need no + to be set. Items and arguments lie in a workload, whose own
#: keys are known: `_unknown_keys` refuses others.
_FREELY_NAMED = ("workload", "executor.pool", "baseline.pool", "env")


def _open(paths: Iterable[str]) -> DictConfig:
    """Make settings that change nothing but let new keys in at and below the paths."""
    opened = DictConfig({})
    for path in paths:
        OmegaConf.update(opened, path, DictConfig({}, flags={"struct": False}))
    return opened


def read_point(
    config: DictConfig, overrides: Mapping[str, str], origins: Mapping[str, Origin]
) -> Point | list[str]:
    """Turn a composed configuration into a point, or list what is wrong with it.

    Raises:
        OmegaConfBaseException: for a value of the wrong type, or one that refers to what is not there
    """
    for node, group in GROUPS.items():
        if OmegaConf.is_missing(config[node], "name"):
            config[node].name = origins[group].option  # a file needs no name of its own
    problems = [*_unknown_keys(config), *_missing_values(config, origins)]
    if problems:
        return problems
    typed = OmegaConf.to_object(config)
    assert isinstance(typed, Config)  # noqa: S101 - for the type checker
    problems = [*_out_of_range(typed), *_contradictions(typed, origins), *_not_json(typed, origins)]
    if problems:
        return problems
    return Point(config=typed, overrides=overrides, origins=origins, uses_workers=_uses_workers(config))


def where(key: str, origins: Mapping[str, Origin]) -> str:
    """Name a setting for a message, by its option and file if it belongs to a group."""
    node, _, rest = key.partition(".")
    origin = origins.get(GROUPS.get(node, ""))
    if origin is None:
        return key
    option = f"{GROUPS[node].partition('@')[0]} '{origin.option}' ({origin.path})"
    return f"{option}: {rest}" if rest else option


def _unknown_keys(config: DictConfig) -> Iterator[str]:
    """Name the keys that only `+` lets through."""
    for path, schema in SCHEMAS.items():
        node = OmegaConf.select(config, path) if path else config
        known = [entry.name for entry in fields(schema)]
        for key in map(str, [] if node is None else node):
            if key not in known:
                hint = near(key, known) if path else near_setting(key)
                yield f"{path}.{key}: there is no such setting{hint}".removeprefix(".")


def near(name: str, known: list[str]) -> str:
    """Suggest the known name that is most like one that is not, or list them all."""
    import difflib  # noqa: PLC0415 - only mistakes pay for it

    matches = difflib.get_close_matches(name, known, 1)
    if matches:
        return f"; did you mean '{matches[0]}'?"
    return f"; there are {', '.join(known)}" if known else ""


def near_setting(key: str) -> str:
    """As `near`, for a key at the top: one that belongs to a group is suggested in full."""
    import difflib  # noqa: PLC0415 - only mistakes pay for it

    full: dict[str, str] = {}
    for path, schema in SCHEMAS.items():  # the top comes first, then the workload
        for entry in fields(schema):
            full.setdefault(entry.name, f"{path}.{entry.name}".removeprefix("."))
    matches = difflib.get_close_matches(key, full, 1)
    if matches:
        return f"; did you mean '{full[matches[0]]}'?"
    return near(key, [entry.name for entry in fields(Config)])


def _missing_values(config: DictConfig, origins: Mapping[str, Origin]) -> Iterator[str]:
    for key in sorted(map(str, OmegaConf.missing_keys(config))):
        yield f"{where(key, origins)}: a value is needed; give it in the file or as {key}=VALUE"


def _out_of_range(config: Config) -> Iterator[str]:
    least_one = {
        "workers": config.workers,
        "chunk_size": config.chunk_size,
        "repetitions": config.repetitions,
        "max_repetitions": config.max_repetitions,
        "iterations": config.iterations,
    }
    if config.executor.chunk_size != config.chunk_size:
        least_one["executor.chunk_size"] = config.executor.chunk_size
    for key, number in least_one.items():
        if number is not None and number < 1:
            yield f"{key}={number}: it must be 1 or more"
    if not 0 < config.confidence < 1:
        yield f"confidence={config.confidence:g}: it must lie between 0 and 1, such as 0.95"
    for key in ("duration_s", "time_limit_s", "time_budget_s", "precision"):
        amount = getattr(config, key)
        if amount is not None and not amount > 0:
            yield f"{key}={amount:g}: it must be more than 0"
    if config.precision is not None and config.precision >= 1:
        yield f"precision={config.precision:g}: it is a part of the speedup, such as 0.05 for 5 %"
    if config.precision is not None and config.max_repetitions < config.repetitions:
        fewest = f"repetitions={config.repetitions}"
        yield f"max_repetitions={config.max_repetitions}: it must not be less than {fewest}"
    if config.seed is not None and config.seed < 0:
        yield f"seed={config.seed}: it must be 0 or more"


def _contradictions(config: Config, origins: Mapping[str, Origin]) -> Iterator[str]:
    workload = config.workload
    here = where("workload", origins)
    if workload.function and workload.snippets:
        yield f"{here}: it has both a function and snippets; keep one of the two"
    if not workload.function and not workload.snippets:
        yield f"{here}: it has neither function nor snippets; give workload.function=MODULE.NAME or snippets"
    if workload.function and not workload.snippets and workload.items is None:
        yield f"{here}: a function needs items; give a list, a _target_, lines or a glob"
    if workload.function and not workload.snippets and workload.items is not None:
        yield from _wrong_items(workload.items, origins)
    if workload.snippets and (workload.items is not None or workload.arguments or workload.initializer):
        yield f"{here}: snippets take no items, arguments or initializer; give those to a function"
    yield from _wrong_answers(workload, origins)
    yield from modes.contradictions(config)
    for node in _POOLS:
        if not isinstance(getattr(config, node).pool.get("_target_"), str):
            yield f"{where(node, origins)}: its pool needs a _target_, such as {_EXAMPLE_TARGET}"


_EXAMPLE_TARGET = "concurrent.futures.ThreadPoolExecutor"


def _wrong_answers(workload: WorkloadConfig, origins: Mapping[str, Origin]) -> Iterator[str]:
    """Tell which known answers name no figure, or expect nothing of it."""
    for number, answer in enumerate(workload.known_answers):
        key = where(f"workload.known_answers[{number}]", origins)
        if answer.figure not in FIGURES:
            yield f"{key}: there is no figure '{answer.figure}'{near(answer.figure, list(FIGURES))}"
        if (answer.about, answer.at_least, answer.at_most, answer.contains, answer.not_run) == (None,) * 5:
            yield f"{key}: it expects nothing; give about, at_least, at_most, contains, or why it is not_run"


def _wrong_items(items: Any, origins: Mapping[str, Origin]) -> Iterator[str]:
    """Tell what is neither a list, nor a `_target_`, nor lines, nor a glob."""
    here = where("workload.items", origins)
    if isinstance(items, list) or (isinstance(items, dict) and "_target_" in items):
        return
    if not isinstance(items, dict) or not items:
        yield f"{here}: {items!r} are no items; give a list, {{lines: FILE}}, {{glob: PATTERN}} or a _target_"
        return
    unknown = [key for key in items if key not in ("lines", "glob")]
    for key in unknown:
        yield f"{here}.{key}: there is no such key; there are lines and glob, or a _target_ with arguments"
    if len(items) > 1 and not unknown:
        yield f"{here}: it has both lines and a glob; keep one of the two"
    for key, value in items.items():
        if key not in unknown and not isinstance(value, str):
            yield f"{here}.{key}: {value!r} is not text; write the path of a file, or a pattern of paths"


def _not_json(config: Config, origins: Mapping[str, Origin]) -> Iterator[str]:
    """Name the values that would reach the measured interpreter changed, or not at all."""
    for node in GROUPS:
        yield from _lost_in_json(asdict(getattr(config, node)), node, origins)
    # OmegaConf lets a list or a mapping pass where the schema says text.
    texts: dict[str, Mapping[Any, Any]] = {
        "workload.snippets": config.workload.snippets,
        "env": config.env,
        "prefix": dict(enumerate(config.prefix)),
    }
    for key, values in texts.items():
        for name, value in values.items():
            if not isinstance(value, str):
                yield f"{where(f'{key}.{name}', origins)}: it must be text, not a {type(value).__name__}"


def _lost_in_json(value: Any, path: str, origins: Mapping[str, Origin]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, str):
                kind = type(key).__name__
                yield f"{where(path, origins)}: the key {key!r} is {kind}, not text; put it in quotes"
            yield from _lost_in_json(part, f"{path}.{key}", origins)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _lost_in_json(part, f"{path}[{index}]", origins)
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{where(path, origins)}: {value} {LOST}"
    elif value is not None and not isinstance(value, (str, int, float)):
        yield f"{where(path, origins)}: a value of type {type(value).__name__} {LOST}"


LOST = "does not survive JSON; let a _target_ make it"


def _uses_workers(config: DictConfig) -> dict[str, bool]:
    """Find the pools that change with the number of workers, however their YAML refers to it."""
    found = []
    before = config.workers
    for workers in (1, 2):
        config.workers = workers
        found.append({node: OmegaConf.to_container(config[node].pool, resolve=True) for node in _POOLS})
    config.workers = before
    return {node: found[0][node] != found[1][node] for node in _POOLS}


#: The nodes that have a pool.
_POOLS = ("executor", "baseline")
