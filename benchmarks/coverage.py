"""Coverage: how often the intervals contain the true value, in simulation.

Claims, at a nominal 95 %: the interval of a speedup contains the true ratio in at least 94 % of studies;
equal cells are declared different in at most 5 %, and the best cell is wrongly excluded in at most 5 %, each
within two standard errors of the simulation. With few repetitions, equal cells are declared different in at
most 1 %.

python -m benchmarks.coverage [STUDIES]
"""

import math
import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from runner.analysis.compare import by_intervals, is_far_slower
from runner.analysis.intervals import Level, ratio_of_medians

CONFIDENCE = 0.95
MIN_COVERAGE = 0.94
MOST_WRONG_OF_FEW = 0.01
Times = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Times]
TRUE_RATIO = 1.7


def skewed(rng: np.random.Generator, blocks: int) -> Times:
    """Log-normal times with a spread of 10 %: most runs are fast, some slow."""
    return np.exp(rng.normal(0, 0.1, blocks))


def two_modes(rng: np.random.Generator, blocks: int) -> Times:
    """Two thirds of the runs are fast, one third is 20 % slower."""
    return np.where(rng.random(blocks) < 2 / 3, 1.0, 1.2) * np.exp(rng.normal(0, 0.02, blocks))


def heavy_tailed(rng: np.random.Generator, blocks: int) -> Times:
    """A spread of 3 %, with rare runs of twice the time or more."""
    return 1 + 0.03 * np.abs(rng.standard_t(2, blocks))


def quiet(rng: np.random.Generator, blocks: int) -> Times:
    """A spread of 0.1 %."""
    return np.exp(rng.normal(0, 0.001, blocks))


def median_of(draw: Draw) -> float:
    """Return the true median of a distribution."""
    return float(np.median(draw(np.random.default_rng(0), 2_000_000)))


#: By name: baseline, cell, and the standard deviation of the drift that both share within a block.
CASES: dict[str, tuple[Draw, Draw, float]] = {
    "skewed": (skewed, skewed, 0.0),
    "two modes": (two_modes, two_modes, 0.0),
    "heavy-tailed": (heavy_tailed, heavy_tailed, 0.0),
    "drifting together": (skewed, skewed, 0.1),
    "quiet baseline, skewed": (quiet, skewed, 0.0),
    "quiet baseline, two modes": (quiet, two_modes, 0.0),
}


def host_of_two_speeds(rng: np.random.Generator, blocks: int) -> Times:
    """The machine is 1.6 times slower in half of the runs, whatever runs on it."""
    return np.where(rng.random(blocks) < 0.5, 1.0, 1.6) * skewed(rng, blocks)


#: Distributions of both cells in the simulation of overwhelming differences.
FEW: dict[str, tuple[Draw, Draw]] = {
    "skewed": (skewed, skewed),
    "two modes": (two_modes, two_modes),
    "heavy-tailed": (heavy_tailed, heavy_tailed),
    "quiet baseline, skewed": (quiet, skewed),
    "host of two speeds": (host_of_two_speeds, host_of_two_speeds),
    "quiet baseline, host of two speeds": (quiet, host_of_two_speeds),
}
FACTORS = (1.0, 2.0, 3.0, 5.0, 10.0)


def main() -> None:
    """Run the simulation; exit code 1 if a claim does not hold."""
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    slack = 2 * math.sqrt(0.05 * 0.95 / studies)
    all_hold = True
    print(f"{studies} studies each; {'blocks':>33}  covered  differ though same  best excluded")
    for name, (baseline, cell, drift) in CASES.items():
        for blocks in (7, 9, 15, 31):
            covered = _covered(baseline, cell, drift, blocks, studies)
            different = _declared_different(cell, drift, blocks, studies)
            excluded = _best_excluded(cell, drift, blocks, studies)
            holds = covered >= MIN_COVERAGE - slack and max(different, excluded) <= 0.05 + slack
            all_hold &= holds
            verdict = "holds" if holds else "DOES NOT HOLD"
            print(f"{name:28} {blocks:24}  {covered:7.1%}  {different:18.1%}  {excluded:13.1%}  {verdict}")
    all_hold &= _few_repetitions(studies)
    sys.exit(0 if all_hold else 1)


def _few_repetitions(studies: int) -> bool:
    """Simulate how often few repetitions show a difference, by its true factor; 1 means wrongly."""
    print("overwhelming differences: told, by the true factor")
    print(f"{'':36} repetitions " + "".join(f"{factor:>8g}" for factor in FACTORS))
    all_hold = True
    for name, (slower, faster) in FEW.items():
        for blocks in (3, 4, 5):
            detected = [_share_detected(slower, faster, factor, blocks, studies) for factor in FACTORS]
            all_hold &= detected[0] <= MOST_WRONG_OF_FEW
            print(f"{name:36} {blocks:11} " + "".join(f"{share:8.2%}" for share in detected))
    return all_hold


def _share_detected(slower: Draw, faster: Draw, factor: float, blocks: int, studies: int) -> float:
    """Return the share of studies that show a difference, if the canary has recorded no disturbance."""
    detected = 0
    scale = factor * median_of(faster) / median_of(slower)
    for study in range(studies):
        rng = np.random.default_rng([4, study])
        slower_s, faster_s = scale * slower(rng, blocks), faster(rng, blocks)
        detected += is_far_slower(slower_s, faster_s, 1.0)
        if factor == 1.0:
            detected += is_far_slower(faster_s, slower_s, 1.0)
    return detected / studies


def _block_drift(rng: np.random.Generator, drift: float, blocks: int) -> Times:
    return np.exp(rng.normal(0, drift, blocks))


def _covered(baseline: Draw, cell: Draw, drift: float, blocks: int, studies: int) -> float:
    truth = TRUE_RATIO * median_of(baseline) / median_of(cell)
    hits = 0
    for study in range(studies):
        rng = np.random.default_rng([1, study])
        shared = _block_drift(rng, drift, blocks)
        baseline_s, cell_s = TRUE_RATIO * shared * baseline(rng, blocks), shared * cell(rng, blocks)
        estimate = ratio_of_medians(baseline_s, cell_s, CONFIDENCE, seed=study)
        hits += estimate.low <= truth <= estimate.high
    return hits / studies


def _declared_different(cell: Draw, drift: float, blocks: int, studies: int) -> float:
    wrong = 0
    for study in range(studies):
        rng = np.random.default_rng([2, study])
        shared = _block_drift(rng, drift, blocks)
        estimate = ratio_of_medians(
            shared * cell(rng, blocks), shared * cell(rng, blocks), CONFIDENCE, seed=study
        )
        wrong += not estimate.low <= 1 <= estimate.high
    return wrong / studies


def _best_excluded(cell: Draw, drift: float, blocks: int, studies: int) -> float:
    """Simulate six cells. The first is the best, or as good as the best; the second is the baseline."""
    factors = np.array([1.0, 1.0, 1.0, 1.02, 1.1, 1.5])
    wrong = 0
    for study in range(studies):
        rng = np.random.default_rng([3, study])
        shared = _block_drift(rng, drift, blocks)
        walls = np.array([factor * shared * cell(rng, blocks) for factor in factors])
        wrong += not by_intervals(walls, 1, Level(CONFIDENCE, study))[0].among_best
    return wrong / studies


if __name__ == "__main__":
    main()
