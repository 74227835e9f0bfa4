"""Whether a study is gone on with where it was begun: the figures of two machines are not comparable."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

#: Topics and facts that must be the same, and those that are only told.
_MUST_BE_SAME = (
    *(("machine", "host_name"), ("machine", "architecture")),
    *(("cpu", "cpu_model"), ("cpu", "logical_cpus"), ("cpu", "usable_cpus")),
)
_TOLD = (
    *(("git", "revision"), ("git", "dirty"), ("os", "release"), ("memory", "memory_total_bytes")),
    *(("cpu", "governor"), ("cpu", "boost_enabled"), ("runner", "runner_version")),
)
_BUILD = ("executable", "version", "implementation", "build", "compiler", "free_threaded", "gil_enabled")

_Facts = Mapping[str, Any]


def other_machine(before: _Facts, now: _Facts) -> list[str]:
    """Tell in what this machine is not that on which the study was begun: its figures cannot be compared."""
    return [
        f"{_change(f'{topic}.{fact}', then, here)}; {_NOT_COMPARABLE}"
        for topic, fact, then, here in _differing(_MUST_BE_SAME, before, now)
    ]


def changes(before: _Facts, now: _Facts) -> list[str]:
    """Tell what else is not as it was; the figures may differ for it."""
    return [
        _change(f"{topic}.{fact}", then, here) for topic, fact, then, here in _differing(_TOLD, before, now)
    ]


def other_directory(working_directory: str | None, here: Path) -> list[str]:
    """Tell if functions would be imported from another folder."""
    before = Path(str(working_directory))
    if before == here or not before.is_dir():
        return []
    return [f"working_directory: the study was begun in {before}, and imports from there; cd {before}"]


def other_interpreters(before: Sequence[_Facts], now: Sequence[_Facts]) -> list[str]:
    """Tell which interpreters are not those that were measured."""
    known = {_key(one): one for one in before}
    return [
        f"python={one['python']}: {_change(fact, then, one.get(fact))}; {_NOT_COMPARABLE}"
        for one in now
        if _key(one) in known
        for fact in _BUILD
        if (then := known[_key(one)].get(fact)) != one.get(fact)
    ]


def changed_packages(before: Sequence[_Facts], now: Sequence[_Facts]) -> list[str]:
    """Tell which packages of the measured interpreters have another version."""
    known = {_key(one): one.get("packages", {}) for one in before}
    return [
        f"python={one['python']}: {_change(name, then, here)}"
        for one in now
        for name, then, here in _packages(known.get(_key(one), {}), one.get("packages", {}))
    ]


_NOT_COMPARABLE = "go on where it was begun, or measure again"


def _packages(before: _Facts, now: _Facts) -> Iterator[tuple[str, Any, Any]]:
    for name in {**before, **now}:
        if before.get(name) != now.get(name):
            yield name, before.get(name), now.get(name)


def _differing(
    wanted: Sequence[tuple[str, str]], before: _Facts, now: _Facts
) -> Iterator[tuple[str, str, Any, Any]]:
    for topic, fact in wanted:
        then, here = before.get(topic, {}).get(fact), now.get(topic, {}).get(fact)
        if then != here:
            yield topic, fact, then, here


def _key(interpreter: _Facts) -> str:
    return repr([interpreter.get(part) for part in ("python", "env", "prefix")])


def _change(name: str, then: Any, here: Any) -> str:
    before, now = ("unknown" if value is None else f"'{value}'" for value in (then, here))
    return f"{name} was {before} when the study was begun, and is {now}"
