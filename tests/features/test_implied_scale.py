"""VIX joins at its past ratio once three years of both exist, and sees nothing of what comes."""

import numpy as np
import pandas as pd

from features import implied_scale


def test_it_is_realised_volatility_until_three_years_overlap_and_vix_on_its_level_then():
    dates = pd.date_range("2000-01-07", periods=300, freq="W-FRI")
    rng = np.random.default_rng(0)
    realised = pd.Series(np.exp(rng.normal(size=300)), dates)
    vix = pd.Series(np.exp(rng.normal(size=300)), dates)
    vix.iloc[:20] = np.nan
    vix.iloc[250] = np.nan
    found = implied_scale.compute(vix, realised, 52)
    for week in range(300):
        both = [place for place in range(week + 1) if np.isfinite(vix.iloc[place])]
        want = np.log(realised.iloc[week])
        if len(both) >= 156 and np.isfinite(vix.iloc[week]):
            want = np.log(vix.iloc[week]) + np.mean([np.log(realised.iloc[p]) - np.log(vix.iloc[p]) for p in both])
        np.testing.assert_allclose(found.iloc[week], want)
    cut = implied_scale.compute(vix.iloc[:200], realised.iloc[:200], 52)
    assert (cut == found.iloc[:200]).all()


def test_without_vix_it_is_realised_volatility():
    realised = pd.Series([0.1, np.nan], pd.date_range("2000-01-07", periods=2))
    found = implied_scale.compute(None, realised, 52)
    assert found.iloc[0] == np.log(0.1)
    assert np.isnan(found.iloc[1])
