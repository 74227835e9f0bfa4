"""Dask (`distributed`) as a pool: workers that it starts on this machine, or those of a running cluster."""

from __future__ import annotations

import shutil
import tempfile
import time
from functools import partial

import cloudpickle
import dask
from distributed import Client, LocalCluster
from distributed.scheduler import KilledWorker

from runner_probe.adapters.cluster import ClusterPool, remove_from_worker, run_in_worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Future
    from typing import Any

    from runner_probe.adapters.cluster import Program

CODE = """
if __name__ == "__main__":
    {prepare}
    # The workers of the cluster must be able to import what is imported here.  # if address
    with {dask.distributed.Client}({address}) as client:  # if address
        client.run({initializer})  # if initializer
        pool = client.get_executor(pure=False)
        {results} = list(pool.map({map_arguments}))
    with (  # unless address
        {dask.distributed.LocalCluster}(n_workers={workers}, threads_per_worker=1) as cluster,
        {dask.distributed.Client}(cluster) as client,
    ):
        client.run({initializer})  # if initializer
        pool = client.get_executor(pure=False)
        {results} = list(pool.map({map_arguments}))
"""

_TIMEOUT_S = 10.0  # for a scheduler to answer
_RESTART_S = 5.0  # for a worker that crashed recently to restart
_PAUSE_S = 0.05


class DaskPool(ClusterPool):
    """Workers of Dask. Equal tasks are not merged into one.

    Args:
        workers: tasks that run at the same time; None: the number of CPUs, or of threads in the cluster
        address: of a running scheduler, such as tcp://HOST:8786; None: workers of one thread each are started
            on this machine when the first task is submitted
        initializer: called once in each worker, before its first task

    Raises:
        ConnectionError: nothing answers at the address
        ValueError: the threads of the cluster's workers do not add up to `workers`
    """

    pickler = cloudpickle
    starts_with = "dask scheduler"

    cluster: Any = None
    client: Any = None
    engine: Any = None
    worker_addresses: Sequence[str] = ()  #: of the workers that the pool uses

    def join(self, cluster: Any) -> None:
        """Connect to a scheduler, and choose its workers."""
        self.client = Client(cluster, timeout=_TIMEOUT_S, set_as_default=False)
        try:
            self.worker_addresses = self._choose()
        except BaseException:
            self.client.close()
            raise
        # Otherwise the tasks of a lost worker would wait for ever, or silently run again. (The topic "all"
        # does not work: the scheduler logs events there that it cannot send.)
        for worker in self.worker_addresses:
            self.client.subscribe_topic(worker, partial(self._note_loss, worker))
        self.engine = self.client.get_executor(
            pure=False, workers=self.worker_addresses, allow_other_workers=False
        )

    def open(self) -> None:
        """Start workers on this machine unless the pool joined a cluster."""
        if self.client is None:
            self.folder = tempfile.mkdtemp(prefix="dask-")
            with dask.config.set({"temporary-directory": self.folder}):
                self.cluster = LocalCluster(
                    n_workers=self.workers,
                    threads_per_worker=1,
                    dashboard_address=None,
                    local_directory=self.folder,
                )
            self.join(self.cluster)

    def share(self, program: Program) -> Any:
        """Send the program to every worker."""
        (shared,) = self.client.scatter([program], workers=self.worker_addresses, broadcast=True, hash=False)
        return shared

    def send(self, program: Any, pickled_call: bytes) -> Future[bytes]:
        """Have one of the chosen workers run the call."""
        sent: Future[bytes] = self.engine.submit(run_in_worker, self.name, program, pickled_call)
        return sent

    def close(self) -> None:
        """Leave the cluster as it was, or end the workers that this pool started."""
        if self.cluster is None and self.engine is not None and not self.lost:
            self.client.run(remove_from_worker, self.name, workers=self.worker_addresses)
        if self.client is not None:
            for worker in self.worker_addresses:  # from now on their end is not a loss
                self.client.unsubscribe_topic(worker)
            self.client.close(timeout=_TIMEOUT_S)
        if self.cluster is not None:
            self.cluster.close(timeout=_TIMEOUT_S)
            shutil.rmtree(self.folder, ignore_errors=True)

    def loss(self, error: BaseException) -> str | None:
        """Describe the error of a task that Dask gave up because its workers died."""
        return str(error) if isinstance(error, KilledWorker) else None

    def _choose(self) -> list[str]:
        """Choose workers; those of a running cluster may still be restarting after a crash."""
        deadline = time.monotonic() + _RESTART_S
        while True:
            workers = self.client.scheduler_info(n_workers=-1)["workers"]
            threads = {address: worker["nthreads"] for address, worker in workers.items()}
            try:
                return choose_workers(threads, self.workers)
            except ValueError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE_S)

    def _note_loss(self, worker: str, event: tuple[float, Any]) -> None:
        _, message = event
        if message["action"] == "remove-worker":
            self.fail_all(f"Dask lost its worker {worker}")


def choose_workers(threads: Mapping[str, int], workers: int | None) -> list[str]:
    """Choose addresses, in sorted order, whose threads add up to the number of workers.

    Args:
        threads: number of threads by address
        workers: None: all

    Raises:
        ValueError: no leading addresses add up to the number
    """
    addresses: list[str] = []
    sums = []
    for address in sorted(threads):
        if workers is not None and sum(threads[other] for other in addresses) >= workers:
            break
        addresses.append(address)
        sums.append(sum(threads[other] for other in addresses))
    if not addresses or (workers is not None and sums[-1] != workers):
        possible = ", ".join(map(str, sums)) or "none"
        raise ValueError(
            f"workers={workers}: the threads of this cluster's workers do not add up to this number "
            f"(possible: {possible}); start workers with `--nthreads 1`, or use another number"
        )
    return addresses
