"""Anomalies of a cell's times. They are reported; no time is removed."""

import numpy as np

from runner.analysis.intervals import Values
from runner.facts import Anomaly

_FEWEST_RUNS = 6
_OUTLYING_MADS = 14.826  # median absolute deviations: ten standard deviations of normal times (as hyperfine)
_FEWEST_IN_MODE = 3
_MODES_APART = 8.0  # Ashman's D; simulated: 1 % of samples with one mode exceed it, of 7 to 31 times
_TREND_P = 0.01  # significance level of Kendall's rank correlation with the repetition


def anomalies(values: Values) -> dict[Anomaly, int]:
    """Count the runs with each anomaly; 1 for an anomaly of all times. Fewer than six times have none.

    Args:
        values: times, in the order of their repetitions
    """
    if len(values) < _FEWEST_RUNS:
        return {}
    counts: dict[Anomaly, int] = {}
    if outliers := count_outliers(values):
        counts[Anomaly.OUTLIERS] = outliers
    if has_two_modes(values):
        counts[Anomaly.TWO_MODES] = 1
    if trend := trend_of(values):
        counts[trend] = 1
    return counts


def count_outliers(values: Values) -> int:
    """Count the times that lie more than 14.8 median absolute deviations from the median."""
    distances = np.abs(values - np.median(values))
    return int((distances > _OUTLYING_MADS * np.median(distances)).sum()) if np.median(distances) else 0


def has_two_modes(values: Values) -> bool:
    """Whether times fall into two groups of at least three, far apart compared with the spread within them.

    That is, whether Ashman's D (1994) of their logarithms exceeds 8 at any cut.
    """
    ordered = np.log(np.sort(values))
    cuts = range(_FEWEST_IN_MODE, len(ordered) - _FEWEST_IN_MODE + 1)
    return any(_ashmans_d(ordered[:cut], ordered[cut:]) > _MODES_APART for cut in cuts)


def trend_of(values: Values) -> Anomaly | None:
    """Return whether times, in the order of the repetitions, are shown to rise or fall; None: neither."""
    if np.ptp(values) == 0:
        return None
    from scipy import stats  # noqa: PLC0415 - slow to import, and few repetitions do not need it

    correlation = stats.kendalltau(np.arange(len(values)), values)
    if correlation.pvalue >= _TREND_P:
        return None
    return Anomaly.SLOWER if correlation.statistic > 0 else Anomaly.FASTER


def _ashmans_d(lower: Values, upper: Values) -> float:
    """Divide the distance of two groups' means by the root mean square of their standard deviations."""
    spread = np.sqrt((lower.var(ddof=1) + upper.var(ddof=1)) / 2)
    return float((upper.mean() - lower.mean()) / spread) if spread else 0.0
