"""The assertions about chance catch wrong models and refuse samples that are too small."""

import numpy as np
import pytest
from scipy import stats

from helpers.statistics import (
    POWER,
    TooFewTrialsError,
    assert_cells_plausible,
    assert_count_plausible,
    assert_martingale_plausible,
    assert_uncorrelated,
    count_band,
    visible_error,
)

TRIALS, PROBABILITY = 200_000, 0.3


def test_a_count_band_holds_what_it_says():
    low, high = count_band(TRIALS, PROBABILITY, 1e-6)
    assert stats.binom.cdf(low - 1, TRIALS, PROBABILITY) + stats.binom.sf(high, TRIALS, PROBABILITY) <= 1e-6


@pytest.mark.parametrize("error", [-0.03, 0.03])
def test_a_wrong_probability_is_caught_as_often_as_promised(error):
    wrong = np.random.default_rng(1).binomial(TRIALS, PROBABILITY * (1 + error), size=400)
    caught = 0
    for count in wrong:
        try:
            assert_count_plausible(int(count), trials=TRIALS, probability=PROBABILITY, false_alarm=1e-6, must_see=0.03)
        except AssertionError:
            caught += 1
    assert caught >= 400 * POWER - 12  # three binomial standard deviations (2 each) below, and more


def test_a_right_probability_passes():
    right = np.random.default_rng(2).binomial(TRIALS, PROBABILITY, size=400)
    for count in right:
        assert_count_plausible(int(count), trials=TRIALS, probability=PROBABILITY, false_alarm=1e-6, must_see=0.03)


def test_a_sample_too_small_to_see_the_error_is_refused():
    with pytest.raises(TooFewTrialsError):
        assert_count_plausible(30, trials=100, probability=0.3, false_alarm=1e-6, must_see=0.02)
    with pytest.raises(TooFewTrialsError):
        assert_martingale_plausible(10, 10.0, false_alarm=1e-6, must_see=0.5)
    with pytest.raises(TooFewTrialsError):
        assert_cells_plausible([10, 10], [0.5, 0.5], false_alarm=1e-6)
    with pytest.raises(TooFewTrialsError):
        assert_uncorrelated(np.full(100, 0.5), np.full(100, 0.5), false_alarm=1e-6, must_see=0.1)


def test_sums_of_probabilities_that_are_wrong_are_caught():
    rng = np.random.default_rng(3)
    p = rng.uniform(0, 0.2, size=100_000)
    error = visible_error(p.sum(), 1e-6)
    assert error < 0.08
    assert_martingale_plausible(int((rng.random(len(p)) < p).sum()), p.sum(), false_alarm=1e-6, must_see=error)
    caught = 0
    for _ in range(200):
        events = int((rng.random(len(p)) < p * (1 + error)).sum())
        try:
            assert_martingale_plausible(events, p.sum(), false_alarm=1e-6, must_see=error)
        except AssertionError:
            caught += 1
    assert caught >= 200 * POWER - 8


def test_cells_that_do_not_fit_are_caught():
    with pytest.raises(AssertionError):
        assert_cells_plausible([1_000, 1_200], [0.5, 0.5], false_alarm=1e-4)
    assert_cells_plausible([1_000, 1_050], [0.5, 0.5], false_alarm=1e-4)


def test_correlation_is_caught():
    rng = np.random.default_rng(4)
    x = rng.random(50_000)
    y = np.where(rng.random(50_000) < 0.06, x, rng.random(50_000))
    with pytest.raises(AssertionError):
        assert_uncorrelated(x, y, false_alarm=1e-6, must_see=0.05)
    assert_uncorrelated(x, rng.random(50_000), false_alarm=1e-6, must_see=0.05)
