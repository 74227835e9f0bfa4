"""Comparing versions: false alarms of unchanged code, and injected slowdowns that are shown.

Simulated on hosts of three kinds. Claims: of pairs of unchanged code, at most 5 of 100 flag anything;
within one study (`revision=`), a slowdown of 10 % is shown in at least 95 of 100 and one of 5 % in at
least 80; of two result folders, one of 15 % in at least 90; the smallest slowdown that a comparison
claims to show, once planted, is shown in 75 to 85 of 100. The claims about slowdowns are about the steady
host, the first one about all.

python -m benchmarks.compare [PAIRS]
"""

import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from runner.compare.shift import Confidence, drift_of, paired_ratio, ratio_of_times, smallest_shown
from runner.estimate import Estimate

CELLS = 5
Times = Mapping[int, Mapping[int, float]]  #: by cell and repetition


@dataclass(frozen=True, kw_only=True)
class Host:
    """How the times of a host vary: standard deviations of logarithms."""

    own: float  #: of each run by itself
    common: float  #: of all runs of a repetition
    between: float  #: of all runs of a study
    kept: float  #: correlation of the common part with that of the previous repetition

    def study(self, rng: np.random.Generator, repetitions: int, slowdown: float = 1.0) -> Times:
        """Draw the times of a study; the last cell is slower."""
        base, state = self.between * rng.standard_normal(), 0.0
        common = []
        for _ in range(repetitions):
            state = self.kept * state + math.sqrt(1 - self.kept**2) * rng.standard_normal()
            common.append(base + self.common * state)
        own = self.own * rng.standard_normal((CELLS, repetitions))
        times = np.exp(own + np.array(common))
        times[-1] *= slowdown
        return {cell: dict(enumerate(row.tolist())) for cell, row in enumerate(times)}

    def revisions(
        self, rng: np.random.Generator, repetitions: int, slowdown: float = 1.0
    ) -> tuple[Times, Times]:
        """Draw the times of two revisions in one study, which share what the host does in a repetition."""
        shared = np.array([self.common * rng.standard_normal() for _ in range(repetitions)])
        drawn = [np.exp(self.own * rng.standard_normal((CELLS, repetitions)) + shared) for _ in range(2)]
        drawn[1][-1] *= slowdown
        before, after = (
            {cell: dict(enumerate(row.tolist())) for cell, row in enumerate(times)} for times in drawn
        )
        return before, after


HOSTS = {
    "steady": Host(own=0.015, common=0.005, between=0.005, kept=0.5),
    "shared": Host(own=0.03, common=0.03, between=0.03, kept=0.5),
    "noisy": Host(own=0.03, common=0.10, between=0.10, kept=0.5),
}
_CONFIDENCE = Confidence(family=0.95, cells=CELLS)


def main() -> None:
    """Run the simulation; exit code 1 if a claim does not hold."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    holds = [
        _report(name, host, repetitions, pairs) for name, host in HOSTS.items() for repetitions in (7, 15)
    ]
    sys.exit(0 if all(holds) else 1)


def _report(name: str, host: Host, repetitions: int, pairs: int) -> bool:
    is_steady = name == "steady"
    slack = 2 * math.sqrt(0.05 * 0.95 / pairs)
    shares: dict[str, tuple[float, float, float]] = {}  # measured, least, most
    for kind, compare in (("folders", _folders), ("revisions", _revisions)):
        rng = np.random.default_rng(1)
        alarms = [any(map(_is_flagged, compare(host, rng, repetitions, 1.0))) for _ in range(pairs)]
        shares[f"{kind}: unchanged, flagged"] = (float(np.mean(alarms)), 0.0, 0.05 + slack)
        steps = ((1.15, 0.9),) if kind == "folders" else ((1.05, 0.8), (1.1, 0.95))
        for slowdown, least in steps:
            shown = [compare(host, rng, repetitions, slowdown)[-1].low > 1 for _ in range(pairs)]
            shares[f"{kind}: {slowdown - 1:.0%} slower, shown"] = (
                float(np.mean(shown)),
                least if is_steady else 0.0,
                1.0,
            )
        claimed = float(
            np.median(
                [smallest_shown(compare(host, rng, repetitions, 1.0)[-1], _CONFIDENCE) for _ in range(pairs)]
            )
        )
        shown = [compare(host, rng, repetitions, claimed)[-1].low > 1 for _ in range(pairs)]
        least, most = (0.75, 0.85) if is_steady else (0.0, 1.0)
        shares[f"{kind}: the smallest slowdown ({claimed - 1:.1%}), shown"] = (
            float(np.mean(shown)),
            least - slack,
            most + slack,
        )
    print(f"{name} host, {repetitions} repetitions, {pairs} pairs of {CELLS} cells")
    for text, (share, least, most) in shares.items():
        print(f"  {text:58} {share:6.1%}  {'holds' if least <= share <= most else 'DOES NOT HOLD'}")
    return all(least <= share <= most for share, least, most in shares.values())


def _folders(host: Host, rng: np.random.Generator, repetitions: int, slowdown: float) -> list[Estimate]:
    before, after = host.study(rng, repetitions), host.study(rng, repetitions, slowdown)
    drift = drift_of(*({str(cell): of_cell for cell, of_cell in times.items()} for times in (before, after)))
    return _known(
        ratio_of_times(_array(before[cell]), _array(after[cell]), _CONFIDENCE, drift) for cell in before
    )


def _revisions(host: Host, rng: np.random.Generator, repetitions: int, slowdown: float) -> list[Estimate]:
    before, after = host.revisions(rng, repetitions, slowdown)
    return _known(paired_ratio(before[cell], after[cell], _CONFIDENCE) for cell in before)


def _known(ratios: Iterable[Estimate | None]) -> list[Estimate]:
    return [ratio for ratio in ratios if ratio is not None]


def _array(times: Mapping[int, float]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array(list(times.values()))


def _is_flagged(ratio: Estimate) -> bool:
    return ratio.low > 1 or ratio.high < 1


if __name__ == "__main__":
    main()
