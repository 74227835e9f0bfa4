"""Pools on a cluster: the code that the adapters of Dask and Ray share.

A worker may run on another machine, in another folder, and in an environment that has neither the probe nor
the user's modules. So the pool sends modules as source, once to each worker; there, `remote_worker.py` runs
every submission.
"""

from __future__ import annotations

import os
import socket
import sys
import sysconfig
import tokenize
import uuid
from concurrent.futures import BrokenExecutor, CancelledError, Future, wait
from functools import partial
from threading import Lock

from runner_probe import coroutine_loop, task_failure  # noqa: F401 - workers are sent them
from runner_probe.adapters import remote_worker
from runner_probe.pools import Traits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from runner_probe.adapters.remote_worker import Source, WorkerSetup

    #: the source of `remote_worker.py`, and the argument of its `run`
    Program = tuple[str, WorkerSetup]

_CONNECT_TIMEOUT_S = 10.0
_PROBE = "runner_probe"
_WORKER_MODULES = ("worker", "coroutine_loop", "task_failure", "snippets")  # of the probe
_INSTALLED = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
_LIBRARIES = ("site-packages", "dist-packages", "lib-dynload")


class ClusterBroken(BrokenExecutor):
    """A worker or the engine was lost, and with it every task that had not finished."""


def run_in_worker(name: str, program: Program, pickled_call: bytes) -> bytes:
    """Run a call in a worker. The first call creates the pool's module, which has this name."""
    import sys  # noqa: PLC0415 - only this function's code is sent
    import types  # noqa: PLC0415

    source, setup = program
    if name not in sys.modules:
        module = types.ModuleType(name)
        exec(source, module.__dict__)  # noqa: S102 - the source of `remote_worker.py`
        sys.modules.setdefault(name, module)  # another thread may have been faster
    result: bytes = sys.modules[name].run(setup, pickled_call)
    return result


def remove_from_worker(name: str) -> None:
    """Remove a pool's modules from a worker that outlives it."""
    import sys  # noqa: PLC0415 - only this function's code is sent

    if name in sys.modules:
        sys.modules[name].remove(name)


# Both engines pickle functions of `__main__` by value, so no worker needs this module.
run_in_worker.__module__ = remove_from_worker.__module__ = "__main__"


class ClusterPool:
    """A pool on an engine. Adapters implement joining and opening it, sending calls to it and closing it.

    Args:
        workers: tasks that run at the same time; None: as many as the engine has CPUs or threads
        address: of a running cluster; None: the engine is started on this machine, with the first task
        initializer: called once in each worker, before its first task

    Raises:
        ConnectionError: nothing answers at the address
        ValueError: the cluster there cannot run that many tasks at the same time
    """

    traits = Traits(
        no_window="its workers may be on other hosts, which have their own clocks",
        shares_call=True,
    )
    pickler: ModuleType  #: the engine's `cloudpickle`
    starts_with: str  #: the command that starts the engine

    def __init__(
        self,
        workers: int | None = None,
        address: str | None = None,
        initializer: Callable[[], object] | None = None,
    ) -> None:
        self.workers, self.address, self.initializer = workers, address, initializer
        self.folder = ""  # of an engine that this pool started
        self.name = f"{_PROBE}_{uuid.uuid4().hex}"  # of the pool's module in the workers
        self._call: Any = None
        self._program: Any = None
        self._lock = Lock()
        self._pending: dict[Future[Any], Future[bytes]] = {}
        self.lost: str | None = None  #: the reason, once a worker or the engine was lost
        if address is not None:
            check_reachable(address, f"`{self.starts_with}`")
            self.join(address)

    def join(self, address: str) -> None:
        """Connect to a running cluster, and choose or reserve workers there."""
        raise NotImplementedError

    def open(self) -> None:
        """Start the engine unless it is running."""
        raise NotImplementedError

    def share(self, program: Program) -> Any:
        """Make the program available to all workers; return the reference to it that `send` gets."""
        raise NotImplementedError

    def send(self, program: Any, pickled_call: bytes) -> Future[bytes]:
        """Have a worker execute `run_in_worker`."""
        raise NotImplementedError

    def close(self) -> None:
        """Disconnect from the engine, and end it if this pool started it."""
        raise NotImplementedError

    def loss(self, error: BaseException) -> str | None:
        """Describe the loss of a worker or the engine that an error reports; None for other errors."""
        raise NotImplementedError

    def unwrap(self, error: BaseException) -> BaseException:
        """Return the error that was raised in a worker."""
        return error

    def submit(self, function: Callable[..., Any], call: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `function(call, *args, **kwargs)` in a worker; all submissions share one `call`."""
        if self._program is None:
            self.open()
            self._call, self._program = call, self.share(self._make_program(call))
        elif call is not self._call:
            raise ValueError("a pool on a cluster runs one function only; open another for the next")
        pickled_call = self.pickler.dumps((function, args, kwargs))
        future: Future[Any] = Future()
        sent = self.send(self._program, pickled_call)
        with self._lock:
            if self.lost is not None:
                raise ClusterBroken(self.lost)
            self._pending[future] = sent
        future.add_done_callback(self._cancel)
        sent.add_done_callback(partial(self._receive, future))
        return future

    def shutdown(self, *, wait: bool = True) -> None:
        """Close when everything submitted has ended."""
        try:
            if wait:
                self._wait()
        finally:
            self.close()

    def fail_all(self, reason: str) -> None:
        """Fail everything that was submitted and has not ended."""
        with self._lock:
            self.lost = self.lost or reason
            pending = list(self._pending)
            self._pending.clear()
        for future in pending:
            if future.set_running_or_notify_cancel():
                future.set_exception(ClusterBroken(reason))

    def _wait(self) -> None:
        with self._lock:
            pending = list(self._pending)
        wait(pending)

    def _make_program(self, call: Any) -> Program:
        with open(remote_worker.__file__, encoding="utf-8") as file:
            source = file.read()
        pickled: bytes = self.pickler.dumps((self.initializer, call))
        is_local = self.address is None  # otherwise modules must be sent: workers may be on other machines
        path = list(sys.path) if is_local else []
        sources = {} if is_local else _sources()
        return source, (self.pickler.__name__, path, sources, pickled)

    def _cancel(self, future: Future[Any]) -> None:
        with self._lock:
            sent = self._pending.pop(future, None) if future.cancelled() else None
        if sent is not None:
            sent.cancel()

    def _receive(self, future: Future[Any], sent: Future[bytes]) -> None:
        with self._lock:
            if self._pending.pop(future, None) is None:
                return
        if not future.set_running_or_notify_cancel():
            return
        try:
            problem, result = self.pickler.loads(sent.result())
        except CancelledError:
            problem, result = "the engine dropped a task: it has ended, or lost a worker", None
        except BaseException as error:
            problem, result = self.loss(error), None
            if problem is None:
                future.set_exception(self.unwrap(error))
                return
        if problem is None:
            future.set_result(result)
        else:
            future.set_exception(ClusterBroken(problem))
            self.fail_all(problem)


def check_reachable(address: str, engine: str) -> None:
    """Check that something listens at an address; the engines would retry for minutes.

    Args:
        address: HOST:PORT, perhaps after a protocol; other kinds of address are not checked
        engine: command that starts the engine, for the message

    Raises:
        ConnectionError: nothing answers
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not (host and port.isdigit()):
        return  # another kind of address, which only the engine understands
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_TIMEOUT_S).close()
    except OSError as error:
        problem = f"executor.address={address}: nothing answers there ({error})"
        raise ConnectionError(f"{problem}; start {engine} or correct the address") from error


def _sources() -> dict[str, Source]:
    """Read the modules that workers need and that are not installed: the user's, and some of the probe's."""
    sources = {}
    for name, module in list(sys.modules.items()):
        top, _, part = name.partition(".")
        is_needed = (
            (not part or part in _WORKER_MODULES) if top == _PROBE else _is_user_module(sys.modules.get(top))
        )
        file = getattr(module, "__file__", None)
        is_package = hasattr(module, "__path__")
        if is_needed and file is None and is_package:  # a folder without an __init__.py
            sources[name] = "", "", True
        elif is_needed and file is not None and file.endswith(".py"):
            with tokenize.open(file) as text:  # respects declared encodings
                sources[name] = file, text.read(), is_package
    return sources


def _is_user_module(module: ModuleType | None) -> bool:
    """Return whether a top-level module is neither part of Python nor installed as a package."""
    if module is sys.modules["__main__"]:
        return False
    places = [*getattr(module, "__path__", ())] or [getattr(module, "__file__", None)]
    if places[0] is None:
        return False
    folder = os.path.dirname(places[0])
    return folder not in _INSTALLED and os.path.basename(folder) not in _LIBRARIES
