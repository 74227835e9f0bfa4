"""Checks that a study is resumed where it was started: figures from two machines cannot be compared."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

#: Facts about the machine, as topic and name, that must not change, and those whose change causes a warning.
_MUST_BE_SAME = (
    *(("machine", "host_name"), ("machine", "architecture")),
    *(("cpu", "cpu_model"), ("cpu", "logical_cpus"), ("cpu", "usable_cpus")),
)
_WARN_IF_CHANGED = (
    *(("git", "revision"), ("git", "dirty"), ("os", "release"), ("memory", "memory_total_bytes")),
    *(("cpu", "governor"), ("cpu", "boost_enabled"), ("runner", "runner_version")),
)
_BUILD = ("executable", "version", "implementation", "build", "compiler", "free_threaded", "gil_enabled")

_Facts = Mapping[str, Any]


def other_machine(before: _Facts, now: _Facts) -> list[str]:
    """Return a problem for each fact that differs from the machine on which the study was started."""
    return [
        f"{_change(f'{topic}.{fact}', old, new)}; {_NOT_COMPARABLE}"
        for topic, fact, old, new in _differing(_MUST_BE_SAME, before, now)
    ]


def changes(before: _Facts, now: _Facts) -> list[str]:
    """Return a warning for each other change of the machine that may affect the figures."""
    return [
        _change(f"{topic}.{fact}", old, new)
        for topic, fact, old, new in _differing(_WARN_IF_CHANGED, before, now)
    ]


def other_directory(working_directory: str | None, current: Path) -> list[str]:
    """Return a problem if functions would be imported from another directory than before."""
    before = Path(str(working_directory))
    if before == current or not before.is_dir():
        return []
    return [f"working_directory: the study was started in {before} and imports from there; run: cd {before}"]


def other_interpreters(before: Sequence[_Facts], now: Sequence[_Facts]) -> list[str]:
    """Return a problem for each interpreter whose build has changed."""
    known = {_key(interpreter): interpreter for interpreter in before}
    return [
        f"python={interpreter['python']}: {_change(fact, old, interpreter.get(fact))}; {_NOT_COMPARABLE}"
        for interpreter in now
        if _key(interpreter) in known
        for fact in _BUILD
        if (old := known[_key(interpreter)].get(fact)) != interpreter.get(fact)
    ]


def changed_packages(before: Sequence[_Facts], now: Sequence[_Facts]) -> list[str]:
    """Return a warning for each package of a measured interpreter whose version has changed."""
    known = {_key(interpreter): interpreter.get("packages", {}) for interpreter in before}
    return [
        f"python={interpreter['python']}: {_change(name, old, new)}"
        for interpreter in now
        for name, old, new in _packages(known.get(_key(interpreter), {}), interpreter.get("packages", {}))
    ]


_NOT_COMPARABLE = "resume it where it was started, or measure a new study"


def _packages(before: _Facts, now: _Facts) -> Iterator[tuple[str, Any, Any]]:
    for name in {**before, **now}:
        if before.get(name) != now.get(name):
            yield name, before.get(name), now.get(name)


def _differing(
    compared: Sequence[tuple[str, str]], before: _Facts, now: _Facts
) -> Iterator[tuple[str, str, Any, Any]]:
    for topic, fact in compared:
        old, new = before.get(topic, {}).get(fact), now.get(topic, {}).get(fact)
        if old != new:
            yield topic, fact, old, new


def _key(interpreter: _Facts) -> str:
    return repr([interpreter.get(part) for part in ("python", "env", "prefix")])


def _change(name: str, old: Any, new: Any) -> str:
    before, now = ("unknown" if value is None else f"'{value}'" for value in (old, new))
    return f"{name} was {before} when the study was started and is {now} now"
