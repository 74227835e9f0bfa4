"""What runs tasks in a worker of a cluster that has none of our code.

It gets there as source, as a module of the pool's own: nothing is installed, and the next pool starts afresh.
"""

from __future__ import annotations

import linecache
import os
import pickle
import sys
import threading
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    #: file, text, whether a package
    Source = tuple[str, str, bool]
    #: the module that pickles; folders of the tasks' modules, for workers on our machine; or these modules
    #: themselves; the initializer (or None) and the function that tasks share, pickled
    Load = tuple[str, list[str], dict[str, Source], bytes]

_lock = threading.Lock()
_loaded: list[Any] = []
_brought: list[str] = []


def run(load: Load, work: bytes) -> bytes:
    """Run one piece of work; what comes back is why this worker is of no use (else None), and the result."""
    pickler = import_module(load[0])
    with _lock:
        if not _loaded:
            try:
                _loaded.append(_unload(load, pickler))
            except BaseException as error:
                return pickle.dumps((f"{_here()} cannot begin: {type(error).__name__}: {error}", None))
    function, args, kwargs = pickler.loads(work)
    answer: bytes = pickler.dumps((None, function(_loaded[0], *args, **kwargs)))
    return answer


def leave(name: str) -> None:
    """Forget the tasks' modules, and this one."""
    for module in [*_brought, name]:
        sys.modules.pop(module, None)


def _unload(load: Load, pickler: ModuleType) -> Any:
    """Import the tasks' modules, run the initializer, and return the function that tasks share."""
    _, path, sources, program = load
    sys.path += [folder for folder in path if folder not in sys.path]
    finder = _Finder(sources)
    _brought.extend(sources)
    for module in sources:  # from a pool that was not shut down, perhaps with other text
        sys.modules.pop(module, None)
    sys.meta_path.insert(0, finder)
    try:
        for module in sources:
            import_module(module)
        initializer, call = pickler.loads(program)
    finally:
        sys.meta_path.remove(finder)
    if initializer is not None:
        initializer()
    return call


class _Finder(Loader):
    """Imports modules from the text that came with the tasks."""

    def __init__(self, sources: dict[str, Source]) -> None:
        self.sources = sources

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name not in self.sources:
            return None
        file, _text, is_package = self.sources[name]
        return ModuleSpec(name, self, origin=file, is_package=is_package)

    def create_module(self, _: ModuleSpec) -> None:
        """Have the usual module made."""

    def exec_module(self, module: ModuleType) -> None:
        file, text, _ = self.sources[module.__name__]
        module.__file__ = file
        # Tracebacks quote lines, though there need be no such file here.
        linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
        exec(compile(text, file, "exec"), module.__dict__)  # noqa: S102 - modules are code


def _here() -> str:
    host = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return f"the worker of process {os.getpid()} on {host}"
