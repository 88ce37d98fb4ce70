"""What stands in the panel, on literal sessions around the hand-over dates."""

import numpy as np
import pandas as pd
import pytest

from features import feature, panel, panel_columns
from features.data import calendar, catalog
from features.data.point_in_time import Reader
from features.families import FEATURES
from tests.support.data import needs_shared

FUND_BEGINS = {
    "ret_broad": ("RSP", "2003-05-02"),
    "ret_cap": ("SPY", "2003-05-02"),
    "ret_leaders": ("XLG", "2005-06-01"),
    "ret_small": ("IWM", "2000-07-03"),
    "ret_smb": ("IWM", "2000-07-03"),
    "ret_value": ("IVE", "2000-07-03"),
    "ret_small_value": ("IWN", "2001-01-02"),
    "ret_NoDur": ("XLP", "1999-01-04"),
    "ret_Chems": ("XLB", "1999-01-04"),
}


@pytest.fixture(scope="module")
def columns(us_snapshot):
    return panel.build_inputs(us_snapshot).panel


def library(snapshot, *names):
    tables = pd.concat(
        [snapshot.tables["famafrench_factors_daily"], snapshot.tables["famafrench_portfolios_daily"]], axis=1
    )
    return tables[list(names)]


def test_the_dates_are_those_of_the_design():
    for name, (fund, day) in FUND_BEGINS.items():
        assert panel_columns.HANDOVER[name] == (fund, pd.Timestamp(day)), name
    every = calendar.all_sessions()
    assert all(day in every for _, day in panel_columns.HANDOVER.values())


def test_the_legs_around_the_handover(us_snapshot, columns):
    """2003-05-01 is the last session of the library, 2003-05-02 the first of the funds."""
    before, day = pd.Timestamp("2003-05-01"), pd.Timestamp("2003-05-02")
    funds = us_snapshot.tables["prices_etf"][["RSP", "SPY"]].pct_change()
    deciles = library(us_snapshot, "ME_VW_Dec7", "ME_VW_Dec8", "ME_VW_Dec9", "ME_VW_Hi10").mean(axis=1)
    factors = library(us_snapshot, "Mkt-RF", "RF").sum(axis=1)
    assert columns.loc[before, "ret_broad"] == pytest.approx(deciles[before], abs=1e-15)
    assert columns.loc[day, "ret_broad"] == pytest.approx(funds.loc[day, "RSP"], abs=1e-15)
    assert columns.loc[before, "ret_cap"] == pytest.approx(factors[before], abs=1e-15)
    assert columns.loc[day, "ret_cap"] == pytest.approx(funds.loc[day, "SPY"], abs=1e-15)
    bills = us_snapshot.tables["fred"].query("series == 'DGS3MO'").set_index("available_at")["value"]
    assert columns.loc[before, "ret_bill"] == pytest.approx(library(us_snapshot, "RF").loc[before, "RF"])
    assert columns.loc[day, "ret_bill"] == pytest.approx(bills[day] / 100 / 252)


def test_differences_of_funds_continue_differences_of_the_library(us_snapshot, columns):
    before, day = pd.Timestamp("2000-06-30"), pd.Timestamp("2000-07-03")
    funds = us_snapshot.tables["prices_etf"].drop(columns="available_at").pct_change().loc[day]
    factors = library(us_snapshot, "SMB", "HML").loc[before]
    assert columns.loc[before, ["ret_smb", "ret_value"]].tolist() == pytest.approx(factors.tolist(), abs=1e-15)
    want = [funds["IWM"] - funds["SPY"], funds["IVE"] - funds["IVW"]]
    assert columns.loc[day, ["ret_smb", "ret_value"]].tolist() == pytest.approx(want, abs=1e-15)


def test_an_industry_without_a_fund_ends(us_snapshot, columns):
    last = pd.Timestamp("1998-12-31")
    assert columns.loc[last, "ret_Telcm"] == library(us_snapshot, "IND10_VW_Telcm").loc[last, "IND10_VW_Telcm"]
    assert columns.loc["1999-01-04":, "ret_Telcm"].isna().all()


def test_the_monthly_yield_stands_in_until_the_daily_one(us_snapshot):
    from dataclasses import replace

    fred = us_snapshot.tables["fred"]
    late = fred[(fred["series"] != "DBAA") | (fred["date"] >= "2000-01-03")]
    found = replace(us_snapshot, tables=us_snapshot.tables | {"fred": late})
    sessions = calendar.sessions(pd.Timestamp("1996-01-02"), pd.Timestamp("2003-12-31"))
    reader = Reader(found, sessions, panel_columns.HANDOVER)
    got = pd.Series(panel_columns.COLUMNS["baa"].read(reader), sessions)
    monthly, daily = (pd.Series(reader.daily(key), sessions) for key in ("BAA", "DBAA"))
    assert got[:"2000-01-03"].equals(monthly[:"2000-01-03"])
    assert got["2000-01-04":].equals(daily["2000-01-04":])


def test_dollar_volume_is_price_times_shares(us_snapshot, columns):
    day = pd.Timestamp("2009-03-09")
    price, shares = (us_snapshot.tables[name].loc[day, "SPY"] for name in ("prices_etf", "volume_etf"))
    assert columns.loc[day, "dollar_spy"] == price * shares


def test_growth_by_hand():
    months = 100 * 1.02 ** np.arange(13)[None, :]
    assert panel_columns._growth(12)(months)[0] == pytest.approx(100 * (1.02**12 - 1))
    assert panel_columns._growth(3)(months)[0] == pytest.approx(100 * (1.02**12 - 1))
    assert panel_columns._change(np.array([[3.0, 9.0, 4.5]]))[0] == 1.5


def test_every_column_names_series_of_the_catalogue():
    for name, column in panel_columns.COLUMNS.items():
        assert column.keys, name
        assert set(column.keys) <= set(catalog.BY_KEY), name


@needs_shared
def test_the_handover_may_move_without_a_jump(shared_snapshot):
    """Hand over months later: the legs' own features stay the same reading of the market."""
    plain = feature.compute_year(FEATURES, panel.build_inputs(shared_snapshot), 2003)
    names = ["broad_return_21", "broad_return_63", "broad_vol_63", "cap_return_21", "cap_vol_21", "small_minus_cap_63"]
    for months in (3, 9):
        moved = {
            key: (fund, since + pd.DateOffset(months=months)) for key, (fund, since) in panel_columns.HANDOVER.items()
        }
        other = feature.compute_year(FEATURES, panel.build_inputs(shared_snapshot, moved), 2003)
        for name in names:
            both = pd.concat([plain[name], other[name]], axis=1).dropna()
            assert both.corr().iloc[0, 1] > 0.95, (name, months)
            # No jump: no day on which the two readings part by more than the reading itself moves.
            assert (both.iloc[:, 0] - both.iloc[:, 1]).diff().abs().max() < 1.5 * plain[name].diff().abs().max(), name
