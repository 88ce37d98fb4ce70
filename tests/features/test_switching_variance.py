"""The switching-variance regression against statsmodels, against a slow filter, and on a chain that is known."""

import numpy as np
import pytest
from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

from features import switching_variance
from features.switching_variance import SwitchingVariance


def drawn(rows, seed=0, stay=(0.97, 0.9), deviation=(1.0, 3.0), mean=0.2):
    rng = np.random.default_rng(seed)
    state, states = 0, np.empty(rows, dtype=int)
    for row in range(rows):
        if rng.random() > stay[state]:
            state = 1 - state
        states[row] = state
    return mean + np.array(deviation)[states] * rng.standard_normal(rows), states


def oracle(values):
    return MarkovRegression(values, k_regimes=2, trend="c", switching_trend=False, switching_variance=True)


def as_params(model):
    return np.array([model.stay[0], 1.0 - model.stay[1], model.mean, *model.variance])


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 64, 501])
def test_the_likelihood_is_that_of_statsmodels(rows):
    values, _ = drawn(max(rows, 3), seed=rows)
    model = SwitchingVariance(0.1, (0.8, 6.0), (0.95, 0.88), 0.0)
    point = np.concatenate([[0.1], 0.5 * np.log(model.variance), [np.log(0.95 / 0.05), np.log(0.88 / 0.12)]])
    mine = switching_variance.log_likelihoods(point[None], values)[0]
    assert mine == pytest.approx(oracle(values).loglike(as_params(model)), abs=1e-8)


def test_the_estimate_is_no_worse_than_that_of_statsmodels_and_close_to_it():
    values, _ = drawn(1500)
    found = switching_variance.fit(values)
    model = oracle(values)
    theirs = model.fit(disp=False, maxiter=500, gtol=1e-8)
    assert found.log_likelihood >= theirs.llf - 1e-3
    assert found.log_likelihood == pytest.approx(model.loglike(as_params(found)), abs=1e-8)
    assert as_params(found) == pytest.approx(np.asarray(theirs.params), rel=2e-3)
    assert found.variance[0] < found.variance[1]


def test_the_filter_is_that_of_statsmodels():
    values, _ = drawn(400, seed=3)
    model = SwitchingVariance(0.1, (0.8, 6.0), (0.95, 0.88), 0.0)
    theirs = oracle(values).filter(as_params(model)).filtered_marginal_probabilities[:, 1]
    assert switching_variance.filtered_probabilities(values, model) == pytest.approx(theirs, abs=1e-12)


def test_the_state_of_a_known_chain_is_found():
    values, states = drawn(3000, seed=4, deviation=(1.0, 6.0))
    found = switching_variance.fit(values)
    assert found.stay == pytest.approx((0.97, 0.9), abs=0.03)
    assert np.sqrt(found.variance) == pytest.approx((1.0, 6.0), rel=0.1)
    said = switching_variance.filtered_probabilities(values, found) > 0.5
    assert (said == states).mean() > 0.93


def test_the_start_does_not_matter_once_it_has_converged():
    values, _ = drawn(1200, seed=5)
    cold = switching_variance.fit(values)
    warm = switching_variance.fit(values, switching_variance.fit(values[:1100]))
    assert as_params(warm) == pytest.approx(as_params(cold), rel=1e-3)


def test_values_that_do_not_vary_give_nothing():
    assert switching_variance.fit(np.full(300, 0.1)) is None


def test_a_history_with_one_state_alone_converges_or_gives_nothing():
    values = np.random.default_rng(6).standard_normal(600)
    found = switching_variance.fit(values)
    assert found is None or found.log_likelihood >= -0.5 * len(values) * (np.log(2.0 * np.pi * values.var()) + 1.0)
