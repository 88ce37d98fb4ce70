"""The groups' panel: causal, complete, and what followed held against a loop."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features import group_panel, groups, labels
from features.data import catalog
from features.data.errors import RegimeError


@pytest.fixture(scope="module")
def panel(us_snapshot):
    return group_panel.build(us_snapshot)


def test_what_followed_is_the_difference_of_compounded_returns_entered_a_session_later():
    rng = np.random.default_rng(0)
    own, cap = rng.normal(0.0, 0.01, (60, 2)), rng.normal(0.0, 0.01, (60, 2))
    own[30, 1] = np.nan
    places = np.array([5, 20, 37, 38])
    found = labels.group_ahead(own, cap, places, 21)
    for row, place in enumerate(places):
        for column in range(2):
            a, b = 1.0, 1.0
            for day in range(place + 2, place + 23):
                a, b = (a * np.exp(own[day, column]), b * np.exp(cap[day, column])) if day < 60 else (np.nan, np.nan)
            np.testing.assert_allclose(found[row, column], a - b, atol=1e-12)
    assert np.isfinite(found[0, 0])
    assert np.isnan(found[1:3, 1]).tolist() == [True, False]
    assert np.isnan(found[3]).all()  # the last session it needs is not there


def test_outcomes_follow_from_the_return():
    ahead = np.array([0.03, 0.01, -0.01, -0.03, np.nan])
    found = {name: labels.group_outcome(ahead, name)[:4].tolist() for name in ("beats", "moves", "leads", "lags")}
    assert found == {"beats": [1, 1, 0, 0], "moves": [1, 0, 0, 1], "leads": [1, 0, 0, 0], "lags": [0, 0, 0, 1]}
    assert np.isnan(labels.group_outcome(ahead, "beats")[4])


@pytest.mark.parametrize("date", ["1999-06-30", "2004-03-05", "2009-01-16"])
def test_the_past_is_the_same_whatever_came_later(us_snapshot, panel, date):
    day = pd.Timestamp(date)
    then = group_panel.build(us_snapshot.as_of(day))
    size = len(then.dates)
    assert size > 100
    for name, rows in then.rows.items():
        whole = panel.rows[name]
        assert np.array_equal(rows.X, whole.X[:size], equal_nan=True)
        for horizon, ahead in rows.ahead.items():
            ended = (panel.ends[horizon].iloc[:size] <= day).to_numpy()
            assert np.array_equal(ahead[ended], whole.ahead[horizon][:size][ended], equal_nan=True)
            assert np.isnan(ahead[~ended]).all()


def test_a_later_dividend_changes_nothing(us_snapshot, panel):
    prices = us_snapshot.tables["prices_etf"]
    columns = [name for name in prices if name != "available_at"]
    scaled = prices.assign(**{name: prices[name] * 0.5 for name in columns})
    other = group_panel.build(replace(us_snapshot, tables=us_snapshot.tables | {"prices_etf": scaled}))
    for name, rows in panel.rows.items():
        np.testing.assert_allclose(other.rows[name].X, rows.X, rtol=1e-9, atol=1e-9)


def test_a_hole_in_a_fund_is_missing_and_not_the_library_again(us_snapshot):
    prices = us_snapshot.tables["prices_etf"].copy()
    day = pd.Timestamp("2005-03-16")
    prices.loc[day, "XLE"] = np.nan
    read = groups.read(replace(us_snapshot, tables=us_snapshot.tables | {"prices_etf": prices}))
    place, column = read.joined.sessions.get_loc(day), groups.NAMES.index("energy")
    assert np.isnan(read.joined.own[place : place + 2, column]).all()
    assert np.isfinite(read.library.own[place, column])


def test_before_a_fund_its_library_portfolio_stands_for_it(us_snapshot):
    prices = us_snapshot.tables["prices_etf"].copy()
    prices.loc[prices.index < "2000-01-03", "XLE"] = np.nan
    read = groups.read(replace(us_snapshot, tables=us_snapshot.tables | {"prices_etf": prices}))
    column = groups.NAMES.index("energy")
    first = int(np.flatnonzero(read.joined.on_fund[:, column])[0])
    assert read.joined.sessions[first] == pd.Timestamp("2000-01-04")
    assert np.array_equal(read.joined.own[:first, column], read.library.own[:first, column], equal_nan=True)
    assert read.joined.own[first, column] != read.library.own[first, column]


def test_a_group_without_fund_and_library_is_named_and_the_others_stay(us_snapshot):
    tables = dict(us_snapshot.tables)
    tables["prices_etf"] = tables["prices_etf"].drop(columns="XLB")
    tables["famafrench_portfolios_daily"] = tables["famafrench_portfolios_daily"].drop(columns="IND12_VW_Chems")
    found = group_panel.build(replace(us_snapshot, tables=tables))
    assert found.missing == ("materials",)
    assert not found.rows["joined"].known[:, groups.NAMES.index("materials")].any()
    assert found.rows["joined"].known.sum(axis=1).max() >= 10


def test_four_groups_are_too_few_to_rank(us_snapshot):
    tables = dict(us_snapshot.tables)
    keep = ["SPY", "RSP", "XLG", "XLE", "XLF", "available_at"]
    tables["prices_etf"] = tables["prices_etf"][keep]
    library = tables["famafrench_portfolios_daily"]
    tables["famafrench_portfolios_daily"] = library[[*catalog.BROAD_PARTS, "available_at"]].assign(
        ME_VW_Dec9=np.nan, ME_VW_Dec8=np.nan
    )
    with pytest.raises(RegimeError, match="fewer than 5 groups in every week"):
        group_panel.build(replace(us_snapshot, tables=tables))


def test_the_sample_has_no_groups(us_snapshot):
    with pytest.raises(RegimeError, match="the sample has no sector or style"):
        group_panel.build(replace(us_snapshot, legs="sample"))


def test_quadrants_are_strength_and_momentum_around_100(panel):
    rows = panel.rows["joined"]
    place = rows.column("quadrant")
    known = np.isfinite(place)
    want = 2.0 * (rows.column("rs_ratio") > 100.0) + (rows.column("rs_momentum") > 100.0)
    assert (place[known] == want[known]).all()
    assert {0.0, 1.0, 2.0, 3.0} == set(np.unique(place[known]))


def test_slopes_are_least_squares(panel, us_snapshot):
    read = groups.read(us_snapshot)
    week = len(panel.dates) - 100
    place = read.joined.sessions.get_loc(panel.dates[week])
    rows = slice(place - 251, place + 1)
    column = groups.NAMES.index("energy")
    beta = np.polyfit(read.joined.cap[rows, column], read.joined.own[rows, column], 1)[0]
    np.testing.assert_allclose(panel.rows["joined"].column("beta")[week, column], beta, rtol=1e-6)
