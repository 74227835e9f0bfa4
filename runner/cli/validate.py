"""One composed configuration → a point, or all that is wrong with it."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any

from omegaconf import DictConfig, OmegaConf

from runner.cli.schema import GROUPS, LOST, SCHEMAS, near, near_setting, where
from runner.columns import KNOWN_FIGURES
from runner.modes import MODES
from runner.records import AUTO
from runner.settings import Config, Origin, Point, WorkloadConfig, is_given

#: The nodes that have a pool.
_POOLS = ("executor", "baseline")


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
    _read_chunk_sizes(typed)
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
    """Name the keys that only `+` lets through."""
    for path, schema in SCHEMAS.items():
        node = OmegaConf.select(config, path) if path else config
        known = [entry.name for entry in fields(schema)]
        for key in map(str, [] if node is None else node):
            if key not in known:
                hint = near(key, known) if path else near_setting(key)
                yield f"{path}.{key}: there is no such setting{hint}".removeprefix(".")


def _missing_values(config: DictConfig, origins: Mapping[str, Origin]) -> Iterator[str]:
    for key in sorted(map(str, OmegaConf.missing_keys(config))):
        yield f"{where(key, origins)}: a value is needed; give it in the file or as {key}=VALUE"


def _out_of_range(config: Config) -> Iterator[str]:
    least_one = {
        "workers": config.workers,
        "repetitions": config.repetitions,
        "max_repetitions": config.max_repetitions,
        "iterations": config.iterations,
    }
    for key, number in least_one.items():
        if number is not None and number < 1:
            yield f"{key}={number}: it must be 1 or more"
    yield from _wrong_chunk_sizes(config)
    if not _LEAST_CONFIDENCE <= config.confidence < 1:
        yield f"confidence={config.confidence:g}: it must be less than 1 and at least 0.5, such as 0.95"
    for key in ("duration_s", "time_limit_s", "time_budget_s", "precision"):
        amount = getattr(config, key)
        if amount is not None and not amount > 0:
            yield f"{key}={amount:g}: it must be more than 0"
    yield from _wrong_precision(config)
    if config.seed is not None and config.seed < 0:
        yield f"seed={config.seed}: it must be 0 or more"


def _read_chunk_sizes(config: Config) -> None:
    """Make numbers of texts that are: a variable of the environment, say."""
    for owner in (config, config.executor, config.baseline):
        if isinstance(owner.chunk_size, str) and owner.chunk_size.isdecimal():
            owner.chunk_size = int(owner.chunk_size)


def _wrong_chunk_sizes(config: Config) -> Iterator[str]:
    sizes = {"chunk_size": config.chunk_size}
    for node in _POOLS:
        size = getattr(config, node).chunk_size
        if repr(size) != repr(config.chunk_size):  # that of all is told once
            sizes[f"{node}.chunk_size"] = size
    for key, size in sizes.items():
        if isinstance(size, int) and not isinstance(size, bool):
            if size < 1:
                yield f"{key}={size}: it must be 1 or more"
        elif size not in (AUTO, None):
            yield f"{key}={size}: it must be a number of tasks, such as 100, or {AUTO}, or null for all tasks"


_LEAST_CONFIDENCE = 0.5  # less is no claim


def _wrong_precision(config: Config) -> Iterator[str]:
    if config.precision is not None and config.precision >= 1:
        yield f"precision={config.precision:g}: it is a part of the speedup, such as 0.05 for 5 %"
    if config.precision is None and config.max_repetitions != Config.max_repetitions:
        yield (
            f"max_repetitions={config.max_repetitions}: without precision it does nothing; give "
            "precision=0.05 as well, or repetitions instead"
        )
    if config.precision is not None and config.max_repetitions < config.repetitions:
        fewest = f"repetitions={config.repetitions}"
        yield f"max_repetitions={config.max_repetitions}: it must not be less than {fewest}"


def _contradictions(config: Config, origins: Mapping[str, Origin]) -> Iterator[str]:
    if config.resume is not None and config.dry_run:
        yield "dry_run=true: resume goes on with a study and measures what is left; leave one of the two out"
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
    yield from _answers_of_another(workload, origins)
    yield from MODES[config.mode].contradictions(config)
    for node in _POOLS:
        if not isinstance(getattr(config, node).pool.get("_target_"), str):
            yield f"{where(node, origins)}: its pool needs a _target_, such as {_EXAMPLE_TARGET}"


_EXAMPLE_TARGET = "concurrent.futures.ThreadPoolExecutor"


def _wrong_answers(workload: WorkloadConfig, origins: Mapping[str, Origin]) -> Iterator[str]:
    """Tell which known answers name no figure, or expect nothing of it."""
    for number, answer in enumerate(workload.known_answers):
        key = where(f"workload.known_answers[{number}]", origins)
        if answer.figure not in KNOWN_FIGURES:
            yield f"{key}: there is no figure '{answer.figure}'{near(answer.figure, list(KNOWN_FIGURES))}"
        if (answer.about, answer.at_least, answer.at_most, answer.contains, answer.not_run) == (None,) * 5:
            yield f"{key}: it expects nothing; give about, at_least, at_most, contains, or why it is not_run"


def _answers_of_another(workload: WorkloadConfig, origins: Mapping[str, Origin]) -> Iterator[str]:
    """Tell where a function or items were set, and the results expected are still those of the file."""
    origin = origins["workload"]
    changed = [key for key in ("function", "items") if f"workload.{key}" in origin.given]
    if changed and workload.expect is not None and not is_given("workload.expect", origin.given):
        yield (
            f"workload.{changed[0]}: {where('workload', origins)} expects the results of its own function "
            "and items; write workload=function workload.function=MODULE.NAME workload.items=[...] for "
            "yours, or add workload.expect=null"
        )


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


def _pool_changes(config: DictConfig, node: str, key: str, values: Iterable[Any]) -> bool:
    """Whether a pool changes with a setting, however its YAML refers to it."""
    before = OmegaConf.select(config, key)
    found = []
    for value in values:
        OmegaConf.update(config, key, value)
        found.append(OmegaConf.to_container(config[node].pool, resolve=True))
    OmegaConf.update(config, key, before)
    return found[0] != found[1]
