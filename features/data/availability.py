"""When a value becomes available: the session of its cut-off, by the lag of its series in the catalogue.

The lags, relative to the date of an observation:

* ``close``    with the close of its own session (prices, VIX, breadth counts);
* ``next``     with the next session (H.15 yields, ICE spreads, put/call files);
* ``week``     six days later (jobless claims: a week ends on Saturday, Thursday brings it);
* ``month``    five sessions after the end of the month it is about;
* ``release``  22 sessions after it (CPI, jobs, production: the longest delay on record before 2025,
  the shutdown of October 2013; later exceptions are in `catalog.LATE_RELEASES`);
* ``earnings`` 95 days after it (Shiller's ten-year earnings: a quarter's reports are in by then);
* ``survey``   50 days after the start of the quarter it is dated (senior loan officers);
* ``quarter``  80 days after the end of the quarter it is dated (financial accounts, Z.1);
* ``report``   when the CFTC published the report of that date (`sources.cftc`: three federal business days, late
  releases by their notice);
* ``vintage``  on the date the source says it was published (`realtime_start`).
"""

from __future__ import annotations

import pandas as pd

from features.data.catalog import LATE_RELEASES, Lag, Series
from features.data.sources import cftc


def available_sessions(dates: pd.DatetimeIndex, lag: Lag, calendar: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The first session at whose cut-off (close plus 20 minutes) each observation is available.

    Parameters
    ----------
    dates : DatetimeIndex, shape (n,)
        Observation dates; for monthly lags any day of the month it is about, for
        ``vintage`` the dates of publication.
    lag : Lag
    calendar : DatetimeIndex
        NYSE sessions reaching beyond the last date.
    """
    if lag == "report":
        return cftc.available_at(dates)
    month_end = dates + pd.offsets.MonthEnd(0)
    position = {
        "close": lambda: calendar.searchsorted(dates, side="left"),
        "vintage": lambda: calendar.searchsorted(dates, side="left"),
        "next": lambda: calendar.searchsorted(dates, side="right"),
        "week": lambda: calendar.searchsorted(dates + pd.Timedelta(days=6), side="left"),
        "month": lambda: calendar.searchsorted(month_end, side="right") + 4,
        "release": lambda: calendar.searchsorted(month_end, side="right") + 21,
        "earnings": lambda: calendar.searchsorted(month_end + pd.Timedelta(days=95), side="left"),
        "survey": lambda: calendar.searchsorted(dates + pd.Timedelta(days=50), side="left"),
        "quarter": lambda: calendar.searchsorted(dates + pd.offsets.QuarterEnd(0) + pd.Timedelta(days=80), side="left"),
    }[lag]()
    return calendar[position]


def available_at(series: Series, dates: pd.DatetimeIndex, calendar: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """`available_sessions` of one series, with the exceptions of `catalog.LATE_RELEASES`."""
    found = available_sessions(dates, series.lag, calendar)
    for keys, first, last, came in LATE_RELEASES:
        if series.key in keys:
            late = (dates >= first) & (dates <= last)
            day = calendar[calendar.searchsorted(pd.Timestamp(came))]
            found = found.where(~(late & (found < day)), day)
    return found
