"""Comparing versions on this machine: false alarms of unchanged code, and slowdowns that are shown.

The real runs beside the simulation of `benchmarks.compare`. A pair is one study of two revisions of a module
(`revision=`), or two studies one after the other. In the slower version, each task takes 10 or 50 % longer
(revisions), or 15 % longer (two studies). Pairs of all kinds take turns, so that each meets the same phases
of the machine. Claims, as far as so few pairs can show them: at most 1 of 10 unchanged pairs has a cell that
is told to be slower or faster; and of the slowdowns that are at least as large as the comparison itself says
it would have shown, three quarters are shown. On a machine whose speed varies, that may be none of them.

python -m benchmarks.real_changes [PAIRS]      (10 pairs: 15 minutes on an otherwise idle machine)
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAIRS = 10
REPETITIONS = 9
MAX_FLAGGED = 0.1
MIN_SHOWN = 0.75  # the slowdown that a comparison says it would have shown is shown in 4 of 5
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
    Kind(name="revisions, 50 % slower", factor=1.5, in_one_study=True),
    Kind(name="two studies, unchanged", factor=1.0, in_one_study=False),
    Kind(name="two studies, 15 % slower", factor=1.15, in_one_study=False),
)


@dataclass
class Tally:
    """The pairs of one kind so far."""

    hits: int = 0  #: with a cell that is told to be slower; of unchanged pairs, slower or faster
    expected: int = 0  #: slowdowns as large as the comparison says it would have shown
    expected_hits: int = 0  #: that were shown


def main() -> None:
    """Run the benchmark; exit code 1 if a claim does not hold."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    tallies = {kind.name: Tally() for kind in KINDS}
    for number in range(1, pairs + 1):
        for kind in KINDS:
            change = _measured(kind)
            _count(kind, change, tallies[kind.name])
            ratios = ", ".join(_ratio(cell) for cell in change["cells"])
            would = change["smallest_slowdown_shown"]
            shown = "" if would is None else f"; would have shown {would - 1:.0%}"
            print(f"{number}: {kind.name}: {ratios}{shown}", flush=True)
    holds = [_reported(kind, tallies[kind.name], pairs) for kind in KINDS]
    sys.exit(0 if all(holds) else 1)


def _count(kind: Kind, change: dict[str, Any], tally: Tally) -> None:
    verdicts = {cell["verdict"] for cell in change["cells"]}
    is_hit = "slower" in verdicts if kind.is_changed else bool(verdicts & {"slower", "faster"})
    would = change["smallest_slowdown_shown"]
    is_expected = kind.is_changed and would is not None and would <= kind.factor
    tally.hits += is_hit
    tally.expected += is_expected
    tally.expected_hits += is_expected and is_hit


def _reported(kind: Kind, tally: Tally, pairs: int) -> bool:
    if not kind.is_changed:
        holds = tally.hits <= MAX_FLAGGED * pairs
        print(f"{kind.name:26} flagged in {tally.hits} of {pairs}  {'holds' if holds else 'DOES NOT HOLD'}")
        return holds
    holds = tally.expected_hits >= MIN_SHOWN * tally.expected
    expected = f"{tally.expected_hits} of the {tally.expected} that it said it would have shown"
    verdict = "holds" if holds else "DOES NOT HOLD"
    print(f"{kind.name:26} shown in {tally.hits} of {pairs}, and in {expected}  {verdict}")
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
