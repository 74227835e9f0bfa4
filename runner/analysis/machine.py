"""The machine and the interpreters that a study was measured on, from its `environment.json`."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from runner.facts import Payload, Pickled
from runner.folder.environment_record import CpuFacts, Environment, InterpreterRecord
from runner.records import Cell

if TYPE_CHECKING:  # the probe is on the path of type checkers only
    from runner_probe.wire import WorkerFacts


class Machine:
    """The facts that the analysis needs, by cell.

    Args:
        environment: the content of environment.json; facts that it lacks are unknown
    """

    def __init__(self, environment: Environment) -> None:
        self._cpu: CpuFacts = environment.get("start", {}).get("cpu", {})
        self._workers = environment.get("workers", {})
        self._together = environment.get("together") or {}
        interpreters = environment.get("interpreters", [])
        self._interpreters = {cell: facts for facts in interpreters for cell in facts["cells"]}
        self._async_cells = {cell for facts in interpreters for cell in facts.get("async_cells", ())}
        self._versions = {facts["python"]: _version(facts) for facts in self._interpreters.values()}
        self._interpreters_of_version = Counter(self._versions.values())

    @property
    def cpu_model(self) -> str:
        """The model of the CPU; empty if unknown."""
        return self._cpu.get("cpu_model") or ""

    def usable_cpus(self, cell: Cell) -> int | None:
        """Count the CPUs that a cell may use, at least one, with a quota rounded down; None if unknown."""
        known = (self._cpu.get("usable_cpus"), self._interpreter(cell).get("usable_cpus"))
        return min((count for count in known if count), default=None)

    def most_usable_cpus(self, cells: Iterable[Cell]) -> int | None:
        """Return the largest number of CPUs that any of the cells may use; a `prefix` may restrict some."""
        return max(filter(None, map(self.usable_cpus, cells)), default=None)

    @property
    def quota(self) -> float | None:
        """The CPU time that the cgroups grant, in CPUs; None if it is not limited."""
        return self._cpu.get("cpu_quota")

    def cpus(self, cell: Cell) -> float:
        """Return the CPU time per second that a cell may use, in CPUs; a quota may be fractional."""
        known = (
            self._cpu.get("cpu_quota"),
            len(self._cpu.get("affinity") or ()),
            self._interpreter(cell).get("usable_cpus"),
        )
        return float(min((count for count in known if count), default=math.inf))

    def version(self, cell: Cell) -> str:
        """Return the version of a cell's interpreter; the user's name for it if two interpreters share it."""
        version = self._versions.get(cell.settings.get("python", ""), "")
        return version if version and self._interpreters_of_version[version] == 1 else cell.python

    def is_async(self, cell: Cell) -> bool:
        """Whether the tasks of a cell are coroutines."""
        return cell.id in self._async_cells

    def has_gil(self, cell: Cell) -> bool:
        """Whether the workers of a cell have a GIL; True where nothing was observed."""
        return bool(self._facts(cell.id).get("gil_enabled", True))

    def workers_share_a_process(self, cell: Cell) -> bool | None:
        """Whether the workers of a cell were threads of one interpreter in one process; None if unknown."""
        return self._facts(cell.id).get("in_one_interpreter")

    def start_method(self, cell: Cell) -> str | None:
        """Return the start method of a cell's worker processes; None for threads and other libraries."""
        return self._facts(cell.id).get("start_method")

    def import_s(self, cell: Cell) -> float:
        """Return the seconds that each worker of a cell takes to import the workload; 0 if it need not.

        Forked processes inherit the workload, and threads of one interpreter share it. This is the shorter
        of the times measured in the interpreters of the cell and of its baseline.
        """
        if self.start_method(cell) == "fork" or self.workers_share_a_process(cell) is not False:
            return 0.0
        times_s = (self._facts(name).get("import_s") for name in (cell.baseline, cell.id))
        return min((time_s for time_s in times_s if time_s is not None), default=0.0)

    def is_forked(self, cell: Cell) -> bool:
        """Whether a cell's workers were forked from the measured interpreter."""
        facts = self._facts(cell.id)
        return facts.get("start_method") == "fork" and not facts.get("in_one_interpreter", False)

    def held_share(self, cell: Cell) -> float | None:
        """Return the share of its time for which a coroutine holds its event loop's thread; None: unknown."""
        return self._facts(cell.baseline).get("held_share")

    def together(self, cpus: float) -> Mapping[str, float] | None:
        """Return the speed of each CPU while this many are busy: value, low and high; None: not measured."""
        return self._together.get(str(int(cpus))) if math.isfinite(cpus) else None

    def payload(self, cell: Cell) -> Payload | None:
        """Return what is pickled for a cell's workers; None if they share a process, or it is unknown."""
        if self.workers_share_a_process(cell) is not False:
            return None
        observed = (self._facts(name).get("payload") for name in (cell.baseline, cell.id))
        kinds = next((payload for payload in observed if payload), None)
        if kinds is None:
            return None
        function, items, results = (
            None if kind is None else Pickled(**kind)
            for kind in (kinds["function"], kinds["items"], kinds["results"])
        )
        return Payload(function=function, items=items, results=results)

    def native_threads(self, cell: Cell) -> int:
        """Count the threads that a native library, such as BLAS, may start in each worker of a cell.

        1 without such a library. The baseline's interpreter is asked first, because it runs the tasks itself:
        that of the cell may also contain libraries that only its executor uses.
        """
        observed = (self._facts(name).get("native_threads") for name in (cell.baseline, cell.id))
        libraries: Mapping[str, int] = next((threads for threads in observed if threads is not None), {})
        return max(libraries.values(), default=1)

    def _interpreter(self, cell: Cell) -> InterpreterRecord:
        return self._interpreters.get(cell.id, {})

    def _facts(self, cell: str) -> "WorkerFacts":
        """Return what was observed in the workers of a cell."""
        return self._workers.get(cell, {})


def _version(facts: InterpreterRecord) -> str:
    return f"{facts['version']}t" if facts.get("free_threaded") else facts["version"]
