"""Simulated paths by slow loops, and their outcomes as columns of a data set."""

import numpy as np
import pandas as pd
import pytest

from features import garch, labels, path_simulation

PARAMETERS = (0.02, 0.03, 0.12, 0.88)


@pytest.fixture(scope="module")
def returns():
    return np.random.default_rng(2).normal(scale=0.01, size=1500)


@pytest.fixture(scope="module")
def panel(returns):
    sessions = pd.bdate_range("2000-01-03", periods=len(returns))
    noise = np.random.default_rng(4).normal(scale=0.004, size=len(returns))
    return pd.DataFrame({"ret_broad": returns, "ret_cap": 0.8 * returns + noise}, sessions)


def test_simulated_paths_by_a_slow_loop():
    shocks = np.random.default_rng(3).normal(size=(5, 4))
    omega, alpha, gamma, beta = PARAMETERS
    found = path_simulation._paths(np.array([1e-4, 4e-4]), shocks, PARAMETERS, (2, 5), with_lowest=True)
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
    pairs = path_simulation.residual_pairs(returns[:1000] + 0.001, 0.5 * returns[:1000], (PARAMETERS, PARAMETERS))
    assert pairs.shape == (999, 2)
    np.testing.assert_allclose(pairs.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(pairs.std(axis=0), 1.0)
    assert np.corrcoef(pairs.T)[0, 1] > 0.95


def test_the_columns_are_the_shares_of_paths_by_the_label_s_rule(panel):
    dates = pd.DatetimeIndex(panel.index[1000:1200:5])
    found = path_simulation.compute(panel, "path", dates)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    year = int(dates[0].year)
    refits = tuple(
        garch.refits(np.log1p(panel[name].to_numpy()), panel.index, 2000, year) for name in ("ret_broad", "ret_cap")
    )
    legs = tuple(np.log1p(panel[name].to_numpy()) for name in ("ret_broad", "ret_cap"))
    january = int(panel.index.searchsorted(pd.Timestamp(year, 1, 1)))
    drawn = path_simulation.simulate(legs, refits, np.array([1000]), january, year, (labels.HORIZON,))[labels.HORIZON]
    fell = (drawn.lowest[0] <= -0.05).sum()
    rotated = ((drawn.lowest[0] > -0.05) & (drawn.broad[0] > 0) & (drawn.broad[0] > drawn.cap[0])).sum()
    assert found["simulated_breakdown"].iloc[0] == pytest.approx((fell + 1) / (path_simulation.PATHS + 3))
    assert found["simulated_rotation"].iloc[0] == pytest.approx((rotated + 1) / (path_simulation.PATHS + 3))


@pytest.mark.parametrize("label", ["path", "path-vol", "return"])
def test_what_comes_after_a_decision_changes_nothing_and_a_kept_year_is_the_same(panel, label):
    dates = pd.DatetimeIndex(panel.index[700:1400:5])
    whole = path_simulation.compute(panel, label, dates)
    assert whole.notna().to_numpy().all()
    pd.testing.assert_frame_equal(path_simulation.compute(panel, label, dates), whole)
    poisoned = panel.copy()
    poisoned.iloc[1101:] = 0.05
    early = dates[dates <= panel.index[1100]]
    pd.testing.assert_frame_equal(path_simulation.compute(poisoned, label, early), whole.loc[early])
    cut = panel.iloc[:1101]
    pd.testing.assert_frame_equal(path_simulation.compute(cut, label, early), whole.loc[early])


def test_before_two_years_of_both_legs_there_is_none(panel):
    early = pd.DatetimeIndex(panel.index[300:400:5])
    assert path_simulation.compute(panel, "path", early).isna().to_numpy().all()
