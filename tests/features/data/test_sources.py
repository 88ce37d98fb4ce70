"""What the live sources make of what vendors answer; the refresh itself is in `test_live`."""

import numpy as np
import pandas as pd
import pytest

from features.data import calendar, catalog
from features.data.errors import RegimeError
from features.data.sources import archive, fred, membership, yahoo
from tests.support.vendors import windowed


def test_windows_of_vintages_leave_no_trace(monkeypatch):
    rows = []
    for month in pd.date_range("2000-01-01", "2001-12-01", freq="MS"):
        for lag in range(1, 6):
            since = month + pd.DateOffset(months=lag)
            value = float(month.month + (lag // 2) * 0.1 - (lag == 5) * 0.1)
            rows.append((str(month.date()), str(since.date()), value))

    class Client:
        def get_series_vintage_dates(self, _):
            return sorted({pd.Timestamp(row[1]) for row in rows})

    def page(_name, start, end, offset):
        found = windowed(rows, start, end)
        return len(found), [(day, since, value) for day, since, value in found[offset : offset + fred.PAGE]]

    monkeypatch.setattr(fred, "_client", Client)
    monkeypatch.setattr(fred, "_page", page)
    whole = fred.vintages("X")
    for window, rows_an_answer in ((1, 100_000), (2, 7), (5, 1), (1900, 13)):
        monkeypatch.setattr(fred, "WINDOW", window)
        monkeypatch.setattr(fred, "PAGE", rows_an_answer)
        pd.testing.assert_frame_equal(fred.vintages("X"), whole)
    changes = pd.DataFrame(rows, columns=["date", "realtime_start", "value"])
    changes = changes[changes["value"] != changes.groupby("date")["value"].shift()]
    assert len(whole) == len(changes)
    assert list(whole["realtime_start"]) == list(pd.to_datetime(changes["realtime_start"]))


def test_a_backfill_gets_the_lag_and_first_prints_none():
    table = pd.DataFrame(
        {
            "date": pd.to_datetime(["1990-01-01", "2015-12-01", "2016-02-01", "2016-02-01"]),
            "value": [1.0, 2.0, 3.0, 3.5],
            "realtime_start": pd.to_datetime(["2016-03-04", "2016-03-04", "2016-03-04", "2016-04-01"]),
        }
    )
    got = fred.available(catalog.BY_KEY["PAYEMS"], table)["available_at"]
    assert got[0] == pd.Timestamp("1990-03-05")  # 22 sessions after January 1990
    assert list(got[2:]) == [pd.Timestamp("2016-03-04"), pd.Timestamp("2016-04-01")]
    prints = fred.available(catalog.BY_KEY["NFCI_FIRST"], table)
    assert list(prints["value"]) == [3.0]


@pytest.mark.parametrize("group", ["column", "ticker", None])
def test_columns_of_any_shape(group):
    days = pd.date_range("2024-01-02", periods=3, freq="B", tz="America/New_York")
    names = ["Close", "Adj Close", "Volume", "Dividends", "Stock Splits"]
    frame = pd.DataFrame(np.arange(15.0).reshape(3, 5), days, names)
    if group == "column":
        frame.columns = pd.MultiIndex.from_product([names, ["SPY"]])
    elif group == "ticker":
        frame.columns = pd.MultiIndex.from_product([["SPY"], names])
    got = yahoo.tidy(frame)
    assert list(got["adjusted"]) == [1.0, 6.0, 11.0]
    assert got.index.tz is None
    assert got.index[0] == pd.Timestamp("2024-01-02")


def test_an_honest_crash_is_not_set_aside():
    days = pd.date_range("2020-03-02", periods=4, freq="B")
    price = np.array([100.0, 101.0, 60.0, 62.0])
    bars = pd.DataFrame({"adjusted": price, "close": price, "dividends": 0.0, "splits": 0.0}, days)
    assert not len(yahoo.contradicted(bars))
    paid = bars.assign(close=[200.0, 202.0, 80.0, 82.0], adjusted=[79.0, 80.0, 80.0, 82.0])
    assert not len(yahoo.contradicted(paid.assign(dividends=[0.0, 0.0, 122.0, 0.0])))
    assert list(yahoo.contradicted(bars.assign(close=[100.0, 101.0, 100.0, 103.0]))) == [days[2]]


def test_members_are_dated_by_when_they_were_seen():
    first = membership.dated(None, {"A", "B"}, pd.Timestamp("2026-01-05"))
    second = membership.dated(first, {"B", "C"}, pd.Timestamp("2026-01-12"))
    rows = {row.ticker: (row.start, row.end) for row in second.itertuples()}
    assert rows["A"] == (pd.Timestamp("2026-01-05"), pd.Timestamp("2026-01-12"))
    assert rows["C"][0] == pd.Timestamp("2026-01-12")
    assert pd.isna(rows["B"][1])
    assert len(membership.listed()) > 480


def test_the_last_complete_session():
    def at(text):
        return calendar.last_complete(pd.Timestamp(text, tz="America/New_York"))

    assert at("2026-11-24 16:19") == pd.Timestamp("2026-11-23")
    assert at("2026-11-24 16:20") == pd.Timestamp("2026-11-24")
    assert at("2026-11-27 13:20") == pd.Timestamp("2026-11-27")  # the early close after Thanksgiving
    assert at("2026-11-29 12:00") == pd.Timestamp("2026-11-27")


@pytest.mark.parametrize("clock", ["1970-01-01", "1999-12-31", "2036-01-02"])
def test_a_clock_outside_the_calendar_is_wrong(clock):
    with pytest.raises(RegimeError, match="set the clock"):
        calendar.last_complete(pd.Timestamp(clock, tz="UTC"))


def test_an_item_is_replaced_in_one_step(home):
    archive.write("yahoo", "^VIX", pd.DataFrame({"close": [1.0]}), session="2026-01-05")
    assert archive.read("yahoo", "^VIX").attrs == {"session": "2026-01-05"}
    assert [path.name for path in (home / "live" / "yahoo").iterdir()] == ["_VIX.parquet"]
