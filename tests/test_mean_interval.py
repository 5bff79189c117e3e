"""Intervals of means: on their scale, of scipy where there is no scale, and none of few runs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from sk_biornn._mean_interval import mean_interval

PER_CENT, POSITIVE, SKILL, CORRELATION = (0.0, 100.0), (0.0, np.inf), (-np.inf, 1.0), (-1.0, 1.0)
VALUES = np.array([0.31, 0.42, 0.27, 0.55, 0.38, 0.61])
T = stats.t.ppf(0.975, 5)
SE = stats.sem(VALUES)
MEAN = VALUES.mean()


def test_without_a_scale_it_is_the_t_interval():
    found = mean_interval(VALUES)
    assert_allclose(found[1:], stats.t.interval(0.95, 5, loc=MEAN, scale=SE))


@pytest.mark.parametrize(
    ("scale", "link", "slope", "back"),
    [
        (POSITIVE, np.log, 1 / MEAN, np.exp),
        (SKILL, lambda x: -np.log(1 - x), 1 / (1 - MEAN), lambda z: 1 - np.exp(-z)),
        (CORRELATION, np.arctanh, 1 / (1 - MEAN**2), np.tanh),  # Fisher's z
        ((0.0, 1.0), lambda x: np.log(x / (1 - x)), 1 / (MEAN * (1 - MEAN)), stats.logistic.cdf),
    ],
)
def test_on_a_scale_it_is_that_of_the_transformed_mean(scale, link, slope, back):
    mean, low, high = mean_interval(VALUES, scale=scale)
    assert_allclose(mean, MEAN)
    assert_allclose([low, high], back(link(MEAN) + np.array([-T, T]) * slope * SE))


@pytest.mark.parametrize("n", range(5))
def test_fewer_than_five_values_have_none(n):
    mean, low, high = mean_interval(VALUES[:n])
    assert np.isnan(low) and np.isnan(high) and (np.isnan(mean) if n == 0 else mean > 0)


def test_equal_values_have_none_and_missing_ones_do_not_count():
    assert np.isnan(mean_interval(np.full(9, 100.0), scale=PER_CENT)[1])
    table = np.column_stack([VALUES, np.append(VALUES[:5], np.nan), np.full(6, np.nan)])
    mean, low, _ = mean_interval(table)
    assert_allclose(mean[1], VALUES[:5].mean())
    assert_allclose(low[1], mean_interval(VALUES[:5])[1])
    assert np.isnan(mean[2]) and np.isnan(low[2])


@given(st.lists(st.floats(0, 100), min_size=5, max_size=9))
def test_it_stays_on_its_scale_and_holds_the_mean(values):
    mean, low, high = mean_interval(np.array(values), scale=PER_CENT)
    if np.isfinite(low):
        assert 0 <= low <= mean * (1 + 1e-12) and mean <= high * (1 + 1e-12) <= 100 * (1 + 1e-12)


@pytest.mark.parametrize(
    ("draw", "truth", "scale"),
    [
        (lambda rng, size: 100 * rng.beta(9, 1, size), 90.0, PER_CENT),
        (lambda rng, size: rng.lognormal(0, 0.5, size), np.exp(0.125), POSITIVE),
    ],
)
def test_of_five_runs_it_covers_the_mean_more_often_than_others(draw, truth, scale):
    values = draw(np.random.default_rng(0), (5, 4000))
    resampled = values[np.random.default_rng(1).integers(5, size=(500, 5))].mean(axis=1)
    ends = {
        "transformed": mean_interval(values, scale=scale)[1:],
        "t": mean_interval(values)[1:],
        "bootstrap": np.quantile(resampled, [0.025, 0.975], axis=0),
    }
    covered = {
        name: np.mean((low <= truth) & (truth <= high)) for name, (low, high) in ends.items()
    }
    assert covered["transformed"] > 0.9 > 0.85 > covered["bootstrap"]
    assert covered["transformed"] > covered["t"] + 0.01
