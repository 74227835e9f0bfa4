"""Laws fitted to times that follow them, and refused where they cannot be told."""

import numpy as np
import pytest

from runner.analysis.intervals import Values
from runner.analysis.laws import Fit, fit

LEVELS = [1, 2, 4, 8, 16, 32]


def times(workers: list[int], alpha: float, beta: float = 0.0, noise: float = 0.0) -> Values:
    counts = np.array(workers, dtype=float)[:, np.newaxis]
    exact = 10 * (1 + alpha * (counts - 1) + beta * counts * (counts - 1)) / counts
    noisy: Values = exact * np.random.default_rng(0).lognormal(0, noise, (len(workers), 7))
    return noisy


def test_amdahl_s_serial_fraction_is_found_exactly_without_noise() -> None:
    found = fit("amdahl", [1, 2, 4, 8], times([1, 2, 4, 8], 0.1), 0.95, seed=1)
    assert isinstance(found, Fit)
    assert found.alpha.value == pytest.approx(0.1, abs=1e-4)
    assert found.beta is None


def test_the_two_parameters_and_the_peak_of_the_usl_are_found_exactly_without_noise() -> None:
    found = fit("usl", LEVELS, times(LEVELS, 0.05, 0.002), 0.95, seed=1)
    assert isinstance(found, Fit)
    assert found.alpha.value == pytest.approx(0.05, abs=1e-3)
    assert found.beta is not None
    assert found.beta.value == pytest.approx(0.002, abs=1e-4)
    assert found.peak_workers is not None
    assert found.peak_workers.value == pytest.approx(np.sqrt(0.95 / 0.002), rel=0.01)


def test_with_noise_the_interval_holds_the_truth() -> None:
    found = fit("usl", LEVELS, times(LEVELS, 0.05, 0.002, noise=0.02), 0.95, seed=1)
    assert isinstance(found, Fit)
    assert found.alpha.low <= 0.05 <= found.alpha.high
    assert found.beta is not None
    assert found.beta.low <= 0.002 <= found.beta.high


def test_three_numbers_of_workers_identify_no_serial_fraction() -> None:
    found = fit("amdahl", [1, 2, 4], times([1, 2, 4], 0.1), 0.95, seed=1)
    assert found == "not identifiable: 3 numbers of workers, and 4 are needed"


def test_a_short_range_of_workers_identifies_no_coherency() -> None:
    found = fit("usl", [1, 2, 3, 4, 6, 8], times([1, 2, 3, 4, 6, 8], 0.1), 0.95, seed=1)
    assert found == "not identifiable: workers span a factor of 8, and 16 is needed"


def test_perfect_scaling_has_no_serial_fraction() -> None:
    found = fit("amdahl", [1, 2, 4, 8], times([1, 2, 4, 8], 0.0), 0.95, seed=1)
    assert isinstance(found, Fit)
    assert found.alpha.value == pytest.approx(0.0, abs=1e-4)
