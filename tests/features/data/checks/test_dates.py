"""Columns of dates: what is understood, and what is refused rather than guessed."""

import datetime

import numpy as np
import pandas as pd
import pytest

from features.data.checks import dates
from features.data.errors import RegimeError

DAY = pd.Timestamp("2023-10-25")


@pytest.mark.parametrize(
    "values",
    [
        ["2023-10-25"],
        ["2023/10/25"],
        ["20231025"],
        [20231025],
        [20231025.0],
        ["Oct 25, 2023"],
        ["October 25, 2023"],
        ["25-Oct-2023"],
        ["25/10/2023"],
        ["10/25/2023"],
        ["2023-10-25 16:00:00"],
        ["2023-10-25 00:00:00-04:00"],
        ["2023-10-25T20:00:00Z"],
        ["2023-10-25 09:30"],
        [datetime.date(2023, 10, 25)],
        [datetime.datetime(2023, 10, 25, 16)],
        [pd.Timestamp("2023-10-25 16:00", tz="America/New_York")],
        [pd.Timestamp("2023-10-25 20:00", tz="UTC")],
        [pd.Timestamp("2023-10-26 05:00", tz="Asia/Tokyo")],  # four in the afternoon of the 25th in New York
        [pd.Timestamp("2023-10-25", tz="Europe/Berlin")],
        [np.datetime64("2023-10-25")],
    ],
)
def test_a_date_that_can_be_read_in_one_way_is_read(values):
    assert list(dates.read("a.csv: column date", pd.Series(values))) == [DAY]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([45224], "only as YYYYMMDD"),  # a spreadsheet's day number
        ([1698192000], "only as YYYYMMDD"),
        ([1.5], "only as YYYYMMDD"),
        ([20231345], "no day of the calendar"),
        ([True], "booleans"),
        (["25/10/23"], "year of two digits"),
        (["25-Oct-23"], "year of two digits"),
        (["03/04/2023"], "day-first or month-first"),
        (["25/10/2023", "10/25/2023"], "mixes day-first"),
        (["2023-10-25", "20231026"], "mixes forms"),
        (["2023-10-25", None], "1 rows have no date"),
        (["2023-10-25", ""], "1 rows have no date"),
        ([pd.NaT, pd.Timestamp("2023-10-25")], "1 rows have no date"),
        (["2023-02-30"], "no day of the calendar"),
        (["tomorrow"], "not made of dates"),
        (["2023-10-25 21:00"], "outside the trading day"),
        (["2023-10-25 03:00+00:00"], "outside the trading day"),
        (["2023-10-25 16:00", "2023-10-26 16:00Z"], "time zone in some rows"),
        (["2099-01-05"], "future date, 2099-01-05"),
        (["1066-10-14"], "year 1066"),
        ([datetime.date(2023, 10, 25), "2023-10-26"], "mixes dates with other things"),
    ],
)
def test_a_date_that_is_unclear_is_one_line(values, says):
    with pytest.raises(RegimeError, match=says) as error:
        dates.read("a.csv: column date", pd.Series(values, dtype=object if None in values else None))
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("a.csv: column date")


def test_summer_time_in_offsets_does_not_move_a_session():
    text = pd.Series(["2023-03-10T16:00:00-05:00", "2023-03-13T16:00:00-04:00"])
    assert list(dates.read("a", text)) == [pd.Timestamp("2023-03-10"), pd.Timestamp("2023-03-13")]


def test_a_daily_table_has_no_weekends_and_loses_holidays():
    def table(*days):
        return pd.DataFrame({"SPY": 1.0}, pd.DatetimeIndex(days, name="date"))

    with pytest.raises(RegimeError, match="2023-10-28 is a Saturday"):
        dates.daily("a", table("2023-10-27", "2023-10-28"), holidays=False)
    kept, dropped = dates.daily("a", table("2023-12-22", "2023-12-25", "2023-12-26"), holidays=False)
    assert dropped == 1
    assert len(kept) == 2
    # Until 1952 the exchange was open on Saturdays.
    assert len(dates.daily("a", table("1930-01-04"), holidays=False)[0]) == 1
