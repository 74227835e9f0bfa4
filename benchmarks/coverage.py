"""Coverage: how often the intervals contain the true value, in simulation.

Claims, at a nominal 95 %: the interval of a speedup contains the true ratio in at least 94 % of studies;
equal cells are declared different in at most 5 %, and the best cell is wrongly excluded in at most 5 %, each
within two standard errors of the simulation. With few repetitions, equal cells are declared different in at
most 1 %. Of three pools that are no faster than the loop, one is said to help in at most 5 %. A pool that
keeps 5 % more CPUs busy than the loop is said to keep no more in at most 5 %, from seven repetitions on, and
one that keeps 20 % more in at most 1 %, from three on.

python -m benchmarks.coverage [STUDIES]
"""

import math
import sys
from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from runner.analysis.answer import WORTH_IT, keeps_no_more_busy, wins
from runner.analysis.intervals import Level, ratio_of_medians
from runner.analysis.standings import by_intervals, is_far_slower

CONFIDENCE = 0.95
MIN_COVERAGE = 0.94
MOST_WRONG = 0.05
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


@cache
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
POOLS = 3
FAR_BUSIER = 1.2
SPEEDUPS = (1.0, 1.02, WORTH_IT, 1.1, FAR_BUSIER, 1.5)


def interrupted(rng: np.random.Generator, blocks: int) -> Times:
    """Others take some of the CPU time: 2 % of it on average, in some runs 6 %."""
    return 1 - 0.025 * np.abs(rng.standard_normal(blocks))


def overlapping(rng: np.random.Generator, blocks: int) -> Times:
    """How much of the tasks overlaps depends on the run: a spread of 5 %."""
    return interrupted(rng, blocks) * np.exp(rng.normal(0, 0.05, blocks))


#: By name: the CPUs that a pool keeps busy, as shares of their median; the loop is interrupted in all cases.
BUSY: dict[str, Draw] = {"steady": quiet, "interrupted": interrupted, "overlapping by chance": overlapping}


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
            figures = f"{covered:7.1%}  {different:18.1%}  {excluded:13.1%}"
            print(f"{name:28} {blocks:24}  {figures}  {_verdict(holds)}")
    all_hold &= _few_repetitions(studies)
    all_hold &= _gains(studies, slack)
    all_hold &= _busy_cpus(studies, slack)
    sys.exit(0 if all_hold else 1)


def _shares(shares: Iterable[float]) -> str:
    return "".join(f"{share:8.2%}" for share in shares)


def _verdict(holds: bool) -> str:  # noqa: FBT001 - the fact to be worded
    return "holds" if holds else "DOES NOT HOLD"


def _few_repetitions(studies: int) -> bool:
    """Simulate how often few repetitions show a difference, by its true factor; 1 means wrongly."""
    print("overwhelming differences: told, by the true factor")
    print(f"{'':36} repetitions " + "".join(f"{factor:>8g}" for factor in FACTORS))
    all_hold = True
    for name, (slower, faster) in FEW.items():
        for blocks in (3, 4, 5):
            detected = [_share_detected(slower, faster, factor, blocks, studies) for factor in FACTORS]
            holds = detected[0] <= MOST_WRONG_OF_FEW
            all_hold &= holds
            print(f"{name:36} {blocks:11} {_shares(detected)}  {_verdict(holds)}")
    return all_hold


def _gains(studies: int, slack: float) -> bool:
    """Simulate how often a pool is said to help, by the true speedup of all pools; 1 means wrongly."""
    print(f"one of {POOLS} pools helps: told, by their true speedup")
    print(f"{'':36} repetitions " + "".join(f"{speedup:>8g}" for speedup in SPEEDUPS))
    all_hold = True
    for name in CASES:
        for blocks in (7, 15):
            helps = [_share_helped(name, speedup, blocks, studies) for speedup in SPEEDUPS]
            holds = helps[0] <= MOST_WRONG + slack
            all_hold &= holds
            print(f"{name:36} {blocks:11} {_shares(helps)}  {_verdict(holds)}")
    return all_hold


def _share_helped(case: str, speedup: float, blocks: int, studies: int) -> float:
    loop, pool, drift = CASES[case]
    helped = 0
    scale = speedup * median_of(pool) / median_of(loop)
    for study in range(studies):
        rng = np.random.default_rng([5, study])
        shared = _block_drift(rng, drift, blocks)
        pools = [shared * pool(rng, blocks) for _ in range(POOLS)]
        walls = np.array([scale * shared * loop(rng, blocks), *pools])
        gains = np.median(walls[0]) / np.median(walls, axis=1)
        standings = by_intervals(walls, 0, Level(CONFIDENCE, study))
        helped += any(
            wins(standing.beats_baseline, gain) for standing, gain in zip(standings, gains, strict=True)
        )
    return helped / studies


def _busy_cpus(studies: int, slack: float) -> bool:
    """Simulate how often a pool is said to keep no more CPUs busy than the loop, by what it keeps busy.

    All runs are undisturbed, and the pool does the same work as the loop. With few repetitions a pool that
    is just worth it may be missed, which is not claimed otherwise.
    """
    print(f"no busier than the loop: told, by the CPUs that are busy (from {WORTH_IT:g} on wrongly)")
    print(f"{'':36} repetitions " + "".join(f"{cpus:>8g}" for cpus in SPEEDUPS))
    all_hold = True
    for name, busy in BUSY.items():
        for blocks in (3, 5, 7, 15):
            told = {cpus: _share_no_busier(busy, cpus, blocks, studies) for cpus in SPEEDUPS}
            is_worth_it_missed = blocks >= 7 and told[WORTH_IT] > MOST_WRONG + slack
            is_far_missed = max(told[cpus] for cpus in SPEEDUPS if cpus >= FAR_BUSIER) > MOST_WRONG_OF_FEW
            holds = not (is_worth_it_missed or is_far_missed)
            all_hold &= holds
            print(f"{name:36} {blocks:11} {_shares(told.values())}  {_verdict(holds)}")
    return all_hold


def _share_no_busier(busy: Draw, cpus: float, blocks: int, studies: int) -> float:
    told = 0
    scale = cpus * median_of(interrupted) / median_of(busy)
    for study in range(studies):
        rng = np.random.default_rng([6, study])
        work_s = skewed(rng, blocks)  # both do the same work, at the speed of the machine at that moment
        loop = np.column_stack([work_s, work_s / interrupted(rng, blocks)])
        pool = np.column_stack([work_s, work_s / (scale * busy(rng, blocks))])
        told += keeps_no_more_busy(loop, pool, Level(CONFIDENCE, study))
    return told / studies


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
