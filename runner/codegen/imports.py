"""The names in the code to paste: which dotted name is imported from where, without importing it here."""

import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.machinery import PathFinder

#: What the code itself calls by these names.
_RESERVED = (
    *("items", "item", "results", "result", "task", "pool", "context", "futures", "future", "file", "line"),
    *("batches", "batch", "run_batch", "call", "done", "start", "asyncio", "run_all", "run_item"),
    *("list", "map", "len", "range", "open", "sorted"),
)


@dataclass
class Names:
    """The names that the code uses, each for one object, and the imports that make them."""

    taken: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_RESERVED, ""))  #: name → object

    def name(self, dotted: str) -> str:
        """Import what a dotted name begins with, once; returns how the code refers to the object."""
        module, attributes = split(dotted)
        imported = f"{module}:{attributes[0]}"
        known = next((name for name, owner in self.taken.items() if owner == imported), None)
        if known is None:
            known = attributes[0]
            if known in self.taken:
                known = f"{module.rpartition('.')[2]}_{known}"
            while known in self.taken:
                known += "_"
            self.taken[known] = imported
        return ".".join([known, *attributes[1:]])

    def module(self, name: str) -> None:
        """Import a module as such."""
        self.taken[name] = name

    def reserve(self, *names: str) -> None:
        """Keep names for what the code itself calls so; to be told before others are imported."""
        self.taken.update(dict.fromkeys(names, ""))

    def imports(self) -> list[str]:
        """Write the imports, first those of the standard library: modules as such, then names."""
        modules: dict[str, list[str]] = {}
        for name, owner in self.taken.items():
            module, _, imported = owner.partition(":")
            if imported and owner != f"builtins:{name}":
                given = imported if name == imported else f"{imported} as {name}"
                modules.setdefault(module, []).append(given)
        lines = [(name, f"import {name}") for name, owner in self.taken.items() if name == owner]
        lines += [
            (module, f"from {module} import {', '.join(sorted(modules[module]))}")
            for module in sorted(modules)
        ]
        return [line for _, line in sorted(lines, key=lambda line: not _is_standard(line[0]))]


def split(dotted: str) -> tuple[str, list[str]]:
    """Split a dotted name into its module and the attributes below it, without importing anything.

    Of the standard library it is known what is a module. Otherwise all but the last part is, unless a part
    before that begins with a capital letter, as classes do.
    """
    parts = dotted.split(".")
    if _is_standard(dotted):
        depth = _standard_depth(parts)
    else:
        capital = (i for i, part in enumerate(parts) if i and part.lstrip("_")[:1].isupper())
        depth = next(capital, len(parts) - 1)
    depth = max(1, min(depth, len(parts) - 1))
    return ".".join(parts[:depth]), parts[depth:]


def _is_standard(dotted: str) -> bool:
    return dotted.partition(".")[0] in sys.stdlib_module_names


def _standard_depth(parts: Sequence[str]) -> int:
    """Count how many leading parts name a module of the standard library; looks for files only."""
    folders: list[str] | None = [sysconfig.get_path("stdlib")]
    for depth in range(1, len(parts)):
        spec = PathFinder.find_spec(".".join(parts[:depth]), folders)
        if spec is None:  # also for what is built in, which has nothing below it
            return max(1, depth - 1)
        folders = spec.submodule_search_locations
        if not folders:
            return depth
    return len(parts) - 1
