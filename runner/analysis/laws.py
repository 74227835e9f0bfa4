"""Scaling laws fitted to times without the effect of granularity: those of Amdahl and of Gunther (USL).

Definitions, conditions and sources are in docs/method.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runner.analysis.intervals import Values, draw_blocks, expanded_tail
from runner.estimate import Estimate
from runner.facts import LawCurve, NotIdentifiable
from runner.records import LawName

FEWEST_LEVELS_AMDAHL = 4
FEWEST_LEVELS_USL = 6
LEAST_SPAN_USL = 16.0  # largest over smallest number of workers
_DRAWS = 400  # each needs a fit of a few milliseconds, unless another has the same medians
_EXTRAPOLATION = 2.0  # multiple of the largest number of workers; no law can be trusted beyond it
_POINTS = 65  # of a curve
_LEAST_BETA = 1e-6  # the solver stays about this far from its bound of 0

_Parameters = tuple[float, float, float]  # alpha, beta and the logarithm of gamma


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A fitted law for the time on P workers: T(P) = gamma * (1 + alpha * (P - 1) + beta * P * (P - 1)) / P.

    This is Gunther's Universal Scalability Law; with beta = 0 it is Amdahl's law.
    """

    law: LawName
    alpha: Estimate  #: contention: the serial fraction
    beta: Estimate | None  #: coherency: the cost of every pair of workers; None in Amdahl's law
    peak_workers: Estimate | None  #: where the speedup is largest; None if not shown within the curve
    curve: LawCurve


def fit(
    law: LawName, workers: Sequence[int], times: Values, confidence: float, seed: int
) -> Fit | NotIdentifiable:
    """Fit a law to the times of at least four (Amdahl) or six (USL) numbers of workers.

    Args:
        law: which law
        workers: numbers of workers, one for each row of `times`
        times: wall times multiplied by the granularity factor, so that the law need not explain uneven tasks;
            a column for each block
        confidence: of the intervals, from a bootstrap of whole blocks
        seed: of the bootstrap
    """
    if problem := _problem(law, np.unique(workers)):
        return problem
    counts = np.asarray(workers, dtype=float)
    fitted = _fit_once(law, counts, np.median(times, axis=1))
    draws = draw_blocks(times.shape[1], seed, _DRAWS)
    medians, index = np.unique(np.median(times[:, draws], axis=2).T, axis=0, return_inverse=True)
    drawn = np.array([_fit_once(law, counts, each) for each in medians])[index.ravel()]
    tail = expanded_tail(times.shape[1], confidence)
    alpha, beta = (_estimate(fitted[index], drawn[:, index], tail) for index in (0, 1))
    return Fit(
        law=law,
        alpha=alpha,
        beta=beta if law == "usl" else None,
        peak_workers=_peak(fitted, drawn, tail, _EXTRAPOLATION * counts.max()) if law == "usl" else None,
        curve=_curve(workers, times, fitted, drawn, tail),
    )


def _problem(law: LawName, levels: "np.typing.NDArray[np.int_]") -> NotIdentifiable | None:
    fewest = FEWEST_LEVELS_AMDAHL if law == "amdahl" else FEWEST_LEVELS_USL
    if len(levels) < fewest:
        return NotIdentifiable(reason="levels", found=len(levels), needed=fewest)
    span = levels[-1] / levels[0]
    if law == "usl" and span < LEAST_SPAN_USL:
        return NotIdentifiable(reason="span", found=float(span), needed=LEAST_SPAN_USL)
    return None


def _curve(
    workers: Sequence[int], times: Values, fitted: _Parameters, drawn: Values, tail: float
) -> LawCurve:
    grid = np.geomspace(1, _EXTRAPOLATION * float(max(workers)), _POINTS)
    curves = np.array([_speedup(grid, alpha, beta) for alpha, beta, _ in drawn])
    low, high = np.quantile(curves, [tail, 1 - tail], axis=0)
    alpha, beta, log_gamma = fitted
    return LawCurve(
        workers=grid.tolist(),
        speedup=_speedup(grid, alpha, beta).tolist(),
        low=low.tolist(),
        high=high.tolist(),
        measured=dict(zip(workers, (np.exp(log_gamma) / times).tolist(), strict=True)),
    )


def _speedup(workers: Values, alpha: float, beta: float) -> Values:
    speedup: Values = workers / (1 + alpha * (workers - 1) + beta * workers * (workers - 1))
    return speedup


def _fit_once(law: LawName, workers: Values, times: Values) -> _Parameters:
    """Fit the logarithm of the times, robustly."""
    from scipy.optimize import least_squares  # noqa: PLC0415 - slow to import, and few studies need it

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


def _peak(fitted: _Parameters, drawn: Values, tail: float, most_workers: float) -> Estimate | None:
    """Estimate P* = sqrt((1 - alpha) / beta); None if beta may be 0, or P* is beyond `most_workers`."""
    alpha, beta, _ = fitted
    if beta < _LEAST_BETA or np.quantile(drawn[:, 1], tail) < _LEAST_BETA:
        return None
    peaks = np.sqrt((1 - drawn[:, 0]) / np.maximum(drawn[:, 1], _LEAST_BETA))
    value = float(np.sqrt((1 - alpha) / beta))
    return _estimate(value, peaks, tail) if value <= most_workers else None


def _estimate(value: float, drawn: Values, tail: float) -> Estimate:
    # By rank, since a peak may be infinite.
    low, high = np.quantile(drawn, [tail, 1 - tail], method="nearest")
    return Estimate(value=value, low=float(low), high=float(high))
