"""Anomalies of times, and quiet times without any."""

import numpy as np
import pytest

from runner.analysis.anomalies import anomalies
from runner.facts import Anomaly

QUIET = [1.00, 1.02, 0.99, 1.01, 0.98, 1.00, 1.01, 0.99, 1.02]


@pytest.mark.slow
def test_quiet_times_have_no_anomaly() -> None:
    assert anomalies(np.array(QUIET)) == {}


@pytest.mark.slow
def test_a_time_far_from_all_others_is_an_outlier() -> None:
    assert anomalies(np.array([*QUIET, 3.0])) == {Anomaly.OUTLIERS: 1}


@pytest.mark.slow
def test_times_of_two_kinds_have_two_modes() -> None:
    assert anomalies(np.array([1.00, 1.50, 1.01, 1.52, 0.99, 1.51, 1.00, 1.49])) == {Anomaly.TWO_MODES: 1}


@pytest.mark.parametrize(("step", "trend"), [(0.02, Anomaly.SLOWER), (-0.02, Anomaly.FASTER)])
def test_times_that_drift_have_a_trend(step: float, trend: Anomaly) -> None:
    assert anomalies(1 + step * np.arange(9)) == {trend: 1}


def test_equal_times_have_no_anomaly() -> None:
    assert anomalies(np.ones(9)) == {}


def test_few_times_have_no_anomaly() -> None:
    assert anomalies(np.array([1.0, 5.0, 1.0, 5.0, 1.0])) == {}


@pytest.mark.parametrize("runs", [7, 15, 31])
@pytest.mark.slow
def test_random_times_rarely_have_an_anomaly(runs: int) -> None:
    random = np.random.default_rng(1)
    odd = [anomalies(np.exp(0.03 * random.standard_normal(runs))) for _ in range(1000)]
    for kinds in ({Anomaly.OUTLIERS}, {Anomaly.TWO_MODES}, {Anomaly.SLOWER, Anomaly.FASTER}):
        assert sum(not kinds.isdisjoint(counts) for counts in odd) <= 20
