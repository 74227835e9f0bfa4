"""The cost of an invocation beyond `wall_s`, against starting the interpreter and importing the executor.

Claims: it costs at most 1.5 times as much; and it is at most 5 % of the default study, which is also measured
here.

python -m benchmarks.invocation [ROUNDS]
"""

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.cells import LONG_TASKS, cell_of, measure
from benchmarks.pairs import interleave, show
from runner.records import Cell, Reference
from runner.supervise.client import Supervisor

MAX_RATIO = 1.5
MAX_SHARE = 0.05
IMPORTS = {
    "serial": "pass",
    "thread": "from concurrent.futures import ThreadPoolExecutor",
    "process": "from concurrent.futures import ProcessPoolExecutor",
}


def main() -> None:
    """Run the benchmark; exit code 1 if a claim does not hold."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 41
    hold, costs = [], {}
    with Supervisor() as supervisor, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, imports in IMPORTS.items():
            small = ("workload=function", "workload.function=math.sqrt", "workload.items=[1,4,9,16]")
            cell = cell_of(*small, f"executor={kind}", "workers=2")
            # As in a study, which compares the results with those of a reference run.
            reference_run = measure(cell, supervisor, folder).reference
            if reference_run is None:
                raise RuntimeError(f"the reference run of {kind} fixes no results")
            reference = replace(reference_run, task_s=LONG_TASKS.task_s)
            ours = partial(_beyond_wall_s, cell, supervisor, folder, reference)
            pairs = interleave(ours, partial(_start_s, imports), rounds, seed=1)
            hold.append(show(kind, *pairs, 0.0, MAX_RATIO))
            costs[kind] = float(np.median(pairs[0]))
        share = _share_of_default_study(costs, supervisor, folder)
    print(f"share of the default study: {share:.1%}; claim at most {MAX_SHARE:.0%}")
    sys.exit(0 if all(hold) and share <= MAX_SHARE else 1)


def _beyond_wall_s(cell: Cell, supervisor: Supervisor, folder: Path, reference: Reference) -> float:
    started = time.perf_counter()
    outcome = measure(cell, supervisor, folder, reference)
    return time.perf_counter() - started - (outcome.samples[0].wall_s or 0.0)


def _start_s(imports: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", imports], check=True)
    return time.perf_counter() - started


def _share_of_default_study(costs: dict[str, float], supervisor: Supervisor, folder: Path) -> float:
    """Return the share of the default study (primes, serial and on processes) that is not `wall_s`."""
    spent = {
        kind: measure(cell_of(f"executor={kind}"), supervisor, folder).samples[0].wall_s or 0.0
        for kind in ("serial", "process")
    }
    beyond = sum(costs[kind] for kind in spent)
    return beyond / (beyond + sum(spent.values()))


if __name__ == "__main__":
    main()
