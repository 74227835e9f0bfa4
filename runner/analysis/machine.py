"""What a study's `environment.json` says of the machine and of the interpreters that were measured."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from runner.records import Cell


class Machine:
    """The facts that analysis needs, by cell.

    Args:
        environment: the content of environment.json; of what it lacks nothing is known
    """

    def __init__(self, environment: Mapping[str, Any]) -> None:
        self._cpu: Mapping[str, Any] = environment.get("start", {}).get("cpu", {})
        self._workers: Mapping[str, Any] = environment.get("workers", {})
        interpreters = environment.get("interpreters", [])
        interpreters = interpreters if isinstance(interpreters, list) else []
        self._interpreters = {cell: facts for facts in interpreters for cell in facts["cells"]}

    def usable_cpus(self, cell: Cell) -> int | None:
        """Count the CPUs that a cell may use, a started CPU of a quota as one; None if unknown."""
        known = (self._cpu.get("usable_cpus"), self._interpreter(cell).get("usable_cpus"))
        return min((count for count in known if count), default=None)

    def most_usable_cpus(self, cells: Iterable[Cell]) -> int | None:
        """Count the CPUs that the cells may use that may use the most; a `prefix` may leave them fewer."""
        return max(filter(None, map(self.usable_cpus, cells)), default=None)

    @property
    def quota(self) -> float | None:
        """The CPU time that the cgroups grant, in CPUs; None if it is not limited."""
        quota: float | None = self._cpu.get("cpu_quota")
        return quota

    def cpus(self, cell: Cell) -> float:
        """Give the CPUs' worth of time that a cell may use: a quota counts with its fraction."""
        known = (
            self._cpu.get("cpu_quota"),
            len(self._cpu.get("affinity") or ()),
            self._interpreter(cell).get("usable_cpus"),
        )
        return float(min((count for count in known if count), default=math.inf))

    def version(self, cell: Cell) -> str:
        """Name a cell's interpreter by its version, or as the user did where versions do not tell apart."""
        versions = {path: _version(facts) for path, facts in self._by_path().items()}
        own = versions.get(cell.settings.get("python", ""), "")
        return own if own and list(versions.values()).count(own) == 1 else cell.python

    def is_async(self, cell: Cell) -> bool:
        """Whether a cell's tasks are coroutines."""
        return cell.id in self._interpreter(cell).get("async_cells", ())

    def has_gil(self, cell: Cell) -> bool:
        """Whether a GIL was seen in a cell's workers; one is taken for granted where none looked."""
        return bool(self._workers.get(cell.id, {}).get("gil_enabled", True))

    def workers_share_a_process(self, cell: Cell) -> bool | None:
        """Whether a cell's workers were threads of one interpreter in one process; None where none looked."""
        shared: bool | None = self._workers.get(cell.id, {}).get("in_one_interpreter")
        return shared

    def native_threads(self, cell: Cell) -> int:
        """Count the threads that a library below Python, such as BLAS, may start in one of a cell's workers.

        Seen in its baseline's interpreter, where the tasks themselves run: that of the cell may hold what its
        executor imports for its own use. 1 where there is no such library.
        """
        seen = (self._workers.get(one, {}).get("native_threads") for one in (cell.baseline, cell.id))
        libraries: Mapping[str, int] = next((one for one in seen if one is not None), {})
        return max(libraries.values(), default=1)

    def _interpreter(self, cell: Cell) -> Mapping[str, Any]:
        known: Mapping[str, Any] = self._interpreters.get(cell.id, {})
        return known

    def _by_path(self) -> dict[str, Mapping[str, Any]]:
        return {facts["python"]: facts for facts in self._interpreters.values()}


def _version(facts: Mapping[str, Any]) -> str:
    return f"{facts['version']}t" if facts.get("free_threaded") else str(facts["version"])
