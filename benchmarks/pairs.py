"""Interleaved pairs: two things measured alternately, in random order, and the median of their ratios.

Both measurements of a round are adjacent in time, so a host that slows down for minutes slows both; a ratio
of the medians over all rounds would compare different minutes.
"""

import random
from collections.abc import Callable

import numpy as np

from runner.analysis.intervals import medians

CONFIDENCE = 0.95


def interleave(
    ours: Callable[[], float], peer: Callable[[], float], rounds: int, seed: int
) -> tuple[list[float], list[float]]:
    """Measure both once per round, in random order; return the seconds of each."""
    rng = random.Random(seed)  # noqa: S311 - an order, not a secret
    seconds: dict[str, list[float]] = {"ours": [], "peer": []}
    for _ in range(rounds):
        turn = [("ours", ours), ("peer", peer)]
        rng.shuffle(turn)
        for name, measure in turn:
            seconds[name].append(measure())
    return seconds["ours"], seconds["peer"]


def show(name: str, ours: list[float], peer: list[float], low: float, high: float) -> bool:
    """Print the median ratio ours / peer of a round with its interval; True if the claim holds."""
    [estimate] = medians(np.array([ours]) / np.array([peer]), CONFIDENCE, seed=0)
    holds = low <= estimate.value <= high
    print(
        f"{name:28} ours {np.median(ours) * 1e3:9.2f} ms   peer {np.median(peer) * 1e3:9.2f} ms   "
        f"ratio {estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]   "
        f"claim {low:g} to {high:g}: {'holds' if holds else 'DOES NOT HOLD'}"
    )
    return holds
