"""Fidelity: `wall_s` against a bare script with the same pool and items.

Claims, for the serial loop, two threads and two processes: for six primes the median ratio is 0.98 to 1.02;
for thousands of trivial tasks dispatched one by one, whose headline run is not traced, it is at most 1.02.
Processes may be below 0.98: their `map` pickles a wrapper around every call, `submit` does not.

python -m benchmarks.fidelity [ROUNDS]
"""

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.bare import PRIMES
from benchmarks.cells import LONG_TASKS, cell_of, measure
from benchmarks.pairs import interleave, show
from runner.records import Cell, Reference
from runner.supervise.client import Supervisor

ROOT = Path(__file__).resolve().parent.parent
TRIVIAL = {"serial": 200_000, "thread": 20_000, "process": 5_000}
LOW, HIGH = 0.98, 1.02
TRIVIAL_S = 1e-7


def main() -> None:
    """Run the benchmark; exit code 1 if a claim does not hold."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 101
    hold = []
    with Supervisor() as supervisor, tempfile.TemporaryDirectory() as folder:
        for kind, count in TRIVIAL.items():
            pool = (f"executor={kind}", "workers=2")
            primes = partial(_wall_s, _primes(*pool), supervisor, Path(folder))
            pairs = interleave(primes, partial(_bare_s, kind, "primes"), rounds, seed=1)
            hold.append(show(f"{kind}, six primes", *pairs, LOW, HIGH))
            short = Reference(task_s=TRIVIAL_S, labels=["0"] * count)
            trivial = partial(_wall_s, _trivial(count, *pool), supervisor, Path(folder), short)
            pairs = interleave(trivial, partial(_bare_s, kind, str(count)), rounds, seed=1)
            hold.append(show(f"{kind}, {count} trivial", *pairs, 0.0, HIGH))
    sys.exit(0 if all(hold) else 1)


def _primes(*pool: str) -> Cell:
    expect = [True] * len(PRIMES)
    return cell_of("workload=primes", f"workload.items={PRIMES}", f"workload.expect={expect}", *pool)


def _trivial(count: int, *pool: str) -> Cell:
    """Plan a cell whose tasks are as short as a call can be: whether zero is prime."""
    items = "{_target_:itertools.repeat,object:0,times:%d}" % count  # noqa: UP031 - braces are YAML's
    return cell_of(
        "workload=function", "workload.function=experiments.primes.is_prime", f"workload.items={items}", *pool
    )


def _wall_s(cell: Cell, supervisor: Supervisor, folder: Path, reference: Reference = LONG_TASKS) -> float:
    return measure(cell, supervisor, folder, reference).samples[0].wall_s or 0.0


def _bare_s(kind: str, items: str) -> float:
    command = [sys.executable, str(ROOT / "benchmarks" / "bare.py"), kind, items]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    completed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(completed.stdout)


if __name__ == "__main__":
    main()
