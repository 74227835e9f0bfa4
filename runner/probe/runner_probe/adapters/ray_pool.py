"""Ray as a pool: workers that it starts on this machine, or those of a running cluster."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid

# Set before Ray is imported: otherwise it sends usage statistics to its developers.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray
from ray import cloudpickle
from ray.exceptions import RayError, RayTaskError
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from runner_probe.adapters.cluster import ClusterPool, run_in_worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from concurrent.futures import Future
    from typing import Any

    from runner_probe.adapters.cluster import Program

CODE = """
import ray


is_ready = []  # in each worker  # if initializer


def run_ready(*arguments):  # if initializer
    if not is_ready:
        {initialize}
        is_ready.append(True)
    return {defined_function}(*arguments)


if __name__ == "__main__":
    # The workers of the cluster must be able to import what is imported here.  # if address
    ray.init(address={address})  # if address
    ray.init(num_cpus={workers})  # unless address
    {prepare}
    run = ray.remote(max_retries=0)(run_ready)  # if initializer
    run = ray.remote(max_retries=0)({defined_function})  # unless initializer
    {results} = ray.get([run.remote({arguments}) for {item} in {items}])
"""

_TIMEOUT_S = 10.0  # for a running cluster to reserve the workers


class RayPool(ClusterPool):
    """Workers of Ray. A task whose worker died is not run again.

    Args:
        workers: tasks that run at the same time; None: the number of CPUs, on this machine or in the cluster
        address: of a running cluster, such as HOST:6379; None: Ray is started on this machine, on the
            loopback interface only, when the first task is submitted
        initializer: called once in each worker, before its first task

    Raises:
        ConnectionError: nothing answers at the address
        ValueError: the cluster there has fewer free CPUs than the pool needs
    """

    pickler = cloudpickle
    starts_with = "ray start --head"

    reserved: Any = None
    remote: Any = None

    def join(self, address: str) -> None:
        """Connect to a running cluster, and reserve CPUs there."""
        ray.init(address=address, log_to_driver=False, logging_level="error")
        try:
            self._reserve()
        except BaseException:
            self.close()
            raise

    def open(self) -> None:
        """Start Ray on this machine unless the pool joined a cluster."""
        if self.address is None:
            self.folder = tempfile.mkdtemp(prefix="ray-")  # a short path, since Ray puts sockets there
            # Keeps other users of this machine out. Without it, Ray writes a token file to the home folder.
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
        strategy = PlacementGroupSchedulingStrategy(self.reserved) if self.reserved else "DEFAULT"
        self.remote = ray.remote(max_retries=0, num_cpus=1, scheduling_strategy=strategy)(run_in_worker)

    def share(self, program: Program) -> Any:
        """Put the program into Ray's object store, where every worker finds it."""
        return ray.put(program)

    def send(self, program: Any, pickled_call: bytes) -> Future[bytes]:
        """Have a worker run the call."""
        reference = self.remote.remote(self.name, program, pickled_call)
        sent: Future[bytes] = reference.future()
        sent.add_done_callback(lambda sent: ray.cancel(reference) if sent.cancelled() else None)
        return sent

    def close(self) -> None:
        """Leave the cluster as it was, or end the one that this pool started."""
        if self.reserved is not None and not self.lost:  # removing it would wait for lost workers
            remove_placement_group(self.reserved)
        ray.shutdown()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def loss(self, error: BaseException) -> str | None:
        """Describe a lost worker or node: every error of Ray except the one that wraps a task's own error."""
        lost = isinstance(error, RayError) and not isinstance(error, RayTaskError)
        return f"{type(error).__name__}: {error}" if lost else None

    def unwrap(self, error: BaseException) -> BaseException:
        """Return the error that was raised in a worker."""
        return error.cause if isinstance(error, RayTaskError) else error

    def _reserve(self) -> None:
        """Reserve a CPU for each worker, so that all of them run at the same time despite other jobs."""
        if self.workers is None:
            return
        cpus = int(ray.cluster_resources().get("CPU", 0))
        if cpus < self.workers:
            problem = f"workers={self.workers}, but the cluster has {cpus} CPUs"
            raise ValueError(f"{problem}; add nodes or use a smaller number")
        self.reserved = placement_group([{"CPU": 1}] * self.workers)
        if not self.reserved.wait(_TIMEOUT_S):
            problem = f"workers={self.workers}, but other jobs use the cluster's CPUs ({cpus} in all)"
            raise ValueError(f"{problem}; wait for them, or use a smaller number")
