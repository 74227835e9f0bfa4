"""Start-up: `python -m runner --help` against `--help` of a ten-line Hydra application.

Claim: at most 1.15 times.

python -m benchmarks.start_up [ROUNDS]
"""

import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.pairs import interleave, show

ROOT = Path(__file__).resolve().parent.parent
MAX_RATIO = 1.15
TEN_LINES = """
import hydra
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path=None)
def main(config: DictConfig) -> None:
    print(config)


if __name__ == "__main__":
    main()
"""


def main() -> None:
    """Run the benchmark; exit code 1 if the claim does not hold."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 31
    with tempfile.TemporaryDirectory() as folder:
        peer = Path(folder) / "ten_lines.py"
        peer.write_text(TEN_LINES)
        ours = partial(_run_s, [sys.executable, "-m", "runner", "--help"])
        pairs = interleave(ours, partial(_run_s, [sys.executable, str(peer), "--help"]), rounds, seed=1)
    sys.exit(0 if show("--help", *pairs, 0.0, MAX_RATIO) else 1)


def _run_s(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
