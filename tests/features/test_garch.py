"""The filter and the simulation against slow loops over their definitions."""

import numpy as np
import pandas as pd
import pytest

from features import garch

PARAMETERS = (0.02, 0.03, 0.12, 0.88)


@pytest.fixture(scope="module")
def returns():
    return np.random.default_rng(2).normal(scale=0.01, size=1500)


def test_the_filter_by_a_slow_loop(returns):
    omega, alpha, gamma, beta = PARAMETERS
    variance, found = garch.long_run(PARAMETERS), []
    for value in returns:
        variance = omega / 1e4 + (alpha + gamma * (value < 0)) * value**2 + beta * variance
        found.append(variance)
    np.testing.assert_allclose(garch.variances(returns, PARAMETERS), found, rtol=1e-12)


def test_the_mean_variance_by_iterating_the_expectation():
    left, level = garch.persistence(PARAMETERS), garch.long_run(PARAMETERS)
    variance, path = 4e-4, []
    for _ in range(21):
        path.append(variance)
        variance = level + left * (variance - level)
    assert garch.mean_variance(np.array([4e-4]), PARAMETERS, 21)[0] == pytest.approx(np.mean(path))


def test_a_refit_sees_only_what_was_before_its_january(returns):
    sessions = pd.bdate_range("2000-01-03", periods=len(returns))
    found = garch.refits(returns, sessions, 2000, 2005)
    poisoned = np.where(sessions >= "2004-01-01", 0.2, returns)
    other = garch.refits(poisoned, sessions, 2000, 2005)
    assert [one for one in found if one.year <= 2004] == [one for one in other if one.year <= 2004]
    assert found[-1] != other[-1]


def test_a_january_that_does_not_converge_keeps_the_last_parameters(returns, monkeypatch):
    sessions = pd.bdate_range("2000-01-03", periods=len(returns))
    answers = iter([PARAMETERS, None, None])
    monkeypatch.setattr(garch, "estimate", lambda *_: next(answers))
    found = garch.refits(returns, sessions, 2002, 2004)
    assert [one.converged for one in found] == [True, False, False]
    assert {one.parameters for one in found} == {PARAMETERS}


def test_the_estimates_are_those_of_arch():
    from arch import arch_model

    rng, variance, path = np.random.default_rng(5), 1e-4, []
    for shock in rng.normal(size=4000):
        step = np.sqrt(variance) * shock
        path.append(step)
        variance = 2e-6 + (0.03 + 0.1 * (step < 0)) * step**2 + 0.9 * variance
    theirs = arch_model(100.0 * np.array(path), mean="Zero", p=1, o=1, q=1, rescale=False).fit(disp="off")
    mine = garch.estimate(np.array(path), None)
    np.testing.assert_allclose(mine, theirs.params, rtol=2e-3, atol=2e-4)
    again = garch.estimate(np.array(path), (0.05, 0.1, 0.02, 0.8))
    np.testing.assert_allclose(again, mine, rtol=1e-3, atol=1e-4)


def test_the_gradient_by_differences(returns):
    squares = (100.0 * returns) ** 2
    down = squares * (returns < 0)
    at, step = np.array(PARAMETERS), 1e-6
    _, slope = garch._loss(at, squares, down, 1.0)
    for place in range(4):
        moved = np.zeros(4)
        moved[place] = step
        up, low = (garch._loss(at + sign * moved, squares, down, 1.0)[0] for sign in (1, -1))
        assert slope[place] == pytest.approx((up - low) / (2 * step), rel=1e-5, abs=1e-8)
