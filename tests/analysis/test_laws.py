"""Scaling laws: fitted to times that follow them, and refused where they cannot be identified."""

import numpy as np
import pytest

from runner.analysis.intervals import Values
from runner.analysis.laws import Fit, fit
from runner.facts import NotIdentifiable
from runner.records import LawName

LEVELS = [1, 2, 4, 8, 16, 32]


def times(workers: list[int], alpha: float, beta: float = 0.0, noise: float = 0.0) -> Values:
    counts = np.array(workers, dtype=float)[:, np.newaxis]
    exact = 10 * (1 + alpha * (counts - 1) + beta * counts * (counts - 1)) / counts
    noisy: Values = exact * np.random.default_rng(0).lognormal(0, noise, (len(workers), 7))
    return noisy


def fitted(law: LawName, workers: list[int], times: Values) -> Fit:
    result = fit(law, workers, times, 0.95, seed=1)
    assert isinstance(result, Fit)
    return result


def test_without_noise_the_serial_fraction_of_amdahl_is_exact() -> None:
    law = fitted("amdahl", [1, 2, 4, 8], times([1, 2, 4, 8], 0.1))
    assert law.alpha.value == pytest.approx(0.1, abs=1e-4)
    assert law.beta is None


def test_without_noise_both_parameters_and_the_peak_of_the_usl_are_exact() -> None:
    law = fitted("usl", LEVELS, times(LEVELS, 0.05, 0.002))
    assert law.alpha.value == pytest.approx(0.05, abs=1e-3)
    assert law.beta is not None
    assert law.beta.value == pytest.approx(0.002, abs=1e-4)
    assert law.peak_workers is not None
    assert law.peak_workers.value == pytest.approx(np.sqrt(0.95 / 0.002), rel=0.01)


@pytest.mark.slow
def test_with_noise_the_interval_contains_the_true_value() -> None:
    law = fitted("usl", LEVELS, times(LEVELS, 0.05, 0.002, noise=0.02))
    assert law.alpha.low <= 0.05 <= law.alpha.high
    assert law.beta is not None
    assert law.beta.low <= 0.002 <= law.beta.high


def test_a_curve_extends_to_twice_the_workers_and_contains_every_repetition() -> None:
    curve = fitted("amdahl", [1, 2, 4, 8], times([1, 2, 4, 8], 0.1)).curve
    assert [curve.workers[0], curve.workers[-1]] == pytest.approx([1, 16])
    assert curve.speedup[-1] == pytest.approx(16 / (1 + 0.1 * 15), rel=1e-3)
    assert {workers: len(speedups) for workers, speedups in curve.measured.items()} == {
        1: 7,
        2: 7,
        4: 7,
        8: 7,
    }
    assert curve.measured[8] == pytest.approx([8 / 1.7] * 7, rel=1e-3)


def test_three_numbers_of_workers_do_not_identify_a_serial_fraction() -> None:
    result = fit("amdahl", [1, 2, 4], times([1, 2, 4], 0.1), 0.95, seed=1)
    assert result == NotIdentifiable(reason="levels", found=3, needed=4)


def test_a_short_range_of_workers_does_not_identify_coherency() -> None:
    result = fit("usl", [1, 2, 3, 4, 6, 8], times([1, 2, 3, 4, 6, 8], 0.1), 0.95, seed=1)
    assert result == NotIdentifiable(reason="span", found=8, needed=16)


def test_perfect_scaling_has_no_serial_fraction() -> None:
    law = fitted("amdahl", [1, 2, 4, 8], times([1, 2, 4, 8], 0.0))
    assert law.alpha.value == pytest.approx(0.0, abs=1e-4)


def test_a_law_without_coherency_has_no_peak() -> None:
    assert fitted("usl", LEVELS, times(LEVELS, 0.05)).peak_workers is None
