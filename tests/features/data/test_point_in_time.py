"""What is read onto a session, by hand."""

import numpy as np
import pandas as pd
import pytest

from features import panel_columns
from features.data import calendar
from features.data.point_in_time import Reader, latest
from features.data.store import Snapshot

SESSIONS = calendar.sessions(pd.Timestamp("2019-01-02"), pd.Timestamp("2020-12-31"))


def snapshot(rows, **tables):
    fred = pd.DataFrame(rows, columns=["series", "date", "value", "available_at"])
    fred[["date", "available_at"]] = fred[["date", "available_at"]].apply(pd.to_datetime)
    return Snapshot("0", "folder", "us", SESSIONS[-1], {"fred": fred} | tables)


def read(found, name):
    made = panel_columns.COLUMNS[name].read(Reader(found, SESSIONS, panel_columns.HANDOVER))
    return pd.Series(made, SESSIONS)


def test_growth_is_counted_in_the_vintage_of_the_day():
    months = pd.date_range("2018-01-01", "2019-01-01", freq="MS")
    rows = [("CPIAUCSL", m, 100.0, m + pd.DateOffset(months=2)) for m in months[:-1]]
    rows += [("CPIAUCSL", "2019-01-01", 103.0, "2019-03-01")]
    # In April the base month is revised: growth changes from then on, never before.
    rows += [("CPIAUCSL", "2018-01-01", 101.0, "2019-04-01")]
    got = read(snapshot(rows), "cpi_12m")
    assert got[:"2019-02-28"].isna().all()
    assert got["2019-03-01"] == pytest.approx(3.0)
    assert got["2019-03-29"] == pytest.approx(3.0)
    assert got["2019-04-01"] == pytest.approx(100 * (103 / 101 - 1))
    assert np.isnan(got["2019-06-28"])  # past its age


def test_a_gap_in_a_monthly_series_is_missing():
    months = pd.date_range("2018-01-01", "2019-01-01", freq="MS").delete(-4)
    rows = [("PAYEMS", m, 100.0, m + pd.DateOffset(months=2)) for m in months]
    found = snapshot(rows)
    assert np.isnan(read(found, "payrolls_3m")["2019-03-01"])
    assert read(found, "payrolls_12m")["2019-03-01"] == 0.0


def test_a_late_revision_of_an_old_date_is_not_today():
    rows = [("UNRATE", "2019-01-01", 4.0, "2019-03-01"), ("UNRATE", "2018-01-01", 9.0, "2019-03-08")]
    assert latest(snapshot(rows), "UNRATE")["2019-03-01":].to_dict() == {pd.Timestamp("2019-03-01"): 4.0}


def test_a_yield_is_carried_for_ten_days_and_no_longer():
    got = read(snapshot([("DGS10", "2019-01-03", 2.5, "2019-01-04")]), "DGS10")
    assert np.isnan(got["2019-01-03"])
    assert (got["2019-01-04":"2019-01-14"] == 2.5).all()
    assert got["2019-01-15":].isna().all()


def test_a_basket_has_no_past():
    prices = pd.DataFrame({"NVDA": np.linspace(10, 20, len(SESSIONS))}, SESSIONS).assign(available_at=SESSIONS)
    assert read(snapshot([], prices_mag7=prices), "ret_nvda").isna().all()


def test_off_low_and_claims_by_hand():
    assert panel_columns._off_low(np.array([[4.0, 3.5, 3.9]]))[0] == pytest.approx(0.4)
    weeks = np.full((1, 55), 200.0)
    weeks[0, -4:] = 300.0
    assert panel_columns._claims(weeks)[0] == pytest.approx(np.log(1.5))
    steady = 100 * 1.1 ** (np.arange(21) / 4)
    assert panel_columns._against_trend(steady[None, :])[0] == pytest.approx(0.0, abs=1e-9)


def prices(**columns):
    """A price table over the first sessions of 2019, by column; the last day is 2019-01-11."""
    index = SESSIONS[:8]
    return pd.DataFrame(columns, index).assign(available_at=index)


def reader(found, handover=panel_columns.HANDOVER):
    return Reader(found, SESSIONS, handover)


def test_a_price_is_not_carried_for_a_day():
    table = prices(SPY=[100.0, 101.0, np.nan, 103.0, 104.0, np.nan, 106.0, 107.0])
    got = pd.Series(reader(snapshot([], prices_etf=table)).exact("SPY"), SESSIONS)
    pd.testing.assert_series_equal(got.iloc[:8], table["SPY"], check_names=False, check_freq=False)
    assert got.iloc[8:].isna().all()  # the file ends, and the last price does not stand for the next session
    returns = pd.Series(reader(snapshot([], prices_etf=table)).fund("SPY"), SESSIONS)
    assert returns.iloc[1] == pytest.approx(0.01)
    assert returns.iloc[[0, 2, 3, 5, 6]].isna().all()


def test_a_missing_value_does_not_erase_the_last_known_one():
    rows = [("DGS10", "2019-01-03", 2.5, "2019-01-04"), ("DGS10", "2019-01-04", np.nan, "2019-01-07")]
    got = read(snapshot(rows), "DGS10")
    assert (got["2019-01-04":"2019-01-14"] == 2.5).all()


def test_of_two_values_known_on_one_day_the_later_date_counts():
    rows = [("DGS10", "2019-01-04", 2.7, "2019-01-08"), ("DGS10", "2019-01-03", 2.5, "2019-01-08")]
    assert latest(snapshot(rows), "DGS10").to_dict() == {pd.Timestamp("2019-01-08"): 2.7}


def test_rows_in_any_order_read_the_same():
    rows = [("DGS10", f"2019-01-{day:02d}", day / 10, f"2019-01-{day + 1:02d}") for day in (3, 7, 8, 9)]
    want = latest(snapshot(rows), "DGS10")
    assert want.to_dict() == {pd.Timestamp(f"2019-01-{day + 1:02d}"): day / 10 for day in (3, 7, 8, 9)}
    pd.testing.assert_series_equal(latest(snapshot(rows[::-1]), "DGS10"), want)


def test_any_one_series_makes_a_column():
    found = reader(snapshot([("DGS10", "2019-01-03", 2.5, "2019-01-04")], prices_etf=prices(SPY=np.arange(8.0) + 1)))
    assert found.has_any("DGS10")
    assert found.has_any("DGS10", "DGS2")
    assert found.has_any("DGS2", "SPY")
    assert not found.has_any("DGS2", "IWM")
    assert not found.has_any("DGS2")


def test_a_series_that_is_not_there_is_missing_everywhere():
    found = reader(snapshot([]))
    assert np.isnan(found.daily("DGS10")).all()
    assert np.isnan(found.exact("SPY")).all()
    assert np.isnan(found.windows("CPIAUCSL", "M", 13, lambda x: x[:, -1])).all()
    assert latest(snapshot([]), "VIX").empty


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_the_fund_counts_from_the_session_of_the_handover(offset):
    """Literal sessions: the library's value before the hand-over, the fund's own return from it on."""
    table = prices(SPY=[100.0, 101.0, 102.0, 103.0, 104.0, 105.0, 106.0, 107.0])
    since = SESSIONS[4 + offset]
    found = reader(snapshot([], prices_etf=table), {"ret_cap": ("SPY", since)})
    got = found.spliced("ret_cap", np.full(len(SESSIONS), 0.5))
    assert (got[: 4 + offset] == 0.5).all()
    own = np.array([price / before - 1 for before, price in zip(range(100, 107), range(101, 108), strict=True)])
    np.testing.assert_allclose(got[4 + offset : 8], own[3 + offset :], rtol=1e-14)
    other = found.spliced("ret_cap", np.full(len(SESSIONS), 0.5), np.full(len(SESSIONS), 0.25))
    assert (other[4 + offset :] == 0.25).all()
    assert (other[: 4 + offset] == 0.5).all()


def test_a_basket_counts_from_the_session_after_its_definition(monkeypatch):
    from dataclasses import replace

    from features.data import catalog

    table = prices(NVDA=[100.0, 101.0, 102.0, 103.0, 104.0, 105.0, 106.0, 107.0])
    monkeypatch.setitem(catalog.BY_KEY, "NVDA", replace(catalog.BY_KEY["NVDA"], defined_on=str(SESSIONS[3].date())))
    found = snapshot([], **{catalog.BY_KEY["NVDA"].stored_in: table})
    returns = reader(found).fund("NVDA")
    assert np.isnan(returns[:4]).all()
    assert returns[4] == pytest.approx(104 / 103 - 1)


def test_windows_by_hand():
    """Two releases on one day count once, with both values; a late first date is placed where it belongs."""
    rows = [
        ("UNRATE", "2019-01-01", 4.0, "2019-02-04"),
        ("UNRATE", "2019-02-01", 5.0, "2019-03-04"),
        ("UNRATE", "2019-03-01", 7.0, "2019-03-04"),
        ("UNRATE", "2019-02-01", 5.5, "2019-03-18"),
    ]
    found = reader(snapshot(rows))
    seen = []

    def newest_less_oldest(x):
        seen.append(x.copy())
        return x[:, -1] - x[:, 0]

    got = pd.Series(found.windows("UNRATE", "M", 2, newest_less_oldest), SESSIONS)
    np.testing.assert_array_equal(seen[0], [[np.nan, 4.0], [5.0, 7.0], [5.5, 7.0]])
    assert got["2019-02-04":"2019-03-01"].isna().all()
    assert (got["2019-03-04":"2019-03-15"] == 2.0).all()
    assert (got["2019-03-18":"2019-04-30"] == 1.5).all()


@pytest.mark.parametrize(
    ("days", "want"),
    [
        # Known in another order than the dates: the later date was known first, and the earlier one is no news.
        (("2019-01-08", "2019-01-07", "2019-01-09"), {"2019-01-07": 2.0, "2019-01-09": 3.0}),
        # Only the last two are out of order.
        (("2019-01-07", "2019-01-09", "2019-01-08"), {"2019-01-07": 1.0, "2019-01-08": 3.0}),
    ],
)
def test_what_was_known_first_counts_first(days, want):
    rows = [("DGS10", f"2019-01-0{2 + i}", float(i + 1), day) for i, day in enumerate(days)]
    got = latest(snapshot(rows), "DGS10")
    assert {str(day.date()): value for day, value in got.items()} == want


@pytest.mark.parametrize(("dates", "want"), [((2, 3, 4), 3.0), ((2, 4, 3), 2.0)])
def test_of_each_days_news_the_last_date_counts_once(dates, want):
    days = ("2019-01-07", "2019-01-08", "2019-01-08")
    told = enumerate(zip(dates, days, strict=True), start=1)
    rows = [("DGS10", f"2019-01-0{date}", float(value), day) for value, (date, day) in told]
    got = latest(snapshot(rows), "DGS10")
    assert list(got.index) == [pd.Timestamp("2019-01-07"), pd.Timestamp("2019-01-08")]
    assert got.to_list() == [1.0, want]
