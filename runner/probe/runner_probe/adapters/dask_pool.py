"""Dask (`distributed`) as a pool: workers of its own on this machine, or a cluster that runs already."""

from __future__ import annotations

import shutil
import tempfile
import time
from functools import partial

import cloudpickle
import dask
from distributed import Client, LocalCluster
from distributed.scheduler import KilledWorker

from runner_probe.adapters.cluster import ClusterPool, deliver, dismiss, reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from typing import Any

    from runner_probe.adapters.cluster import Parcel

_PATIENCE_S = 10.0  # for a scheduler to answer
_RESTART_S = 5.0  # of a worker that crashed just before
_PAUSE_S = 0.05


class DaskPool(ClusterPool):
    """Workers of Dask. Equal tasks are never taken for one.

    Args:
        workers: tasks that run at a time; None: as many as there are CPUs, or threads in the cluster
        address: of a running scheduler, such as tcp://HOST:8786; None starts workers of one thread each
            here, when the first task is submitted
        initializer: called once in each worker, before its first task

    Raises:
        ConnectionError: nothing answers at the address
        ValueError: no workers there have as many threads
    """

    def __init__(
        self,
        workers: int | None = None,
        address: str | None = None,
        initializer: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(cloudpickle, initializer, elsewhere=address is not None)
        self.workers, self.address = workers, address
        self.folder = ""
        self.cluster: Any = None
        self.client: Any = None
        self.chosen: list[str] = []  #: addresses of workers
        self.engine: Any = None
        if address is not None:
            reach(address, "`dask scheduler`")
            self._join(address)

    def open(self) -> None:
        """Start workers here, unless there is a cluster."""
        if self.client is None:
            self.folder = tempfile.mkdtemp(prefix="dask-")
            with dask.config.set({"temporary-directory": self.folder}):
                self.cluster = LocalCluster(
                    n_workers=self.workers,
                    threads_per_worker=1,
                    dashboard_address=None,
                    local_directory=self.folder,
                )
            self._join(self.cluster)

    def share(self, parcel: Parcel) -> Any:
        """Send it to every worker."""
        (shared,) = self.client.scatter([parcel], workers=self.chosen, broadcast=True, hash=False)
        return shared

    def send(self, parcel: Any, work: bytes) -> Future[bytes]:
        """Have one of the chosen workers do it."""
        sent: Future[bytes] = self.engine.submit(deliver, self.name, parcel, work)
        return sent

    def close(self) -> None:
        """Leave the cluster as it was, or end it."""
        if self.cluster is None and self.engine is not None and not self.lost:
            self.client.run(dismiss, self.name, workers=self.chosen)
        if self.client is not None:
            for worker in self.chosen:  # what happens to them now is no news
                self.client.unsubscribe_topic(worker)
            self.client.close(timeout=_PATIENCE_S)
        if self.cluster is not None:
            self.cluster.close(timeout=_PATIENCE_S)
            shutil.rmtree(self.folder, ignore_errors=True)

    def loss(self, error: BaseException) -> str | None:
        """Tell of a task that Dask gave up because its workers died."""
        return str(error) if isinstance(error, KilledWorker) else None

    def _join(self, cluster: Any) -> None:
        self.client = Client(cluster, timeout=_PATIENCE_S, set_as_default=False)
        try:
            self.chosen = self._choose()
        except BaseException:
            self.client.close()
            raise
        # A lost worker's tasks would wait for ever, or run again as if nothing had happened. (The topic "all"
        # would not do: the scheduler puts things there that it cannot send.)
        for worker in self.chosen:
            self.client.subscribe_topic(worker, partial(self._notice, worker))
        self.engine = self.client.get_executor(pure=False, workers=self.chosen, allow_other_workers=False)

    def _choose(self) -> list[str]:
        """Wait for the workers: those of a running cluster may just be starting again after a crash."""
        deadline = time.monotonic() + _RESTART_S
        while True:
            workers = self.client.scheduler_info(n_workers=-1)["workers"]
            threads = {address: worker["nthreads"] for address, worker in workers.items()}
            try:
                return choose(threads, self.workers)
            except ValueError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE_S)

    def _notice(self, worker: str, event: tuple[float, Any]) -> None:
        _, message = event
        if message["action"] == "remove-worker":
            self.lose(f"Dask lost its worker {worker}")


def choose(threads: Mapping[str, int], workers: int | None) -> list[str]:
    """Pick addresses, in their order, whose threads add up to the number of workers.

    Raises:
        ValueError: they do not
    """
    chosen: list[str] = []
    sums = []
    for address in sorted(threads):
        if workers is not None and sum(threads[one] for one in chosen) >= workers:
            break
        chosen.append(address)
        sums.append(sum(threads[one] for one in chosen))
    if not chosen or (workers is not None and sums[-1] != workers):
        there = ", ".join(map(str, sums)) or "none"
        raise ValueError(
            f"workers={workers} is not a number of threads that some workers of this cluster add up to "
            f"({there}); start workers with `--nthreads 1`, or choose another number"
        )
    return chosen
