"""Pools on a cluster: what the adapters of Dask and Ray share.

A worker may run on another machine, from another folder, in an environment without our code and without the
user's. So modules travel as source, once to each worker; then every submission is a piece of work that
`courier.py` runs there.
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

from runner_probe.adapters import remote_worker as courier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from runner_probe.adapters.remote_worker import Load, Source

    #: the text of the courier, and what it gets
    Parcel = tuple[str, Load]

_PATIENCE_S = 10.0  # for a connection
_OURS = "runner_probe"
_NEEDED = ("worker", "snippets")  # of ours, by workers
_INSTALLED = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
_LIBRARIES = ("site-packages", "dist-packages", "lib-dynload")


class ClusterBroken(BrokenExecutor):
    """A worker or the engine was lost: what was not finished never will be."""


def deliver(name: str, parcel: Parcel, work: bytes) -> bytes:
    """Run a piece of work in a worker, by the courier of this name, which comes with the first."""
    import sys  # noqa: PLC0415 - this function travels alone
    import types  # noqa: PLC0415

    source, load = parcel
    if name not in sys.modules:
        module = types.ModuleType(name)
        exec(source, module.__dict__)  # noqa: S102 - it is our own
        sys.modules.setdefault(name, module)  # another thread may have been faster
    answer: bytes = sys.modules[name].run(load, work)
    return answer


def dismiss(name: str) -> None:
    """Leave nothing of a pool in a worker that lives on."""
    import sys  # noqa: PLC0415 - this function travels alone

    if name in sys.modules:
        sys.modules[name].leave(name)


# Both engines' picklers send by value what is defined there, so no worker needs this module.
deliver.__module__ = dismiss.__module__ = "__main__"


class ClusterPool:
    """A pool on an engine; adapters say how to open it, send to it and close it.

    Args:
        pickler: the engine's `cloudpickle`
        initializer: called once in each worker, before its first task
        elsewhere: workers need not be on this machine, so modules must travel
    """

    shares_call = True  #: its workers have the function already: only what takes it first can be submitted
    no_loops = "its workers may be on other hosts, which have clocks of their own"

    def __init__(
        self, pickler: ModuleType, initializer: Callable[[], object] | None, *, elsewhere: bool
    ) -> None:
        self.pickler, self.initializer, self.elsewhere = pickler, initializer, elsewhere
        self.name = f"{_OURS}_{uuid.uuid4().hex}"  # of the courier in the workers
        self._call: Any = None
        self._parcel: Any = None
        self._lock = Lock()
        self._pending: dict[Future[Any], Future[bytes]] = {}
        self.lost: str | None = None  #: why, once a worker or the engine was lost

    def open(self) -> None:
        """Start the engine, if it is not running."""
        raise NotImplementedError

    def share(self, parcel: Parcel) -> Any:
        """Hand the engine what every piece of work needs; returns what `send` gets."""
        raise NotImplementedError

    def send(self, parcel: Any, work: bytes) -> Future[bytes]:
        """Have a worker `deliver`."""
        raise NotImplementedError

    def close(self) -> None:
        """Leave the engine, and end it if it was started here."""
        raise NotImplementedError

    def loss(self, error: BaseException) -> str | None:
        """Tell what an engine's error says about the loss of a worker or of the engine; None: nothing."""
        raise NotImplementedError

    def cause(self, error: BaseException) -> BaseException:
        """Unwrap what was raised in a worker."""
        return error

    def submit(self, function: Callable[..., Any], call: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `function(call, *args, **kwargs)` in a worker; all submissions share one `call`."""
        if self._parcel is None:
            self.open()
            self._call, self._parcel = call, self.share(self._pack(call))
        elif call is not self._call:
            raise ValueError("a pool on a cluster runs one function only; open another for the next")
        work = self.pickler.dumps((function, args, kwargs))
        future: Future[Any] = Future()
        sent = self.send(self._parcel, work)
        with self._lock:
            if self.lost is not None:
                raise ClusterBroken(self.lost)
            self._pending[future] = sent
        future.add_done_callback(self._cancel)
        sent.add_done_callback(partial(self._receive, future))
        return future

    def shutdown(self, *, wait: bool = True) -> None:
        """Close, after what was submitted has ended."""
        try:
            if wait:
                self._wait()
        finally:
            self.close()

    def lose(self, why: str) -> None:
        """Give up all that was submitted."""
        with self._lock:
            self.lost = self.lost or why
            pending = list(self._pending)
            self._pending.clear()
        for future in pending:
            if future.set_running_or_notify_cancel():
                future.set_exception(ClusterBroken(why))

    def _wait(self) -> None:
        with self._lock:
            pending = list(self._pending)
        wait(pending)

    def _pack(self, call: Any) -> Parcel:
        with open(courier.__file__, encoding="utf-8") as file:
            source = file.read()
        program: bytes = self.pickler.dumps((self.initializer, call))
        path = [] if self.elsewhere else list(sys.path)
        sources = _sources() if self.elsewhere else {}
        return source, (self.pickler.__name__, path, sources, program)

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
                future.set_exception(self.cause(error))
                return
        if problem is None:
            future.set_result(result)
        else:
            future.set_exception(ClusterBroken(problem))
            self.lose(problem)


def reach(address: str, engine: str) -> None:
    """Tell at once where nothing listens; engines try for minutes.

    Raises:
        ConnectionError: with the remedy
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not (host and port.isdigit()):
        return  # an address of another kind, which only the engine understands
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE_S).close()
    except OSError as error:
        why = f"executor.address={address}: nothing answers there ({error})"
        raise ConnectionError(f"{why}; start {engine} or correct the address") from error


def _sources() -> dict[str, Source]:
    """Read the modules that no one has installed: the user's, and what a worker needs of ours."""
    sources = {}
    for name, module in list(sys.modules.items()):
        top, _, part = name.partition(".")
        wanted = (not part or part in _NEEDED) if top == _OURS else _is_users(sys.modules.get(top))
        file = getattr(module, "__file__", None)
        is_package = hasattr(module, "__path__")
        if wanted and file is None and is_package:  # a folder without an __init__.py
            sources[name] = "", "", True
        elif wanted and file is not None and file.endswith(".py"):
            with tokenize.open(file) as text:  # which knows of declared encodings
                sources[name] = file, text.read(), is_package
    return sources


def _is_users(module: ModuleType | None) -> bool:
    """Whether a top-level module is neither Python's own nor installed beside it."""
    if module is sys.modules["__main__"]:
        return False
    places = [*getattr(module, "__path__", ())] or [getattr(module, "__file__", None)]
    if places[0] is None:
        return False
    folder = os.path.dirname(places[0])
    return folder not in _INSTALLED and os.path.basename(folder) not in _LIBRARIES
