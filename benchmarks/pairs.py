"""Interleaved pairs: two things measured in turn, in random order, and the median of their ratios.

The two of a round are neighbours in time, so a host that slows down for minutes slows both; a ratio of the
medians over all rounds would compare the minutes.
"""

import random
from collections.abc import Callable

import numpy as np

from runner.analysis.intervals import medians

CONFIDENCE = 0.95


def interleave(
    ours: Callable[[], float], peer: Callable[[], float], rounds: int, seed: int
) -> tuple[list[float], list[float]]:
    """Measure both once a round, whichever comes first; seconds."""
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret
    found: dict[str, list[float]] = {"ours": [], "peer": []}
    for _ in range(rounds):
        turn = [("ours", ours), ("peer", peer)]
        chance.shuffle(turn)
        for name, measure in turn:
            found[name].append(measure())
    return found["ours"], found["peer"]


def show(name: str, ours: list[float], peer: list[float], low: float, high: float) -> bool:
    """Print the median of ours / peer of a round with its interval; True if it lies within the claim."""
    [estimate] = medians(np.array([ours]) / np.array([peer]), CONFIDENCE, seed=0)
    holds = low <= estimate.value <= high
    print(
        f"{name:28} ours {np.median(ours) * 1e3:9.2f} ms   peer {np.median(peer) * 1e3:9.2f} ms   "
        f"ratio {estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]   "
        f"claim {low:g} to {high:g}: {'holds' if holds else 'DOES NOT HOLD'}"
    )
    return holds
