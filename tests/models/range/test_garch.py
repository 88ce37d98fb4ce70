"""The filter and the simulation against slow loops over their definitions."""

import numpy as np
import pandas as pd
import pytest

from models.range import garch, simulation
from models.range.paths import Legs

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


def test_simulated_paths_by_a_slow_loop():
    shocks = np.random.default_rng(3).normal(size=(5, 4))
    omega, alpha, gamma, beta = PARAMETERS
    found = simulation._paths(np.array([1e-4, 4e-4]), shocks, PARAMETERS, (2, 5), with_lowest=True)
    for week, start in enumerate((1e-4, 4e-4)):
        for path in range(4):
            variance, line, lines = start, 0.0, []
            for session in range(5):
                step = np.sqrt(variance) * shocks[session, path]
                variance = omega / 1e4 + (alpha + gamma * (step < 0)) * step**2 + beta * variance
                line += step
                lines.append(line)
            for horizon in (2, 5):
                assert found[horizon][0][week, path] == pytest.approx(lines[horizon - 1])
                assert found[horizon][1][week, path] == pytest.approx(min(lines[:horizon]))


def test_residuals_are_pairs_of_the_same_day_without_drift(returns):
    sessions = pd.bdate_range("2000-01-03", periods=len(returns))
    legs = Legs(sessions, returns + 0.001, 0.5 * returns, sessions[::5], np.arange(0, len(returns), 5))
    pairs = simulation.residual_pairs(legs, 1000, (PARAMETERS, PARAMETERS))
    assert pairs.shape == (999, 2)
    np.testing.assert_allclose(pairs.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(pairs.std(axis=0), 1.0)
    assert np.corrcoef(pairs.T)[0, 1] > 0.95
