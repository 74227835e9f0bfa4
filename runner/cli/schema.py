"""The configuration's types as registered with Hydra, and how messages name a setting."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from runner.settings import Config, ExecutorConfig, Origin, WorkloadConfig, is_overridden

#: The types of the configuration's nodes, by path.
SCHEMAS: dict[str, type] = {
    "": Config,
    "workload": WorkloadConfig,
    "executor": ExecutorConfig,
    "baseline": ExecutorConfig,
}

#: The group whose options fill a node.
GROUPS = {"workload": "workload", "executor": "executor", "baseline": "executor@baseline"}


@cache  # Hydra refuses a second registration
def register() -> None:
    """Register the first and the last entry of the defaults list in conf/config.yaml with Hydra."""
    store = ConfigStore.instance()
    store.store(name="schema", node=OmegaConf.structured(Config))
    # Merged last, so that a misspelt key in a file is still reported with the name of the file.
    store.store(name="free_names", node=_accepting_new_keys(_USER_NAMED))


#: Nodes in which users choose the names, so that new keys need no +. The workload is one of them because of
#: its items and arguments; `runner.cli.validate` refuses its other unknown keys.
_USER_NAMED = ("workload", "executor.pool", "baseline.pool", "env")


def _accepting_new_keys(paths: Iterable[str]) -> DictConfig:
    """Make a configuration that, when merged, changes no value but allows new keys at and below the paths."""
    accepting = DictConfig({})
    for path in paths:
        OmegaConf.update(accepting, path, DictConfig({}, flags={"struct": False}))
    return accepting


def name_setting(key: str, origins: Mapping[str, Origin]) -> str:
    """Name a setting in a message: by option and file if a file set it, otherwise by its key."""
    node, _, rest = key.partition(".")
    origin = origins.get(GROUPS.get(node, ""))
    if origin is None or (rest and is_overridden(key, origin.overridden)):
        return key
    option = f"{GROUPS[node].partition('@')[0]} '{origin.option}' ({origin.path})"
    return f"{option}: {rest}" if rest else option


def suggest(name: str, known: Sequence[str]) -> str:
    """Suggest the known name that is most similar to an unknown one, or list all of them."""
    import difflib  # noqa: PLC0415 - needed for messages only

    matches = difflib.get_close_matches(name, known, 1)
    if matches:
        return f"; did you mean '{matches[0]}'?"
    return f"; use one of {', '.join(known)}" if known else ""


def suggest_setting(key: str) -> str:
    """Suggest a setting for an unknown key at the top level; one of a group with its full path."""
    import difflib  # noqa: PLC0415 - needed for messages only

    full: dict[str, str] = {}
    for path, schema in SCHEMAS.items():  # the top level first, then the workload
        for entry in fields(schema):
            full.setdefault(entry.name, f"{path}.{entry.name}".removeprefix("."))
    matches = difflib.get_close_matches(key, full, 1)
    if matches:
        return f"; did you mean '{full[matches[0]]}'?"
    return suggest(key, [entry.name for entry in fields(Config)])


#: The end of a message about a value that JSON would change or refuse.
NOT_IN_JSON = "cannot be written as JSON; let a _target_ create it"
