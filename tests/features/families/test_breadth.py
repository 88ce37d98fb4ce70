"""Breadth against a slow loop, all pairs of members, and the published series."""

import numpy as np
import pandas as pd
import pytest

from features import feature
from features.families import FEATURES
from features.panel import build_inputs
from tests.support.data import SHARED, needs_shared


@needs_shared
def test_members_above_200_against_the_published_series(shared_snapshot):
    published = pd.read_parquet(SHARED / "breadth_exchange.parquet")["S5TH"]
    data = build_inputs(shared_snapshot)
    above = tuple(item for item in FEATURES if item.name == "members_above_200")
    own = 100 * feature.compute(above, feature.block(data, 23000, len(data.panel)), 2017)["members_above_200"]
    both = pd.concat([own, published], axis=1, keys=["own", "published"], sort=True).dropna()
    assert len(both) > 1700
    assert both.corr().iloc[0, 1] >= 0.99
    assert abs((both["own"] - both["published"]).mean()) <= 3.0


@needs_shared
def test_breadth_against_a_slow_loop(shared_snapshot):
    data = build_inputs(shared_snapshot)
    date = pd.Timestamp("2022-06-16")
    got = feature.compute_year(FEATURES, data, 2022).loc[date]
    prices = data.members.loc[:date].astype(float)
    inside = [name for name in prices if data.membership.at[date, name]]
    above, highs, lows, returns = [], [], [], []
    for name in inside:
        line = prices[name].to_numpy()
        if not np.isnan(line[-20:]).any():
            above.append(line[-1] > sum(line[-20:]) / 20)
        if not np.isnan(line[-252:]).any():
            highs.append(line[-1] == max(line[-252:]))
            lows.append(line[-1] == min(line[-252:]))
        if not np.isnan(line[[-1, -64]]).any():
            returns.append(np.log(line[-1] / line[-64]))
    market = np.log1p(data.panel["ret_cap"].loc[:date].iloc[-63:]).sum()
    assert got["members_above_20"] == pytest.approx(np.mean(above), abs=1e-12)
    assert got["new_highs_252"] == pytest.approx(np.mean(highs), abs=1e-12)
    assert got["new_lows_252"] == pytest.approx(np.mean(lows), abs=1e-12)
    assert got["members_beating_63"] == pytest.approx(np.mean([r > market for r in returns]), abs=1e-12)
    assert got["member_dispersion_63"] == pytest.approx(np.std(returns, ddof=1), abs=1e-12)


@needs_shared
def test_implied_correlation_against_all_pairs(shared_snapshot):
    data = build_inputs(shared_snapshot)
    date = pd.Timestamp("2020-03-20")
    got = feature.compute_year(FEATURES, data, 2020).loc[date, "member_correlation_63"]
    steps = np.log(data.members.loc[:date].astype(float)).diff().iloc[-63:]
    steps = steps.loc[:, data.membership.loc[date]].dropna(axis=1)
    covariance = np.cov(steps.to_numpy(), rowvar=False)
    n = len(covariance)
    pairs = (covariance.sum() - np.trace(covariance)) / (n * (n - 1))
    # Members change within the window, so the two agree closely, not exactly.
    assert got == pytest.approx(pairs / (np.trace(covariance) / n), abs=0.01)


@needs_shared
def test_low_coverage_is_missing_not_wrong(shared_snapshot):
    data = build_inputs(shared_snapshot)
    then = feature.compute_year(FEATURES, data, 2005)
    assert then["members_above_200"].isna().all()
    assert 0.5 < then["member_coverage"].median() < 0.95
    assert then[["stocks_above_200", "industries_above_200", "advancing_share_10"]].notna().any().all()
