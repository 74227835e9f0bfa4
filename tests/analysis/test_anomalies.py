"""What is odd about times is told, and nothing else is."""

import numpy as np
import pytest

from runner.analysis.anomalies import flags

QUIET = [1.00, 1.02, 0.99, 1.01, 0.98, 1.00, 1.01, 0.99, 1.02]


def test_quiet_times_are_not_odd() -> None:
    assert flags(np.array(QUIET)) == []


def test_a_time_far_from_all_others_is_an_outlier() -> None:
    assert flags(np.array([*QUIET, 3.0])) == ["1 outlier"]


def test_times_of_two_kinds_have_two_modes() -> None:
    assert flags(np.array([1.00, 1.50, 1.01, 1.52, 0.99, 1.51, 1.00, 1.49])) == ["two modes"]


@pytest.mark.parametrize(("step", "told"), [(0.02, "slower"), (-0.02, "faster")])
def test_times_that_drift_have_a_trend(step: float, told: str) -> None:
    assert flags(1 + step * np.arange(9)) == [f"{told} over the repetitions"]


def test_equal_times_are_not_odd() -> None:
    assert flags(np.ones(9)) == []


def test_few_times_show_nothing() -> None:
    assert flags(np.array([1.0, 5.0, 1.0, 5.0, 1.0])) == []


@pytest.mark.parametrize("runs", [7, 15, 31])
def test_what_chance_makes_is_rarely_called_odd(runs: int) -> None:
    random = np.random.default_rng(1)
    odd = [flags(np.exp(0.03 * random.standard_normal(runs))) for _ in range(1000)]
    for kind in ("outlier", "two modes", "over the repetitions"):
        assert sum(kind in " ".join(found) for found in odd) <= 20
