"""Scaling laws fitted to granularity-corrected times: Amdahl's, and the Universal Scalability Law.

Definitions, gates and sources are in docs/method.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from runner.analysis.estimate import Estimate
from runner.analysis.intervals import Values, draw_blocks, expanded_tail

FEWEST_LEVELS_AMDAHL = 4
FEWEST_LEVELS_USL = 6
LEAST_SPAN_USL = 16.0
_DRAWS = 400  # every draw is a fit, of some milliseconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """What a law makes of the speedup over one worker, with a band, and the points that it was fitted to."""

    workers: Values  #: up to twice the most that were measured: a law is not to be trusted any further
    speedup: Values
    low: Values
    high: Values
    measured: Values  #: by row, of every block: the fitted time of one worker over the time of P


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A law T(P) = gamma * (1 + alpha * (P - 1) + beta * P * (P - 1)) / P; beta is 0 in Amdahl's."""

    law: str  #: "amdahl" or "usl"
    alpha: Estimate  #: contention: the serial fraction
    beta: Estimate | None  #: coherency: what every pair of workers costs; None in Amdahl's law
    peak_workers: Estimate | None  #: where the speedup is largest; None if not shown within twice the workers
    curve: Curve


def fit(law: str, workers: Sequence[int], times: Values, confidence: float, seed: int) -> Fit | str:
    """Fit a law to times of at least four (Amdahl) or six (USL) numbers of workers; or say why not.

    Args:
        law: "amdahl" or "usl"
        workers: the numbers of workers, one a row of `times`
        times: wall times times the granularity factor, one a block in each row: what is left to explain is
            not the unevenness of the tasks
        confidence: of the intervals, by the bootstrap of whole blocks
        seed: of the bootstrap
    """
    levels = np.unique(workers)
    reason = _not_identifiable(law, levels)
    if reason:
        return reason
    counts = np.asarray(workers, dtype=float)
    medians = np.median(times, axis=1)
    found = _fit_once(law, counts, medians)
    blocks = draw_blocks(times.shape[1], seed, _DRAWS)
    drawn = np.array([_fit_once(law, counts, np.median(times[:, one], axis=1)) for one in blocks])
    tail = expanded_tail(times.shape[1], confidence)
    alpha, beta = (_estimate(found[part], drawn[:, part], tail) for part in (0, 1))
    return Fit(
        law=law,
        alpha=alpha,
        beta=beta if law == "usl" else None,
        peak_workers=_peak(found, drawn, tail, _EXTRAPOLATED * counts.max()) if law == "usl" else None,
        curve=_curve(counts, times, found, drawn, tail),
    )


def _curve(
    counts: Values, times: Values, found: tuple[float, float, float], drawn: Values, tail: float
) -> Curve:
    grid = np.geomspace(1, _EXTRAPOLATED * counts.max(), _POINTS)
    curves = np.array([_speedup(grid, alpha, beta) for alpha, beta, _ in drawn])
    low, high = np.quantile(curves, [tail, 1 - tail], axis=0)
    speedup = _speedup(grid, found[0], found[1])
    return Curve(workers=grid, speedup=speedup, low=low, high=high, measured=np.exp(found[2]) / times)


def _speedup(workers: Values, alpha: float, beta: float) -> Values:
    speedup: Values = workers / (1 + alpha * (workers - 1) + beta * workers * (workers - 1))
    return speedup


_EXTRAPOLATED = 2.0  # times the most workers
_POINTS = 65


def _not_identifiable(law: str, levels: "np.typing.NDArray[np.int_]") -> str:
    least = FEWEST_LEVELS_AMDAHL if law == "amdahl" else FEWEST_LEVELS_USL
    if len(levels) < least:
        return f"not identifiable: {len(levels)} numbers of workers, and {least} are needed"
    span = levels[-1] / levels[0]
    if law == "usl" and span < LEAST_SPAN_USL:
        return f"not identifiable: workers span a factor of {span:g}, and {LEAST_SPAN_USL:g} is needed"
    return ""


def _fit_once(law: str, workers: Values, times: Values) -> tuple[float, float, float]:
    """Fit on the logarithm, robustly; returns alpha, beta and the logarithm of gamma."""
    log_times = np.log(times)
    free = 2 if law == "amdahl" else 3

    def residuals(parameters: Values) -> Values:
        log_gamma, alpha = parameters[0], parameters[1]
        beta = parameters[2] if free == 3 else 0.0
        model: Values = (
            log_gamma
            + np.log((1 + alpha * (workers - 1) + beta * workers * (workers - 1)) / workers)
            - log_times
        )
        return model

    start = [float(log_times[0] + np.log(workers[0])), 0.05, 0.001][:free]
    bounds = ([-np.inf, 0.0, 0.0][:free], [np.inf, 1.0, 1.0][:free])
    solved = least_squares(residuals, start, bounds=bounds, loss="soft_l1", f_scale=0.1)
    return float(solved.x[1]), float(solved.x[2]) if free == 3 else 0.0, float(solved.x[0])


def _peak(
    found: tuple[float, float, float], drawn: Values, tail: float, most_workers: float
) -> Estimate | None:
    """Give P* = sqrt((1 - alpha) / beta), where beta is shown to be above 0 and P* is not too far."""
    if found[1] < _LEAST_BETA or np.quantile(drawn[:, 1], tail) < _LEAST_BETA:
        return None
    peaks = np.sqrt((1 - drawn[:, 0]) / np.maximum(drawn[:, 1], _LEAST_BETA))
    value = float(np.sqrt((1 - found[0]) / found[1]))
    return _estimate(value, peaks, tail) if value <= most_workers else None


_LEAST_BETA = 1e-6  # the solver keeps off its bound of 0 by about as much


def _estimate(value: float, drawn: Values, tail: float) -> Estimate:
    # By rank, since a peak may lie at infinity.
    low, high = np.quantile(drawn, [tail, 1 - tail], method="nearest")
    return Estimate(value=value, low=float(low), high=float(high), is_range=False)
