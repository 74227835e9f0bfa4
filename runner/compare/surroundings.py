"""What differs around two studies: machine, interpreters, packages and configuration."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runner.compare.change import Difference
from runner.folder.results import Results

#: Facts of environment.json that differ between any two studies and mean nothing.
_PASSING = (
    "taken_at",
    "load",
    "process.process_id",
    "process.command_line",
    "memory.memory_available_bytes",
    "cpu.frequencies_mhz",
)
_OF_STUDY = ("cells", "async_cells")  # of an interpreter: ids
#: Settings that say what is measured, not how a cell runs, or where results go.
_UNIMPORTANT = ("name", "results_dir", "resume", "wait", "dry_run", "quiet", "json", "seed")


def differences(before: Results, after: Results) -> list[Difference]:
    """List what differs, the machine first; a key is the path of a fact."""
    facts = [
        ({**_machine(results), **_interpreters(results), **_configuration(results)})
        for results in (before, after)
    ]
    keys = dict.fromkeys([*facts[0], *facts[1]])
    return [
        Difference(key=key, before=facts[0].get(key, ""), after=facts[1].get(key, ""))
        for key in keys
        if facts[0].get(key, "") != facts[1].get(key, "")
    ]


def _machine(results: Results) -> dict[str, str]:
    known = dict(_flat(results.environment.get("start", {})))
    return {
        key: text
        for key, text in known.items()
        if not any(key == passing or key.startswith(f"{passing}.") for passing in _PASSING)
    }


def _interpreters(results: Results) -> dict[str, str]:
    """List the facts about each measured interpreter, by the user's name for it."""
    facts: dict[str, str] = {}
    for number, interpreter in enumerate(results.environment.get("interpreters", []), 1):
        name = "interpreter" if number == 1 else f"interpreter {number}"
        content = {key: value for key, value in interpreter.items() if key not in _OF_STUDY}
        facts |= {f"{name}.{key}": text for key, text in _flat(content)}
    return facts


def _configuration(results: Results) -> dict[str, str]:
    content = {key: value for key, value in results.study.configuration.items() if key not in _UNIMPORTANT}
    return {f"configuration.{key}": text for key, text in _flat(content)}


def _flat(content: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """List the facts of nested mappings; lists are facts."""
    for key, value in content.items():
        name = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping):
            yield from _flat(value, name)
        elif value is not None:
            yield name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_text, value))}]"
    return str(value)
