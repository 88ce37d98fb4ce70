"""The leak audit finds every leak planted here, and nothing where there is none."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features import feature, group_panel, leak_audit, panel_columns
from features.data import catalog
from features.families import FEATURES
from features.feature import Feature
from features.panel_columns import Column
from features.rolling import mean
from tests.support.data import needs_shared

DATES = [pd.Timestamp(day) for day in ("1998-03-17", "2012-05-16", "2018-02-08", "2022-09-14")]
PLANTED_AT = [pd.Timestamp(day) for day in ("2004-05-12", "2009-09-16")]


def planted(compute, inputs=("ret_broad",), lookback=21, display=False):
    return Feature("planted", "breadth", "market trend", inputs, lookback, "a leak", str, compute, display)


def checks(snapshot, *features, dates=PLANTED_AT):
    """Names of the checks that object, by what they object to."""
    return {(item.check, item.name) for item in leak_audit.of_features(snapshot, list(dates), features)}


@needs_shared
def test_nothing_moves(shared_snapshot):
    assert leak_audit.of_features(shared_snapshot, DATES, FEATURES) == []


def test_nothing_moves_on_a_synthetic_market(us_snapshot):
    assert leak_audit.of_features(us_snapshot, PLANTED_AT, FEATURES) == []
    assert leak_audit.of_data_set(us_snapshot, PLANTED_AT) == []
    assert leak_audit.of_groups(us_snapshot, PLANTED_AT) == []


def test_a_leak_in_the_groups_is_found(us_snapshot, monkeypatch):
    honest = group_panel.features

    def leaking(returns):
        values = honest(returns)
        values[:-5, :, 0] = values[5:, :, 0]
        return values

    monkeypatch.setattr(group_panel, "features", leaking)
    found = leak_audit.of_groups(us_snapshot, PLANTED_AT)
    assert {item.check for item in found} == {"groups rebuilt", "groups, future poisoned"}
    assert all("relative_21" in item.name for item in found)


def test_nothing_moves_on_the_sample(sample_snapshot):
    dates = leak_audit.sample_dates(sample_snapshot, 2)
    assert leak_audit.of_features(sample_snapshot, dates) == []
    assert leak_audit.of_data_set(sample_snapshot, dates) == []


def test_a_centred_window(us_snapshot):
    def centred(x):
        return pd.Series(x["ret_broad"]).rolling(21, center=True).mean().to_numpy()

    found = checks(us_snapshot, planted(centred))
    assert {("rebuilt from truncated data", "planted"), ("future poisoned", "planted")} <= found


def test_a_revised_series_read_without_lag(us_snapshot):
    fred = us_snapshot.tables["fred"].copy()
    jobs = fred["series"] == "PAYEMS"
    fred.loc[jobs, "available_at"] = fred.loc[jobs, "date"]
    leaky = replace(us_snapshot, tables=us_snapshot.tables | {"fred": fred})
    assert ("available too early", "PAYEMS") in checks(leaky, dates=[])


def test_todays_membership_in_the_past(us_snapshot):
    def today(x):
        inside = x.membership[-1]
        return (inside & (x.prices > mean(x.prices, 50))).sum(axis=1) / 40.0

    found = checks(us_snapshot, planted(today, ("members",), 50))
    assert ("rebuilt from truncated data", "planted") in found

    table = us_snapshot.tables["sp500_membership"]
    survivors = table[table["end"].isna()].assign(start=pd.Timestamp("1994-01-03"))
    leaky = replace(us_snapshot, tables=us_snapshot.tables | {"sp500_membership": survivors})
    assert ("membership", "sp500_membership") in checks(leaky, dates=[])


def test_a_basket_before_its_definition(us_snapshot, monkeypatch):
    def hindsight(reader):
        price = reader.exact("NVDA")
        return np.append(np.nan, price[1:] / price[:-1] - 1)

    monkeypatch.setitem(panel_columns.COLUMNS, "hindsight", Column(("NVDA",), hindsight))
    found = checks(us_snapshot, planted(lambda x: x["hindsight"], ("hindsight",), 0), dates=[])
    assert {("basket before its definition", "planted"), ("basket in training", "planted")} <= found


def test_a_yield_on_its_own_date(us_snapshot, monkeypatch):
    def same_day(reader):
        table = reader.snapshot.tables["fred"]
        rows = table[table["series"] == "DGS10"].set_index("date")["value"]
        return rows.reindex(reader.sessions).to_numpy()

    monkeypatch.setitem(panel_columns.COLUMNS, "same_day", Column(("DGS10",), same_day))
    found = checks(us_snapshot, planted(lambda x: x["same_day"], ("same_day",), 0))
    assert ("rebuilt from truncated data", "planted") in found

    fred = us_snapshot.tables["fred"].copy()
    rows = fred["series"] == "DGS10"
    fred.loc[rows, "available_at"] = fred.loc[rows, "date"]
    leaky = replace(us_snapshot, tables=us_snapshot.tables | {"fred": fred})
    assert ("available too early", "DGS10") in checks(leaky, dates=[])


def test_an_adjusted_price_as_a_level(us_snapshot, monkeypatch):
    monkeypatch.setitem(panel_columns.COLUMNS, "level", Column(("SPY",), lambda reader: reader.exact("SPY")))
    found = checks(us_snapshot, planted(lambda x: x["level"], ("level",), 0), dates=[])
    assert ("price level", "planted") in found


def test_an_outcome_known_too_early(sample_snapshot, monkeypatch):
    from features import labels

    real = labels.outcomes

    def guessed(label, broad, cap, *margin):
        return real(label, broad, cap, *margin).fillna("neither")

    monkeypatch.setattr(labels, "outcomes", guessed)
    found = leak_audit.of_data_set(sample_snapshot, [pd.Timestamp("2015-08-14")])
    assert [(item.check, item.name) for item in found] == [("data set rebuilt", "outcome")]


def test_no_forbidden_series():
    assert not set(leak_audit.FORBIDDEN) & set(catalog.BY_KEY)


def test_poison_touches_only_the_future(sample_snapshot):
    date = pd.Timestamp("2001-06-15")
    bad = leak_audit._poisoned(sample_snapshot, date)
    for name in sample_snapshot.tables:
        pd.testing.assert_frame_equal(bad.as_of(date).tables[name], sample_snapshot.as_of(date).tables[name])
    assert not bad.tables["indices"].equals(sample_snapshot.tables["indices"])


def test_one_more_week_gives_the_same_bits(sample_snapshot):
    from features import panel

    whole = panel.build_inputs(sample_snapshot)
    cut = panel.build_inputs(sample_snapshot.as_of(pd.Timestamp("2015-08-14")))
    now, then = (feature.compute_year(FEATURES, data, 2015) for data in (whole, cut))
    pd.testing.assert_frame_equal(now.loc[:"2015-08-14"], then, check_freq=False)


@pytest.mark.parametrize("count", [1, 5])
def test_dates_are_spread_and_repeatable(sample_snapshot, count):
    dates = leak_audit.sample_dates(sample_snapshot, count)
    assert dates == leak_audit.sample_dates(sample_snapshot, count)
    assert len(set(dates)) == count
