"""One composed configuration → a point, or a list of its problems."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any

from omegaconf import DictConfig, OmegaConf

from runner.cli.schema import GROUPS, NOT_IN_JSON, SCHEMAS, name_setting, suggest, suggest_setting
from runner.columns import KNOWN_FIGURES
from runner.modes import MODES
from runner.records import AUTO
from runner.settings import Config, Origin, Point, WorkloadConfig, is_overridden

#: The configuration nodes that describe a pool.
_POOLS = ("executor", "baseline")


def read_point(
    config: DictConfig, overrides: Mapping[str, str], origins: Mapping[str, Origin]
) -> Point | list[str]:
    """Return the point that a composed configuration describes, or its problems.

    Raises:
        OmegaConfBaseException: a value has the wrong type, or refers to a missing setting
    """
    for node, group in GROUPS.items():
        if OmegaConf.is_missing(config[node], "name"):
            config[node].name = origins[group].option  # a file needs no name of its own
    problems = [*_unknown_keys(config), *_missing_values(config, origins)]
    if problems:
        return problems
    typed = OmegaConf.to_object(config)
    assert isinstance(typed, Config)  # noqa: S101 - for the type checker
    _convert_chunk_sizes(typed)
    problems = [*_out_of_range(typed), *_contradictions(typed, origins), *_not_json(typed, origins)]
    if problems:
        return problems
    return Point(
        config=typed,
        overrides=overrides,
        origins=origins,
        uses_workers={node: _pool_changes(config, node, "workers", (1, 2)) for node in _POOLS},
        uses_start_method={
            node: _pool_changes(config, node, f"{node}.start_method", ("fork", "spawn")) for node in _POOLS
        },
    )


def _unknown_keys(config: DictConfig) -> Iterator[str]:
    """Report keys that have no meaning; Hydra accepts any key after a +."""
    for path, schema in SCHEMAS.items():
        node = OmegaConf.select(config, path) if path else config
        known = [entry.name for entry in fields(schema)]
        for key in map(str, [] if node is None else node):
            if key not in known:
                hint = suggest(key, known) if path else suggest_setting(key)
                yield f"{path}.{key}: unknown setting{hint}".removeprefix(".")


def _missing_values(config: DictConfig, origins: Mapping[str, Origin]) -> Iterator[str]:
    for key in sorted(map(str, OmegaConf.missing_keys(config))):
        yield f"{name_setting(key, origins)}: a value is required; set it in the file or with {key}=VALUE"


def _out_of_range(config: Config) -> Iterator[str]:
    counts = {
        "workers": config.workers,
        "repetitions": config.repetitions,
        "max_repetitions": config.max_repetitions,
        "iterations": config.iterations,
    }
    for key, number in counts.items():
        if number is not None and number < 1:
            yield f"{key}={number}: must be 1 or more"
    yield from _wrong_chunk_sizes(config)
    if not _MIN_CONFIDENCE <= config.confidence < 1:
        yield f"confidence={config.confidence:g}: must be at least 0.5 and less than 1, such as 0.95"
    for key in ("duration_s", "time_limit_s", "load_limit_s", "time_budget_s", "precision"):
        amount = getattr(config, key)
        if amount is not None and not amount > 0:
            yield f"{key}={amount:g}: must be more than 0"
    yield from _wrong_precision(config)
    if config.seed is not None and config.seed < 0:
        yield f"seed={config.seed}: must be 0 or more"


def _convert_chunk_sizes(config: Config) -> None:
    """Convert chunk sizes given as text, for example through an environment variable, to numbers."""
    for owner in (config, config.executor, config.baseline):
        if isinstance(owner.chunk_size, str) and owner.chunk_size.isdecimal():
            owner.chunk_size = int(owner.chunk_size)


def _wrong_chunk_sizes(config: Config) -> Iterator[str]:
    sizes = {"chunk_size": config.chunk_size}
    for node in _POOLS:
        size = getattr(config, node).chunk_size
        if repr(size) != repr(config.chunk_size):  # otherwise it is the general setting, already listed
            sizes[f"{node}.chunk_size"] = size
    for key, size in sizes.items():
        if isinstance(size, int) and not isinstance(size, bool):
            if size < 1:
                yield f"{key}={size}: must be 1 or more"
        elif size not in (AUTO, None):
            yield f"{key}={size}: must be a number of tasks, such as 100, or {AUTO}, or null for all tasks"


_MIN_CONFIDENCE = 0.5  # an interval with less confidence is more likely wrong than right


def _wrong_precision(config: Config) -> Iterator[str]:
    if config.precision is not None and config.precision >= 1:
        yield f"precision={config.precision:g}: must be less than 1, such as 0.05 for 5 % of the speedup"
    if config.precision is None and config.max_repetitions != Config.max_repetitions:
        yield (
            f"max_repetitions={config.max_repetitions}: it has no effect without precision; add "
            "precision=0.05, or use repetitions instead"
        )
    if config.precision is not None and config.max_repetitions < config.repetitions:
        least = f"repetitions={config.repetitions}"
        yield f"max_repetitions={config.max_repetitions}: must not be less than {least}"


def _contradictions(config: Config, origins: Mapping[str, Origin]) -> Iterator[str]:
    if config.resume is not None and config.dry_run:
        yield "dry_run=true: cannot be combined with resume, which measures the rest of a study; remove one"
    workload = config.workload
    place = name_setting("workload", origins)
    if workload.function and workload.snippets:
        yield f"{place}: has both a function and snippets; remove one of them"
    if not workload.function and not workload.snippets:
        yield f"{place}: has neither a function nor snippets; set workload.function=MODULE.NAME, or snippets"
    if workload.function and not workload.snippets and workload.items is None:
        yield f"{place}: a function needs items; set workload.items to a list, a _target_, lines or a glob"
    if workload.function and not workload.snippets and workload.items is not None:
        yield from _wrong_items(workload.items, origins)
    if workload.snippets and (workload.items is not None or workload.arguments or workload.initializer):
        yield f"{place}: snippets take no items, arguments or initializer; remove them, or use a function"
    yield from _wrong_answers(workload, origins)
    yield from _outdated_expectation(workload, origins)
    yield from MODES[config.mode].contradictions(config)
    for node in _POOLS:
        if not isinstance(getattr(config, node).pool.get("_target_"), str):
            yield f"{name_setting(node, origins)}: pool needs a _target_, such as {_EXAMPLE_TARGET}"


_EXAMPLE_TARGET = "concurrent.futures.ThreadPoolExecutor"


def _wrong_answers(workload: WorkloadConfig, origins: Mapping[str, Origin]) -> Iterator[str]:
    """Report known answers that name an unknown figure, or expect nothing of it."""
    for number, answer in enumerate(workload.known_answers):
        key = name_setting(f"workload.known_answers[{number}]", origins)
        if answer.figure not in KNOWN_FIGURES:
            yield f"{key}: unknown figure '{answer.figure}'{suggest(answer.figure, list(KNOWN_FIGURES))}"
        if (answer.about, answer.at_least, answer.at_most, answer.contains, answer.not_run) == (None,) * 5:
            yield f"{key}: expects nothing; set about, at_least, at_most, contains or not_run"


def _outdated_expectation(workload: WorkloadConfig, origins: Mapping[str, Origin]) -> Iterator[str]:
    """Report an overridden function or items whose expected results are still those of the file."""
    origin = origins["workload"]
    changed = [key for key in ("function", "items") if f"workload.{key}" in origin.overridden]
    if changed and workload.expect is not None and not is_overridden("workload.expect", origin.overridden):
        yield (
            f"workload.{changed[0]}: {name_setting('workload', origins)} expects the results of its own "
            "function and items; for yours, use workload=function workload.function=MODULE.NAME "
            "workload.items=[...], or add workload.expect=null"
        )


def _wrong_items(items: Any, origins: Mapping[str, Origin]) -> Iterator[str]:
    """Report items that are neither a list, a `_target_`, lines nor a glob."""
    place = name_setting("workload.items", origins)
    if isinstance(items, list) or (isinstance(items, dict) and "_target_" in items):
        return
    if not isinstance(items, dict) or not items:
        use = "use a list, {lines: FILE}, {glob: PATTERN} or a _target_"
        yield f"{place}: {items!r} is not a list of items; {use}"
        return
    unknown = [key for key in items if key not in ("lines", "glob")]
    for key in unknown:
        yield f"{place}.{key}: unknown key; use lines or glob, or a _target_ with arguments"
    if len(items) > 1 and not unknown:
        yield f"{place}: has both lines and a glob; remove one of them"
    for key, value in items.items():
        if key not in unknown and not isinstance(value, str):
            yield f"{place}.{key}: {value!r} is not text; use the path of a file, or a pattern of paths"


def _not_json(config: Config, origins: Mapping[str, Origin]) -> Iterator[str]:
    """Report values that would not reach the measured interpreter unchanged."""
    for node in GROUPS:
        yield from _changed_by_json(asdict(getattr(config, node)), node, origins)
    # OmegaConf accepts a list or a mapping where the schema says text.
    texts: dict[str, Mapping[Any, Any]] = {
        "workload.snippets": config.workload.snippets,
        "env": config.env,
        "prefix": dict(enumerate(config.prefix)),
    }
    for key, values in texts.items():
        for name, value in values.items():
            if not isinstance(value, str):
                yield f"{name_setting(f'{key}.{name}', origins)}: must be text, not a {type(value).__name__}"


def _changed_by_json(value: Any, path: str, origins: Mapping[str, Origin]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, str):
                place, kind = name_setting(path, origins), type(key).__name__
                yield f"{place}: the key {key!r} is of type {kind}, not text; put it in quotes"
            yield from _changed_by_json(part, f"{path}.{key}", origins)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _changed_by_json(part, f"{path}[{index}]", origins)
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{name_setting(path, origins)}: {value} {NOT_IN_JSON}"
    elif value is not None and not isinstance(value, (str, int, float)):
        yield f"{name_setting(path, origins)}: a value of type {type(value).__name__} {NOT_IN_JSON}"


def _pool_changes(config: DictConfig, node: str, key: str, values: Iterable[Any]) -> bool:
    """Whether the arguments of a pool depend on a setting, however its YAML refers to it."""
    original = OmegaConf.select(config, key)
    pools = []
    for value in values:
        OmegaConf.update(config, key, value)
        pools.append(OmegaConf.to_container(config[node].pool, resolve=True))
    OmegaConf.update(config, key, original)
    return pools[0] != pools[1]
