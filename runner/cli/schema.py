"""The typed schema of the configuration, and how its settings are named in messages."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from runner.settings import Config, ExecutorConfig, Origin, WorkloadConfig, is_given

#: The schema of every node of the configuration that has one.
SCHEMAS: dict[str, type] = {
    "": Config,
    "workload": WorkloadConfig,
    "executor": ExecutorConfig,
    "baseline": ExecutorConfig,
}

#: The group that fills each node which has one.
GROUPS = {"workload": "workload", "executor": "executor", "baseline": "executor@baseline"}


@cache  # Hydra refuses a second registration
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


def where(key: str, origins: Mapping[str, Origin]) -> str:
    """Name a setting for a message, by its option and file if that is where it was read."""
    node, _, rest = key.partition(".")
    origin = origins.get(GROUPS.get(node, ""))
    if origin is None or (rest and is_given(key, origin.given)):
        return key
    option = f"{GROUPS[node].partition('@')[0]} '{origin.option}' ({origin.path})"
    return f"{option}: {rest}" if rest else option


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


#: Of a value that JSON would change, or refuse.
LOST = "does not survive JSON; let a _target_ make it"
