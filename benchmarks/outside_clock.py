"""The time that an invocation takes outside the clock, for bags with many or with large items and results.

The peer is the user's own script, which starts an interpreter, imports the module, makes the items and runs
the loop. The time outside the clock is what an invocation takes in addition to the script, without the tasks:
comparing results, sending the reply. Claim: at most a quarter of the tasks' time plus a tenth of a second.
The reference run, one for each baseline, also makes the labels and the reference results; its time is shown
without a claim.

python -m benchmarks.outside_clock [ROUNDS]
"""

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.cells import cell_of
from benchmarks.pairs import interleave
from runner.folder import reference_log
from runner.measure.invocation import Outcome, Request, invoke
from runner.records import Cell, Reference, ReferenceRecord
from runner.supervise.client import Supervisor

MAX_SHARE = 0.25
MAX_CONSTANT_S = 0.1
BAGS = {
    "200,000 lists of 20 numbers": ("numbers", "{_target_: builtins.range, _args_: [200000]}"),
    "a million integers": ("next_number", "{_target_: builtins.range, _args_: [1000000]}"),
    "a million pairs": ("pair", "{_target_: builtins.range, _args_: [1000000]}"),
    "200,000 dictionaries": ("fields", "{_target_: builtins.range, _args_: [200000]}"),
    "8 items of 20 MB": ("count", "{_target_: benchmarks.bags.buffers}"),
    "8 items and results of 20 MB": ("translate", "{_target_: benchmarks.bags.buffers}"),
}
ITEMS = {
    "numbers": "range(200000)",
    "next_number": "range(1000000)",
    "pair": "range(1000000)",
    "fields": "range(200000)",
    "count": "bags.buffers()",
    "translate": "bags.buffers()",
}
SCRIPT = """
from benchmarks import bags
import time
items = list({items})
started = time.perf_counter()
results = list(map(bags.{function}, items))
print(time.perf_counter() - started)
"""


@dataclass(frozen=True, kw_only=True)
class Bag:
    """A cell of the plain loop, and its reference."""

    cell: Cell
    supervisor: Supervisor
    folder: Path
    reference: Reference
    walls_s: list[float] = field(default_factory=list)  #: of the tasks

    def invoke(self, repetition: int) -> Outcome:
        """Measure the bag once, as a study does; raise RuntimeError if it fails."""
        request = Request(
            cell=self.cell,
            repetition=repetition,
            position=0,
            iterations=1,
            time_limit_s=600.0,
            reference=self.reference,
            reference_cell=self.cell.id,
            references_file=self.folder / reference_log.FILE,
            output=self.folder / "output.txt",
        )
        outcome = invoke(request, self.supervisor)
        if outcome.status != "ok":
            raise RuntimeError(f"{self.cell.workload}: {outcome.error}")
        return outcome

    def beyond_tasks_s(self) -> float:
        """Measure an invocation; return its seconds without those of its tasks."""
        started = time.perf_counter()
        outcome = self.invoke(repetition=2)  # the first one also inspects a worker
        total_s = time.perf_counter() - started
        self.walls_s.append(sum(sample.wall_s or 0.0 for sample in outcome.samples))
        return total_s - self.walls_s[-1]


def main() -> None:
    """Run the benchmark; exit code 1 if the claim does not hold."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    with Supervisor() as supervisor, tempfile.TemporaryDirectory() as folder:
        holds = [_compare(name, rounds, supervisor, Path(folder)) for name in BAGS]
    sys.exit(0 if all(holds) else 1)


def _compare(name: str, rounds: int, supervisor: Supervisor, folder: Path) -> bool:
    function, items = BAGS[name]
    workload = f"workload.function=benchmarks.bags.{function}", f"workload.items={items}"
    cell = cell_of("workload=function", *workload, "executor=serial")
    started = time.perf_counter()
    first = Bag(cell=cell, supervisor=supervisor, folder=folder, reference=Reference()).invoke(repetition=0)
    first_s = time.perf_counter() - started
    assert first.reference is not None  # noqa: S101 - for the type checker
    record = ReferenceRecord(cell=cell.id, repetition=0, reference=first.reference, facts={})
    reference_log.append(folder, record)
    bag = Bag(cell=cell, supervisor=supervisor, folder=folder, reference=first.reference)
    ours, peer = interleave(bag.beyond_tasks_s, partial(_script_s, function), rounds, seed=1)
    tasks_s = float(np.median(bag.walls_s))
    outside_s = float(np.median(np.array(ours) - np.array(peer)))
    limit_s = MAX_SHARE * tasks_s + MAX_CONSTANT_S
    holds = outside_s <= limit_s
    print(
        f"{name:30} tasks {tasks_s:6.3f} s   outside {outside_s:6.3f} s, ratio {outside_s / tasks_s:.2f}   "
        f"(reference run {first_s:.1f} s)   claim at most {limit_s:.3f} s: "
        f"{'holds' if holds else 'DOES NOT HOLD'}"
    )
    return holds


def _script_s(function: str) -> float:
    """Run the user's own script; return its seconds without those of its tasks."""
    script = SCRIPT.format(items=ITEMS[function], function=function)
    started = time.perf_counter()
    completed = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return time.perf_counter() - started - float(completed.stdout)


if __name__ == "__main__":
    main()
