"""Comparing versions on this machine: false alarms of unchanged code, and slowdowns that are shown.

The real runs beside the simulation of `benchmarks.compare`. A pair is one study of two revisions of a module
(`revision=`), or two studies one after the other. In the slower version, each task takes 10 % longer
(revisions) or 15 % longer (two studies). Pairs of all kinds take turns, so that each meets the same phases of
the machine. Claims, as far as so few pairs can show them: at most 1 of 10 unchanged pairs has a cell that is
told to be slower or faster, and of the slowdowns at least 9 of 10 are shown.

python -m benchmarks.real_changes [PAIRS]      (10 pairs: 12 minutes on an otherwise idle machine)
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAIRS = 10
REPETITIONS = 9
MAX_FLAGGED = 0.1
MIN_SHOWN = 0.9
_MODULE = """
def spin(count):
    for _ in range(int(count * {factor})):
        pass
    return count
"""
_ITEMS = f"[{','.join(['2000000'] * 8)}]"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of pair."""

    name: str
    factor: float  #: duration of a task after the change, relative to before
    in_one_study: bool

    @property
    def is_changed(self) -> bool:
        """Whether the second version is slower."""
        return self.factor > 1


KINDS = (
    Kind(name="revisions, unchanged", factor=1.0, in_one_study=True),
    Kind(name="revisions, 10 % slower", factor=1.1, in_one_study=True),
    Kind(name="two studies, unchanged", factor=1.0, in_one_study=False),
    Kind(name="two studies, 15 % slower", factor=1.15, in_one_study=False),
)


def main() -> None:
    """Run the benchmark; exit code 1 if a claim does not hold."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    counts: Counter[str] = Counter()
    for number in range(1, pairs + 1):
        for kind in KINDS:
            change = _measured(kind)
            verdicts = {cell["verdict"] for cell in change["cells"]}
            hit = "slower" in verdicts if kind.is_changed else bool(verdicts & {"slower", "faster"})
            counts[kind.name] += hit
            ratios = ", ".join(_ratio(cell) for cell in change["cells"])
            would = change["smallest_slowdown_shown"]
            print(
                f"{number}: {kind.name}: {change['verdict']}: {ratios}; would have shown {would}", flush=True
            )
    holds = [_reported(kind, counts[kind.name], pairs) for kind in KINDS]
    sys.exit(0 if all(holds) else 1)


def _reported(kind: Kind, count: int, pairs: int) -> bool:
    holds = count >= MIN_SHOWN * pairs if kind.is_changed else count <= MAX_FLAGGED * pairs
    what = "shown" if kind.is_changed else "flagged"
    print(f"{kind.name:28} {what} in {count} of {pairs}  {'holds' if holds else 'DOES NOT HOLD'}")
    return holds


def _ratio(cell: dict[str, Any]) -> str:
    ratio = cell["ratio"]
    return f"{cell['name']} {ratio['value']:.3f} [{ratio['low']:.3f}, {ratio['high']:.3f}] {cell['verdict']}"


def _measured(kind: Kind) -> dict[str, Any]:
    """Measure a pair, and return the comparison for programs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        versions = {"before": 1.0, "after": kind.factor}
        for version, factor in versions.items():
            (folder / version).mkdir()
            (folder / version / "versioned.py").write_text(_MODULE.format(factor=factor), encoding="utf-8")
        if kind.in_one_study:
            _study(folder, "pair", "revision=[before,after]")
        else:
            for version in versions:
                _study(folder / version, version, f"results_dir={folder}/results")
        studies = sorted((folder / "results").glob("*_*"))
        command = [*(sys.executable, "-m", "runner.compare"), *map(str, studies), "--format", "json"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if not done.stdout:
            raise SystemExit(done.stderr)
        return dict(json.loads(done.stdout))


def _study(folder: Path, name: str, *settings: str) -> None:
    command = [
        *(sys.executable, "-m", "runner", "workload=function", "workload.function=versioned.spin"),
        *(f"workload.items={_ITEMS}", "executor=process", "workers=2", f"repetitions={REPETITIONS}"),
        *("memory=false", "quiet=true", f"name={name}", *settings),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout)


if __name__ == "__main__":
    main()
