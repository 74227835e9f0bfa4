"""The code that runs tasks in a worker of a cluster, where the probe is not installed.

It is sent as source and becomes a module that belongs to a single pool: nothing is installed on the worker,
and the next pool sends its own module.
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

    #: the file of a module, its text, and whether it is a package
    Source = tuple[str, str, bool]
    #: name of the module that pickles; folders to import from, for workers on the same machine; modules by
    #: name, for workers on other machines; the pickled initializer (or None) and function that all tasks
    #: share
    WorkerSetup = tuple[str, list[str], dict[str, Source], bytes]

_lock = threading.Lock()
_shared_call: list[Any] = []  # one function, once this worker is set up
_sent_modules: list[str] = []


def run(setup: WorkerSetup, pickled_call: bytes) -> bytes:
    """Run one call; return a pickled pair: why this worker is unusable (or None), and the returned value."""
    pickler = import_module(setup[0])
    with _lock:
        if not _shared_call:
            try:
                _shared_call.append(_set_up(setup, pickler))
            except BaseException as error:
                return pickle.dumps((f"{_here()} cannot begin: {type(error).__name__}: {error}", None))
    function, args, kwargs = pickler.loads(pickled_call)
    result: bytes = pickler.dumps((None, function(_shared_call[0], *args, **kwargs)))
    return result


def remove(name: str) -> None:
    """Remove the modules that were sent to this worker, and this one, from `sys.modules`."""
    for module in [*_sent_modules, name]:
        sys.modules.pop(module, None)


def _set_up(setup: WorkerSetup, pickler: ModuleType) -> Any:
    """Import the tasks' modules, run the initializer, and return the function that all tasks share."""
    _, path, sources, pickled = setup
    sys.path += [folder for folder in path if folder not in sys.path]
    finder = _Finder(sources)
    _sent_modules.extend(sources)
    for module in sources:  # left by a pool that was not shut down, perhaps with other text
        sys.modules.pop(module, None)
    sys.meta_path.insert(0, finder)
    try:
        for module in sources:
            import_module(module)
        initializer, call = pickler.loads(pickled)
    finally:
        sys.meta_path.remove(finder)
    if initializer is not None:
        initializer()
    return call


class _Finder(Loader):
    """Imports modules from the source that the pool sent."""

    def __init__(self, sources: dict[str, Source]) -> None:
        self.sources = sources

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name not in self.sources:
            return None
        file, _text, is_package = self.sources[name]
        return ModuleSpec(name, self, origin=file, is_package=is_package)

    def create_module(self, _: ModuleSpec) -> None:
        """Let the import system create the module."""

    def exec_module(self, module: ModuleType) -> None:
        file, text, _ = self.sources[module.__name__]
        module.__file__ = file
        # Lets tracebacks quote the lines, although the file need not exist on this machine.
        linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
        exec(compile(text, file, "exec"), module.__dict__)  # noqa: S102 - modules are code


def _here() -> str:
    host = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return f"the worker of process {os.getpid()} on {host}"
