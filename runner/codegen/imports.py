"""The imports of the code to paste, derived from dotted names without importing anything here."""

import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.machinery import PathFinder

#: Names that the generated code uses itself.
_RESERVED = (
    *("items", "item", "results", "result", "task", "pool", "context", "futures", "future", "file", "line"),
    *("batches", "batch", "run_batch", "call", "done", "start", "asyncio", "run_all", "run_item"),
    *("list", "map", "len", "range", "open", "sorted"),
)


@dataclass
class Names:
    """The names in the code, each of which refers to one object, and their imports."""

    taken: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_RESERVED, ""))  #: name → object

    def name(self, dotted: str) -> str:
        """Import an object by its dotted name, once; return how the code refers to it."""
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
        """Import a module under its own name."""
        self.taken[name] = name

    def reserve(self, *names: str) -> None:
        """Reserve names that the code assigns itself. Call this before importing others."""
        self.taken.update(dict.fromkeys(names, ""))

    def imports(self) -> list[str]:
        """Write the import statements: the standard library first, and modules before names."""
        modules: dict[str, list[str]] = {}
        for name, owner in self.taken.items():
            module, _, imported = owner.partition(":")
            if imported and owner != f"builtins:{name}":
                clause = imported if name == imported else f"{imported} as {name}"
                modules.setdefault(module, []).append(clause)
        lines = [(name, f"import {name}") for name, owner in self.taken.items() if name == owner]
        lines += [
            (module, f"from {module} import {', '.join(sorted(modules[module]))}")
            for module in sorted(modules)
        ]
        return [line for _, line in sorted(lines, key=lambda line: not _is_standard(line[0]))]


def split(dotted: str) -> tuple[str, list[str]]:
    """Split a dotted name into its module and the attributes below it, without importing anything.

    For the standard library, files show which parts are modules. In other libraries, all parts but the last
    are taken as modules, up to the first that begins with a capital letter, as classes do.
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
    """Count the leading parts that name a module of the standard library, by looking for its files."""
    folders: list[str] | None = [sysconfig.get_path("stdlib")]
    for depth in range(1, len(parts)):
        spec = PathFinder.find_spec(".".join(parts[:depth]), folders)
        if spec is None:  # or a built-in module, which has no submodules
            return max(1, depth - 1)
        folders = spec.submodule_search_locations
        if not folders:
            return depth
    return len(parts) - 1
