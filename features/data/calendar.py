"""NYSE sessions and the weekly decision dates taken from them.

Dates are tz-naive midnight timestamps (the session's date). The calendar is
`pandas_market_calendars`' NYSE; that it equals the dates of the French library
1926-2023 is tested.
"""

from __future__ import annotations

import warnings
from functools import lru_cache

import pandas as pd
import pandas_market_calendars as mcal

from features.data.errors import RegimeError

FIRST_SESSION = pd.Timestamp("1926-07-01")
LAST_SESSION = pd.Timestamp("2035-12-31")
CUT_OFF = pd.Timedelta(minutes=20)  # a decision is made this long after the close
HORIZON = 21  # sessions a label and a call look ahead: one month
SESSIONS_A_WEEK = 5


@lru_cache(maxsize=1)
def all_sessions() -> pd.DatetimeIndex:
    """All NYSE sessions, past and scheduled, 1926-07 to 2035-12."""
    days = mcal.get_calendar("NYSE").valid_days(FIRST_SESSION, LAST_SESSION, tz=None)
    return pd.DatetimeIndex(days).tz_localize(None).normalize().as_unit("ns")


def sessions(start: pd.Timestamp, end: pd.Timestamp) -> pd.DatetimeIndex:
    """NYSE sessions from `start` to `end`, both included."""
    every = all_sessions()
    return every[(every >= start) & (every <= end)]


@lru_cache(maxsize=1)
def _week_ends() -> pd.DatetimeIndex:
    every = all_sessions()
    week = every.to_period("W-SUN")
    last = pd.Series(every, index=week).groupby(level=0).last()
    return pd.DatetimeIndex(last.to_numpy())


def decision_dates(start: pd.Timestamp, end: pd.Timestamp) -> pd.DatetimeIndex:
    """The last session of every week whose last session lies in [start, end].

    The week's last session is a matter of the calendar, not of the data: a
    snapshot that ends on a Wednesday does not turn that day into a decision.
    """
    ends = _week_ends()
    return ends[(ends >= start) & (ends <= end)]


@lru_cache(maxsize=1)
def _closes() -> pd.DatetimeIndex:
    """Closing times in UTC of the sessions since 2000, early closes included."""
    return _closes_between(pd.Timestamp("2000-01-01"), LAST_SESSION)


@lru_cache(maxsize=8)
def _closes_between(start: pd.Timestamp, end: pd.Timestamp) -> pd.DatetimeIndex:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the package's own
        table = mcal.get_calendar("NYSE").schedule(start, end)
    return pd.DatetimeIndex(table["market_close"])


def last_complete(now: pd.Timestamp) -> pd.Timestamp:
    """The last session whose close lies at least 20 minutes before `now` (tz-aware).

    Raises
    ------
    RegimeError
        The clock stands before 2000 or after 2035: it is wrong.
    """
    if not 2000 <= now.year <= LAST_SESSION.year:
        raise RegimeError(f"the clock says {now:%Y-%m-%d}, and the calendar serves 2000 to 2035: set the clock")
    # The month before is enough, and a call is spared the schedule of decades: no closure on record is as long.
    day = pd.Timestamp(now.tz_convert("America/New_York").date())
    closes = _closes_between(day - pd.Timedelta(days=30), day)
    done = int(closes.searchsorted(now - CUT_OFF, side="right"))
    return pd.Timestamp(closes[done - 1].tz_convert("America/New_York").tz_localize(None).normalize())


def session_at(moment: pd.Timestamp) -> pd.Timestamp:
    """The first session whose close comes at or after `moment`: with it, what was published then is known.

    `moment` is New York time, tz-naive, from 2000 on; early closes count as they were.
    """
    local = moment.tz_localize("America/New_York")
    place = int(_closes().searchsorted(local.tz_convert("UTC"), side="left"))
    return pd.Timestamp(_closes()[place].tz_convert("America/New_York").tz_localize(None).normalize())


def month_ends(start: pd.Timestamp, end: pd.Timestamp) -> pd.DatetimeIndex:
    """The last session of every calendar month whose last session lies in [start, end]."""
    every = all_sessions()
    last = pd.Series(every, index=every.to_period("M")).groupby(level=0).last()
    ends = pd.DatetimeIndex(last.to_numpy())
    return ends[(ends >= start) & (ends <= end)]


def session_after(date: pd.Timestamp, count: int) -> pd.Timestamp:
    """The session `count` sessions after the session `date`."""
    every = all_sessions()
    return pd.Timestamp(every[every.get_loc(date) + count])
