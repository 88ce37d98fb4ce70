"""The volatility regime: causal, sorted, and as statsmodels estimates it on every year of the real data."""

import warnings

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

from features import markov_regime, switching_variance
from features.data import calendar
from features.panel import build_inputs
from tests.support.data import needs_shared


def _weeks(seed, n=700):
    rng = np.random.default_rng(seed)
    high = np.cumsum(rng.random(n) < 0.03) % 2 == 1
    return high, rng.normal(0.1, np.where(high, 4.0, 1.2))


def test_the_regime_is_online_and_sorted():
    high, weekly = _weeks(3)
    index = calendar.sessions(pd.Timestamp("1990-01-02"), pd.Timestamp("2003-12-31"))
    ends = calendar.decision_dates(index[0], index[-1])[: len(weekly)]
    panel = pd.DataFrame({"ret_cap": 0.0, "ret_bill": 0.0}, index=index)
    panel.loc[ends, "ret_cap"] = np.expm1(weekly / 100)[: len(ends)]
    whole = markov_regime.compute(panel, 2000)
    cut = markov_regime.compute(panel.loc[:"2002-06-28"], 2000)
    pd.testing.assert_series_equal(whole.loc[:"2002-06-28"], cut, check_freq=False)
    found = whole.reindex(ends[-150:])
    truth = high[len(ends) - 150 : len(ends)]
    assert found[truth].mean() > found[~truth].mean() + 0.3


def test_a_year_whose_fit_fails_keeps_the_last_parameters(monkeypatch):
    index = calendar.sessions(pd.Timestamp("1992-01-02"), pd.Timestamp("2000-06-30"))
    panel = pd.DataFrame({"ret_cap": np.random.default_rng(2).normal(0, 0.01, len(index)), "ret_bill": 0.0}, index)
    fit, filtered, used = switching_variance.fit, switching_variance.filtered_probabilities, []
    monkeypatch.setattr(switching_variance, "fit", lambda x, start: None if len(x) > 400 else fit(x, start))
    monkeypatch.setattr(
        switching_variance, "filtered_probabilities", lambda x, model: used.append(model) or filtered(x, model)
    )
    assert markov_regime.compute(panel, 1999).notna().all()
    assert used[0] == used[1]


def test_the_first_year_asked_for_changes_no_value():
    _, weekly = _weeks(5)
    index = calendar.sessions(pd.Timestamp("1990-01-02"), pd.Timestamp("2003-12-31"))
    ends = calendar.decision_dates(index[0], index[-1])[: len(weekly)]
    panel = pd.DataFrame({"ret_cap": 0.0, "ret_bill": 0.0}, index=index)
    panel.loc[ends, "ret_cap"] = np.expm1(weekly / 100)[: len(ends)]
    long, short = markov_regime.compute(panel, 1996), markov_regime.compute(panel, 2001)
    pd.testing.assert_series_equal(long.loc["2001":], short, check_freq=False)


@needs_shared
@pytest.mark.slow
def test_every_year_is_as_statsmodels_estimates_it(shared_snapshot):
    """Log likelihood to 1e-3 and filtered probabilities to 1e-4, statsmodels' search ended as tightly as ours."""
    weeks = markov_regime.weekly_excess(build_inputs(shared_snapshot).panel)
    compared = 0
    for year, mine in markov_regime.yearly_fits(weeks, 2023):
        if mine is None:
            continue
        past = weeks[weeks.index < pd.Timestamp(year, 1, 1)]
        theirs = MarkovRegression(past.to_numpy(), k_regimes=2, switching_trend=False, switching_variance=True)
        start = [mine.stay[0], 1.0 - mine.stay[1], mine.mean, *mine.variance]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the oracle's own about a start that is the optimum already
            found = theirs.fit(start_params=start, disp=False, maxiter=200, gtol=1e-10, em_iter=0)
        assert mine.log_likelihood == pytest.approx(found.llf, abs=1e-3)
        window = past.iloc[-markov_regime.FILTER_WEEKS :].to_numpy()
        tail = MarkovRegression(window, k_regimes=2, switching_trend=False, switching_variance=True).filter(
            found.params
        )
        high = int(np.argmax(np.asarray(found.params)[-2:]))
        ours = switching_variance.filtered_probabilities(window, mine)
        np.testing.assert_allclose(ours, tail.filtered_marginal_probabilities[:, high], atol=1e-4)
        compared += 1
    assert compared > 85
