"""Fidelity: `wall_s` against a bare script with the same pool and items.

Claim: the median ratio lies within 0.98 to 1.02 for the serial loop, two threads and two processes.

python -m benchmarks.fidelity [ROUNDS]
"""

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.cells import cell_of, measure
from benchmarks.pairs import interleave, show
from runner.records import Cell
from runner.supervisor import Supervisor

ROOT = Path(__file__).resolve().parent.parent
LOW, HIGH = 0.98, 1.02


def main() -> None:
    """Run the benchmark; exit code 1 if a claim does not hold."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    held = []
    with Supervisor() as supervisor, tempfile.TemporaryDirectory() as folder:
        for kind in ("serial", "thread", "process"):
            cell = cell_of("workload=primes", f"executor={kind}", "workers=2")
            ours = partial(_wall_s, cell, supervisor, Path(folder))
            held.append(show(kind, *interleave(ours, partial(_bare_s, kind), rounds, seed=1), LOW, HIGH))
    sys.exit(0 if all(held) else 1)


def _wall_s(cell: Cell, supervisor: Supervisor, folder: Path) -> float:
    return measure(cell, supervisor, folder).samples[0].wall_s or 0.0


def _bare_s(kind: str) -> float:
    command = [sys.executable, str(ROOT / "benchmarks" / "bare.py"), kind]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
