"""The contract every feature keeps, on the sample and, where it is, on the real data."""

import copy

import numpy as np
import pandas as pd
import pytest
from conftest import needs_shared

from features import catalog, feature, inputs, regime
from features.families import FEATURES
from features.inputs import Inputs

SNAPSHOTS = ["sample_snapshot", pytest.param("shared_snapshot", marks=needs_shared)]


@pytest.fixture(params=SNAPSHOTS, scope="module")
def data(request):
    snapshot = request.getfixturevalue(request.param)
    cut = pd.Timestamp("2010-12-31") if snapshot.legs == "sample" else snapshot.last
    whole = inputs.build(snapshot.as_of(cut))
    return feature.block(whole, max(0, len(whole.panel) - 1300), len(whole.panel))


def years(data):
    return data.panel.index[-1].year


def poisoned(data: Inputs, position: int) -> Inputs:
    bad = copy.deepcopy(data)
    bad.panel.iloc[position + 1 :] = 0.7  # a daily return of 70 %, a yield out of line: wrong for any input
    start = bad.members.index.searchsorted(data.panel.index[position], side="right")
    bad.members.iloc[start:] = 1e6
    return bad


@pytest.mark.parametrize("back", [1, 60, 170])
def test_the_future_cannot_move_the_present(data, back):
    year = years(data)
    position = len(data.panel) - 1 - back
    date = data.panel.index[position]
    clean = feature.compute_year(FEATURES, data, year).loc[:date]
    assert len(clean)
    pd.testing.assert_frame_equal(feature.compute_year(FEATURES, poisoned(data, position), year).loc[:date], clean)
    cut = feature.block(data, 0, position + 1)
    pd.testing.assert_frame_equal(feature.compute_year(FEATURES, cut, year), clean, check_freq=False)


def test_lookback_rows_suffice(data):
    year = years(data)
    first = int(data.panel.index.searchsorted(pd.Timestamp(year, 1, 1)))
    usual = feature.compute_year(FEATURES, data, year)
    for item in FEATURES:
        if "members" in item.inputs and not data.members.shape[1]:
            continue
        if any(key != "members" and key not in data.panel for key in item.inputs):
            continue
        longer = feature.block(data, max(0, first - 3 * item.lookback - 5), len(data.panel))
        values = item.compute(longer).reindex(usual.index)
        pd.testing.assert_series_equal(
            values.where(np.isfinite(values)), usual[item.name], check_names=False, rtol=1e-9, atol=1e-9, obj=item.name
        )


def test_short_history_gives_nan(data):
    for item in FEATURES:
        if item.lookback < 5 or any(key != "members" and key not in data.panel for key in item.inputs):
            continue
        if "members" in item.inputs and not data.members.shape[1]:
            continue
        short = feature.block(data, len(data.panel) - item.lookback // 2, len(data.panel))
        assert item.compute(short).isna().all(), item.name


def test_inputs_are_not_mutated(data):
    before = copy.deepcopy(data)
    feature.compute_year(FEATURES, data, years(data))
    pd.testing.assert_frame_equal(data.panel, before.panel)
    pd.testing.assert_frame_equal(data.members, before.members)


@needs_shared
def test_rescaled_prices_change_nothing(shared_snapshot):
    scaled = copy.deepcopy(shared_snapshot)
    for name in ("prices_etf", "prices_sp500"):
        columns = [column for column in scaled.tables[name] if column != "available_at"]
        scaled.tables[name][columns] = scaled.tables[name][columns] * 0.5
    plain, other = (feature.compute_year(FEATURES, inputs.build(s), 2023) for s in (shared_snapshot, scaled))
    pd.testing.assert_frame_equal(plain, other, rtol=1e-12, atol=1e-12)


@needs_shared
def test_today_equals_what_training_gets(shared_snapshot):
    date = pd.Timestamp("2020-03-13")
    whole = feature.compute_year(FEATURES, inputs.build(shared_snapshot), 2020)
    then = feature.compute_year(FEATURES, inputs.build(shared_snapshot.as_of(date)), 2020)
    pd.testing.assert_frame_equal(whole.loc[:date], then, check_freq=False)


@needs_shared
def test_the_handover_may_move_without_a_jump(shared_snapshot):
    """Hand over months later: the legs' own features stay the same reading of the market."""
    plain = feature.compute_year(FEATURES, inputs.build(shared_snapshot), 2003)
    names = ["broad_return_21", "broad_return_63", "broad_vol_63", "cap_return_21", "cap_vol_21", "small_minus_cap_63"]
    for months in (3, 9):
        moved = {key: (fund, since + pd.DateOffset(months=months)) for key, (fund, since) in inputs.HANDOVER.items()}
        other = feature.compute_year(FEATURES, inputs.build(shared_snapshot, moved), 2003)
        for name in names:
            both = pd.concat([plain[name], other[name]], axis=1).dropna()
            assert both.corr().iloc[0, 1] > 0.95, (name, months)
            # No jump: no day on which the two readings part by more than the reading itself moves.
            assert (both.iloc[:, 0] - both.iloc[:, 1]).diff().abs().max() < 1.5 * plain[name].diff().abs().max(), name


def test_catalogue_is_complete():
    names = [item.name for item in FEATURES]
    assert len(names) == len(set(names))
    families = {item.family for item in FEATURES}
    assert families == {"breadth", "relative_strength", "rates", "spreads", "volatility"}
    for family in families:
        assert sum(item.family == family for item in FEATURES) >= 3
    assert all(item.meaning and "\n" not in item.meaning for item in FEATURES)


def test_availability_by_hand():
    from features import calendar

    every = calendar.all_sessions()
    day = pd.DatetimeIndex(["2023-11-22"])  # the day before Thanksgiving
    assert catalog.available_sessions(day, "close", every)[0] == pd.Timestamp("2023-11-22")
    assert catalog.available_sessions(day, "next", every)[0] == pd.Timestamp("2023-11-24")
    month = pd.DatetimeIndex(["2023-11-01"])  # fifth session of December 2023
    assert catalog.available_sessions(month, "month", every)[0] == pd.Timestamp("2023-12-07")


def test_relative_strength_against_a_slow_product(data):
    year = years(data)
    got = feature.compute_year(FEATURES, data, year)["broad_minus_cap_21"].iloc[-1]
    tail = data.panel.iloc[-21:]
    slow = sum(np.log(1 + r) for r in tail["ret_broad"]) - sum(np.log(1 + r) for r in tail["ret_cap"])
    assert got == pytest.approx(slow, abs=1e-12)


@needs_shared
def test_members_above_200_against_the_published_series(shared_snapshot):
    from conftest import SHARED

    published = pd.read_parquet(SHARED / "breadth_exchange.parquet")["S5TH"]
    data = inputs.build(shared_snapshot)
    own = 100 * feature.compute(FEATURES[:2], feature.block(data, 23000, len(data.panel)), 2018)["members_above_200"]
    both = pd.concat([own, published], axis=1, keys=["own", "published"], sort=True).dropna()
    assert len(both) > 1200
    assert both.corr().iloc[0, 1] >= 0.99
    assert abs((both["own"] - both["published"]).mean()) <= 3.0


def _weeks(seed, n=700):
    rng = np.random.default_rng(seed)
    high = np.cumsum(rng.random(n) < 0.03) % 2 == 1
    return high, rng.normal(0.1, np.where(high, 4.0, 1.2))


def test_the_regime_is_online_and_sorted():
    from features import calendar

    high, weekly = _weeks(3)
    index = calendar.sessions(pd.Timestamp("1990-01-02"), pd.Timestamp("2003-12-31"))
    ends = calendar.decision_dates(index[0], index[-1])[: len(weekly)]
    panel = pd.DataFrame({"ret_cap": 0.0, "ret_bill": 0.0}, index=index)
    panel.loc[ends, "ret_cap"] = np.expm1(weekly / 100)[: len(ends)]
    whole = regime.compute(panel, 2000)
    cut = regime.compute(panel.loc[:"2002-06-28"], 2000)
    pd.testing.assert_series_equal(whole.loc[:"2002-06-28"], cut, check_freq=False)
    found = whole.reindex(ends[-150:])
    truth = high[len(ends) - 150 : len(ends)]
    assert found[truth].mean() > found[~truth].mean() + 0.3
