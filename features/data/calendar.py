"""NYSE sessions and the weekly decision dates taken from them.

Dates are tz-naive midnight timestamps (the session's date). The calendar is
`pandas_market_calendars`' NYSE; that it equals the dates of the French library
1926-2023 is tested. Sessions and closes are computed once and kept in the cache
for the installed version of that package.
"""

from __future__ import annotations

import io
import warnings
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from features.data import cache
from features.data.errors import RegimeError

FIRST_SESSION = pd.Timestamp("1926-07-01")
LAST_SESSION = pd.Timestamp("2035-12-31")
FIRST_CLOSE = pd.Timestamp("1990-01-01")  # of the test weeks: which sessions were short
ZONE = "America/New_York"
LIBRARIES = ("pandas_market_calendars", "exchange_calendars", "pandas")
CUT_OFF = pd.Timedelta(minutes=20)  # a decision is made this long after the close
HORIZON = 21  # sessions a label and a call look ahead: one month
SESSIONS_A_WEEK = 5


@lru_cache(maxsize=1)
def _timetable() -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """All sessions, and the closes of those since `FIRST_CLOSE` in New York time."""
    parts = [f"{name} {version(name)}" for name in LIBRARIES]
    key = cache.entry_key([Path(__file__)], [*parts, str(FIRST_SESSION), str(LAST_SESSION)])
    if (kept := cache.read("sessions", key)) is not None:
        with np.load(io.BytesIO(kept), allow_pickle=False) as arrays:
            return pd.DatetimeIndex(arrays["sessions"]), pd.DatetimeIndex(arrays["closes"])
    days, closes = _compute()
    buffer = io.BytesIO()
    np.savez(buffer, sessions=days.to_numpy(), closes=closes.to_numpy())
    cache.write("sessions", key, buffer.getvalue())
    return days, closes


def _compute() -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    import pandas_market_calendars as mcal  # here: with the timetable kept nobody needs it

    nyse = mcal.get_calendar("NYSE")
    days = pd.DatetimeIndex(nyse.valid_days(FIRST_SESSION, LAST_SESSION, tz=None))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the package's own
        table = nyse.schedule(FIRST_CLOSE, LAST_SESSION)
    # The wall clock, not UTC: a change of the rules of summer time must not be kept.
    closes = pd.DatetimeIndex(table["market_close"]).tz_convert(ZONE).tz_localize(None)
    return days.tz_localize(None).normalize().as_unit("ns"), closes.as_unit("ns")


def all_sessions() -> pd.DatetimeIndex:
    """All NYSE sessions, past and scheduled, 1926-07 to 2035-12."""
    return _timetable()[0]


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
    """Closing times in UTC of the sessions since `FIRST_CLOSE`, early closes included."""
    return _timetable()[1].tz_localize(ZONE).tz_convert("UTC")


def last_complete(now: pd.Timestamp) -> pd.Timestamp:
    """The last session whose close lies at least 20 minutes before `now` (tz-aware).

    Raises
    ------
    RegimeError
        The clock stands before 2000 or after 2035: it is wrong.
    """
    if not 2000 <= now.year <= LAST_SESSION.year:
        raise RegimeError(f"the clock says {now:%Y-%m-%d}, and the calendar serves 2000 to 2035: set the clock")
    done = int(_closes().searchsorted(now - CUT_OFF, side="right"))
    return pd.Timestamp(_timetable()[1][done - 1].normalize())


def session_at(moment: pd.Timestamp) -> pd.Timestamp:
    """The first session whose close comes at or after `moment`: with it, what was published then is known.

    `moment` is New York time, tz-naive, from `FIRST_CLOSE` on; early closes count as they were.
    """
    place = int(_closes().searchsorted(moment.tz_localize(ZONE).tz_convert("UTC"), side="left"))
    return pd.Timestamp(_timetable()[1][place].normalize())


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


@lru_cache(maxsize=4)
def closed_before(clock: str) -> pd.DatetimeIndex:
    """Sessions since `FIRST_CLOSE` whose cut-off (close plus 20 minutes) came before `clock` in New York."""
    closes = _timetable()[1]
    cut_off = closes + CUT_OFF
    return closes[cut_off - cut_off.normalize() < pd.Timedelta(f"{clock}:00")].normalize().as_unit("ns")
