"""Ray as a pool: workers of its own on this machine, or a cluster that runs already."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid

# Before Ray is imported: it would tell its makers of every start.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray
from ray import cloudpickle
from ray.exceptions import RayError, RayTaskError
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from runner_probe.adapters.cluster import ClusterPool, deliver, reach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from typing import Any

    from runner_probe.adapters.cluster import Parcel

_PATIENCE_S = 10.0  # for a running cluster to give its workers


class RayPool(ClusterPool):
    """Workers of Ray. A task whose worker died is not run again.

    Args:
        workers: tasks that run at a time; None: as many as there are CPUs, here or in the cluster
        address: of a running cluster, such as HOST:6379; None starts Ray here, on the loopback only, when the
            first task is submitted
        initializer: called once in each worker, before its first task

    Raises:
        ConnectionError: nothing answers at the address
        ValueError: the cluster there has fewer free CPUs than workers are wanted
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
        self.reserved: Any = None
        self.remote: Any = None
        if address is not None:
            self._join(address)

    def open(self) -> None:
        """Start Ray here, unless there is a cluster."""
        if self.address is None:
            self.folder = tempfile.mkdtemp(prefix="ray-")  # short: Ray puts sockets there
            # Keeps other users of this machine out; Ray would leave a file in the home folder for that.
            os.environ.setdefault("RAY_AUTH_TOKEN", uuid.uuid4().hex)
            ray.init(
                address="local",
                num_cpus=self.workers,
                include_dashboard=False,
                log_to_driver=False,
                logging_level="error",
                _node_ip_address="127.0.0.1",
                _temp_dir=self.folder,
            )
        where = PlacementGroupSchedulingStrategy(self.reserved) if self.reserved else "DEFAULT"
        self.remote = ray.remote(max_retries=0, num_cpus=1, scheduling_strategy=where)(deliver)

    def share(self, parcel: Parcel) -> Any:
        """Put it where every worker finds it."""
        return ray.put(parcel)

    def send(self, parcel: Any, work: bytes) -> Future[bytes]:
        """Have a worker do it."""
        reference = self.remote.remote(self.name, parcel, work)
        sent: Future[bytes] = reference.future()
        sent.add_done_callback(lambda sent: ray.cancel(reference) if sent.cancelled() else None)
        return sent

    def close(self) -> None:
        """Leave the cluster as it was, or end it."""
        if self.reserved is not None and not self.lost:  # what is lost would be waited for
            remove_placement_group(self.reserved)
        ray.shutdown()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def loss(self, error: BaseException) -> str | None:
        """Tell of a lost worker or node: by Ray's own errors, but the one that wraps what a worker raised."""
        lost = isinstance(error, RayError) and not isinstance(error, RayTaskError)
        return f"{type(error).__name__}: {error}" if lost else None

    def cause(self, error: BaseException) -> BaseException:
        """Unwrap what was raised in a worker."""
        return error.cause if isinstance(error, RayTaskError) else error

    def _join(self, address: str) -> None:
        reach(address, "`ray start --head`")
        ray.init(address=address, log_to_driver=False, logging_level="error")
        try:
            self._reserve()
        except BaseException:
            self.close()
            raise

    def _reserve(self) -> None:
        """Keep CPUs, so that as many tasks run at a time and no others take their place."""
        if self.workers is None:
            return
        there = int(ray.cluster_resources().get("CPU", 0))
        if there < self.workers:
            why = f"workers={self.workers}, but the cluster has {there} CPUs"
            raise ValueError(f"{why}; add nodes or choose a smaller number")
        self.reserved = placement_group([{"CPU": 1}] * self.workers)
        if not self.reserved.wait(_PATIENCE_S):
            why = f"workers={self.workers}, but others use the {there} CPUs of the cluster"
            raise ValueError(f"{why}; wait for them, or choose a smaller number")
