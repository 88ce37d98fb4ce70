"""Calibration against scikit-learn, slow loops, and worlds that are calibrated by construction."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import binom, norm
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from models.evaluation import calibration


def world(seed=0, n=900):
    rng = np.random.default_rng(seed)
    p = rng.beta(2, 6, size=n)
    return p, rng.random(n) < p


def test_ece_against_scikit_learn():
    p, truth = world()
    frequency, said = calibration_curve(truth, p, n_bins=10, strategy="quantile")
    counts = np.bincount(calibration.bins(p))
    assert counts.max() - counts.min() <= 1
    assert calibration.ece(p, truth) == pytest.approx(np.sum(counts * np.abs(frequency - said)) / len(p))


def test_equal_probabilities_share_a_bin():
    truth = np.array([True, False, False, False])
    assert calibration.ece(np.full(4, 0.3), truth) == pytest.approx(0.05)


def test_the_latent_weeks_overlap_as_labels_do():
    z = calibration.latent(500, False)
    assert np.std(z) == pytest.approx(1.0, abs=0.01)
    for lag, want in ((1, 16 / 21), (2, 11 / 21), (3, 6 / 21), (4, 1 / 21), (5, 0.0)):
        assert np.mean(z[:, lag:] * z[:, :-lag]) == pytest.approx(want, abs=0.015)
    months = calibration.latent(500, True)
    assert np.mean(months[:, 1:] * months[:, :-1]) == pytest.approx(0.0, abs=0.015)


def test_the_bound_of_a_constant_forecast_is_the_binomial_one():
    """One bin: calibration error is |frequency - p|, whose 95 % quantile is known."""
    p = np.full(400, 0.3)
    want = 1.96 * np.sqrt(0.3 * 0.7 / 400)
    assert calibration.ece_bound(p, calibration.latent(400, True)) == pytest.approx(want, rel=0.1)
    assert calibration.ece_bound(p, calibration.latent(400, False)) > 1.5 * want


def test_a_calibrated_model_stays_under_the_bound_19_times_in_20():
    n, tries = 800, 400
    rng = np.random.default_rng(99)
    p = rng.beta(2, 6, size=n)
    bound = calibration.ece_bound(p, calibration.latent(n, False))
    over = 0
    for _ in range(tries):
        daily = rng.normal(size=5 * n + 20)
        z = np.array([daily[5 * t : 5 * t + 21].sum() for t in range(n)]) / np.sqrt(21)
        over += calibration.ece(p, norm.cdf(z) < p) > bound
    low, high = binom.interval(0.9999, tries, 0.05)  # the bound itself is an estimate from 400 simulations
    assert low <= over <= high
    assert calibration.ece(expit(3 * logit(p)), norm.cdf(z) < p) > bound


def test_recalibration_against_scikit_learn_and_a_slow_sandwich():
    p, truth = world()
    every = np.ones(len(p), dtype=bool)
    got = calibration.recalibration(p, truth, every, 26)
    x = logit(p)
    fit = LogisticRegression(C=np.inf, tol=1e-10).fit(x[:, None], truth)
    assert got["calibration_slope"] == pytest.approx(fit.coef_[0, 0], abs=1e-5)
    assert got["calibration_intercept"] == pytest.approx(fit.intercept_[0], abs=1e-5)
    error = _newey_west(x, truth, got["calibration_intercept"], got["calibration_slope"], 26)
    for name, one in zip(("intercept", "slope"), error, strict=True):
        half = (got[f"calibration_{name}_high"] - got[f"calibration_{name}_low"]) / 2
        assert half == pytest.approx(1.96 * one, rel=2e-3)


def _newey_west(x, truth, intercept, slope, lags):
    """Standard errors by the textbook sums."""
    design = np.column_stack([np.ones(len(x)), x])
    mean = expit(intercept + slope * x)
    score = design * (truth - mean)[:, None]
    middle = score.T @ score
    for lag in range(1, lags + 1):
        cross = sum(np.outer(score[t], score[t - lag]) for t in range(lag, len(x)))
        middle = middle + (1 - lag / (lags + 1)) * (cross + cross.T)
    bread = np.linalg.inv(design.T @ (design * (mean * (1 - mean))[:, None]))
    return np.sqrt(np.diag(bread @ middle @ bread))


@pytest.mark.parametrize(("bold", "want"), [(2.0, 0.5), (0.5, 2.0), (1.0, 1.0)])
def test_boldness_is_found(bold, want):
    p, truth = world(4, n=20000)
    got = calibration.recalibration(expit(bold * logit(p)), truth, np.ones(len(p), dtype=bool), 26)
    assert got["calibration_slope"] == pytest.approx(want, rel=0.08)
    assert got["calibration_slope_low"] < want < got["calibration_slope_high"]


def test_weeks_that_do_not_count_add_nothing():
    p, truth = world(7)
    on = np.random.default_rng(1).random(len(p)) < 0.5
    fit = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(p)[on][:, None], truth[on])
    got = calibration.recalibration(p, truth, on, 26)
    assert got["calibration_slope"] == pytest.approx(fit.coef_[0, 0], abs=1e-5)
    first = np.arange(len(p)) < 500
    alone = calibration.recalibration(p[first], truth[first], first[first], 26)
    assert calibration.recalibration(p, truth, first, 26) == pytest.approx(alone, rel=1e-6)


@pytest.mark.parametrize("case", ["constant", "separated", "few", "touching"])
def test_no_estimate_where_none_exists(case):
    p, truth = world(2, n=300)
    if case == "constant":
        p = np.full(300, 0.2)
    elif case == "separated":
        p = np.where(truth, 0.9, 0.1) + np.linspace(0, 0.05, 300)
    elif case == "touching":
        p = np.where(truth, 0.5, np.linspace(0.1, 0.5, 300))
    else:
        truth = np.arange(300) < 9
    got = calibration.recalibration(p, truth, np.ones(300, dtype=bool), 26)
    assert all(np.isnan(value) for value in got.values())


def test_the_coverage_of_a_calibrated_band_lies_within_its_bound_as_often_as_it_says():
    rng = np.random.default_rng(5)
    weeks, horizon, inside = 300, 63, []
    low, high = calibration.coverage_bound(weeks, horizon, 0.8)
    for _ in range(600):  # paths drawn day by day, each week's horizon summed by itself
        days = rng.normal(size=5 * weeks + horizon)
        ahead = np.array([days[5 * week : 5 * week + horizon].sum() for week in range(weeks)])
        inside.append(np.mean(np.abs(ahead) <= 1.2815515655 * np.sqrt(horizon)))
    outside = np.mean((np.array(inside) < low) | (np.array(inside) > high))
    assert 0.02 <= outside <= 0.09
    alone = np.sqrt(0.8 * 0.2 / weeks)
    assert high - low > 2 * (2 * 1.96 * alone)  # fewer than a quarter as many observations as weeks


def test_the_coverage_bound_narrows_with_weeks_and_widens_with_the_horizon():
    def width(weeks, horizon):
        low, high = calibration.coverage_bound(weeks, horizon, 0.8)
        assert low < 0.8 < high
        return high - low

    assert width(1774, 5) < width(1774, 21) < width(1774, 63) < width(364, 63)
    # Five sessions do not overlap: independent weeks.
    assert width(1774, 5) == pytest.approx(2 * 1.96 * np.sqrt(0.8 * 0.2 / 1774), rel=0.15)
